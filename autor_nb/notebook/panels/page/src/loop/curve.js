/** The convergence plot: every experiment, what single runs recorded, what fresh runs say, and how noisy one run is. */
import { axisWords, gutter, inWords, line, mark, picture, rect, ribbon, stairs, S, ticks, words } from "./svg.js";

const RAIL = 19;
const TOP = 42;
/** What each kind is called in a hover title. @type {Record<string, string>} */
export const KINDS = { keep: "kept", advance: "advanced", discard: "discarded", inconclusive: "inconclusive", crash: "crashed", tampered: "tampered", testing: "under test", baseline: "baseline" };

/** @param {any} data @param {any} mark */
const tip = (data, [n, kind, value, low, high, recorded]) => {
  const say = (/** @type {number} */ v) => inWords(v, data);
  const said = [`#${n} ${KINDS[kind] || kind}`];
  if (value === null) said.push("no valid value");
  else if (Number.isFinite(low)) said.push(`${say(value)} [${say(low)}, ${say(high)}] on fresh seeds`);
  else said.push(`${say(value)}${kind === "discard" ? ", one run" : ""}`);
  if (Number.isFinite(recorded)) said.push(`recorded ${say(recorded)} (one run)`);
  return said.join(": ");
};

/** Both bands, or nothing where an interval has no end. @param {any[]} levels @param {(n: number) => number} x @param {(v: number) => number} y @param {number} a @param {number} b @param {number} end @param {string} cls */
const bands = (levels, x, y, a, b, end, cls) => {
  const out = [];
  /** @type {any[]} */
  let part = [];
  const close = (/** @type {number} */ right) => { if (part.length) out.push(S("path", { d: ribbon(part, right), cls })); part = []; };
  for (const level of levels) {
    if (level[1] === null || level[a] === null || level[b] === null) close(x(level[0]));
    else part.push([x(level[0]), y(level[b]), y(level[a])]);
  }
  close(end);
  return out;
};

/** Levels that follow each other without a gap, each stretch with where it ends. @param {any[]} levels @param {number} end @param {(n: number) => number} x @returns {[any[], number][]} */
const stretches = (levels, end, x) => {
  /** @type {[any[], number][]} */
  const out = [];
  /** @type {any[]} */
  let part = [];
  for (const level of levels) {
    if (level[1] !== null) part.push(level);
    else if (part.length) { out.push([part, x(level[0])]); part = []; }
  }
  return part.length ? [...out, [part, end]] : out;
};

/** Labels at the right that do not lie on each other. @param {{at: number, text: string, cls: string, head: string}[]} labels @param {number} low @param {number} high */
const apart = (labels, low, high) => {
  labels.sort((p, q) => p.at - q.at);
  for (let i = 1; i < labels.length; i += 1) labels[i].at = Math.max(labels[i].at, labels[i - 1].at + 30);
  const over = labels.length ? labels[labels.length - 1].at - high : 0;
  if (over > 0) for (const one of labels) one.at -= over;
  for (const one of labels) one.at = Math.max(low, one.at);
  return labels;
};

/** How wide a small text is, about. @param {string} text */
const breadth = (text) => [...text].reduce((sum, sign) => sum + (/[MWmw@\u1100-\uffff]/.test(sign) ? 10.5 : 6), 0);

