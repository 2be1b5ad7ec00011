/** One view of one panel: what it shows just now, and the moves that change only this view. Two outputs of one model have one each. */
import { patch } from "./dom.js";
import { Feed } from "./feed.js";
import { Link } from "./link.js";
import { readServer } from "./places.js";
import { makeShelf } from "./shelf.js";
import { max, millis } from "./words.js";
import { ListWindow } from "./window.js";
import { announce, newDecision } from "./news.js";
import { primary } from "./primary.js";

/** @typedef {Ctx} CtxType */

let views = 0;

/** What only this view knows. */
const freshUi = () => {
  return {
    /** @type {{stage: string, attempt: number|null}|null} an attempt that was clicked */ shown: null,
    /** @type {number|"own"|null} */ choice: null,
    choiceOf: "", waiving: "", said: "", toast: "", fresh: "", feedOpen: false, menu: false, exported: 0, editing: "",
    /** @type {{kind: string, stage?: string}|null} */ sheet: null,
    /** @type {any} */ pair: null,
    /** @type {{spot: string, view: any, until: number}|null} */ after: null,
    removing: "",
  };
};

export class Ctx {
  /** @param {any} model @param {HTMLElement} el @param {(ctx: Ctx) => import("./dom.js").Vnode[]} draw */
  constructor(model, el, draw) {
    this.source = model;
    this.el = el;
    this.uid = `autor-${(views += 1)}-${Math.random().toString(36).slice(2, 7)}`;
    this.ui = freshUi();
    this.shelf = makeShelf();
    this.server = readServer();
    /** The page of each draft, by its hash. @type {Map<string, HTMLElement>} */ this.drafts = new Map();
    /** What stands still between changes, as it was last described. @type {{of: number, made: any}} */ this.still = { of: -1, made: null };
    /** What was looked up, by name. @type {Map<string, {data?: any, error?: any}>} */ this.lookups = new Map();
    /** What is open, ticked or read here, by name. @type {Set<string>} */ this.on = new Set();
    /** What is typed in fields that only this view keeps. @type {Record<string, string>} */ this.texts = {};
    this.listWindow = new ListWindow();
    /** @type {Map<string, Feed>} */ this.feeds = new Map();
    /** @type {Map<string, any>} */ this.timers = new Map();
    /** @type {(() => void)[]} */ this.chores = [];
    this.version = 0;
    this.skew = 0;
    this.planned = false;
    this.closed = false;
    this.draw = draw;
    this.view = model.get("view") || null;
    this.attempt = model.get("attempt") || null;
    this.kind = model.get("kind") || "run";
    this.link = new Link(model, this);
    this.onView = () => this.takeView();
    model.on("change:view", this.onView);
    model.on("change:attempt", this.onView);
    this.chooseAgain();
    this.paint();
  }

  // ── Drawing ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Something changed: draw soon, once. */
  update() {
    this.version += 1;
    if (this.planned || this.closed) return;
    this.planned = true;
    Promise.resolve().then(() => {
      this.planned = false;
      if (!this.closed) this.paint();
    });
  }

  paint() {
    const win = this.listWindow;
    const feed = this.shownFeed();
    const anchor = feed && !feed.following ? win.anchor() : null;
    patch(this.el, this.draw(this));
    if (feed && win.box?.isConnected) {
      if (win.measure()) {
        this.version += 1;
        patch(this.el, this.draw(this));
      }
      if (feed.following) win.end();
      else win.restore(anchor);
      win.forget();
    }
    for (const box of this.el.querySelectorAll(".draft:not(.whole)")) {
      if (box.classList.contains("short") !== (box.clientHeight > 0 && box.scrollHeight < box.clientHeight + 5)) box.classList.toggle("short");
    }
    const chores = this.chores;
    this.chores = [];
    for (const chore of chores) chore();
  }

  /** Clocks move once a second, unseen pages stand still. */
  tick() {
    if (this.closed || document.visibilityState === "hidden" || this.planned) return;
    if (this.kind === "run") this.paint();
  }

  /** After the next drawing. @param {() => void} chore */
  soon(chore) {
    this.chores.push(chore);
  }

  /** After a moment of quiet. @param {string} name @param {number} ms @param {() => void} act */
  later(name, ms, act) {
    clearTimeout(this.timers.get(name));
    this.timers.set(name, setTimeout(act, ms));
  }

  /** The kernel's clock. */
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

  /** @param {string} name */
  goTo(name) {
    this.soon(() => this.seek(name)?.focus());
    this.update();
  }

