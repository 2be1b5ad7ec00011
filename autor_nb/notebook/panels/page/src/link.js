/** The wire to the kernel: asks with their fate, looks with their answers, and the beat that shows that somebody is there. */

/**
 * @typedef {{id: string, spot: string, phase: "new"|"waiting"|"sent"|"refused"|"lost",
 *   reason: string, suggestion: string, shelves: string[], then: (() => void)|null, timer: any}} Ticket
 * @typedef {{update: () => void, takeFeed: (f: any) => void, settled: (t: Ticket, ok: boolean) => void, cameBack: () => void, tick: () => void,
 *   setSkew: (at: string) => void}} Listener
 */

export const PATIENCE = 700;
export const SILENCE = 7000;
const BEAT = 2000;
const PING = 5000;
const TICK = 1000;
const LOOK_LIMIT = 60000;

export class Link {
  /** @param {any} model the widget's model @param {Listener} owner */
  constructor(model, owner) {
    this.source = model;
    this.owner = owner;
    this.page = Math.random().toString(36).slice(2, 10) + Date.now().toString(36);
    /** @type {Map<string, {ok: (d: any) => void, no: (e: any) => void, timer: any}>} */ this.looks = new Map();
    /** @type {Ticket|null} */ this.ticket = null;
    this.made = 0;
    this.heard = this.ticked = performance.now();
    this.heardAt = "";
    this.grace = this.pinged = 0;
    /** Whether nobody is there. */ this.gone = false;
    this.receive = (/** @type {any} */ message) => this.hear(message);
    this.onVisible = () => document.visibilityState === "hidden" || this.greet();
    model.on("msg:custom", this.receive);
    document.addEventListener("visibilitychange", this.onVisible);
    this.timer = setInterval(() => this.tick(), TICK);
    this.greet();
  }

  nextId() {
    return `${this.page}-${(this.made += 1)}`;
  }

  /** @param {any} content */
  post(content) {
    try {
      this.source.send(content);
      return true;
    } catch {
      return false;
    }
  }

  /** A page that can be seen (again) says so; it waits for one more beat before it says anything about silence. */
  greet() {
    this.forgive();
    this.post({ do: "hello", id: this.nextId(), page: this.page });
  }

  /** A throttled or sleeping page hears beats late. */
  forgive() {
    this.grace = performance.now() + BEAT + 1000;
  }

  tick() {
    const now = performance.now();
    if (now - this.ticked > 2.5 * TICK) this.forgive();
    this.ticked = now;
    if (now - this.pinged > PING - 50) {
      this.pinged = now;
      this.post({ do: "ping", id: this.nextId() });
    }
    if (!this.gone && document.visibilityState !== "hidden" && now - this.heard > SILENCE && now > this.grace) this.lose();
    this.owner.tick();
  }

  lose() {
    const one = this.busy && this.ticket;
    this.gone = true;
    if (one) {
      this.settle(one, "lost", one.phase === "sent" ? "The kernel took this and went before it answered." : "The kernel went before it took this.",
        "When it is back, the decisions above show whether it was carried out. Your text is kept.");
    }
    this.owner.update();
  }

  /** Somebody spoke. @param {string|undefined} at by the kernel's clock */
  alive(at) {
    this.heard = performance.now();
    if (at) {
      this.heardAt = at;
      this.owner.setSkew(at);
    }
    if (!this.gone) return;
    this.gone = false;
    if (this.ticket?.phase === "lost") this.ticket = null;
    this.greet();
    this.owner.cameBack();
  }

  /** @param {Ticket} one @param {Ticket["phase"]} phase @param {string} [reason] @param {string} [suggestion] */
  settle(one, phase, reason = "", suggestion = "") {
    clearTimeout(one.timer);
    Object.assign(one, { phase, reason, suggestion });
  }

  /** The engine's answer to the ticket. @param {any} message */
  decide(message) {
    const one = this.ticket;
    if (!one || one.id !== message.done) return;
    if (message.ok) this.ticket = null;
    this.settle(one, message.ok ? "sent" : "refused", message.reason || "It was refused.", message.suggestion);
    this.owner.settled(one, Boolean(message.ok));
    this.owner.update();
  }

  /** @param {any} message */
  hear(message) {
    this.alive(message.beat && message.at);
    const { ticket } = this;
    if (message.got && ticket?.id === message.got && /new|waiting/.test(ticket.phase)) {
      this.settle(ticket, "sent");
      this.owner.update();
    }
    if (message.done) this.decide(message);
    const look = this.looks.get(message.look);
    if (look) {
      this.looks.delete(message.look);
      clearTimeout(look.timer);
      if (message.error) look.no(message.error);
      else look.ok(message.data);
    }
    if (message.feed) this.owner.takeFeed(message.feed);
  }

  /** The view names what was answered: it settles a ticket whose own answer was lost. @param {any} view */
  compareWith(view) {
    const id = this.ticket?.id;
    if (!this.busy) return;
    const no = view?.refusals?.find((/** @type {any} */ r) => r.id === id);
    if (no) this.decide({ ...no, done: id, ok: false });
    else if (view?.answered?.includes(id)) this.decide({ done: id, ok: true });
  }

  /** Moment of the kernel's last word (its own clock), and how long ago it came in ms. */
  get last() {
    return { at: this.heardAt, ago: performance.now() - this.heard };
  }

  /** Whether a click would have to wait for an earlier one. */
  get busy() {
    return this.ticket && /new|waiting|sent/.test(this.ticket.phase);
  }

  /** Forget an answer that was read. */
  dismiss() {
    if (!this.busy) this.ticket = null;
    this.owner.update();
  }

  /**
   * Ask for a change; a second click while the first is on its way does nothing.
   * @param {string} spot the control it belongs to @param {string} command @param {any} args
   * @param {string[]} [shelves] unsent texts that this sends @param {(() => void)|null} [then] after it was carried out
   */
  ask(spot, command, args, shelves = [], then = null) {
    if (this.busy || this.gone) return;
    const one = /** @type {Ticket} */ ({ id: this.nextId(), spot, phase: "new", shelves, then });
    this.ticket = one;
    one.timer = setTimeout(() => {
      this.settle(one, "waiting");
      this.owner.update();
    }, PATIENCE);
    if (!this.post({ do: "ask", id: one.id, command, args })) this.decide({ done: one.id, reason: "It could not be handed to the kernel.", suggestion: "Restart the kernel, run this cell again and click once more." });
    this.owner.update();
  }

  /** @param {any} what @returns {Promise<any>} */
  look(what) {
    const id = this.nextId();
    return new Promise((ok, no) => {
      this.looks.set(id, { ok, no, timer: setTimeout(() => this.giveUp(id), LOOK_LIMIT) });
      if (!this.post({ do: "look", id, ...what })) this.giveUp(id);
    });
  }

  /** @param {string} id of a look that nobody answered */
  giveUp(id) {
    const one = this.looks.get(id);
    this.looks.delete(id);
    clearTimeout(one?.timer);
    one?.no({ message: "The kernel did not answer.", suggestion: "If a cell is running, try again when it has ended." });
  }

  close() {
    clearInterval(this.timer);
    clearTimeout(this.ticket?.timer);
    for (const one of this.looks.values()) clearTimeout(one.timer);
    document.removeEventListener("visibilitychange", this.onVisible);
    this.source.off("msg:custom", this.receive);
  }
}
