/** The icons: 16 px, one stroke of 1.5, always beside a word; their shapes stand in panel.css. */
import { I, Span } from "./dom.js";

/**
 * One icon; the word beside it carries the meaning.
 * @param {string} name @param {string} [extra] further classes
 */
export const icon = (name, extra = "") => {
  return I(`i i-${name} ${extra}`, { $hidden: "true" });
};

/** The icon of a status: panel.css knows some moments by name, else the tone has one. @param {string} status @param {string} tone */
export const statusIcon = (status, tone) => icon(tone, `i-${status}`);

/** A status as icon and word. @param {string} status @param {string} tone @param {any} word */
export const badge = (status, tone, word) => Span(`st is-${tone}`, statusIcon(status, tone), word);
