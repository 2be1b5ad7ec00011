/** One view of a loop's panel: what it shows just now, and the moves that change only this view. */
import { patch } from "../dom.js";
import { Link } from "../link.js";
import { makeShelf } from "../shelf.js";
import { millis } from "../words.js";
import { Rows } from "./rows.js";

let views = 0;
const FIRST_WIDTH = 1280;

export class Ctx {
  /** @param {any} model @param {HTMLElement} el @param {(ctx: Ctx) => import("../dom.js").Vnode[]} draw */
  constructor(model, el, draw) {
    Object.assign(this, { model, el, draw });
    this.uid = `autor-loop-${(views += 1)}-${Math.random().toString(36).slice(2, 7)}`;
    /** What only this view knows. */ this.ui = { said: "", toast: "", form: "", opened: -1, allDecisions: false, /** @type {any} */ after: null };
    this.shelf = makeShelf();
    /** @type {Map<string, {data?: any, error?: any}>} */ this.lookups = new Map();
    /** @type {Set<string>} */ this.on = new Set();
    /** @type {Record<string, string>} */ this.texts = {};
    /** @type {Map<string, {dep: any, text: string, node: any}>} */ this.pictures = new Map();
    /** @type {Map<string, any>} */ this.timers = new Map();
    /** @type {(() => void)[]} */ this.chores = [];
    this.skew = 0;
    this.width = 0;
    this.planned = this.closed = false;
    this.view = model.get("view") || null;
    /** What the running trial printed, newer than the view. @type {any} */ this.output = null;
    this.table = new Rows(this);
    this.link = new Link(model, this);
    this.onView = () => this.takeView();
    this.onSaid = (/** @type {any} */ message) => { if (message.output) { this.output = message.output; this.update(); } };
    model.on("change:view", this.onView);
    model.on("msg:custom", this.onSaid);
    if (typeof ResizeObserver === "function") {
      this.watch = new ResizeObserver(() => this.measure());
      this.watch.observe(el);
    }
    this.table.take(this.view?.table);
    this.measure();
    this.paint();
  }

  measure() {
    const width = Math.round(this.el.clientWidth) || FIRST_WIDTH;
    if (Math.abs(width - this.width) < 2) return;
    this.width = width;
    this.update();
  }

  update() {
    if (this.planned || this.closed) return;
    this.planned = true;
    Promise.resolve().then(() => {
      this.planned = false;
      if (!this.closed) this.paint();
    });
  }

  paint() {
    patch(this.el, this.draw(this));
    const chores = this.chores;
    this.chores = [];
    for (const chore of chores) chore();
  }

  /** Clocks move once a second; pages that nobody sees stand still. */
  tick() {
    if (!this.closed && document.visibilityState !== "hidden" && !this.planned) this.paint();
  }

  /** A picture, drawn anew only when its data or its width has changed. @param {string} name @param {any} dep @param {() => any} make */
  picture(name, dep, make) {
    const had = this.pictures.get(name);
    if (had && had.dep === dep) return had.node;
    const text = JSON.stringify(dep);
    if (had && had.text === text) {
      had.dep = dep;
      return had.node;
    }
    const node = make();
    this.pictures.set(name, { dep, text, node });
    if (this.pictures.size > 400) this.pictures.delete(this.pictures.keys().next().value || "");
    return node;
  }

  /** @param {() => void} chore after the next drawing */
  soon(chore) {
    this.chores.push(chore);
  }

  /** @param {string} name @param {number} ms @param {() => void} act */
  later(name, ms, act) {
    clearTimeout(this.timers.get(name));
    this.timers.set(name, setTimeout(act, ms));
  }

  now() {
    return Date.now() + this.skew;
  }

  /** Say something to a screen reader, and on the page for a while. @param {string} text @param {boolean} [seen] */
  say(text, seen = true) {
    this.ui.said = this.ui.said === text ? `${text}\u00a0` : text;
    if (seen) {
      this.ui.toast = text;
      this.later("toast", 6000, () => { this.ui.toast = ""; this.update(); });
    }
    this.update();
  }

  /** @param {string} name */
  seek(name) {
    return /** @type {HTMLElement|null} */ (this.el.querySelector(`#${this.uid}-${name}`));
  }

  /** Open a form, or close it; the focus goes with it. @param {string} name @param {Record<string, string>} [texts] */
  openForm(name, texts = {}) {
    const was = this.ui.form;
    this.ui.form = was === name ? "" : name;
    Object.assign(this.texts, texts);
    if (!this.link.busy && this.link.ticket) this.link.dismiss();
    const to = this.ui.form ? "form-first" : `button-${was}`;
    this.soon(() => this.seek(to)?.focus());
    this.update();
  }

  takeView() {
    const old = this.view;
    this.view = this.model.get("view") || null;
    if (!this.view?.test || old?.test?.n !== this.view.test.n) this.output = null;
    this.table.take(this.view?.table);
    this.link.compareWith(this.view);
    if (old?.state && this.view?.state && old.state.status !== this.view.state.status) this.say(this.view.state.word, false);
    this.update();
  }

  /** Loops have no feed. */
  takeFeed() {}

  /** @param {import("../link.js").Ticket} ticket @param {boolean} ok */
  settled(ticket, ok) {
    if (!ok) return;
    for (const key of ticket.shelves) this.shelf.drop(key);
    ticket.then?.();
    this.ui.after = { spot: ticket.spot, view: this.view, until: performance.now() + 2500 };
    this.later("after", 2600, () => this.update());
    this.say("Done.", false);
  }

  /** The control whose ask was carried out but is not yet seen in the view, or "". */
  settling() {
    const { after } = this.ui;
    return after && after.view === this.view && performance.now() < after.until ? after.spot : "";
  }

  cameBack() {
    for (const [name, got] of this.lookups) if (got.error) this.lookups.delete(name);
    this.say("The kernel is back.", false);
  }

  /** @param {string} at the kernel's clock */
  setSkew(at) {
    const skew = millis(at) - Date.now();
    this.skew = Number.isFinite(skew) && Math.abs(skew) > 3000 ? skew : 0;
  }

  /** Where unsent text is kept. @param {string} field */
  key(field) {
    return `autor:loop:${this.view.loop.id}:${field}`;
  }

  /** Look something up and keep it under a name. @param {string} name @param {any} what */
  async fetch(name, what) {
    this.lookups.set(name, {});
    if (this.lookups.size > 40) this.lookups.delete(this.lookups.keys().next().value || "");
    this.update();
    const got = await this.link.look(what).then((data) => ({ data }), (error) => ({ error }));
    this.lookups.set(name, got);
    this.update();
  }

  close() {
    this.closed = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.watch?.disconnect();
    this.model.off("change:view", this.onView);
    this.model.off("msg:custom", this.onSaid);
    this.link.close();
  }
}
