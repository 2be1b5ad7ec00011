/** Panels of one thing: the checks of all attempts, the files of one, a comparison. */
import { B, Details, Div, H2, Header, Section, Span, Summary } from "./dom.js";
import { badge, icon } from "./icons.js";
import { dots, empty, goneLine, tick, verdict } from "./controls.js";
import { narrowed } from "./artifacts.js";
import { checkBox, counts } from "./checks.js";
import { picks, tables } from "./compare.js";
import { plural, stageNumber } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** @param {Ctx} ctx @param {string} title @param {any[]} sub @param {...any} kids */
const frame = (ctx, title, sub, ...kids) => {
  const { run } = ctx.view;
  return Section("autor", { pin: title, $labelledby: `${ctx.uid}-title` },
    Header("head", Div("what", H2("", { id: `${ctx.uid}-title` }, title), dots([run && Span("mono", run.id || run), ...sub], "sub"))),
    goneLine(ctx, ""),
    Div("main only", kids));
};

/** @param {Ctx} ctx @param {any} a @param {boolean} open */
const fold = (ctx, a, open) => Details("fold-attempt", { pin: a.stage + a.attempt, open }, Summary("", icon("right", "turn-open"), B("", `${stageNumber(a.number)} ${a.title}, attempt ${a.attempt}`),
  badge(a.status, a.tone, a.word), Span("row push wrap", counts(a.checks))), checkBox(ctx, a));

/** @param {Ctx} ctx */
export const checksPanel = (ctx) => {
  const { attempts } = ctx.view;
  const only = ctx.on.has("bad");
  const shown = attempts.filter((/** @type {any} */ a) => !only || a.checks.blocking.length + a.checks.warning.length);
  return frame(ctx, "Checks", [plural(attempts.length, "attempt")], attempts.length > 1 && tick(only, "Only attempts that fail something", () => ctx.flip("bad")),
    shown.map((/** @type {any} */ a, /** @type {number} */ i) => fold(ctx, a, i === shown.length - 1)),
    !shown.length && empty("ok", attempts.length ? "No attempt fails a check." : "No check has run yet."));
};

/** @param {Ctx} ctx */
export const artifactsPanel = (ctx) => {
  const { stage, attempt, files, total } = ctx.view;
  return frame(ctx, "Artifacts", [`${stage}, attempt ${attempt}`, plural(total, "file")], files.length ? narrowed(ctx, { stage, attempt }, files) : empty("box", "No files yet."));
};

/** @param {Ctx} ctx */
export const comparePanel = (ctx) => {
  const { left, right, choices, picked } = ctx.view;
  const take = (/** @type {any} */ change) => ctx.link.ask("compare", "compare", { ...picked, ...change });
  return frame(ctx, "Compare", [left.title, right.title], picks(ctx, choices, picked, take), verdict(ctx, "compare"), tables(ctx, ctx.view, picked.all ? null : () => take({ all: true })));
};
