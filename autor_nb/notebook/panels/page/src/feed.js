/** The cards of one attempt: the newest as they come, earlier ones on demand; never more than four hundred in memory. */
import { max } from "./words.js";

/** @typedef {{n: number, at: string, kind: string, ok: boolean|null, title: string, text: string, mono: boolean, more: number, took_s: number|null}} Card */

export const MOST = 400;
const TAIL_WHEN_AWAY = 100;
const PAGE = 100;
/** Chips and the kinds of card that each stands for. */
export const KINDS = /** @type {Record<string, string[]>} */ ({
  Text: ["text"], Thinking: ["thinking"], Tools: ["tool", "result"], Notices: ["notice", "finished", "session"],
});

/**
 * @param {{stage: string, attempt: number, look: (what: any) => Promise<any>, changed: () => void}} o
 */
export class Feed {
  /** @param {{stage: string, attempt: number, look: (what: any) => Promise<any>, changed: () => void}} o */
  constructor(o) {
    this.o = o;
    /** @type {Card[]} the newest, without gaps */
    this.tail = [];
    /** @type {Card[]|null} what is read while not following, or what was found */
    this.held = null;
    this.total = 0;
    this.matched = 0;
    this.earlier = 0;
    this.following = true;
    this.paused = false;
    this.search = "";
    this.chip = "All";
    this.busy = false;
    this.begun = false;
    /** @type {any} */
    this.fault = null;
    this.turn = 0;
  }

  get filtered() {
    return Boolean(this.search) || this.chip !== "All";
  }

  /** What is on the table, oldest first. @returns {Card[]} */
  get cards() {
    return this.held || this.tail;
  }

  /** Cards that came since the reader looked away. */
  get newer() {
    if (!this.held || this.filtered) return 0;
    const last = this.held.at(-1);
    const end = this.tail.at(-1);
    return last && end ? max(0, end.n - last.n) : this.tail.length;
  }

  /** How many come before the first on the table. */
  get before() {
    return this.held ? this.earlier : max(0, this.total - this.tail.length);
  }

  /** New cards of the wire. @param {{total: number, skipped: number, cards: Card[]}} batch */
  take(batch) {
    const last = this.tail.at(-1);
    const cards = last ? batch.cards.filter((c) => c.n > last.n) : batch.cards;
    this.total = max(this.total, batch.total);
    if (!cards.length) return;
    const gap = batch.skipped > 0 || (last && cards[0].n > last.n + 1);
    this.tail = gap ? cards.slice() : this.tail.concat(cards);
    this.trim();
    if (this.held && this.filtered && !this.paused) {
      const fitting = cards.filter((c) => this.fits(c));
      this.matched += fitting.length;
      this.held = this.held.concat(fitting).slice(-(MOST - TAIL_WHEN_AWAY));
    }
  }

  trim() {
    const most = this.held ? TAIL_WHEN_AWAY : MOST;
    if (this.tail.length > most) this.tail = this.tail.slice(-most);
  }

  /** @param {Card} card */
  fits(card) {
    if (this.chip !== "All" && !KINDS[this.chip].includes(card.kind)) return false;
    const wanted = this.search.toLowerCase();
    return !wanted || `${card.title} ${card.text}`.toLowerCase().includes(wanted);
  }

  /** Stop moving: the reader has looked away or pressed Pause. */
  hold() {
    this.following = false;
    if (this.held) return;
    this.earlier = max(0, this.total - this.tail.length);
    this.held = this.tail.slice(-(MOST - TAIL_WHEN_AWAY));
    this.earlier += this.tail.length - this.held.length;
    this.trim();
  }

  /** Back to the newest. */
  follow() {
    this.following = true;
    this.paused = false;
    if (!this.filtered) this.held = null;
  }

  /** @param {string} search @param {string} chip */
  filter(search, chip) {
    this.search = search;
    this.chip = chip;
    this.turn += 1;
    if (!this.filtered) {
      this.held = null;
      this.fault = null;
      this.follow();
      return;
    }
    this.following = true;
    this.held = this.tail.filter((c) => this.fits(c)).slice(-(MOST - TAIL_WHEN_AWAY));
    this.matched = this.held.length;
    this.earlier = 0;
    this.trim();
    this.fetch(null);
  }

  /** The first cards of an attempt that was not watched. */
  begin() {
    if (this.begun) return;
    this.begun = true;
    this.fetch(null);
  }

  /** One page of earlier cards. */
  older() {
    if (this.busy || !this.before) return;
    if (!this.held) this.hold();
    this.fetch(this.held?.[0]?.n ?? null);
  }

  /** @param {number|null} before */
  async fetch(before) {
    const turn = this.turn;
    const { stage, attempt } = this.o;
    this.busy = true;
    this.fault = null;
    try {
      const kinds = this.chip === "All" ? [] : KINDS[this.chip];
      const got = await this.o.look({ what: "feed", stage, attempt, before, count: PAGE, search: this.search, kinds });
      if (turn === this.turn) this.put(before, got);
    } catch (error) {
      if (turn === this.turn) this.fault = error;
    }
    if (turn === this.turn) this.busy = false;
    this.o.changed();
  }

  /** @param {number|null} before @param {{cards: Card[], total: number, matched: number}} got */
  put(before, got) {
    this.total = max(this.total, got.total);
    if (before === null && !this.filtered) {
      const first = this.tail[0];
      const missing = first ? got.cards.filter((c) => c.n < first.n) : got.cards;
      this.tail = missing.concat(this.tail);
      this.trim();
      return;
    }
    const kept = before === null ? [] : this.held || [];
    const first = kept[0];
    const cards = first ? got.cards.filter((c) => c.n < first.n) : got.cards;
    this.held = cards.concat(kept).slice(0, MOST - TAIL_WHEN_AWAY);
    if (this.filtered) {
      this.matched = got.matched;
      this.earlier = got.cards.length < PAGE ? 0 : before === null ? max(0, got.matched - cards.length) : max(0, this.earlier - cards.length);
    } else this.earlier = cards.length ? max(0, this.earlier - cards.length) : 0;
  }
}
