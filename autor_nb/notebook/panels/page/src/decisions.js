/** Who decided what, newest first. */
import { B, Li, Ol, Q, Span } from "./dom.js";
import { button, fetched, Quiet, section } from "./controls.js";
import { howIcon } from "./header.js";
import { when } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** @param {Ctx} ctx @param {any} d */
const row = (ctx, d) => Li(ctx.ui.fresh === d.at ? "fresh" : "", { pin: d.at + d.what + d.did }, howIcon(d), Span("", B("", d.what.replace(/^(\d\d) [^,]*,/, "$1,")), ` ${d.did} by `, B("", d.you ? "you" : d.who),
  d.how && ` ${d.how}`, `, ${when(d.at, ctx.now())}`, d.said && [": ", Q("", d.said)]));

/** @param {Ctx} ctx */
export const decisions = (ctx) => {
  const { total, newest } = ctx.view.decisions;
  const all = ctx.on.has("decisions");
  const list = (/** @type {any[]} */ ds, /** @type {any} */ props) => Ol(`box who${all ? " scroll" : ""}`, { $label: "Decisions, newest first", ...props }, ds.map((d) => row(ctx, d)));
  return total > 0 && section(ctx, "decisions", "Decisions", [Quiet(total > newest.length && !all ? `${newest.length} of ${total}, newest first` : "newest first"),
    total > newest.length && button({ says: all ? "Fewer" : "All", cls: "plain sm push", does: () => ctx.flip("decisions") })],
  all ? fetched(ctx, `decisions:${total}`, { what: "decisions" }, (data) => list(data.decisions, { tabindex: "0" })) : list(newest, {}));
};
