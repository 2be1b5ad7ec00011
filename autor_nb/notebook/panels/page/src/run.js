/** A run's panel put together: header, timeline, newest decision; reading on the left, deciding on the right. */
import { Aside, B, Code, Div, H3, Header, P, Section, Span } from "./dom.js";
import { badge, icon } from "./icons.js";
import { button, copyButton, dots, loading, lookError } from "./controls.js";
import { openLink } from "./artifacts.js";
import { decide } from "./decide.js";
import { decisions } from "./decisions.js";
import { miniFeed } from "./feedlist.js";
import { gone, goneTail, header, problem, progress, record, refusalNote } from "./header.js";
import { others, sheet } from "./sheets.js";
import { reading } from "./attempt.js";
import { timeline } from "./timeline.js";
import { working } from "./working.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** Where an export has gone. @param {Ctx} ctx */
const exported = (ctx) => {
  const one = ctx.ui.exported;
  if (!one) return null;
  const close = button({ icon: "close", cls: "plain icon sm", named: "Dismiss this message", run: () => { ctx.ui.exported = null; } });
  if (one.loading) return Div("record", { key: "exported" }, icon("ring"), P("", "Writing one self-contained page of this run…"));
  if (one.error) return Div("record", { key: "exported" }, lookError(one.error, () => ctx.exportRun()), close);
  return Div("record", { key: "exported", role: "status" }, Span("is-ok", icon("ok")), P("", B("", "Exported. "), one.data.text, " ", openLink(ctx, one.data.path, Code("", one.data.path), "link")), close);
};

/** The paper among the files at hand, if it is there. @param {Ctx} ctx */
const paper = (ctx) => {
  const files = ctx.attempt?.artifacts?.files || [];
  return files.find((/** @type {any} */ f) => /(^|\/)paper\.pdf$/.test(f.path)) || null;
};

/** The deciding side when nothing is to be decided. @param {Ctx} ctx */
const standing = (ctx) => {
  const { state, current, problem: trouble } = ctx.view;
  const file = state.status === "completed" ? paper(ctx) : null;
  const text = state.status === "completed" ? "Every stage is approved. You can still roll back or redo a stage; nothing is lost by it."
    : current.mode === "ended" ? "This run is closed. What it made can be read, compared and exported."
      : trouble ? "Nothing is being worked on. What is done stays." : "Nothing waits for you just now.";
  return Section("", { key: "standing", "aria-labelledby": `${ctx.uid}-decide` }, Header("side-head",
    H3("", { id: `${ctx.uid}-decide`, tabindex: "-1" }, state.status === "completed" ? "The run is complete" : "Nothing to decide"), Span("push", badge(state.status, state.tone, state.word))),
  P("quiet", text),
  file && P("paper", openLink(ctx, file.path, [icon("file"), Span("", "Open the paper")], "btn big")),
  current.mode === "ended" && button({ icon: "share", label: "Export this run", cls: "big", run: () => ctx.exportRun() }));
};

/** @param {Ctx} ctx */
const side = (ctx) => {
  const { mode } = ctx.view.current;
  if (mode === "working" && ctx.view.working) return Aside("side", { key: "side", "aria-label": "This attempt" }, sheet(ctx), working(ctx));
  const attempt = ctx.lookedAttempt()?.data;
  return Aside("side", { key: "side", "aria-label": "Decision and feed" },
    mode === "review" && ctx.view.review ? decide(ctx) : standing(ctx), others(ctx), sheet(ctx),
    attempt && attempt.status !== "running" && miniFeed(ctx, attempt), decisions(ctx));
};

/** @param {Ctx} ctx */
const body = (ctx) => {
  const isWorking = ctx.view.current.mode === "working" && ctx.view.working;
  const parts = isWorking ? [side(ctx), reading(ctx)] : [reading(ctx), side(ctx)];
  return Div(`body${isWorking ? " working" : ""}`, { key: "body" }, parts);
};

/** Everything between the header and the end. @param {Ctx} ctx */
const rest = (ctx) => {
  const { ui, version } = ctx;
  const still = ctx.memo("still", [version], () => [timeline(ctx), progress(ctx), record(ctx), refusalNote(ctx), problem(ctx)]);
  const moving = ctx.view.current.mode === "working";
  const made = moving ? body(ctx) : ctx.memo("body", [version], () => body(ctx));
  return Div("rest", { key: "rest", hidden: ctx.link.gone && !ui.rest }, still, made);
};

/** @param {Ctx} ctx */
export const runPanel = (ctx) => {
  const lost = ctx.link.gone;
  return Section(`autor${lost ? " is-gone" : ""}`, { key: "run", "aria-labelledby": `${ctx.uid}-title` },
    header(ctx), exported(ctx), lost && gone(ctx), lost && goneTail(ctx), rest(ctx));
};

/** Before the first document has come. @param {Ctx} ctx */
export const waiting = (ctx) => {
  if (!ctx.link.gone) return Section("autor bare", { key: "wait" }, loading("Waiting for the kernel…"));
  return Section("autor bare", { key: "wait" }, Div("gone", { role: "status" }, icon("plug"), Div("", H3("", "There is no kernel behind this panel."),
    P("", "Run this cell again, or look at the run from a terminal."), P("row", Code("", "autor runs"), copyButton(ctx, "autor runs", "Copy the command")))));
};

/** A document of another version than this page understands. @param {Ctx} ctx @param {any} v */
export const otherVersion = (ctx, v) => {
  return Section("autor bare", { key: "version" }, Div("banner tint-warn", { role: "status" }, Span("is-warn", icon("warn")),
    Div("", H3("", "This page and the kernel are of different versions."), P("", `The kernel sent a document of version ${v}; this page reads version 1. Reload the page, then run this cell again.`))), dots([]));
};
