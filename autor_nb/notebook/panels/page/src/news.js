/** What is said aloud when the run moves: once a change, never the feed. */
/** @typedef {import("./panel.js").Ctx} Ctx */

/** @param {Ctx} ctx @param {any} old @param {any} view */
export const announce = (ctx, old, view) => {
  if (old.state.word === view.state.word && old.current.stage === view.current.stage && old.current.attempt === view.current.attempt) return;
  ctx.say([view.state.word, view.state.detail].filter(Boolean).join(", "), false);
};

/** A decision made elsewhere is marked for a while. @param {Ctx} ctx @param {any} old @param {any} view */
export const newDecision = (ctx, old, view) => {
  const one = view.decisions.newest[0];
  if (!one || one.at === old.decisions.newest[0]?.at) return;
  ctx.ui.fresh = one.at;
  ctx.later("fresh", 8000, () => ctx.set({ fresh: "" }));
  if (!one.you) ctx.say(`${one.what} ${one.did} by ${one.who} ${one.how}`, true);
};
