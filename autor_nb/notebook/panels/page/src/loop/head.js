/** The head: which loop, what it does now, its buttons, its numbers, and what to heed. */
import { B, Code, Div, H2, I, P, Section, Span } from "../dom.js";
import { act, button, copyButton, Quiet, verdict } from "../controls.js";
import { icon, statusIcon } from "../icons.js";
import { duration, second } from "../words.js";

/** @typedef {any} Ctx */

/** A button that asks at once. @param {Ctx} ctx @param {string} name @param {string} says @param {string} glyph @param {any} [o] */
export const deed = (ctx, name, says, glyph, { args = {}, fill = false, cls = "", spot = name } = {}) => {
  const can = ctx.view.actions[name];
  return act(ctx, { spot, says: can.says || says, glyph, fill: fill && can.enabled && !ctx.link.gone, cls, why: can.enabled ? "" : can.reason, does: () => ctx.link.ask(spot, name, args) });
};

/** A button that opens a form. @param {Ctx} ctx @param {string} name @param {string} says @param {string} glyph @param {any} [o] */
export const opener = (ctx, name, says, glyph, { cls = "", texts = {} } = {}) => {
  const can = ctx.view.actions[name];
  return button({ pin: `open:${name}`, id: `${ctx.uid}-button-${name}`, says, glyph, cls, $expanded: ctx.ui.form === name ? "true" : "false",
    barred: can.enabled ? (ctx.link.gone ? "Waits for the kernel." : "") : can.reason, does: () => ctx.openForm(name, texts) }, ctx);
};

/** The one filled button: what moves the loop on from here. @param {Ctx} ctx */
const main = (ctx) => {
  const { actions } = ctx.view;
  if (actions.pause.enabled && !actions.start.enabled) return deed(ctx, "pause", "Pause", "pause", { fill: true });
  if (actions.resume.enabled) return deed(ctx, "resume", "Resume", "play", { fill: true });
  if (actions.start.says) return deed(ctx, "start", "Go on", "play", { fill: true });
  return opener(ctx, "start", "Start", "play", { cls: "fill" });
};

/** @param {Ctx} ctx */
export const head = (ctx) => {
  const { loop, state, actions } = ctx.view;
  const named = (/** @type {string[]} */ list) => list.map((one, i) => [i ? ", " : "", Code("", one)]);
  return Div("lp-hd", { pin: "head" },
    Div("lp-ttl", H2("", { id: `${ctx.uid}-title` }, loop.id),
      Span(`lp-pill now is-${state.tone}`, { role: "status" }, statusIcon(state.status, state.tone), Span("", state.word)),
      loop.chips.map((/** @type {string} */ c) => Span("lp-pill", { pin: c }, c)),
      loop.forked && Span("lp-pill", { pin: "fork" }, `forked from ${loop.forked}`)),
    Div("lp-btns", opener(ctx, "pin", "Pin an idea", "pen"), main(ctx), deed(ctx, "stop", "Stop", "stop"),
      deed(ctx, "audit", "Audit", "shield"), opener(ctx, "confirm", "Confirm", "ok", { cls: "plain" }), opener(ctx, "grant", "New budget", "redo", { cls: "plain" })),
    P("lp-obj", loop.objective, " ", Span("quiet", loop.edits.length > 0 && ["Edits ", named(loop.edits)], loop.reads.length > 0 && ["; reads ", named(loop.reads)], loop.edits.length + loop.reads.length > 0 && ".")),
    ["pause", "resume", "stop", "audit", "start"].map((spot) => { const v = verdict(ctx, spot); return v && { ...v, pin: `no:${spot}` }; }),
    actions.confirm.done && P("small quiet lp-wide", { pin: "goahead" }, `Go-ahead ${actions.confirm.done}.`));
};

/** @param {any} tile */
const segments = ({ total, used, now }) => I("lp-segs", { $hidden: "true" }, Array.from({ length: total }, (_, i) => I(i < used ? "u" : i < used + now ? "t" : "", { pin: i })));

/** @param {Ctx} ctx */
export const tiles = (ctx) => Div("lp-stats", { pin: "tiles" }, ctx.view.tiles.map((/** @type {any} */ t) => Div("lp-st", { pin: t.key },
  Span("k", t.title), Span("v", t.value, " ", I("", t.beside)),
  t.share !== undefined && I("lp-meter", { role: "img", $label: `${Math.round(t.share * 100)} %` }, I("", { style: `width:${(t.share * 100).toFixed(1)}%` })),
  t.segs && segments(t.segs), Span("s", t.below))));

const SAYS = /** @type {Record<string, [string, string]>} */ ({ grant: ["Grant a new budget", "redo"], resume: ["Resume", "play"], start: ["Start again", "play"] });

/** What to heed, each with the button that helps. @param {Ctx} ctx */
export const notes = (ctx) => ctx.view.notes.map((/** @type {any} */ n, /** @type {number} */ i) => Div(`lp-note tint-${n.tone}`, { pin: `note:${i}:${n.do}` },
  icon(n.tone === "idle" ? "info" : n.tone, `is-${n.tone}`),
  P("", n.text, " ", n.do === "person" ? button({ says: "Show them", cls: "lp-lnk", does: () => ctx.table.choose("person") })
    : SAYS[n.do] && ctx.view.actions[n.do].enabled && button({ says: SAYS[n.do][0], cls: "lp-lnk", barred: ctx.link.gone ? "Waits for the kernel." : "",
      does: () => (n.do === "resume" || ctx.view.actions[n.do].says ? ctx.link.ask(n.do, n.do, {}) : ctx.openForm(n.do)) }, ctx),
  n.aside && [" ", Span("quiet", n.aside)])));

/** The kernel has gone: what that means, and how to come back. @param {Ctx} ctx */
export const gone = (ctx) => {
  if (!ctx.link.gone) return null;
  const { view } = ctx;
  const { at, ago } = ctx.link.last;
  const copied = (/** @type {string} */ text) => P("row", Code("lines", text), Span("push", copyButton(ctx, text, "Copy the command")));
  return Div("gone", { pin: "gone", role: "status" }, icon("plug"), Div("",
    H2("", view.state.live ? "The kernel has gone; the loop goes on." : "The kernel has gone; the loop is kept."),
    P("", `The engine works in a process of its own, so nothing is lost. Last word at ${second(at || view.at)} UTC, `,
      Span("", { $hidden: "true" }, `${duration(ago / 1000)} ago`), `: ${view.state.word}. Until the kernel is back this panel shows that moment and its buttons wait.`),
    Div("ways", Div("way", B("", "Come back here"), P("quiet", "Restart the kernel, then run this in a cell:"), copied(view.commands.panel)),
      Div("way", B("", "Or from a terminal"), copied(view.commands.watch))),
    ctx.shelf.unsent(`autor:loop:${view.loop.id}:`) > 0 && Quiet(icon("keep"), ` Your unsent text is kept in this ${ctx.shelf.works ? "browser" : "page"}.`)));
};

/** @param {Ctx} ctx @param {string} name @param {string} title @param {any} beside @param {...any} kids */
export const section = (ctx, name, title, beside, ...kids) => Section(`lp-sec lp-${name}`, { pin: name, $labelledby: `${ctx.uid}-${name}` },
  Div("lp-sh", Span("lp-h3", { id: `${ctx.uid}-${name}`, role: "heading", $level: "3" }, title), beside), ...kids);