  /** Bring a section into sight and put the focus on its title. @param {string} name */
  reveal(name) {
    if (name !== "decide") Object.assign(this.ui, { shown: null, pair: null, feedOpen: false });
    this.soon(() => this.soon(() => {
      const title = this.seek(name);
      title?.scrollIntoView?.({ block: "start", behavior: matchMedia?.("(prefers-reduced-motion:reduce)").matches ? "auto" : "smooth" });
      title?.focus({ preventScroll: true });
    }));
    this.update();
    this.soon(() => this.update());
  }

  // ── What comes from the kernel ───────────────────────────────────────────────────────────────────────────

  takeView() {
    const old = this.view;
    this.view = this.source.get("view") || null;
    this.attempt = this.source.get("attempt") || null;
    this.kind = this.source.get("kind") || this.kind;
    this.link.compareWith(this.view);
    this.chooseAgain();
    if (this.kind === "run" && old && this.view) {
      announce(this, old, this.view);
      newDecision(this, old, this.view);
      if (old.current.stage !== this.view.current.stage || old.current.attempt !== this.view.current.attempt || old.current.mode !== this.view.current.mode) this.ui.feedOpen = false;
    }
    this.update();
  }

  /** A new attempt in review begins without a choice, unless words of one's own were kept for it, or were not sent for the one before. */
  chooseAgain() {
    const review = this.view?.review;
    const of = review && this.key(review, "feedback");
    const { shelf, ui } = this;
    const { choiceOf } = ui;
    if (!of || of === choiceOf) return;
    const words = choiceOf.split(":")[2] === review.stage && shelf.get(choiceOf);
    if (words && !shelf.get(of)) {
      shelf.set(of, words);
      shelf.drop(choiceOf);
    }
    Object.assign(ui, { choiceOf: of, choice: shelf.get(of) ? "own" : null, waiving: "", editing: "" });
  }

  /** @param {any} batch */
  takeFeed(batch) {
    this.feedOf(batch.stage, batch.attempt).take(batch);
    this.update();
  }

  /** @param {import("./link.js").Ticket} ticket @param {boolean} ok */
  settled(ticket, ok) {
    if (!ok) return;
    for (const key of ticket.shelves) this.shelf.drop(key);
    ticket.then?.();
    if (this.ui.choice === "own") this.ui.choice = null;
    this.ui.after = { spot: ticket.spot, view: this.view, until: performance.now() + 2500 };
    this.later("after", 2600, () => this.update());
    this.say("Done.", false);
  }

  /** The control whose ask was carried out but is not yet seen in the view, or "". */
  settling() {
    const { after } = this.ui;
    return after && after.view === this.view && performance.now() < after.until ? after.spot : "";
  }

  /** The kernel is there again: what was left unanswered is asked anew. */
  cameBack() {
    for (const [name, got] of this.lookups) if (got.error) this.lookups.delete(name);
    this.say("The kernel is back.", false);
  }

  // ── What is shown ────────────────────────────────────────────────────────────────────────────────────────

  /** @returns {{stage: string, attempt: number|null}} */
  shown() {
    return this.ui.shown || { stage: this.view.current.stage, attempt: this.view.current.attempt };
  }

  shownStage() {
    const { stage } = this.shown();
    return this.view.stages.find((/** @type {any} */ s) => s.slug === stage) || null;
  }

  /** @param {{stage: string, attempt: number|null}} of */
  isCurrent(of) {
    const { stage, attempt } = this.view.current;
    return of.stage === stage && of.attempt === attempt;
  }

  isAway() {
    return !this.isCurrent(this.shown());
  }

  isWorkingShown() {
    return this.view.current.mode === "working" && !this.isAway();
  }

  /** @param {any} attempt */
  isInReview(attempt) {
    const { review } = this.view; // only a run's document has one
    return Boolean(review && review.stage === attempt.stage && review.attempt === attempt.attempt);
  }

  /** @param {any} attempt */
  nameOf(attempt) {
    return `${attempt.stage}:${attempt.attempt}`;
  }

  /** Where unsent text is kept. @param {{stage: string, attempt: number}} of @param {string} field */
  key(of, field) {
    return `autor:${this.view.run.id}:${of.stage}:${of.attempt}:${field}`;
  }

  folder() {
    return this.view.run?.folder || this.view.folder || "";
  }

  /** The attempt on the table: from the trait, or looked up. @returns {any} */
  lookedAttempt() {
    const { stage, attempt } = this.shown();
    if (!stage || attempt === null) return null;
    if (this.attempt && this.attempt.stage === stage && this.attempt.attempt === attempt) return { data: this.attempt };
    const row = this.shownStage()?.attempts.find((/** @type {any} */ a) => a.attempt === attempt);
    return { key: `attempt:${stage}:${attempt}:${row?.status}`, what: { what: "attempt", stage, attempt } };
  }

