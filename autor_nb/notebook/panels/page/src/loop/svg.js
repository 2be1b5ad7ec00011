/** Plots as inline SVG: nodes built once from data, texts only as text, marks told apart by shape as well as colour. */

const NS = "http://www.w3.org/2000/svg";

/**
 * One SVG element.
 * @param {string} tag @param {Record<string, any>} [props] `cls` is its class, `tip` its hover title @param {...any} kids elements or texts
 * @returns {any}
 */
export const S = (tag, props = {}, ...kids) => {
  const node = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "tip") {
      const title = document.createElementNS(NS, "title");
      title.textContent = value;
      node.appendChild(title);
    } else if (value !== null && value !== undefined) node.setAttribute(name === "cls" ? "class" : name, typeof value === "number" ? String(Math.round(value * 10) / 10) : value);
  }
  for (const kid of kids.flat()) if (kid) node.append(typeof kid === "object" ? kid : document.createTextNode(String(kid)));
  return node;
};

/** A whole picture with a name for those who do not see it. @param {number} width @param {number} height @param {string} label @param {...any} kids */
export const picture = (width, height, label, ...kids) => S("svg", { cls: "lp-plot", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label }, ...kids);

/** @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 @param {string} cls */
export const line = (x1, y1, x2, y2, cls) => S("line", { x1, y1, x2, y2, cls });

/** @param {number} x @param {number} y @param {string} cls `e` ends there, `c` is centred @param {any} text */
export const words = (x, y, cls, text) => S("text", { x, y, cls }, text);

/** @param {number} x @param {number} y @param {number} width @param {number} height @param {string} cls */
export const rect = (x, y, width, height, cls) => S("rect", { x, y, width: Math.max(0, width), height: Math.max(0, height), cls });

/** @param {[number, number][]} points */
export const path = (points) => `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;

/** A line that keeps its height until the next point. @param {[number, number][]} points @param {number} end */
export const stairs = (points, end) => {
  const [[x, y], ...rest] = points;
  return `M${x.toFixed(1)} ${y.toFixed(1)}${rest.map(([a, b]) => `H${a.toFixed(1)}V${b.toFixed(1)}`).join("")}H${end.toFixed(1)}`;
};

/** The area between two stairs. @param {[number, number, number][]} points x, upper, lower @param {number} end */
export const ribbon = (points, end) => {
  const up = [];
  const down = [];
  points.forEach(([x, high, low], i) => {
    const right = i + 1 < points.length ? points[i + 1][0] : end;
    up.push([x, high], [right, high]);
    down.unshift([right, low], [x, low]);
  });
  return `${path(/** @type {any} */ ([...up, ...down]))}Z`;
};

/** What each kind of mark looks like, around 0, 0. @type {Record<string, () => any[]>} */
const SHAPES = {
  keep: () => [S("circle", { r: 4.6 })],
  advance: () => [S("path", { d: "M0-5.2 4.9 3.6H-4.9Z" })],
  discard: () => [S("circle", { r: 3.4 })],
  inconclusive: () => [S("path", { d: "M0-5 5 0 0 5-5 0Z" })],
  crash: () => [S("path", { d: "M-3.6-3.6 3.6 3.6M3.6-3.6-3.6 3.6" })],
  tampered: () => [S("path", { cls: "sq", d: "M-4.4-4.4H4.4V4.4H-4.4Z" }), S("path", { cls: "cut", d: "M-4.4 4.4 4.4-4.4" })],
  testing: () => [S("circle", { r: 4.8, cls: "ring" }), S("circle", { r: 1.9, cls: "dot" })],
  baseline: () => [S("path", { d: "M-4.8-3.6H4.8L0 4.6Z" })],
};

/** @param {string} kind @param {number} x @param {number} y @param {string} [tip] @param {number} [scale] */
export const mark = (kind, x, y, tip, scale = 1) => S("g", { cls: `m m-${kind}`, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})${scale === 1 ? "" : ` scale(${scale})`}`, ...(tip ? { tip } : null) }, (SHAPES[kind] || SHAPES.discard)());

/** A mark as an icon beside a word. @param {string} kind */
export const markIcon = (kind) => S("svg", { cls: "lp-ic", viewBox: "-7 -7 14 14", width: 14, height: 14, "aria-hidden": "true" }, mark(kind, 0, 0));

/** Round numbers on an axis. @param {number} low @param {number} high @param {number} most @param {boolean} [whole] */
export const ticks = (low, high, most, whole = false) => {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 2.5, 5, 10].map((s) => s * power).find((s) => s >= rough * 0.999) || rough;
  if (whole) step = Math.max(1, Math.ceil(step));
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n += 1) found.push(Number((n * step).toPrecision(12)) || 0);
  return found;
};

/** A number with so many decimals and a true minus. @param {number} value @param {number} decimals */
export const fixed = (value, decimals) => {
  const text = value.toFixed(Math.max(0, Math.min(12, decimals)));
  const [whole, part] = text.split(".");
  const grouped = /e/.test(text) ? text : whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? `.${part}` : "");
  return (Number(text) === 0 ? grouped.replace("-", "") : grouped).replace("-", "\u2212");
};

/** The same with a plus. @param {number} value @param {number} decimals */
export const signed = (value, decimals) => (Number(value.toFixed(Math.min(12, decimals))) > 0 ? "+" : "") + fixed(value, decimals);

/** How many decimals round ticks need, at most so many. @param {number[]} at @param {number} most */
export const places = (at, most) => {
  const near = 1e-6 * Math.min(...at.slice(1).map((t, i) => Math.abs(t - at[i])), 1);
  for (let n = 0; n < most; n += 1) if (at.every((t) => Math.abs(Number(t.toFixed(n)) - t) < near)) return n;
  return most;
};

/** @typedef {{decimals: number, power?: number, unit?: string}} Axis in which power of ten numbers are written, and with which unit */

/** @param {number} value @param {Axis} axis @param {boolean} [sign] @param {number} [decimals] */
export const inWords = (value, { decimals: most, power = 0, unit = "" }, sign = false, decimals = most) => {
  const shown = value / 10 ** power;
  const text = (sign ? signed : fixed)(shown, decimals);
  return unit[0] === "e" && !Number(shown.toFixed(Math.min(12, decimals))) ? text : text + unit;
};

/** The words of round numbers, with as many decimals as they need and no more. @param {number[]} at @param {Axis} axis @param {boolean} [sign] */
export const axisWords = (at, axis, sign = false) => {
  const decimals = places(at.map((t) => t / 10 ** (axis.power || 0)), Math.max(12, axis.decimals));
  return at.map((t) => inWords(t, axis, sign, decimals));
};

/** How many pixels the longest of them takes, about. @param {string[]} texts @param {number} least @param {number} [each] pixels */
export const gutter = (texts, least, each = 6.2) => Math.max(least, 14 + each * Math.max(0, ...texts.map((t) => t.length)));
