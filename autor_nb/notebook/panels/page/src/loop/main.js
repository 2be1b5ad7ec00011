/** The loop's module: `render` mounts one view of a model and gives back how to take it away. */
import { B, Div, Footer, P, Span } from "../dom.js";
import { Ctx } from "./ctx.js";
import { curve } from "./curve.js";
import { forks } from "./forks.js";
import { form } from "./forms.js";
import { gone, head, notes, section, tiles } from "./head.js";
import { decisions, experiments } from "./lists.js";
import { sign, test } from "./test.js";

/** @param {any} ctx */
const convergence = (ctx) => {
  const { curve: c } = ctx.view;
  const wide = Math.max(280, ctx.width > 820 ? ctx.width - 34 - 236 : ctx.width - 34);
  const swatch = (/** @type {string} */ cls, /** @type {string} */ says, /** @type {string} */ note) => Div("li", { pin: cls }, Span(`sw ${cls}`, { $hidden: "true" }), Span("", says), B("", ""), note && Div("d", note));
  return section(ctx, "curve", "Convergence", Span("quiet lp-small", c.said),
    c.marks.length ? Div("lp-cv", Div("lp-pic", { raw: ctx.picture("curve", [c, wide], () => curve(c, wide)) }),
      Div("lp-lg", c.legend.map((/** @type {any} */ l) => Div("li", { pin: l.kind }, sign(l.kind), Span("", l.word), B("", l.count), l.note && Div("d", l.note))),
        Div("hr", { pin: "hr" }), c.levels.length > 0 && swatch("s-best", "Best re-measured, 95 % CS", ""), swatch("s-rec", "Best recorded (single run)", ""), c.noise && swatch("s-noise", "Noise floor, ±2 SD of one run", c.noise),
        c.note && P("small quiet", { pin: "note" }, c.note)))
      : P("quiet", "No experiment has ended yet."));
};

/** @param {any} ctx */
const panel = (ctx) => {
  const { view } = ctx;
  if (!view || !view.loop) return P("empty", "The loop is being read…");
  if (view.v !== 1) return P("empty", "This page and the kernel are of different versions: reload the page.");
  return Div("autor lp", { pin: "panel", role: "group", $labelledby: `${ctx.uid}-title` },
    head(ctx), form(ctx, ["pin", "confirm", "grant", "start"]), gone(ctx), notes(ctx), tiles(ctx), convergence(ctx), test(ctx), experiments(ctx), forks(ctx), decisions(ctx),
    Footer("lp-ft", { pin: "foot" }, view.foot.map((/** @type {string} */ f) => Span("", { pin: f }, f)), view.unknown > 0 && Span("", { pin: "new" }, `${view.unknown} events are of a newer version and were passed over.`)));
};

/** @param {any} ctx */
const draw = (ctx) => Div("", panel(ctx), P("autor-said", { pin: "said", role: "status", $live: "polite" }, ctx.ui.said),
  ctx.ui.toast && P("autor-toast", { pin: "toast", $hidden: "true" }, ctx.ui.toast)).kids;

/** JupyterLab's one-key commands act on cells; while the focus is in a panel they would be accidents. @param {KeyboardEvent} e */
const keepKeys = (e) => {
  const field = /** @type {HTMLElement} */ (e.target).closest?.("[data-lm-suppress-shortcuts]");
  if (field || !(e.ctrlKey || e.metaKey || e.altKey)) e.stopPropagation();
};

/** @param {{model: any, el: HTMLElement}} props */
const render = ({ model, el }) => {
  const host = document.createElement("div");
  host.className = "autor-host";
  el.appendChild(host);
  host.addEventListener("keydown", keepKeys);
  const ctx = new Ctx(model, host, draw);
  for (const type of ["click", "input", "change"]) host.addEventListener(type, () => ctx.update());
  return () => {
    ctx.close();
    host.remove();
  };
};

export default { render };
