/** Colours of the sheets as numbers, as a host's theme makes them, and how well two can be told apart. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const sheet = (name) => readFileSync(new URL(`../src/${name}`, import.meta.url), "utf8");
const css = sheet("panel.css") + sheet("loop/loop.css").replaceAll("{", "{\n").replaceAll(";", "; ");
export const HOSTS = {
  "JupyterLab light": [0, { "--jp-layout-color1": "#fff", "--jp-border-color1": "#bdbdbd", "--jp-border-color2": "#e0e0e0", "--jp-ui-font-color0": "#000", "--jp-brand-color0": "#0d47a1", "--jp-brand-color1": "#1976d2", "--jp-brand-color2": "#64b5f6", "--jp-input-border-color": "#757575" }],
  "JupyterLab dark": [1, { "--jp-layout-color1": "#212121", "--jp-border-color1": "#616161", "--jp-border-color2": "#424242", "--jp-ui-font-color0": "#fff", "--jp-brand-color0": "#1976d2", "--jp-brand-color1": "#2196f3", "--jp-brand-color2": "#64b5f6", "--jp-input-border-color": "#757575" }],
  "no host, light": [0, {}], "no host, dark": [1, {}],
};

/** The arguments of a function call. @param {string} text */
function parts(text) {
  const out = [""];
  let depth = 0;
  for (const c of text) {
    if (c === "(") depth += 1;
    if (c === ")") depth -= 1;
    if (c === "," && depth === 0) out.push("");
    else out[out.length - 1] += c;
  }
  return out.map((p) => p.trim());
}

/** A colour of the sheet as three numbers. */
export function colour(text, dark, host) {
  const value = text.trim();
  const call = /^([a-z-]+)\((.*)\)$/s.exec(value);
  if (call?.[1] === "light-dark") return colour(parts(call[2])[dark], dark, host);
  if (call?.[1] === "var") {
    const [name, ...rest] = parts(call[2]);
    const own = new RegExp(`\\s${name}:([^;]*);`).exec(css);
    if (host[name]) return colour(host[name], dark, host);
    return own ? colour(own[1], dark, host) : colour(rest.join(","), dark, host);
  }
  if (call?.[1] === "color-mix") {
    const [, a, b] = parts(call[2]);
    const share = Number(/ (\d+)%$/.exec(a)[1]) / 100;
    const [x, y] = [colour(a.replace(/ \d+%$/, ""), dark, host), colour(b, dark, host)];
    return x.map((v, i) => v * share + y[i] * (1 - share));
  }
  const hex = value.slice(1).length === 3 ? value.slice(1).replace(/./g, "$&$&") : value.slice(1);
  assert.match(hex, /^[0-9a-f]{6}$/i, `not a colour: ${value}`);
  return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

const light = (rgb) => {
  const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
export const ratio = (a, b) => {
  const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
};