/** The name of the axis, cut so that which way is better stays in sight. @param {string} axis @param {number} room */
const named = (axis, room) => {
  const way = (axis.match(/ \([^(]*\)$/) || [""])[0];
  const whole = axis.slice(0, axis.length - way.length);
  let name = whole;
  while (name && breadth(name + way) > room) name = name.slice(0, -1);
  return `${name}${name === whole ? "" : "\u2026"}${way}`;
};

/** @param {any} data @param {number} width */
export const curve = (data, width) => {
  const narrow = width < 520;
  const height = narrow ? 260 : 316;
  const rows = ticks(data.low, data.high, narrow ? 5 : 7);
  const says = axisWords(rows, data);
  const left = gutter(says, 58);
  const right = width - (narrow ? 12 : gutter(Object.values(data.labels), 142, 7.4));
  const floor = height - 30;
  const x = (/** @type {number} */ n) => left + 16 + (n / Math.max(1, data.last)) * (right - left - 32);
  const y = (/** @type {number} */ v) => TOP + ((data.high - Math.min(Math.max(v, data.low), data.high)) / (data.high - data.low)) * (floor - TOP);
  const { levels, recorded, labels } = data;
  const end = Math.min(right, x(data.last) + 10);
  const kids = [rect(left, RAIL - 11, right - left, 22, "rail"), words(left - 8, RAIL + 4, "ax e", "no value")];
  rows.forEach((/** @type {number} */ t, /** @type {number} */ i) => kids.push(line(left, y(t), right, y(t), "grid"), words(left - 8, y(t) + 4, "ax e", says[i])));
  for (const t of ticks(0, Math.max(1, data.last), narrow ? 5 : 9, true)) kids.push(line(x(t), floor, x(t), floor + 4, "tick"), words(x(t), floor + 16, "ax c", t.toLocaleString("en")));
  kids.push(words((left + right) / 2, floor + 28, "ax c", "experiment"));
  kids.push(...bands(levels, x, y, 4, 5, end, "noise"), ...bands(levels, x, y, 2, 3, end, "cband"));
  if (data.baseline !== null) kids.push(line(left, y(data.baseline), right, y(data.baseline), "base"));
  const above = data.baseline !== null && y(data.baseline) < TOP + 16 ? y(data.baseline) + 14 : TOP + 11;
  const axis = named(data.axis, right - left - 12);
  if (recorded.length) kids.push(S("path", { cls: "recl", d: stairs(recorded.map((/** @type {any} */ [n, v]) => [x(n), y(v)]), end) }));
  for (const [part, to] of stretches(levels, end, x)) kids.push(S("path", { cls: "reml", d: stairs(part.map((/** @type {any} */ l) => [x(l[0]), y(l[1])]), to) }));
  const kept = data.marks.filter((/** @type {any} */ m) => m[1] === "keep");
  for (const one of data.marks) {
    const [n, kind, value, low, high, was] = one;
    if (value === null) {
      kids.push(mark(kind, x(n), RAIL, tip(data, one)));
      if (kind === "tampered" && data.marks.length < 80) kids.push(words(x(n) - 9, RAIL + 4, "lab e", `#${n}`));
      continue;
    }
    if (Number.isFinite(low)) kids.push(line(x(n), y(high), x(n), y(low), `wh w-${kind}`));
    if (Number.isFinite(was) && y(was) !== y(value)) kids.push(S("circle", { cx: x(n), cy: y(was), r: 1.5, cls: "was" }));
    kids.push(mark(kind, x(n), y(value), tip(data, one)));
    if (kind === "keep" && kept.length <= 12) kids.push(words(x(n) - 7, y(value) + 14, "lab k e halo", `#${n}`));
  }
  kids.push(data.lower === false ? words(left + 4, above, "ax halo", axis) : words(right - 4, above, "ax e halo", axis));
  if (!narrow) {
    const said = [];
    if (labels.baseline) said.push({ at: y(data.baseline), head: "baseline", text: labels.baseline, cls: "" });
    if (labels.best) said.push({ at: y(levels[levels.length - 1][1]), head: labels.best_is || "best re-measured", text: labels.best, cls: "k b" });
    if (labels.recorded) said.push({ at: y(recorded[recorded.length - 1][1]), head: "best recorded", text: labels.recorded, cls: "" });
    for (const one of apart(said, TOP + 4, floor - 10)) kids.push(words(right + 8, one.at, `lab ${one.cls}`, one.head), words(right + 8, one.at + 14, `num ${one.cls}`, one.text));
  }
  const label = `${data.axis} by experiment.${labels.best ? ` The ${labels.best_is || "best re-measured"} is ${labels.best}.` : ""}${labels.recorded ? ` Best recorded ${labels.recorded}, one run.` : ""}${labels.baseline ? ` Baseline ${labels.baseline}.` : ""}`;
  return picture(width, height, label, kids);
};

/** A small plot of the levels alone, for a fork. @param {any} fork @param {any} forks @param {number} width */
export const spark = (fork, forks, width) => {
  const height = 32;
  const [low, high] = forks.span;
  const x = (/** @type {number} */ n) => 3 + (n / Math.max(1, forks.last)) * (width - 8);
  const y = (/** @type {number} */ v) => 4 + ((high - Math.min(Math.max(v, low), high)) / (high - low || 1)) * (height - 8);
  const kids = forks.baseline === null ? [] : [line(3, y(forks.baseline), width - 5, y(forks.baseline), "base")];
  if (fork.steps.length) {
    const points = fork.steps.map((/** @type {any} */ [n, v]) => [x(n), y(v)]);
    kids.push(S("path", { cls: "spl", d: stairs(points, x(fork.last)) }), S("circle", { cx: x(fork.last), cy: points[points.length - 1][1], r: 2.6, cls: "spd" }));
  }
  return S("svg", { cls: "lp-plot", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" }, kids);
};
