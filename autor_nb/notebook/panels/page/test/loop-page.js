/** A mounted loop's panel for the tests. */
import { readFileSync } from "node:fs";
import { loopKernel } from "./loop-kernel.js";
import { FakeModel } from "./states.js";
import { settle } from "./page.js";

const read = (name) => JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8"));
export const loops = { story: read("loop"), long: read("loop-long") };

/** @param {any} view @param {{kernel?: any}} [o] */
export async function mountLoop(view, o = {}) {
  const { default: panel } = await import("../loop.js");
  const model = new FakeModel({ kind: "loop", view }, o.kernel || loopKernel(view));
  const el = document.createElement("div");
  document.body.appendChild(el);
  const close = panel.render({ model, el });
  await settle();
  const all = (selector) => [...el.querySelectorAll(selector)];
  const button = (text) => all("button").find((one) => one.textContent.replaceAll("\u00a0", " ").includes(text) || one.getAttribute("aria-label") === text);
  const field = (label) => el.querySelector(`#${all("label").find((one) => one.textContent.includes(label))?.getAttribute("for")}`);
  return {
    model, el, close, all, button, field, one: (selector) => el.querySelector(selector),
    asks: () => model.sent.filter((m) => m.do === "ask"),
    click: async (text) => { const found = typeof text === "string" ? button(text) : text; found.click(); await settle(); return found; },
    type: async (into, text) => { into.value = text; into.dispatchEvent(new window.Event("input", { bubbles: true })); await settle(); },
  };
}
