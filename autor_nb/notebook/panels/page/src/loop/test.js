/** The experiment under test: its evidence, the critic's reasons, the change and what it prints. */
import { Dd, Div, Dl, Dt, H4, I, Li, P, Pre, Span, Ul } from "../dom.js";
import { pane } from "../controls.js";
import { code } from "./code.js";
import { minute, roughly, millis } from "../words.js";
import { opener, section } from "./head.js";
import { form } from "./forms.js";
import { markIcon } from "./svg.js";
import { dTrack, eTrack, hopesPlot } from "./track.js";

/** @typedef {any} Ctx */

/** A mark as an element. @param {string} kind */
export const sign = (kind) => I("lp-sign", { pin: `sign:${kind}`, init: (/** @type {any} */ node) => node.appendChild(markIcon(kind)) });

const SIGNS = /** @type {Record<string, string>} */ ({ "+": "ad", "-": "de", "@": "hk", f: "hk" });

/** A change as lines, each with its sign. @param {any} change */
export const diff = (change) => (change.lines.length ? pane("lp-pre", "The change", Pre("", change.lines.map((/** @type {[string, string]} */ [kind, text], /** @type {number} */ i) =>
  Span(`ln ${SIGNS[kind] || ""}`, { pin: i }, "@f".includes(kind) ? text : [Span("sg", kind === "-" ? "\u2212" : kind), ...code(text)], "\n"))), change.cut > 0 && P("small quiet lp-cut", `${change.cut} lines more`))
  : P("small quiet", "No change is recorded."));

/** @param {any} output */
export const printed = (output) => pane("lp-pre tail", "The newest lines of its output", Pre("", output.lines.length ? output.lines.map((/** @type {string} */ l, /** @type {number} */ i) => Span("ln", { pin: i }, `${l}\n`)) : Span("ln quiet", "Nothing is printed yet.")));

/** What an idea says of itself. @param {any} idea */
export const reasons = (idea) => idea && [
  H4("", "Hypothesis"), P("lp-hyp", idea.hypothesis),
  idea.knobs.length > 0 && P("small quiet", { pin: "knobs" }, idea.knobs.join(", ")),
  H4("", "Thought process"), pane("lp-say", "Thought process", idea.thought),
  idea.alternatives.length > 0 && [H4("", { pin: "alt" }, "Alternatives considered"), pane("lp-say alts", "Alternatives considered", Ul("", idea.alternatives.map((/** @type {string} */ a, /** @type {number} */ i) => Li("", { pin: i }, a))))],
];

/** How wide a column of the section is. @param {Ctx} ctx */
const column = (ctx) => Math.max(280, ctx.width > 1050 ? Math.floor((ctx.width - 34 - 48) / 3) : ctx.width > 820 ? Math.floor((ctx.width - 34 - 24) / 2) : ctx.width - 34);

/** @param {Ctx} ctx */
export const test = (ctx) => {
  const t = ctx.view.test;
  if (!t) return section(ctx, "test", "Under test", null, P("quiet", "No idea is under test just now."), hopes(ctx, column(ctx)));
  const wide = column(ctx);
  const output = ctx.output && t.output && ctx.output.trial >= t.output.trial ? ctx.output : t.output;
  const ran = output?.since ? Math.max(0, (ctx.now() - millis(output.since)) / 1000) : null;
  return section(ctx, "test", [sign("testing"), ` #${t.n} under test`], [
    Span("quiet lp-small", [t.by, minute(t.at) && `${minute(t.at)} UTC`].filter(Boolean).join(" "), t.facts.filter(Boolean).map((/** @type {string} */ f) => `, ${f}`), t.extra && `, ${t.extra}`),
    Span("lp-sp"), opener(ctx, "repeat", "Add repeats", "redo"), opener(ctx, "veto", "Veto this idea", "abort")],
  t.vetoed && P("lp-flag", `${t.vetoed}: it ends after the trial in work.`),
  t.suspicions.length > 0 && P("lp-flag", `Flagged as suspicious: ${t.suspicions.join("; ")}`),
  form(ctx, ["repeat", "veto"]),
  Div("lp-ut",
    !t.track.read ? Div("", { pin: "evidence" }, H4("", "Evidence"), P("quiet", "This gate reads no e-value: it decides by the recorded scores, and its keeps are unconfirmed."))
      : Div("", { pin: "evidence" }, H4("", `${t.track.claim || `Evidence that #${t.n} is better`}: e-value (log)`),
      Div("lp-pic", { raw: ctx.picture("e", [t.track, wide, t.n], () => eTrack(t.track, wide, t.n)) }),
      H4("", `Δ = candidate − incumbent (${t.track.better} is better)`),
      Div("lp-pic", { raw: ctx.picture("d", [t.track, wide], () => dTrack(t.track, wide)) }),
      P("lp-cap", "Blue: mean with its time-uniform 95 % confidence sequence. Rings: single pairs.", t.track.past > 0 && ` Thin tracks: ${t.track.past === 1 ? "the earlier confirm" : `the last ${t.track.past} earlier confirms, each`} tested against a bar of its own.`)),
    Div("", { pin: "reasons" }, reasons(t.idea),
      Dl("lp-tri", Div("", Dt("", "Expected Δ"), Dd("", t.three.expected || "not said")), Div("", Dt("", "Actual Δ"), Dd("", t.three.actual)), Div("", Dt("", "95 % sequence"), Dd("", t.three.interval))),
      hopes(ctx, wide)),
    Div("", { pin: "change" },
      Div("", Div("lp-fh", H4("", "Change being tried"), Span("quiet small push", t.change.files)), diff(t.change)),
      Div("lp-out", output && [Div("lp-fh", H4("", `Output, ${output.title}`), Span("quiet small push", [output.seed, ran === null ? "" : roughly(ran)].filter(Boolean).join(", "))), printed(output)],
        t.next && P("lp-cap", t.next)))));
};

/** The critic's calibration. @param {Ctx} ctx @param {number} wide */
const hopes = (ctx, wide) => {
  const { hopes: h } = ctx.view;
  if (!h.total) return null;
  const side = Math.min(190, wide - 20);
  return Div("lp-ea", { pin: "hopes" }, Div("lp-pic", { raw: ctx.picture("h", [h, side], () => hopesPlot(h, side)) }),
    Div("", H4("", "Calibration: actual Δ over expected Δ"), P("lp-cap", h.said, " Dashed: actual equals expected.")));
};
