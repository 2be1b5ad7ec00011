/** Who decided what, newest first. */
import { B, Li, Ol, Q, Span } from "./dom.js";
import { button, loading, lookError, section, Quiet } from "./controls.js";
import { howIcon } from "./header.js";
import { when } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** @param {Ctx} ctx @param {any} d */
const row = (ctx, d) => {
  return Li(ctx.ui.fresh === d.at ? "fresh" : null, { key: `${d.at}:${d.what}:${d.did}` }, howIcon(d), Span("", B("", d.what.replace(/^(\d\d) [^,]*,/, "$1,")), ` ${d.did} by `, B("", d.you ? "you" : d.who),
    d.how ? ` ${d.how}` : "", `, ${when(d.at, ctx.now())}`, d.said ? [": ", Q("", d.said)] : ""));
};

/** @param {Ctx} ctx */
export const decisions = (ctx) => {
  const { total, newest } = ctx.view.decisions;
  const all = ctx.ui.decisions;
  if (!total) return null;
  const list = all?.data ? all.data.decisions : newest;
  return section(ctx, "decisions", "Decisions", [Quiet(all?.data ? `all ${list.length}, newest first` : total > newest.length ? `${newest.length} of ${total}, newest first` : "newest first"),
    total > newest.length && button({ label: all ? "Fewer" : "All", cls: "plain sm push", run: () => (all ? ctx.hideDecisions() : ctx.showDecisions()) })],
  all?.loading && loading("Fetching all decisions…"), all?.error && lookError(all.error, () => ctx.showDecisions()),
  Ol(`box who${all?.data ? " scroll" : ""}`, { tabindex: all?.data ? "0" : null, role: all?.data ? "list" : null, "aria-label": "Decisions, newest first" }, list.map((/** @type {any} */ d) => row(ctx, d))));
};
