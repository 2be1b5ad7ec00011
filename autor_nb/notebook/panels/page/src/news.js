/** What is said aloud when the run moves: once a change, never the feed. */
import { stageNumber } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** @param {Ctx} ctx @param {any} old @param {any} view */
export const announce = (ctx, old, view) => {
  if (old.state.word === view.state.word && old.current.stage === view.current.stage && old.current.attempt === view.current.attempt) return;
  const stage = view.stages.find((/** @type {any} */ s) => s.slug === view.current.stage);
  const where = stage ? `${stageNumber(stage.number)} ${stage.title}${view.current.attempt ? `, attempt ${view.current.attempt}` : ""}: ` : "";
  ctx.say(`${where}${view.state.word}`, false);
};

/** A decision made elsewhere is marked for a while. @param {Ctx} ctx @param {any} old @param {any} view */
export const newDecision = (ctx, old, view) => {
  const one = view.decisions.newest[0];
  if (!one || one.at === old.decisions.newest[0]?.at) return;
  ctx.ui.fresh = one.at;
  ctx.later("fresh", 8000, () => { ctx.ui.fresh = ""; ctx.update(); });
  if (ctx.ui.decisions?.data) ctx.showDecisions();
  if (!one.you) ctx.say(`${one.what} ${one.did} by ${one.who} ${one.how}`, true);
};
