/** A long list of which only what can be seen is in the page; heights are measured as they appear. */
import { max } from "./words.js";

const GUESS = 46;
const MARGIN = 500;

/** @param {Element} node */
const rectOf = (node) => node.getBoundingClientRect();

export class ListWindow {
  constructor() {
    /** @type {Map<number, number>} height of each card by its number */
    this.heights = new Map();
    /** @type {any} the box that scrolls */
    this.box = null;
    this.top = 0;
    this.view = 480;
    this.put = -1;
    /** How large the box was when it was last looked at. */
    this.room = "";
  }

  /** @param {number} n */
  tall(n) {
    return this.heights.get(n) ?? GUESS;
  }

  /**
   * The slice to draw, and the empty space before and after it.
   * @param {{n: number}[]} cards @param {boolean} atEnd
   */
  slice(cards, atEnd) {
    let whole = 0;
    for (const card of cards) whole += this.tall(card.n);
    const top = atEnd ? max(0, whole - this.view) : this.top;
    const from = top - MARGIN;
    const to = top + this.view + MARGIN;
    let y = 0;
    let first = -1;
    let before = 0;
    let last = cards.length;
    for (let i = 0; i < cards.length; i += 1) {
      const height = this.tall(cards[i].n);
      if (first < 0 && y + height >= from) {
        first = i;
        before = y;
      }
      y += height;
      if (y > to) {
        last = i + 1;
        break;
      }
    }
    if (first < 0) {
      first = max(0, cards.length - 1);
      before = whole - (cards.length ? this.tall(cards[first].n) : 0);
    }
    let shown = 0;
    for (let i = first; i < last; i += 1) shown += this.tall(cards[i].n);
    return { first, last, before, after: max(0, whole - before - shown) };
  }

  /** Measure what was drawn; true if anything differs from what was thought. */
  measure() {
    if (!this.box) return false;
    this.view = this.box.clientHeight || this.view;
    let differs = false;
    for (const row of this.box.querySelectorAll("[data-n]")) {
      const n = Number(row.getAttribute("data-n"));
      const height = row.offsetHeight;
      if (height > 0 && Math.abs(height - this.tall(n)) > 0.5) {
        this.heights.set(n, height);
        differs = true;
      }
    }
    return differs;
  }

  /** Heights of cards that are long past are not kept. */
  forget() {
    if (this.heights.size > 3000) this.heights.clear();
  }

  /** The first row that can be seen, to hold on to while rows come in above it. */
  anchor() {
    if (!this.box) return null;
    const top = rectOf(this.box).top;
    for (const row of this.box.querySelectorAll("[data-n]")) {
      const rect = rectOf(row);
      if (rect.bottom > top + 1) return { n: row.getAttribute("data-n"), y: rect.top - top };
    }
    return null;
  }

  /** @param {{n: string, y: number}|null} anchor */
  restore(anchor) {
    const row = anchor && this.box?.querySelector(`[data-n="${anchor.n}"]`);
    if (!row) return;
    const y = rectOf(row).top - rectOf(this.box).top;
    if (Math.abs(y - anchor.y) > 0.5) this.moveTo(this.box.scrollTop + y - anchor.y);
  }

  /** @param {number} top */
  moveTo(top) {
    if (!this.box) return;
    this.box.scrollTop = top;
    this.put = this.box.scrollTop;
    this.top = this.put;
  }

  end() {
    if (this.box) this.moveTo(this.box.scrollHeight);
  }

  /** Whether a scroll event came from the reader: not from here, and not from a box that has become larger or smaller. */
  byReader() {
    const { box, room } = this;
    this.room = `${box.clientWidth} ${box.clientHeight}`;
    return room === this.room && Math.abs(box.scrollTop - this.put) > 1;
  }

  atEnd() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 24;
  }
}
