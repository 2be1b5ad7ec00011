/** The top of a run's panel: what, which run, state, worked, cost; the newest decision; what has gone wrong; the kernel gone. */
import { B, Button, Code, Dd, Div, Dl, Dt, H2, H3, H4, Header, I, P, Span } from "./dom.js";
import { badge, icon, statusIcon } from "./icons.js";
import { act, button, closer, copyButton, dots, held, verdict, Quiet } from "./controls.js";
import { count, duration, max, millis, min, money, plural, roughly, round, second, stageNumber, stamp } from "./words.js";
import { menu } from "./menu.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** @param {string} label @param {number} share 0..1 */
export const meter = (label, share) => {
  const percent = round(min(1, max(0, share)) * 100);
  return Div(`meter${share >= 1 ? " full" : ""}`, { role: "meter", $label: label, $valuenow: percent }, I("", { style: `width:${percent}%` }));
};

/** @param {Ctx} ctx */
const stateFact = (ctx) => {
  const { state, current } = ctx.view;
  if (ctx.link.gone) {
    return Span("state", badge("gone", "warn", "Kernel gone"), Span("quiet", `last seen ${state.word.toLowerCase()}`));
  }
  const waited = (ctx.now() - millis(state.since)) / 1000;
  if (current.mode === "review") {
    const go = () => ctx.reveal(ctx.view.review?.questions?.length ? "questions" : "decide");
    return Span("state", Button(`link st is-${state.tone}`, { onclick: go, title: "Go to your decision" },
      icon("review"), state.word), Span("quiet", Number.isFinite(waited) ? roughly(waited) : ""));
  }
  return Span("state", badge(state.status, state.tone, state.word), Span("quiet", state.detail));
};

/** @param {Ctx} ctx */
const costFact = (ctx) => {
  const { usd, limit_usd: limit, tokens } = ctx.view.cost;
  if (usd === null || usd === undefined) return tokens ? `${count(tokens)} tokens` : Span("quiet", "not known");
  return [money(usd), limit ? Span("quiet", ` of ${money(limit)}`) : null, limit ? meter("Cost", usd / limit) : null];
};

/** @param {Ctx} ctx */
const workedFact = (ctx) => {
  const { s, running_since: since } = ctx.view.worked;
  const until = ctx.link.gone ? millis(ctx.link.last.at || ctx.view.at) : ctx.now();
  return roughly(s + (since ? max(0, (until - millis(since)) / 1000) : 0));
};

/** @param {Ctx} ctx */
export const header = (ctx) => {
  const { run } = ctx.view;
  const fact = (/** @type {string} */ name, /** @type {any} */ value) => Div("", Dt("", name), Dd("", value));
  return Header("head", { pin: "head" },
    Div("what", H2("", { id: `${ctx.uid}-title` }, run.goal || "A run without a goal yet"),
      dots([Span("mono", run.id), ...run.sub], "sub")),
    Dl("facts", fact("State", stateFact(ctx)), fact("Worked", workedFact(ctx)), fact("Cost", costFact(ctx))),
    Div("row tools-right",
      button({ glyph: "share", cls: "plain icon", named: "Export this run", does: () => ctx.exportRun() }),
      menu(ctx)));
};

/** The honest note of what may remain; nothing when nothing is known. @param {Ctx} ctx */
export const progress = (ctx) => {
  const { share, text } = ctx.view.progress || {};
  if (!text && (share === null || share === undefined)) return null;
  return Div("progress small", { pin: "progress" }, share === null || share === undefined ? null : meter("Progress of the run", share),
    Span("quiet", text));
};

/** How a decision came, as an icon. @param {any} decision */
export const howIcon = (decision) => {
  return icon(/notebook|panel/.test(decision.how) ? "book" : "term");
};

/** The newest decision, whoever made it. @param {Ctx} ctx */
export const record = (ctx) => {
  const { total, newest } = ctx.view.decisions;
  const one = newest[0];
  if (!one) return P("record", { pin: "record" }, icon("info"), Span("", "No decision has been made yet."));
  return Div(`record${ctx.ui.fresh === one.at ? " fresh" : ""}`, { pin: "record" }, howIcon(one),
    P("", B("", one.what), ` ${one.did} by `, B("", one.you ? "you" : one.who), one.how ? ` ${one.how}` : "", ` · ${stamp(one.at)}`),
    total > 1 && button({ says: `All ${total} decisions`, cls: "plain sm", does: () => ctx.showDecisions() }));
};

