/** The icons: 16 px, one stroke of 1.5, always beside a word; their shapes stand in panel.css. */
import { I, Span } from "./dom.js";

/**
 * One icon; the word beside it carries the meaning.
 * @param {string} name @param {string} [extra] further classes
 */
export const icon = (name, extra = "") => {
  return I(`i i-${name} ${extra}`, { "aria-hidden": "true" });
};

/** The icon of a status: what kind of moment it is, else what its tone says. @param {string} status @param {string} tone */
export const statusIcon = (status, tone) => {
  if (/kernel_gone/.test(status)) return "plug";
  if (/stale/.test(status)) return "back";
  if (/work|running|starting/.test(status)) return "ring";
  if (/review|waiting|answer/.test(status)) return "review";
  if (/paus|stopp/.test(status)) return "pause";
  if (/abort/.test(status)) return "abort";
  return { ok: "ok", warn: "warn", fail: "fail", accent: "review" }[tone] || "later";
};

/** A status as icon and word. @param {string} status @param {string} tone @param {any} word */
export const badge = (status, tone, word) => {
  return Span(`st is-${tone}`, icon(statusIcon(status, tone)), word);
};

/** The icon of a file's kind. @param {string} kind */
export const fileIcon = (kind) => {
  return icon({ table: "table", image: "chart", pdf: "file", json: "json", code: "code", text: "text", notebook: "book" }[kind] || "file");
};
