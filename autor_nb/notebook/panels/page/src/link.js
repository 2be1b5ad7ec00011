/** The wire to the kernel: asks with their fate, looks with their answers, and the beat that shows that somebody is there. */

/**
 * @typedef {{id: string, command: string, args: any, spot: string, phase: "new"|"waiting"|"sent"|"refused"|"lost",
 *   reason: string, suggestion: string, shelves: string[], then: (() => void)|null, timer: any}} Ticket
 */

export const PATIENCE = 700;
export const SILENCE = 7000;
const BEAT = 2000;
const PING = 5000;
const TICK = 1000;
const LOOK_LIMIT = 60000;

/**
 * @param {any} model the widget's model
 * @param {{update: () => void, feed: (f: any) => void, settled: (t: Ticket, ok: boolean) => void, back: () => void, tick: () => void, clock: (at: string) => void}} on
 */
export const makeLink = (model, on) => {
  const page = Math.random().toString(36).slice(2, 10) + Date.now().toString(36);
  /** @type {Map<string, {ok: (d: any) => void, no: (e: any) => void, timer: any}>} */
  const looks = new Map();
  /** @type {Ticket|null} */
  let ticket = null;
  let made = 0;
  let heard = performance.now();
  let heardAt = "";
  let grace = 0;
  let ticked = performance.now();
  let pinged = 0;
  let gone = false;

  const nextId = () => `${page}-${(made += 1)}`;

  /** @param {any} content */
  const send = (content) => {
    try {
      model.send(content);
      return true;
    } catch {
      return false;
    }
  };

  /** A throttled or sleeping page hears beats late: it waits one more before it says anything. */
  const forgive = () => {
    grace = Math.max(grace, performance.now() + BEAT + 1000);
  };

  const tick = () => {
    const now = performance.now();
    if (now - ticked > 2.5 * TICK) forgive();
    ticked = now;
    if (now - pinged > PING - 50) {
      pinged = now;
      send({ do: "ping", id: nextId() });
    }
    if (!gone && document.visibilityState !== "hidden" && now - heard > SILENCE && now > grace) lose();
    on.tick();
  };

  const lose = () => {
    gone = true;
    if (ticket && (ticket.phase === "new" || ticket.phase === "waiting" || ticket.phase === "sent")) {
      const taken = ticket.phase === "sent";
      settle(ticket, "lost", taken ? "The kernel took this and went before it answered." : "The kernel went before it took this.",
        "When it is back, the decisions above show whether it was carried out. Your text is kept.");
    }
    on.update();
  };

  /** @param {string} at */
  const alive = (at) => {
    heard = performance.now();
    if (at) {
      heardAt = at;
      on.clock(at);
    }
    if (!gone) return;
    gone = false;
    if (ticket?.phase === "lost") ticket = null;
    send({ do: "hello", id: nextId(), page });
    on.back();
    on.update();
  };

  /** @param {Ticket} one @param {Ticket["phase"]} phase @param {string} [reason] @param {string} [suggestion] */
  const settle = (one, phase, reason = "", suggestion = "") => {
    clearTimeout(one.timer);
    Object.assign(one, { phase, reason, suggestion });
  };

  /** @param {any} message */
  const answered = (message) => {
    if (!ticket || ticket.id !== message.done) return;
    const one = ticket;
    if (message.ok) {
      settle(one, "sent");
      ticket = null;
    } else settle(one, "refused", message.reason || "It was refused.", message.suggestion || "");
    on.settled(one, Boolean(message.ok));
    on.update();
  };

  /** @param {any} message */
  const looked = (message) => {
    const one = looks.get(message.look);
    if (!one) return;
    looks.delete(message.look);
    clearTimeout(one.timer);
    if (message.error) one.no(message.error);
    else one.ok(message.data);
  };

  /** @param {any} message */
  const receive = (message) => {
    if (!message || typeof message !== "object") return;
    alive("beat" in message ? message.at || "" : "");
    if ("got" in message && ticket && ticket.id === message.got && (ticket.phase === "new" || ticket.phase === "waiting")) {
      settle(ticket, "sent");
      on.update();
    }
    if ("done" in message) answered(message);
    if ("look" in message) looked(message);
    if ("feed" in message) on.feed(message.feed);
  };

  /** The view names what was answered: it settles a ticket whose own answer was lost. @param {any} view */
  const compareWith = (view) => {
    if (!ticket || ticket.phase === "refused") return;
    const no = (view?.refusals || []).find((/** @type {any} */ r) => r.id === ticket?.id);
    if (no) answered({ done: ticket.id, ok: false, reason: no.reason, suggestion: no.suggestion });
    else if ((view?.answered || []).includes(ticket.id)) answered({ done: ticket.id, ok: true });
  };

  const onVisible = () => {
    if (document.visibilityState === "hidden") return;
    forgive();
    send({ do: "hello", id: nextId(), page });
  };

  model.on("msg:custom", receive);
  document.addEventListener("visibilitychange", onVisible);
  const timer = setInterval(tick, TICK);
  send({ do: "hello", id: nextId(), page });

  return {
    page,
    receive,
    compareWith,
    get gone() {
      return gone;
    },
    /** Moment of the kernel's last word (its own clock), and how long ago it came in ms. */
    get last() {
      return { at: heardAt, ago: performance.now() - heard };
    },
    get ticket() {
      return ticket;
    },
    /** Whether a click would have to wait for an earlier one. */
    get busy() {
      return Boolean(ticket && (ticket.phase === "new" || ticket.phase === "waiting" || ticket.phase === "sent"));
    },
    /** Forget an answer that was read. */
    dismiss() {
      if (!this.busy) ticket = null;
      on.update();
    },
    /**
     * Ask for a change; a second click while the first is on its way does nothing.
     * @param {string} spot the control it belongs to @param {string} command @param {any} args
     * @param {string[]} [shelves] unsent texts that this sends @param {(() => void)|null} [then] after it was carried out
     */
    ask(spot, command, args, shelves = [], then = null) {
      if (this.busy || gone) return false;
      const one = /** @type {Ticket} */ ({ id: nextId(), command, args, spot, phase: "new", reason: "", suggestion: "", shelves, then, timer: 0 });
      ticket = one;
      one.timer = setTimeout(() => {
        if (one.phase === "new") settle(one, "waiting");
        on.update();
      }, PATIENCE);
      if (!send({ do: "ask", id: one.id, command, args })) {
        settle(one, "refused", "It could not be handed to the kernel.", "Restart the kernel, run this cell again and click once more.");
        on.settled(one, false);
      }
      on.update();
      return true;
    },
    /** @param {any} what @returns {Promise<any>} */
    look(what) {
      const id = nextId();
      return new Promise((ok, no) => {
        const late = setTimeout(() => {
          looks.delete(id);
          no({ message: "The kernel did not answer.", suggestion: "If a cell is running, try again when it has ended." });
        }, LOOK_LIMIT);
        looks.set(id, { ok, no, timer: late });
        if (!send({ do: "look", id, ...what })) looked({ look: id, error: { message: "The kernel is not there.", suggestion: "Run this cell again." } });
      });
    },
    close() {
      clearInterval(timer);
      clearTimeout(ticket?.timer);
      for (const one of looks.values()) clearTimeout(one.timer);
      looks.clear();
      document.removeEventListener("visibilitychange", onVisible);
      model.off("msg:custom", receive);
    },
  };
};
