/** Redo, roll back, undo, stop and abort: what each would do, before it is done. */
import { B, Div, H4, Input, Label, Li, Option, P, Section, Select, Span, Ul } from "./dom.js";
import { icon } from "./icons.js";
import { act, aim, button, entry, verdict } from "./controls.js";
import { deed } from "./menu.js";
import { STOPS } from "./working.js";
import { stageNumber } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

const TITLES = /** @type {Record<string, string>} */ ({ redo: "Redo a stage", rollback: "Roll back", undo: "Undo the last rollback", abort: "Abort this run", stop: "Stop the worker" });

/** The stages that this deed may go to. @param {Ctx} ctx @param {string} kind */
const targets = (ctx, kind) => {
  return ctx.view.stages.filter((/** @type {any} */ s) => (kind === "redo" ? s.can_redo : s.can_rollback));
};

/** @param {Ctx} ctx */
const target = (ctx) => {
  const { kind, stage } = ctx.ui.sheet;
  const all = targets(ctx, kind);
  const wanted = stage || (ctx.isAway() || kind === "redo" ? ctx.shown().stage : "");
  return all.find((/** @type {any} */ s) => s.slug === wanted) || all.filter((/** @type {any} */ s) => s.slug !== ctx.view.current.stage).pop() || all[0];
};

/** @param {any} stage */
const name = (stage) => {
  return `${stageNumber(stage.number)} ${stage.title}`;
};

/** What a redo or a rollback to this stage withdraws or makes stale. @param {Ctx} ctx @param {any} stage @param {string} kind */
const consequences = (ctx, stage, kind) => {
  const list = stage.withdraws || [];
  return Div("cons", { pin: "cons", role: "status" }, list.length
    ? [P("", B("", kind === "redo" ? "Becomes stale until done again:" : "Is withdrawn or becomes stale:")),
      Ul("", list.map((/** @type {string} */ w) => Li("", { pin: w }, icon("back"), Span("", w))))]
    : P("", "Nothing else becomes stale."),
  P("quiet", kind === "redo" ? "Files and attempts stay in the record." : "Nothing is deleted, and Undo brings this state back."));
};

/** @param {Ctx} ctx @param {string} kind */
const stageSheet = (ctx, kind) => {
  const stage = target(ctx);
  if (!stage) return P("quiet", kind === "redo" ? "No stage can be redone now." : "There is no stage to roll back to.");
  const label = kind === "redo" ? `Redo ${name(stage)}` : `Roll back to ${name(stage)}`;
  return [Label("pick", Span("", kind === "redo" ? "Stage to do again" : "Go back to"), Select("", { value: stage.slug,
    onchange: (/** @type {any} */ e) => { ctx.ui.sheet = { kind, stage: e.target.value }; } },
  targets(ctx, kind).map((/** @type {any} */ s) => Option("", { pin: s.slug, value: s.slug, selected: s.slug === stage.slug }, name(s))))),
  consequences(ctx, stage, kind), confirm(ctx, kind, label, kind === "redo" ? "redo" : "back", { stage: stage.slug })];
};

/** @param {Ctx} ctx @param {string} kind @param {string} label @param {string} mark @param {any} args @param {string} [cls] */
const confirm = (ctx, kind, label, mark, args, cls = "") => {
  return Div("row wrap", { pin: "confirm" },
    act(ctx, { spot: kind, says: label, glyph: mark, cls, fill: ctx.primary() === "sheet", does: () => ctx.link.ask(kind, kind, args, [], () => { ctx.ui.sheet = null; }) }),
    button({ says: "Cancel", cls: "plain", does: () => ctx.openSheet(null) }));
};

/** @param {Ctx} ctx */
const abortSheet = (ctx) => {
  const reason = (ctx.texts.reason || "").trim();
  return [P("", "The agent is ended and the run is closed for good. Everything made so far stays on disk and can be read."),
    Label("pick", Span("", "Reason (optional)"), entry(ctx, "reason", {})),
    confirm(ctx, "abort", "Abort this run", "abort", reason ? { reason } : {}, "danger-fill")];
};

/** What the open sheet holds. @param {Ctx} ctx @param {string} kind */
const body = (ctx, kind) => {
  if (kind === "redo" || kind === "rollback") return stageSheet(ctx, kind);
  if (kind === "abort") return abortSheet(ctx);
  if (kind === "stop") return [P("", STOPS), confirm(ctx, "stop", "Stop", "stop", {})];
  return [P("", "Brings back the state before the last rollback: what it withdrew counts again."), confirm(ctx, "undo", "Undo the rollback", "undo", {})];
};

/** The sheet that is open, or nothing. @param {Ctx} ctx */
export const sheet = (ctx) => {
  const kind = ctx.ui.sheet?.kind;
  if (!kind) return null;
  return Section("sheet box", { pin: `sheet:${kind}`, $labelledby: `${ctx.uid}-sheet`,
    onkeydown: (/** @type {any} */ e) => { if (e.key === "Escape") { e.stopPropagation(); ctx.openSheet(null); } } },
  H4("", aim(ctx, "sheet"), TITLES[kind]), body(ctx, kind), verdict(ctx, kind));
};

/** The quiet row of what else one may do. @param {Ctx} ctx */
export const others = (ctx) => Div("others", { pin: "others" }, ["redo", "rollback", "undo", "abort"].map((kind) => deed(ctx, kind)));
