/** A run's panel put together: header, timeline, newest decision; reading on the left, deciding on the right. */
import { Aside, B, Code, Div, H3, Header, P, Section, Span } from "./dom.js";
import { badge, icon } from "./icons.js";
import { aim, button, closer, empty, fetched, loading } from "./controls.js";
import { openLink } from "./artifacts.js";
import { decide } from "./decide.js";
import { decisions } from "./decisions.js";
import { miniFeed } from "./feedlist.js";
import { gone, goneTail, header, problem, progress, record, refusalNote, unread } from "./header.js";
import { others, sheet } from "./sheets.js";
import { reading } from "./attempt.js";
import { timeline } from "./timeline.js";
import { working } from "./working.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** Where an export has gone. @param {Ctx} ctx */
const exported = (ctx) => ctx.ui.exported > 0 && Div("record", { pin: "exported", role: "status" },
  Div("fill-row", fetched(ctx, `export:${ctx.ui.exported}`, { what: "export" }, (data) => P("note", icon("ok", "is-ok"), Span("", B("", "Exported. "), data.text, " ", openLink(ctx, data.path, Code("", data.path), "link"))))), closer(() => { ctx.ui.exported *= -1; }));

/** The paper among the files at hand, if it is there. @param {Ctx} ctx */
const paper = (ctx) => {
  const files = ctx.attempt?.artifacts?.files || [];
  return files.find((/** @type {any} */ f) => /(^|\/)paper\.pdf$/.test(f.path)) || null;
};

/** The deciding side when nothing is to be decided. @param {Ctx} ctx */
const standing = (ctx) => {
  const { state, current, problem: trouble } = ctx.view;
  const file = state.status === "completed" ? paper(ctx) : null;
  const text = state.status === "completed" ? "Every stage is approved. You can still roll back or redo a stage."
    : current.mode === "ended" ? "This run is closed. What it made can be read, compared and exported."
      : trouble ? "Nothing is being worked on. What is done stays." : "Nothing waits for you just now.";
  return Section("", { pin: "standing", $labelledby: `${ctx.uid}-decide` }, Header("side-head",
    H3("", aim(ctx, "decide"), state.status === "completed" ? "The run is complete" : "Nothing to decide"), Span("push", badge(state.status, state.tone, state.word))),
  P("quiet", text),
  file && P("paper", openLink(ctx, file.path, [icon("file"), Span("", "The paper (PDF)")], "btn big")),
  current.mode === "ended" && button({ glyph: "share", says: "Export this run", cls: "big", does: () => ctx.exportRun() }));
};

/** @param {Ctx} ctx */
const side = (ctx) => {
  const { mode } = ctx.view.current;
  if (mode === "working" && ctx.view.working) return Aside("side", { pin: "side", $label: "This attempt" }, sheet(ctx), working(ctx));
  const attempt = ctx.attemptData();
  return Aside("side", { pin: "side", $label: "Decision and feed" },
    mode === "review" && ctx.view.review ? decide(ctx) : standing(ctx), others(ctx), sheet(ctx),
    attempt && attempt.status !== "running" && miniFeed(ctx, attempt), decisions(ctx));
};

/** @param {Ctx} ctx */
const body = (ctx) => {
  const isWorking = ctx.view.current.mode === "working" && ctx.view.working;
  const parts = isWorking ? [side(ctx), reading(ctx)] : [reading(ctx), side(ctx)];
  return Div(`body${isWorking ? " working" : ""}`, { pin: "body" }, parts);
};

/** Everything between the header and the end; only a clock that runs needs it described anew each second. @param {Ctx} ctx */
const rest = (ctx) => {
  const { still, version } = ctx;
  if (still.of !== version || ctx.view.current.mode === "working") {
    ctx.still = { of: version, made: [timeline(ctx), progress(ctx), record(ctx), unread(ctx), refusalNote(ctx), problem(ctx), body(ctx)] };
  }
  return Div("rest", { pin: "rest", hidden: ctx.link.gone && !ctx.on.has("rest") }, ctx.still.made);
};

/** @param {Ctx} ctx */
export const runPanel = (ctx) => {
  const lost = ctx.link.gone;
  return Section(`autor${lost ? " is-gone" : ""}`, { pin: "run", $labelledby: `${ctx.uid}-title` },
    header(ctx), exported(ctx), lost && gone(ctx), lost && goneTail(ctx), rest(ctx));
};

/** Nothing to show: not yet, or a document that this page cannot read. @param {Ctx} ctx @param {string} text */
export const waiting = (ctx, text) => Section("autor bare", { pin: "wait" }, text || ctx.link.gone
  ? empty("plug", text || ["There is no kernel here. Run this cell again, or type in a terminal: ", Code("", "autor runs")]) : loading("Waiting for the kernel…"));
