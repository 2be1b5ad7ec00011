/** Numbers and moments as people read them; times are UTC. */

export const { floor, max, min, round } = Math;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const NB = "\u00a0";

/** @param {number|null|undefined} s a duration in seconds, as "2 h 41 min" */
export const duration = (s) => {
  if (!Number.isFinite(s)) return "";
  const whole = max(0, round(s));
  if (whole < 60) return `${whole}${NB}s`;
  const minutes = floor(whole / 60);
  if (minutes < 60) return whole % 60 && minutes < 10 ? `${minutes}${NB}min ${whole % 60}${NB}s` : `${minutes}${NB}min`;
  return `${floor(minutes / 60)}${NB}h ${minutes % 60}${NB}min`;
};

/** The same without seconds once a minute has passed. @param {number} s */
export const roughly = (s) => {
  return s < 60 ? duration(s) : duration(floor(s / 60) * 60 || 60);
};

/** @param {number} s a running clock, as "12:08" */
export const clock = (s) => {
  const whole = max(0, floor(s));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const h = floor(whole / 3600);
  const rest = `${two(floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return h ? `${h}:${rest}` : rest;
};

/** @param {number|null|undefined} usd */
export const money = (usd) => {
  if (!Number.isFinite(usd)) return "";
  return usd > 0 && usd < 0.01 ? "< $0.01" : `$${usd.toFixed(2)}`;
};

/** @param {number|null|undefined} n a count of tokens, as "412 k tokens" without the word */
export const count = (n) => {
  if (n === null || n === undefined) return "";
  if (n < 1000) return String(n);
  if (n < 999500) return `${n < 9950 ? (n / 1000).toFixed(1) : round(n / 1000)}${NB}k`;
  return `${(n / 1e6).toFixed(n < 9.95e6 ? 2 : 1)}${NB}M`;
};

/** @param {number|null|undefined} bytes */
export const size = (bytes) => {
  if (bytes === null || bytes === undefined) return "";
  if (bytes < 1000) return `${bytes}${NB}B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let at = 0;
  for (; value >= 999.5 && at < 3; at += 1) value /= 1000;
  return `${value < 9.95 ? value.toFixed(1) : round(value)}${NB}${units[at]}`;
};

/** @param {number} n @param {string} one @param {string} [many] */
export const plural = (n, one, many) => {
  return `${group(n)}${NB}${n === 1 ? one : many || `${one}s`}`;
};

/** Thousands apart. @param {number} n */
export const group = (n) => {
  return String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
};

/** @param {string|null|undefined} at an ISO moment @returns {Date|null} */
const moment = (at) => {
  if (!at) return null;
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? null : date;
};

/** Milliseconds of a moment, or NaN. @param {string|null|undefined} at */
export const millis = (at) => {
  return moment(at)?.getTime() ?? NaN;
};

/** @param {string|null|undefined} at as "12:21" */
export const minute = (at) => {
  return moment(at)?.toISOString().slice(11, 16) ?? "";
};

/** @param {string|null|undefined} at as "12:21:10" */
export const second = (at) => {
  return moment(at)?.toISOString().slice(11, 19) ?? "";
};

/** @param {string|null|undefined} at as "21 Nov 2026, 11:43 UTC" */
export const stamp = (at) => {
  const date = moment(at);
  if (!date) return "";
  return `${date.getUTCDate()}${NB}${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}, ${minute(at)}${NB}UTC`;
};

/** A moment as the hour if it is of the same day as `now`, else with its date. @param {string} at @param {number} now */
export const when = (at, now) => {
  const date = moment(at);
  if (!date) return "";
  return date.toISOString().slice(0, 10) === new Date(now).toISOString().slice(0, 10) ? `${minute(at)}${NB}UTC` : stamp(at);
};

/** Text without what only a terminal understands. @param {any} text */
export const plain = (text) => {
  return String(text ?? "").replace(/\r\n?/g, "\n")
    .replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, "").replace(/\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?/g, "")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
};

/** The number of a stage in two digits. @param {number} n */
export const stageNumber = (n) => {
  return String(n).padStart(2, "0");
};
