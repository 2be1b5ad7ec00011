/** A kernel that answers what a loop's panel looks up: rows made from those of the document, one experiment, decisions. */

/** @param {any} view */
export const loopKernel = (view) => (/** @type {any} */ message, /** @type {any} */ model) => {
  if (message.do !== "look") return;
  const { rows, total, filters } = view.table;
  const { which, first, count } = message;
  const all = filters.find((/** @type {any} */ f) => f.id === which)?.count ?? total;
  const answers = {
    rows: () => ({ which, first, total: all, rows: Array.from({ length: Math.max(0, Math.min(count, all - first)) }, (_, i) => ({ ...rows[(first + i) % rows.length], n: total - 1 - first - i })) }),
    experiment: () => ({ n: message.n, verdict: rows[0], reason: "E reached its bar.", suspicious: [], looks: ["E 2.79 after 4 pairs"], idea: view.test?.idea ?? null, change: view.test?.change ?? { files: "", lines: [], cut: 0 }, output: null }),
    decisions: () => ({ decisions: view.decisions.newest }),
  };
  Promise.resolve().then(() => model.say({ look: message.id, data: answers[message.what]() }));
};
