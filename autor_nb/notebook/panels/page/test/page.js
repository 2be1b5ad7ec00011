/** A small page for the tests: a document of happy-dom, a clock that only moves when told, the fixtures, a mounted panel. */
import { readFileSync } from "node:fs";
import { Window } from "happy-dom";
import { allStates, answering, but, FakeModel } from "./states.js";

const read = (name) => JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8"));
export const fixtures = Object.fromEntries(["run", "attempt", "looks", "runs", "hostile", "feed"].map((name) => [name, read(name)]));
export const states = allStates(fixtures.run, fixtures.attempt, fixtures.looks, fixtures.runs, fixtures.hostile);
export { but, FakeModel };

/** Time that stands still until `pass` is called. */
export class Clock {
  constructor() {
    this.ms = 0;
    this.jobs = new Map();
    this.ids = 0;
    const plan = (act, ms, every) => {
      this.jobs.set((this.ids += 1), { at: this.ms + (ms || 0), act, every });
      return this.ids;
    };
    Object.assign(globalThis, {
      setTimeout: (act, ms) => plan(act, ms, 0), setInterval: (act, ms) => plan(act, ms, ms),
      clearTimeout: (id) => this.jobs.delete(id), clearInterval: (id) => this.jobs.delete(id),
    });
    Object.defineProperty(globalThis, "performance", { value: { now: () => this.ms }, configurable: true, writable: true });
  }

  /** Let so much time pass, doing what falls due; promises settle in between. @param {number} ms */
  async pass(ms) {
    const end = this.ms + ms;
    for (;;) {
      await settle();
      const due = [...this.jobs].filter(([, job]) => job.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      const [id, job] = due;
      this.ms = Math.max(this.ms, job.at);
      if (job.every) job.at = this.ms + job.every;
      else this.jobs.delete(id);
      job.act();
    }
    this.ms = end;
    await settle();
  }

  /** Time passes while nothing of the page runs: sleep, or a throttled tab. @param {number} ms */
  sleep(ms) {
    this.ms += ms;
    for (const job of this.jobs.values()) job.at = Math.max(job.at, this.ms);
  }
}

/** All promises that can settle have settled. */
export async function settle() {
  for (let i = 0; i < 12; i += 1) await Promise.resolve();
}

/** A new empty page. */
export function newPage() {
  const window = new Window({ url: "http://localhost:8888/lab", settings: { disableJavaScriptEvaluation: true } });
  const { document, DOMParser, localStorage, MutationObserver } = window;
  Object.assign(globalThis, { window, document, DOMParser, localStorage, MutationObserver, matchMedia: () => ({ matches: true }) });
  Object.defineProperty(globalThis, "navigator", { value: window.navigator, configurable: true, writable: true });
  return { window, document, clock: new Clock() };
}

/**
 * Mount the built module over a state.
 * @param {string|any} state @param {{kernel?: any, model?: any}} [o]
 */
export async function mount(state, o = {}) {
  const { default: panel } = await import("../panel.js");
  const given = typeof state === "string" ? states[state] : state;
  const model = o.model || new FakeModel({ ...given }, o.kernel || answering(fixtures.looks, fixtures.feed, fixtures.attempt, fixtures.run));
  const el = document.createElement("div");
  document.body.appendChild(el);
  const close = panel.render({ model, el });
  await settle();
  const all = (selector) => [...el.querySelectorAll(selector)];
  const button = (text) => all("button").find((one) => one.textContent.replaceAll("\u00a0", " ").includes(text) || one.getAttribute("aria-label") === text);
  const field = (label) => el.querySelector(`#${all("label").find((one) => one.textContent.includes(label))?.getAttribute("for")}`);
  return {
    model, el, close, all, field, button, one: (selector) => el.querySelector(selector),
    click: async (text) => { const found = typeof text === "string" ? button(text) : text; found.click(); await settle(); return found; },
    type: async (into, text) => { into.value = text; into.dispatchEvent(new window.Event("input", { bubbles: true })); await settle(); },
    key: async (on, key) => { on.dispatchEvent(new window.KeyboardEvent("keydown", { key, bubbles: true })); await settle(); },
  };
}