/** What only a newer autor_nb can show. @param {Ctx} ctx */
export const unread = ({ view: { unknown } }) => unknown > 0
  && P("record", { pin: "unread" }, icon("info"), Span("", `${plural(unknown, "event")} of a newer autor_nb cannot be shown: upgrade this one.`));

/** Something asked here earlier, or in another tab by this person, that was refused while nobody saw the answer. @param {Ctx} ctx */
export const refusalNote = (ctx) => {
  const own = ctx.link.ticket?.id;
  const one = (ctx.view.refusals || []).find((/** @type {any} */ r) => r.id !== own && !ctx.on.has(`read:${r.id}`));
  const newest = ctx.view.decisions.newest[0];
  if (!one || (newest && millis(newest.at) > millis(one.at) + 60000)) return null;
  return Div("record refusal", { pin: "refusal" }, icon("warn", "is-warn"),
    P("", B("", `A command was refused at ${second(one.at)} UTC`), ` (${one.command} by ${one.who}): ${one.reason} ${one.suggestion || ""}`),
    closer(() => ctx.flip(`read:${one.id}`)));
};

/** Failed, paused, interrupted: what happened and what to do. @param {Ctx} ctx */
export const problem = (ctx) => {
  const { view } = ctx;
  const { problem: one, actions } = view;
  if (!one) return null;
  const resume = actions.resume || {};
  const tone = one.tone || "warn";
  return Div(`banner tint-${tone}`, { pin: "problem", role: "status" }, statusIcon(view.state.status, tone),
    Div("", H3("", one.text), one.suggestion && P("", one.suggestion),
      resume.enabled ? Div("row wrap",
        act(ctx, { spot: "resume", says: "Resume", glyph: "play", fill: ctx.primary() === "resume", does: () => ctx.link.ask("resume", "resume", {}) }),
        ctx.view.commands.resume && Quiet("or from a terminal: ", Code("", ctx.view.commands.resume))) : null,
      verdict(ctx, "resume")));
};

/** Something to type elsewhere. @param {Ctx} ctx @param {string} text */
const copied = (ctx, text) => P("row", Code("lines", text), Span("push", copyButton(ctx, text, "Copy the command")));

/** The kernel has gone: what that means and how to come back. @param {Ctx} ctx */
export const gone = (ctx) => {
  const { view } = ctx;
  const last = ctx.link.last;
  const at = last.at || view.at;
  const { stage, attempt } = view.current;
  const number = view.stages.find((/** @type {any} */ s) => s.slug === stage)?.number;
  const where = [number === undefined ? "" : `stage ${stageNumber(number)}`, attempt ? `attempt ${attempt}` : "", view.state.word.toLowerCase()].filter(Boolean).join(", ");
  const running = view.current.mode === "working";
  return Div("gone", { pin: "gone", role: "status" }, icon("plug"), Div("",
    H3("", running ? "The kernel has gone; the run goes on." : "The kernel has gone; the run is kept."),
    P("", `The engine works in a process of its own, so nothing is lost. Last word at ${second(at)} UTC, `,
      Span("", { $hidden: "true" }, `${duration(last.ago / 1000)} ago`), `: ${where}. Until the kernel is back this panel shows that moment and its buttons wait.`),
    Div("ways",
      Div("way", H4("", "Come back here"), P("quiet", "Restart the kernel, then run this in a cell:"), copied(ctx, view.commands.panel)),
      Div("way", H4("", "Or from a terminal"),
        copied(ctx, view.commands.watch)))));
};

/** Under the banner of a gone kernel: what waits, and what is kept. @param {Ctx} ctx */
export const goneTail = (ctx) => {
  const kept = ctx.shelf.unsent(`autor:${ctx.view.run.id}:`);
  const rest = ctx.on.has("rest");
  return Div("tail", { pin: "tail" },
    Quiet(icon("lock"), " Every button waits for the kernel."),
    button({ cls: "plain", says: rest ? "Hide that moment" : "Show that moment", glyph: rest ? "up" : "down", $expanded: rest, does: () => ctx.flip("rest") }),
    kept ? Span("small quiet row push", icon("keep"), `Your unsent text (${plural(kept, "character")}) is kept in this ${ctx.shelf.works ? "browser" : "page"}.`) : null);
};
