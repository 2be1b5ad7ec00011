/** The attempt under way: its clock, what earlier ones took, what it was asked for, what it has changed; Stop. */
import { Dd, Div, Dl, Dt, H3, H4, Header, I, Li, P, Section, Small, Span, U, Ul } from "./dom.js";
import { badge, icon } from "./icons.js";
import { act, aim, verdict, Quiet } from "./controls.js";
import { openLink } from "./artifacts.js";
import { clock, count, duration, max, millis, min, money, plural, roughly, size, when } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** What Stop does. */
export const STOPS = "Ends only the worker. What is done stays, and you can resume at any time.";

/** @param {number} s @param {any} estimate */
const bar = (s, estimate) => {
  const marks = estimate.marks || [];
  const end = max(estimate.high_s, s, ...marks.map((/** @type {any} */ m) => m.s)) / 0.95 || 1;
  const at = (/** @type {number} */ x) => `--x:${min(100, (x / end) * 100).toFixed(1)}%`;
  let before = -1;
  const labels = marks.map((/** @type {any} */ m) => {
    const fits = m.s / end - before > 0.12;
    if (fits) before = m.s / end;
    return fits && Span("", { style: at(m.s) }, m.label);
  });
  return Div("est", { role: "img", $label: `${roughly(s)} of ${roughly(estimate.low_s)} to ${roughly(estimate.high_s)}` },
    I("", { style: `width:${min(100, (s / end) * 100).toFixed(1)}%` }), marks.map((/** @type {any} */ m) => U("", { style: at(m.s) })), labels);
};

/** @param {Ctx} ctx @param {any} w */
const facts = (ctx, w) => {
  const ago = (ctx.now() - millis(ctx.feeds.get(`${w.stage}:${w.attempt}`)?.tail.at(-1)?.at)) / 1000;
  const row = (/** @type {string} */ name, /** @type {any} */ value, quiet = false) => value && [Dt("", name), Dd(quiet ? "quiet" : null, value)];
  return Dl("kv", row("Cost", w.cost_usd === null ? null : money(w.cost_usd)), row("Tokens", w.tokens === null ? null : count(w.tokens)),
    row("Last output", Number.isFinite(ago) ? `${duration(ctx.link.gone ? 0 : ago)} ago` : "none yet"), row("Ends by itself", w.ends, true));
};

/** @param {Ctx} ctx @param {any} file */
const changedRow = (ctx, file) => {
  return Li("", { pin: file.path }, icon(file.kind), openLink(ctx, file.path, Span("mono name", { title: file.path }, file.path), "link"),
    Span(`tag${file.tag ? " new" : ""}`, file.tag), Span("small quiet sz", size(file.size_bytes)));
};

/** @param {Ctx} ctx @param {any} w */
const asked = (ctx, w) => {
  if (!w.asked) return w.trigger ? P("hint", w.trigger) : null;
  return Div("asked", P("small quiet", `${w.asked.by && w.asked.by !== "you" ? `${w.asked.by} asked for` : "You asked for"}, ${when(w.asked.at, ctx.now())}`), P("", w.asked.text));
};

/** @param {Ctx} ctx */
const stopButton = (ctx) => {
  const stop = ctx.view.actions.stop || { enabled: false, reason: "" };
  return [act(ctx, { spot: "stop", says: "Stop", glyph: "stop", cls: "big stop", why: stop.enabled ? "" : stop.reason || "There is nothing to stop.", does: () => ctx.link.ask("stop", "stop", {}) }),
    ctx.ui.sheet?.kind === "stop" ? null : verdict(ctx, "stop"), P("hint", STOPS)];
};

/** @param {Ctx} ctx */
export const working = (ctx) => {
  const w = ctx.view.working;
  const { state } = ctx.view;
  const s = max(0, (ctx.now() - millis(w.started_at)) / 1000);
  const shown = Number.isFinite(s) ? s : 0;
  return [Div("", { pin: "card" }, Div("side-head", H3("", aim(ctx, "decide"), `Attempt ${w.attempt}`), Span("push", badge(state.status, state.tone, state.word))),
    P("clock", { role: "timer", $label: `Elapsed ${roughly(shown)}` }, clock(shown), Small("", "elapsed")),
    w.estimate && bar(shown, w.estimate), w.estimate?.text && P("small quiet", w.estimate.text), facts(ctx, w), stopButton(ctx)),
  Div("", { pin: "asked" }, asked(ctx, w),
    w.changed.length > 0 && Section("sec", Header("", H4("", "Changed so far"), Quiet(plural(w.changed.length, "file"))),
      Ul("box files", w.changed.slice(0, 12).map((/** @type {any} */ f) => changedRow(ctx, f)))),
    P("hint later", icon("info"), "Checks and your decision come when the draft is ready."))];
};
