/** The evidence under test: its e-value on a log axis against the bar, the difference with its sequence, and the critic's record. */
import { axisWords, gutter, inWords, line, mark, path, picture, rect, S, ticks, words } from "./svg.js";

const FUTILE = 0.5;

/** The axis of the differences, which both pictures stand beside. @param {any} t */
const sides = (t) => {
  const inner = [0, t.expected, ...t.singles.map((/** @type {any} */ s) => s[1]), ...t.looks.slice(-1).flatMap((/** @type {any} */ l) => [l[2], l[3], l[4]])].filter(Number.isFinite);
  const room = (Math.max(...inner) - Math.min(...inner)) * 0.12 || 1;
  const [low, high] = [Math.max(t.low, Math.min(...inner) - room), Math.min(t.high, Math.max(...inner) + room)];
  const rows = ticks(low, high, 4);
  const says = axisWords(rows, t, true);
  return { low, high, rows, says, LEFT: gutter(says, 42) };
};

/** @param {any} t @param {number} width @param {number} n the candidate's number */
export const eTrack = (t, width, n) => {
  const height = 196;
  const right = width - 12;
  const top = 10;
  const floor = 166;
  const { LEFT } = sides(t);
  const low = -1;
  const high = Math.log10(t.top);
  const x = (/** @type {number} */ p) => LEFT + (p / t.most) * (right - LEFT - 10);
  const y = (/** @type {number} */ e) => top + ((high - Math.min(Math.max(Math.log10(Math.max(e, 1e-9)), low), high)) / (high - low)) * (floor - top);
  const kids = [];
  if (t.bar) kids.push(rect(LEFT, top, right - LEFT, y(t.bar) - top, "win"));
  kids.push(rect(LEFT, y(FUTILE), right - LEFT, floor - y(FUTILE), "lose"));
  for (let p = low; p <= high; p += 1) kids.push(line(LEFT, y(10 ** p), right, y(10 ** p), "grid"), words(LEFT - 6, y(10 ** p) + 4, "ax e", p < 0 ? "0.1" : String(10 ** p)));
  for (const at of ticks(0, t.most, 9, true)) kids.push(line(x(at), floor, x(at), floor + 4, "tick"), words(x(at), floor + 16, "ax c", at));
  kids.push(words((LEFT + right) / 2, floor + 28, "ax c", "pairs (read after whole blocks of two)"));
  for (const ghost of t.ghosts) {
    const points = [[x(0), y(1)], ...ghost.looks.map((/** @type {any} */ [p, e]) => [x(p), y(e)])];
    kids.push(S("path", { d: path(/** @type {any} */ (points)), cls: `ghost${ghost.kind === "keep" ? " gk" : ""}`, tip: `#${ghost.n}: E ${ghost.looks[ghost.looks.length - 1][1].toPrecision(3)} after ${ghost.looks[ghost.looks.length - 1][0]} pairs` }));
    const [px, py] = points[points.length - 1];
    if (ghost.kind !== "discard") kids.push(mark(ghost.kind, px, py, "", 0.62));
  }
  if (t.bar) kids.push(line(LEFT, y(t.bar), right, y(t.bar), "bar"), words(right - 6, y(t.bar) - 6, "lab k e halo", t.bar_says));
  kids.push(line(LEFT, y(FUTILE), right, y(FUTILE), "fut"), words(right - 6, y(FUTILE) + 14, "lab e halo", "futile below ½"));
  const points = [[x(0), y(1)], ...t.looks.map((/** @type {any} */ l) => [x(l[0]), y(l[1])])];
  kids.push(S("path", { d: path(/** @type {any} */ (points)), cls: "et" }));
  points.slice(0, -1).forEach(([px, py]) => kids.push(S("circle", { cx: px, cy: py, r: 2.6, cls: "etp" })));
  const [ex, ey] = points[points.length - 1];
  if (t.looks.length) {
    const next = Math.min(t.most, t.looks[t.looks.length - 1][0] + 2);
    kids.push(line(ex, ey, x(next), ey, "pend"), mark("testing", ex, ey, `E = ${t.e} after ${t.looks[t.looks.length - 1][0]} pairs`), words(Math.min(ex + 8, right - 60), ey + 18, "num a b halo", `E = ${t.e}`));
  } else kids.push(mark("testing", ex, ey, "E begins at 1"));
  return picture(width, height, `e-value of candidate ${n} after each block of pairs: ${t.e ? `${t.e} after ${t.looks[t.looks.length - 1][0]} pairs` : "not read yet"}; ${t.bar_says || "no bar yet"}; futile below one half`, kids);
};

