/** The menu of everything else one can do with a run: a plain disclosure, closed by Escape and by leaving it. */
import { Div, Li, Ul } from "./dom.js";
import { button, copyButton, held } from "./controls.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** The deeds that are confirmed in a sheet: their words and icons. */
export const DEEDS = /** @type {Record<string, [string, string]>} */ ({
  stop: ["Stop…", "stop"], redo: ["Redo stage…", "redo"], rollback: ["Roll back…", "back"], undo: ["Undo rollback…", "undo"], abort: ["Abort run…", "abort"],
});

/** A quiet button that opens a deed's sheet. @param {Ctx} ctx @param {string} kind */
export const deed = (ctx, kind) => {
  const { enabled, reason } = ctx.view.actions[kind] || { reason: "Not possible here." };
  const open = ctx.ui.sheet?.kind === kind;
  return button({ pin: kind, says: DEEDS[kind][0], glyph: DEEDS[kind][1], cls: `plain${kind === "abort" ? " danger" : ""}`, barred: enabled ? held(ctx) : reason, $expanded: open,
    does: () => { ctx.ui.menu = false; ctx.openSheet(open ? null : kind); } }, ctx);
};

/** @param {Ctx} ctx */
const entries = (ctx) => {
  const { run, commands } = ctx.view;
  return [deed(ctx, "stop"), deed(ctx, "redo"), deed(ctx, "rollback"), deed(ctx, "undo"),
    copyButton(ctx, run.folder, null, "Copy the folder's path"), copyButton(ctx, commands.watch, null, "Copy the terminal command"), deed(ctx, "abort")];
};

/** @param {Ctx} ctx */
export const menu = (ctx) => {
  const open = ctx.ui.menu;
  const id = `${ctx.uid}-menu`;
  const shut = (/** @type {boolean} */ back) => {
    ctx.ui.menu = false;
    ctx.update();
    if (back) ctx.seek("menu-button")?.focus();
  };
  return Div("menu-holder", {
    onkeydown: (/** @type {any} */ e) => { if (e.key === "Escape" && open) shut(true); },
    onfocusout: (/** @type {any} */ e) => { if (open && e.relatedTarget && !e.currentTarget.contains(e.relatedTarget)) shut(false); },
  }, button({ glyph: "menu", cls: "plain icon", named: "More actions", $expanded: open, $controls: open ? id : null, id: `${id}-button`, does: () => { ctx.ui.menu = !open; } }),
  open && Ul("menu box", { id }, entries(ctx).filter(Boolean).map((e) => Li("", e))));
};
