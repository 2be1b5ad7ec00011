/** The forks side by side: each with its own best, what common fresh seeds show of it, and the merge of the best. */
import { B, Code, Div, I, Li, P, Span, Ul } from "../dom.js";
import { copyButton, Quiet, verdict } from "../controls.js";
import { icon } from "../icons.js";
import { millis, plural, roughly, stamp } from "../words.js";
import { spark } from "./curve.js";
import { form } from "./forms.js";
import { deed, opener, section } from "./head.js";
import { whisker } from "./track.js";

/** @typedef {any} Ctx */

/** What common seeds show of one. @param {Ctx} ctx @param {any} one @param {any} f */
const against = (ctx, one, f) => {
  const a = one.against;
  if (!a) return P("quiet fka", { pin: "none" }, f.common?.at ? "not in the newest comparison" : "");
  const beside = a.stale && Span("is-warn", { pin: "stale" }, a.stale);
  if (!a.ends) return P("quiet fka", { pin: "why" }, `no rank: ${a.why} `, beside);
  return Div("fka", { pin: "against" }, Span("", B("", a.change), " ", a.interval, a.e && `, E\u00a0=\u00a0${a.e}`),
    I("lp-w", { pin: "w", raw: ctx.picture(`apart:${one.name}`, [a.ends, a.kind, f.apart], () => whisker(a, f.apart)) }),
    Span("quiet by", { pin: "by" }, a.by, beside && [", ", beside]));
};

/** What is being done about the forks, or what the last came to. @param {Ctx} ctx */
const work = (ctx) => {
  const w = ctx.view.forks.work;
  if (!w) return null;
  const told = [plural(w.runs, "run"), w.at_work && roughly(Math.max(0, (ctx.now() - millis(w.since)) / 1000)), w.ended && stamp(w.ended)].filter(Boolean).join(", ");
  return Div(`lp-work box tint-${w.at_work ? "idle" : w.tone}`, { pin: "work", role: "region", $label: w.title },
    Div("lp-sh", icon(w.at_work ? "ring" : w.tone, `is-${w.tone}`), Span("lp-h3", w.title), Quiet(told), Span("lp-sp"),
      w.at_work && (w.stopping ? Quiet("It ends when the run at work has ended.") : deed(ctx, "halt", "Stop this", "stop", { cls: "sm" }))),
    w.said.map((/** @type {string} */ s, /** @type {number} */ i) => P("", { pin: `said:${i}` }, s)),
    w.lines.length > 0 && w.at_work && Ul("lp-runs", { pin: "runs" }, w.lines.map((/** @type {string} */ l) => Li("", { pin: l }, l))),
    verdict(ctx, "halt"));
};

/** @param {Ctx} ctx @param {any} f */
const common = (ctx, f) => {
  const c = f.common;
  if (!c) return null;
  const wrong = c.wrong && P("lp-flag", { pin: "wrong" }, c.wrong);
  if (!c.at) {
    return [wrong, P("row wrap quiet", { pin: "how" }, Span("", "Not compared on common fresh seeds yet: their own bests are of different seeds, and cannot rank them. Compare them here, or with "), Code("", c.how), copyButton(ctx, c.how, "Copy the command"))];
  }
  return [wrong, P("lp-common", { pin: "common" }, c.text, ". ", B("", c.better), c.hint && ` ${c.hint}`, Span("quiet", ` Measured ${stamp(c.at)}.`))];
};

/** @param {Ctx} ctx */
export const forks = (ctx) => {
  const { forks: f, actions } = ctx.view;
  if (!f.rows.length) return null;
  const open = form(ctx, ["compare", "merge"]);
  return section(ctx, "forks", "Forks", [Span("quiet lp-small", f.note), f.more > 0 && Quiet(`${f.more} more`), Span("lp-sp"),
    actions.compare && opener(ctx, "compare", "Compare", "twin"), actions.merge && opener(ctx, "merge", "Merge best", "merge")],
  open, work(ctx), common(ctx, f),
  Div("lp-fks", { pin: "rows" }, f.rows.map((/** @type {any} */ one) => Div(`lp-fk${one.own ? " lead" : ""}`, { pin: one.name },
    Div("fkh", B("", one.name), one.own ? Span("quiet", "this loop") : one.word && Span(one.tone === "warn" || one.tone === "fail" ? `is-${one.tone}` : "quiet", { pin: "now" }, one.word)),
    Div("sp", { raw: ctx.picture(`fork:${one.name}`, [one, f.span, f.last, f.baseline], () => spark(one, f, 150)) }),
    Div("big", one.value, " ", I("", one.pm)), Div("quiet fkc", one.counts), against(ctx, one, f)))));
};