/** @param {any} t @param {number} width */
export const dTrack = (t, width) => {
  const height = 122;
  const right = width - 12;
  const top = 8;
  const floor = 92;
  const shown = (/** @type {number} */ v) => Math.min(Math.max(v, low), high);
  const { low, high, rows, says, LEFT } = sides(t);
  const x = (/** @type {number} */ p) => LEFT + (p / t.most) * (right - LEFT - 10);
  const y = (/** @type {number} */ v) => top + ((high - shown(v)) / (high - low)) * (floor - top);
  const kids = rows.flatMap((at, i) => [line(LEFT, y(at), right, y(at), at === 0 ? "zero" : "grid"), words(LEFT - 6, y(at) + 4, "ax e", says[i])]);
  for (const at of ticks(0, t.most, 9, true)) kids.push(line(x(at), floor, x(at), floor + 4, "tick"), words(x(at), floor + 16, "ax c", at));
  kids.push(words((LEFT + right) / 2, floor + 28, "ax c", "pairs"));
  if (t.looks.length > 1) {
    const upper = t.looks.map((/** @type {any} */ l) => [x(l[0]), y(l[4] ?? high)]);
    const lower = t.looks.map((/** @type {any} */ l) => [x(l[0]), y(l[3] ?? low)]).reverse();
    kids.push(S("path", { d: `${path([...upper, ...lower])}Z`, cls: "aband" }));
  }
  if (Number.isFinite(t.expected)) kids.push(line(LEFT, y(t.expected), right, y(t.expected), "exp"), words(right - 4, y(t.expected) + (y(t.expected) > floor - 18 ? -5 : 13), "lab e halo", `critic expected ${t.expected_says}`));
  for (const [pair, change] of t.singles) kids.push(S("circle", { cx: x(pair), cy: y(change), r: 2.2, cls: "pd", tip: `pair ${pair}: ${inWords(change, t, true)}` }));
  const means = t.looks.filter((/** @type {any} */ l) => l[2] !== null).map((/** @type {any} */ l) => [x(l[0]), y(l[2])]);
  if (means.length) kids.push(S("path", { d: path(means), cls: "et" }), ...means.map((/** @type {any} */ [px, py]) => S("circle", { cx: px, cy: py, r: 2.4, cls: "etp" })));
  if (t.change) kids.push(words(right - 4, top + 8, "num a b e halo", `${t.change} ${t.interval}`));
  return picture(width, height, `Difference to the incumbent on the same seed: ${t.change || "not read yet"} ${t.interval}`, kids);
};

/** @param {any} h @param {number} width */
export const hopesPlot = (h, width) => {
  const height = 150;
  const rows = ticks(h.low, h.high, 4);
  const says = axisWords(rows, h, true);
  const [left, right, top, floor] = [gutter(says, 44), width - 6, 6, 120];
  const x = (/** @type {number} */ v) => left + ((Math.min(Math.max(v, h.left), h.right) - h.left) / (h.right - h.left)) * (right - left);
  const y = (/** @type {number} */ v) => top + ((h.high - Math.min(Math.max(v, h.low), h.high)) / (h.high - h.low)) * (floor - top);
  const kids = rows.flatMap((at, i) => [line(left, y(at), right, y(at), at === 0 ? "zero" : "grid"), words(left - 5, y(at) + 4, "ax e", says[i])]);
  const cols = ticks(h.left, h.right, 2);
  let taken = Infinity;
  const under = axisWords(cols, h, true);
  for (let i = cols.length - 1; i >= 0; i -= 1) {
    const half = under[i].length * 3;
    const at = Math.max(left, Math.min(x(cols[i]), right - half));
    if (at + half > taken) continue;
    kids.push(words(at, floor + 14, "ax c", under[i]));
    taken = at - half - 6;
  }
  kids.push(words((left + right) / 2, floor + 27, "ax c", "expected Δ"));
  const from = Math.max(h.left, h.low);
  const to = Math.min(h.right, h.high);
  if (from < to) kids.push(line(x(from), y(from), x(to), y(to), "ident"));
  for (const [n, kind, expected, actual, fresh] of h.points) kids.push(mark(kind, x(expected), y(actual), `#${n}: expected ${inWords(expected, h, true)}, got ${inWords(actual, h, true)}${fresh ? "" : ", one run"}`, 0.72));
  return picture(width, height, `Expected against measured differences. ${h.said}`, kids);
};

/** The small plot of a row: where the difference lies, and how sure that is. @param {any} row @param {[number, number]} span */
export const whisker = (row, [low, high]) => {
  const [change, from, to, sure] = row.ends;
  const width = 132;
  const x = (/** @type {number} */ v) => 6 + ((Math.min(Math.max(v, low), high) - low) / (high - low)) * (width - 12);
  const a = from === null || from < low ? 2 : x(from);
  const b = to === null || to > high ? width - 2 : x(to);
  const [under, over] = [change < low || (sure && (from === null || from < low)), change > high || (sure && (to === null || to > high))];
  return S("svg", { cls: "lp-fr", viewBox: "0 0 132 16", width, height: 16, "aria-hidden": "true" },
    line(66, 0, 66, 16, "zero"), sure && line(a, 8, b, 8, `wh w-${row.kind}`),
    under && S("path", { cls: `wh nf w-${row.kind}`, d: "M6 5 2 8 6 11" }), over && S("path", { cls: `wh nf w-${row.kind}`, d: "M126 5 130 8 126 11" }),
    mark(row.kind, change < low ? 13 : change > high ? width - 13 : x(change), 8, "", 0.78));
};
