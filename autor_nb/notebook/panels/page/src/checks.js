/** Checks by severity with their remedies; waiving one with a reason. */
import { B, Code, Details, Div, Label, P, Span, Summary } from "./dom.js";
import { icon } from "./icons.js";
import { act, button, empty, keptField, keptNote, section, verdict, Quiet } from "./controls.js";
import { plural, stamp } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

const LOOK = /** @type {Record<string, [string, string, string]>} */ ({
  blocking: ["fail", "fail", "Blocking"], warning: ["warn", "warn", "Warning"], info: ["info", "idle", "Note"],
});

/** @param {Ctx} ctx @param {any} attempt @param {any} check */
const waiveForm = (ctx, attempt, check) => {
  const key = ctx.key(attempt, `waive:${check.id}`);
  const why = ctx.shelf.get(key).trim();
  const spot = `waive:${check.id}`;
  const send = () => ctx.link.ask(spot, "waive", { attempt: attempt.attempt, check_id: check.id, why }, [key], () => { ctx.ui.waiving = ""; });
  return Div("form", { pin: "form" },
    Label("", { for: `${ctx.uid}-waive` }, "Why this check may fail here"),
    keptField(ctx, key, { id: `${ctx.uid}-waive`, rows: 2, placeholder: "It is recorded with your name." }),
    Div("row wrap",
      act(ctx, { spot, says: "Waive this check", glyph: "shield", fill: ctx.primary() === "waive" && Boolean(why), why: why ? "" : "Write the reason first.", does: send }),
      button({ says: "Cancel", cls: "plain", does: () => { ctx.ui.waiving = ""; } }),
      Quiet(keptNote(ctx, why))),
    verdict(ctx, spot));
};

/** @param {Ctx} ctx @param {any} attempt @param {any} check @param {boolean} blocking */
const deeds = (ctx, attempt, check, blocking) => {
  if (!ctx.isInReview(attempt)) return null;
  if (ctx.ui.waiving === check.id) return waiveForm(ctx, attempt, check);
  const may = check.waivable && !check.waived && blocking;
  const refused = ctx.view.actions.waive;
  if (!may && !check.remedy) return null;
  return Div("act", check.remedy && button({ glyph: "copy", says: "Put remedy into feedback", cls: "sm", title: "Put remedy into feedback", does: () => ctx.addToFeedback(`${check.title}: ${check.remedy}`) }),
    may && button({ glyph: "shield", says: "Waive with a reason…", cls: "sm plain", barred: refused && !refused.enabled ? refused.reason : "", does: () => { ctx.ui.waiving = check.id; ctx.goTo("waive"); } }, ctx));
};

/** @param {Ctx} ctx @param {any} attempt @param {string} severity @param {any} check */
const row = (ctx, attempt, severity, check) => {
  const [name, tone, word] = LOOK[severity];
  const waived = check.waived;
  const remedy = check.remedy && [B("", "Remedy:"), ` ${check.remedy}`];
  return Div(`check ${waived ? "waived" : severity}`, { pin: `${severity}:${check.id}:${check.subject}` },
    icon(waived ? "shield" : name, waived ? "is-idle" : `is-${tone}`), Div("",
      P("t", B("", check.title), Span(`sev ${waived ? "is-idle" : `is-${tone}`}`, waived ? "Waived" : word),
        check.subject && Code("quiet", check.subject)),
      severity === "blocking" ? [check.detail && P("why", check.detail), remedy && P("fix", remedy)]
        : P("fix", check.detail, check.detail && remedy ? " " : "", remedy),
      waived && P("fix", `Waived by ${waived.who}, ${stamp(waived.at)}: “${waived.why}”`),
      severity === "info" ? null : deeds(ctx, attempt, check, severity === "blocking")));
};

/** @param {Ctx} ctx @param {any[]} notes @param {any} attempt */
const noteFold = (ctx, notes, attempt) => {
  return Details("pass", { pin: "notes" }, Summary("", icon("info", "is-idle"), plural(notes.length, "note"),
    icon("down", "turns push")), notes.map((c) => row(ctx, attempt, "info", c)));
};

/** @param {any[]} passed */
const passFold = (passed) => {
  return Details("pass", { pin: "passed" }, Summary("", icon("ok", "is-ok"),
    `${plural(passed.length, "check")} ${passed.length === 1 ? "passes" : "pass"}`, icon("down", "turns push")),
  P("small quiet", passed.map((c) => c.title).join(" · ")));
};

/** How many of each, as badges. @param {any} checks */
export const counts = (checks) => {
  const open = checks.blocking.filter((/** @type {any} */ c) => !c.waived).length;
  const waived = checks.blocking.concat(checks.warning).filter((/** @type {any} */ c) => c.waived).length;
  const warnings = checks.warning.filter((/** @type {any} */ c) => !c.waived).length;
  const mark = (/** @type {string} */ tone, /** @type {string} */ name, /** @type {string} */ word) => Span(`st is-${tone}`, icon(name), word);
  return [open > 0 && mark("fail", "fail", `${open} blocking`), warnings > 0 && mark("warn", "warn", plural(warnings, "warning")),
    waived > 0 && mark("idle", "shield", `${waived} waived`), checks.passed.length > 0 && mark("ok", "ok", `${checks.passed.length} pass`)];
};

/** @param {Ctx} ctx @param {any} attempt */
export const checkBox = (ctx, attempt) => {
  const { blocking, warning, info, passed } = attempt.checks;
  if (!blocking.length && !warning.length && !info.length && !passed.length) return empty("later", "No check has run on this attempt yet.");
  return Div("box checks",
    blocking.map((/** @type {any} */ c) => row(ctx, attempt, "blocking", c)), warning.map((/** @type {any} */ c) => row(ctx, attempt, "warning", c)),
    info.length > 0 && noteFold(ctx, info, attempt), passed.length > 0 && passFold(passed));
};

/** @param {Ctx} ctx @param {any} attempt */
export const checks = (ctx, attempt) => {
  return section(ctx, "checks", "Checks", counts(attempt.checks), checkBox(ctx, attempt));
};
