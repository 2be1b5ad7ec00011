/** The table's window: ten thousand rows, of which only those in sight are fetched and drawn. */

export const ROW = 30;
export const TALL = 12;
const AHEAD = 12;
const BATCH = 60;

export class Rows {
  /** @param {any} ctx */
  constructor(ctx) {
    this.ctx = ctx;
    this.which = "all";
    this.total = 0;
    /** Rows by how many stand below them in the table: that stays as new ones come on top. @type {Map<number, any>} */ this.held = new Map();
    this.top = 0;
    this.asked = "";
    /** @type {any} */ this.error = null;
  }

  /** Rows from a document. @param {any} page */
  put(page) {
    if (page.which !== this.which) return;
    this.total = page.total;
    page.rows.forEach((/** @type {any} */ row, /** @type {number} */ i) => this.held.set(page.total - page.first - i, row));
    if (this.held.size > 2000) for (const key of [...this.held.keys()].slice(0, this.held.size - 1500)) this.held.delete(key);
  }

  /** @param {any} table of a new view */
  take(table) {
    if (!table) return;
    if (this.which === "all") this.put(table);
    else this.stale = true;
  }

  /** @param {string} which */
  choose(which) {
    this.which = which;
    this.held.clear();
    this.top = 0;
    this.asked = "";
    this.total = this.ctx.view.table.filters.find((/** @type {any} */ f) => f.id === which)?.count || 0;
    if (which === "all") this.put(this.ctx.view.table);
    if (this.box) this.box.scrollTop = 0;
    this.ctx.update();
  }

  /** First and last row to draw. */
  span() {
    const first = Math.max(0, Math.floor(this.top / ROW) - AHEAD);
    return [first, Math.min(this.total, first + TALL + 2 * AHEAD)];
  }

  /** @param {number} at place in the table, newest first */
  row(at) {
    return this.held.get(this.total - at) || null;
  }

  /** Ask for what is in sight and not held. */
  need() {
    const [first, last] = this.span();
    let from = first;
    while (from < last && this.row(from)) from += 1;
    const fresh = this.stale && this.which !== "all";
    if (fresh) from = first;
    const key = `${this.which}:${this.total}:${from}`;
    if ((from >= last && !fresh) || this.asked === key || this.ctx.link.gone) return;
    this.asked = key;
    this.stale = false;
    this.ctx.later("rows", 60, async () => {
      const wanted = this.which;
      this.error = await this.ctx.link.look({ what: "rows", which: wanted, first: Math.max(0, from), count: BATCH })
        .then((/** @type {any} */ page) => { this.put(page); return null; }, (/** @type {any} */ error) => { this.asked = ""; return error; });
      this.ctx.update();
    });
  }

  /** @param {any} node */
  attach(node) {
    this.box = node;
    node.addEventListener("scroll", () => {
      const before = this.span().join();
      this.top = node.scrollTop;
      if (this.span().join() !== before) this.ctx.update();
    }, { passive: true });
  }
}