  /** The attempt on the table, if it is at hand. */
  attemptData() {
    const looked = this.lookedAttempt();
    return looked && (looked.data || this.lookups.get(looked.key)?.data || null);
  }

  /** Look something up and keep it under a name. @param {string} name @param {any} what */
  async fetch(name, what) {
    this.lookups.set(name, {});
    if (this.lookups.size > 80) this.lookups.delete(this.lookups.keys().next().value || "");
    this.update();
    const got = await this.link.look(what).then((data) => ({ data }), (error) => ({ error }));
    this.lookups.set(name, got);
    this.update();
  }

  /** Open what was shut, shut what was open. @param {string} name */
  flip(name) {
    if (!this.on.delete(name)) this.on.add(name);
    this.update();
  }

  /** @param {string|null} stage @param {number|null} attempt null, null: what is current */
  show(stage, attempt) {
    const to = stage ? { stage, attempt } : null;
    this.set({ shown: to && this.isCurrent(to) ? null : to, pair: null, feedOpen: false });
  }

  /** @param {any} stage */
  showStage(stage) {
    const last = stage.attempts[stage.attempts.length - 1]?.attempt ?? null;
    const { current } = this.view;
    this.show(stage.slug, stage.slug === current.stage ? current.attempt : stage.changed_attempt || last);
  }

  // ── Feed ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param {string} stage @param {number} attempt */
  feedOf(stage, attempt) {
    const name = `${stage}:${attempt}`;
    let feed = this.feeds.get(name);
    if (!feed) {
      if (this.feeds.size > 1) for (const old of [...this.feeds.keys()].slice(0, -1)) this.feeds.delete(old);
      feed = new Feed({ stage, attempt, look: (what) => this.link.look(what), changed: () => this.update() });
      this.feeds.set(name, feed);
    }
    return feed;
  }

  /** The feed whose list is on the page, if one is. */
  shownFeed() {
    if (this.kind !== "run" || !this.view?.current || this.ui.pair) return null;
    const { stage, attempt } = this.shown();
    return stage && attempt !== null && (this.ui.feedOpen || this.isWorkingShown()) ? this.feeds.get(`${stage}:${attempt}`) || null : null;
  }

  // ── Choosing and asking ──────────────────────────────────────────────────────────────────────────────────

  /** @param {any} change of what only this view knows */
  set(change) {
    Object.assign(this.ui, change);
    this.update();
  }

  /** Which one button is filled. */
  primary() {
    return primary(this);
  }

  /** @param {string} text */
  addToFeedback(text) {
    const key = this.key(this.view.review, "feedback");
    const before = this.shelf.get(key).trimEnd();
    if (!before.includes(text)) this.shelf.set(key, before ? `${before}\n${text}` : text);
    this.ui.choice = "own";
    this.goTo("feedback");
  }

  /** @param {string|null} kind */
  openSheet(kind) {
    this.ui.sheet = kind ? { kind } : null;
    if (!this.link.busy && this.link.ticket) this.link.dismiss();
    if (kind) this.reveal("decide-sheet");
    if (kind) this.soon(() => { const title = this.seek("sheet"); title?.scrollIntoView?.({ block: "nearest" }); title?.focus({ preventScroll: true }); });
    this.update();
  }

  showDecisions() {
    this.on.add("decisions");
    this.reveal("decisions");
  }

  exportRun() {
    this.set({ exported: Math.abs(this.ui.exported) + 1 });
  }

  openCompare() {
    const to = this.shown();
    const all = this.view.stages.flatMap((/** @type {any} */ s) => s.attempts.map((/** @type {any} */ a) => ({ stage: s.slug, attempt: a.attempt })));
    const at = max(1, all.findIndex((/** @type {any} */ a) => a.stage === to.stage && a.attempt === to.attempt));
    this.ui.pair = { left: all[at - 1], right: all[at], all: false };
    this.goTo("cmp");
  }

  close() {
    this.closed = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.source.off("change:view", this.onView);
    this.source.off("change:attempt", this.onView);
    this.link.close();
  }

  /** The kernel's clock beside this one, when they are far apart. @param {string} at */
  setSkew(at) {
    const skew = millis(at) - Date.now();
    this.skew = Number.isFinite(skew) && Math.abs(skew) > 3000 ? skew : 0;
  }
}
