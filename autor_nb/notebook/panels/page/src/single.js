/** Panels of one thing: the checks of all attempts, the files of one, a comparison. */
import { Details, Div, H2, Header, Input, Label, P, Section, Span, Summary } from "./dom.js";
import { icon } from "./icons.js";
import { dots, empty } from "./controls.js";
import { fileFilter, fileList, narrowed } from "./artifacts.js";
import { checkBox, counts } from "./checks.js";
import { tables } from "./compare.js";
import { attemptTitle } from "./attempt.js";
import { plural } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** @param {Ctx} ctx @param {string} name @param {any} title @param {any[]} sub @param {...any} kids */
const frame = (ctx, name, title, sub, ...kids) => {
  return Section("autor", { key: name, "aria-labelledby": `${ctx.uid}-title` },
    Header("head", Div("what", H2("", { id: `${ctx.uid}-title` }, title), dots(sub, "sub"))),
    ctx.link.gone && P("record", { role: "status" }, icon("plug"), Span("", "The kernel has gone: this shows what it last said. Restart it and run this cell again.")),
    Div("main only", ...kids));
};

/** A run as these documents name it: its id, or a small document with one. @param {any} run */
const runName = (run) => {
  return Span("mono", typeof run === "string" ? run : run?.id);
};

/** @param {Ctx} ctx */
export const checksPanel = (ctx) => {
  const { run, attempts } = ctx.view;
  const only = ctx.ui.filters.checks || "";
  const bad = (/** @type {any} */ a) => a.checks.blocking.length + a.checks.warning.length > 0;
  const shown = only ? attempts.filter(bad) : attempts;
  const toggle = Label("choice", Input("", { type: "checkbox", checked: Boolean(only), onchange: (/** @type {any} */ e) => { ctx.ui.filters.checks = e.target.checked ? "bad" : ""; } }), Span("", "Only attempts that fail something"));
  return frame(ctx, "checks", "Checks", [runName(run), plural(attempts.length, "attempt")], attempts.length > 1 && toggle,
    shown.length ? shown.map((/** @type {any} */ a, /** @type {number} */ i) => Details("fold-attempt", { key: `${a.stage}:${a.attempt}`, open: i === shown.length - 1 },
      Summary("", icon("right", "turn-open"), attemptTitle(a), Span("row push wrap", counts(a.checks))), checkBox({ ...ctxForReading(ctx) }, a)))
      : empty("ok", attempts.length ? "No attempt fails a check." : "No check has run yet."));
};

/** The same view, in which nothing is in review: checks are for reading here. @param {Ctx} ctx @returns {any} */
const ctxForReading = (ctx) => {
  return { uid: ctx.uid, ui: ctx.ui, link: ctx.link, shelf: ctx.shelf, view: ctx.view, isInReview: () => false };
};

/** @param {Ctx} ctx */
export const artifactsPanel = (ctx) => {
  const { run, stage, attempt, files, total } = ctx.view;
  const found = narrowed(ctx, "artifacts", files);
  return frame(ctx, "artifacts", "Artifacts", [runName(run), `${stage}, attempt ${attempt}`, plural(total, "file")],
    Div("narrow", fileFilter(ctx, "artifacts")),
    found.length ? fileList(ctx, { stage, attempt }, found, "artifacts") : empty(files.length ? "find" : "box", files.length ? "No file matches." : "No files yet."));
};

/** @param {Ctx} ctx */
export const comparePanel = (ctx) => {
  const { view } = ctx;
  const pair = ctx.ui.compare;
  const doc = pair?.data || view;
  const sub = [view.run && runName(view.run), doc.left.title, doc.right.title];
  return frame(ctx, "compare", "Compare", sub, tables(ctx, doc, null));
};
