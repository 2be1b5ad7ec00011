/** The menu of everything else one can do with a run: a plain disclosure, closed by Escape and by leaving it. */
import { Button, Div, Li, Span, Ul } from "./dom.js";
import { icon } from "./icons.js";
import { button, held } from "./controls.js";
import { copyText } from "./places.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** @param {Ctx} ctx @param {any} actions */
const entries = (ctx, actions) => {
  const { run, commands } = ctx.view;
  const copy = (/** @type {string} */ label, /** @type {string} */ text) => text && { icon: "copy", label, run: async () => ctx.say((await copyText(text)) ? "Copied." : text, true) };
  const sheet = (/** @type {string} */ kind, /** @type {string} */ label, /** @type {string} */ name, danger = false) =>
    actions[kind] && { icon: name, label, danger, why: actions[kind].enabled ? "" : actions[kind].reason, run: () => ctx.openSheet(kind) };
  return [
    sheet("stop", "Stop…", "stop"), sheet("redo", "Redo stage…", "redo"), sheet("rollback", "Roll back…", "back"), sheet("undo", "Undo rollback…", "undo"),
    { icon: "diff", label: "Compare attempts", run: () => ctx.openCompare() },
    { icon: "share", label: "Export this run", run: () => ctx.exportRun() },
    copy("Copy the run's name", run.id), copy("Copy the folder's path", run.folder), copy("Copy the terminal command", commands.watch),
    sheet("abort", "Abort run…", "abort", true),
  ].filter(Boolean);
};

/** @param {Ctx} ctx @param {any} actions */
export const menu = (ctx, actions) => {
  const open = ctx.ui.menu;
  const shut = (/** @type {boolean} */ back) => {
    ctx.ui.menu = false;
    ctx.update();
    if (back) ctx.focus("menu-button");
  };
  const list = () => Ul("menu box", { id: `${ctx.uid}-menu` }, entries(ctx, actions).map((/** @type {any} */ e) => {
    const why = e.why || (e.danger ? held(ctx) : "");
    return Li("", { key: e.label }, Button(`btn plain${e.danger ? " danger" : ""}`, { "aria-disabled": why ? "true" : null,
      title: why || null, onclick: () => { if (why) return ctx.say(why); shut(false); return e.run(); } }, icon(e.icon), Span("", e.label)));
  }));
  return Div("menu-holder", { key: "menu",
    onkeydown: (/** @type {any} */ e) => { if (e.key === "Escape" && open) { e.stopPropagation(); shut(true); } },
    onfocusout: (/** @type {any} */ e) => { if (open && e.relatedTarget && !e.currentTarget.contains(e.relatedTarget)) shut(false); } },
    button({ icon: "menu", cls: "plain icon", named: "More actions", title: "More actions", "aria-expanded": open, "aria-controls": open ? `${ctx.uid}-menu` : null,
      id: `${ctx.uid}-menu-button`, run: () => { ctx.ui.menu = !open; } }),
    open && list());
};
