/** The widget's module: `render` mounts one view of a model and gives back how to take it away. */
import { Div, P } from "./dom.js";
import { Ctx } from "./panel.js";
import { runPanel, waiting } from "./run.js";
import { runsPanel } from "./runs.js";
import { artifactsPanel, checksPanel, comparePanel } from "./single.js";

const PANELS = /** @type {Record<string, (ctx: Ctx) => any>} */ ({ run: runPanel, runs: runsPanel, checks: checksPanel, artifacts: artifactsPanel, compare: comparePanel });

/** @param {Ctx} ctx */
const panel = (ctx) => {
  const { view, kind } = ctx;
  if (!view || !Object.keys(view).length) return waiting(ctx, "");
  const other = view.v !== undefined && view.v !== 1;
  return other || !PANELS[kind] ? waiting(ctx, "This page and the kernel are of different versions: reload the page.") : PANELS[kind](ctx);
};

/** @param {Ctx} ctx */
const draw = (ctx) => {
  return Div("", panel(ctx), P("autor-said", { pin: "said", role: "status", $live: "polite" }, ctx.ui.said),
    ctx.ui.toast && P("autor-toast", { pin: "toast", $hidden: "true" }, ctx.ui.toast)).kids;
};

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
