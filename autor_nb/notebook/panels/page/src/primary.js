/** Which one button is filled: the deed that the panel is waiting for. */
import { unanswered } from "./intake.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** @param {Ctx} ctx @returns {string} */
export const primary = (ctx) => {
  const { ui, view } = ctx;
  if (ctx.link.gone || !view) return "";
  if (ui.sheet) return "sheet";
  if (ui.waiving) return "waive";
  if (ui.editing) return "edit";
  if (view.problem && view.actions.resume?.enabled) return "resume";
  if (!view.review) return "";
  if (ui.choice !== null) return "refine";
  if (view.review.questions.length && unanswered(ctx)) return "answer";
  return view.review.approve.enabled ? "approve" : "";
};
