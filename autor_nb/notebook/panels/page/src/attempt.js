/** The reading side: which attempt is shown, and what it brought. */
import { B, Button, Div, H3, Span } from "./dom.js";
import { icon } from "./icons.js";
import { aim, button, dots, empty, fetched } from "./controls.js";
import { artifacts, openLink } from "./artifacts.js";
import { checks } from "./checks.js";
import { draft } from "./draft.js";
import { comparison } from "./compare.js";
import { feedPane } from "./feedlist.js";
import { intake } from "./intake.js";
import { stageNumber } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** Arrow keys move along tabs and select as they go. @param {any} e */
export const tabKeys = (e) => {
  const tabs = [...e.currentTarget.querySelectorAll("[role=tab]")];
  const at = tabs.indexOf(e.target);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[/** @type {string} */ (e.key)];
  if (at < 0 || to === undefined) return;
  e.preventDefault();
  const next = tabs[(to + tabs.length) % tabs.length];
  next.focus();
  next.click();
};

/** @param {Ctx} ctx @param {any} stage @param {{stage: string, attempt: number|null}} shown */
const tabs = (ctx, stage, shown) => {
  if (!stage.attempts.length) return null;
  return Div("seg", { pin: "tabs", role: "tablist", $label: "Attempts", onkeydown: tabKeys }, stage.attempts.map((/** @type {any} */ one) => {
    const on = one.attempt === shown.attempt;
    return Button("", { pin: one.attempt, role: "tab", id: `${ctx.uid}-tab-${one.attempt}`, $selected: on, tabindex: on ? "0" : "-1", $controls: `${ctx.uid}-pane`,
      onclick: () => ctx.show(stage.slug, one.attempt) }, `Attempt ${one.attempt}, ${one.word}`);
  }));
};

/** @param {Ctx} ctx @param {any} stage @param {any} attempt */
const stageHead = (ctx, stage, attempt) => {
  const shown = ctx.shown();
  const away = ctx.isAway();
  const { current } = ctx.view;
  const back = ctx.view.stages.find((/** @type {any} */ s) => s.slug === current.stage);
  const canCompare = ctx.view.stages.reduce((/** @type {number} */ n, /** @type {any} */ s) => n + s.attempts.length, 0) > 1;
  return Div("stagehead", { pin: "stagehead" },
    H3("", aim(ctx, "main"), `${stageNumber(stage.number)} ${stage.title}`), tabs(ctx, stage, shown),
    Span("row push",
      away && back && button({ glyph: "undo", says: `Back to ${stageNumber(back.number)}`, cls: "plain", named: `Back to ${stageNumber(back.number)} ${back.title}`, does: () => ctx.show(null, null) }),
      attempt && canCompare && button({ glyph: "diff", says: "Compare", cls: "plain", $pressed: Boolean(ctx.ui.pair), named: "Compare with another attempt", does: () => (ctx.ui.pair ? ctx.set({ pair: null }) : ctx.openCompare()) }),
      attempt?.notebook && openLink(ctx, attempt.notebook.path, [icon("book"), Span("", "Notebook")], "btn plain")));
};

/** What ended badly, or when work was cut short. @param {any} attempt */
const endingNote = (attempt) => {
  if (!attempt.detail || !/fail|timed|lost|withdrawn/.test(attempt.status)) return null;
  return Div(`note ${attempt.tone === "fail" ? "is-fail" : "is-warn"}`, { pin: "ending" }, icon(attempt.tone === "fail" ? "fail" : "warn"), Span("", attempt.detail));
};

/** @param {any} stage */
const nothingYet = (stage) => empty("later", `${stage.title} has not begun. It starts when the stages before it are approved.`);

/** @param {Ctx} ctx @param {any} attempt */
const content = (ctx, attempt) => {
  const meta = [...attempt.meta, attempt.since && !attempt.meta.includes(attempt.since) ? attempt.since : ""];
  return Div("content", { pin: `of:${ctx.nameOf(attempt)}` }, dots(meta, "meta"), endingNote(attempt),
    ctx.ui.feedOpen ? feedPane(ctx, attempt) : [
      ctx.isInReview(attempt) && ctx.view.review.questions.length > 0 && intake(ctx), checks(ctx, attempt), draft(ctx, attempt), artifacts(ctx, attempt)]);
};

/** @param {Ctx} ctx */
const inner = (ctx) => {
  const stage = ctx.shownStage();
  const looked = ctx.lookedAttempt();
  if (ctx.ui.pair) return comparison(ctx);
  if (!stage) return empty("later", "Nothing has begun yet.");
  if (ctx.isWorkingShown()) return feedPane(ctx, { stage: stage.slug, attempt: ctx.shown().attempt });
  if (!looked) return nothingYet(stage);
  return looked.data ? content(ctx, looked.data) : fetched(ctx, looked.key, looked.what, (data) => content(ctx, data));
};

/** @param {Ctx} ctx */
export const reading = (ctx) => {
  const stage = ctx.shownStage();
  const shown = ctx.shown();
  const tab = stage?.attempts.length && !ctx.ui.pair;
  return Div("main", { pin: "main" }, stage && stageHead(ctx, stage, ctx.attemptData()),
    Div("", { pin: "pane", id: `${ctx.uid}-pane`, role: tab ? "tabpanel" : null, $labelledby: tab && shown.attempt ? `${ctx.uid}-tab-${shown.attempt}` : null }, inner(ctx)));
};
