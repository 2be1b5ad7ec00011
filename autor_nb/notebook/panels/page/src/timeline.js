/** The nine stages: state, attempts, stale marks, time, cost, and what last changed the deliverable. */
import { Button, Li, Ol, Span } from "./dom.js";
import { badge, icon } from "./icons.js";
import { minute, money, roughly, stageNumber, stamp } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** @param {any} stage */
const lines = (stage) => {
  const spent = [stage.work_s ? roughly(stage.work_s) : "", money(stage.cost_usd)].filter(Boolean).join(" · ");
  const changed = stage.changed_attempt ? `Attempt ${stage.changed_attempt}${stage.changed_at ? ` · ${minute(stage.changed_at)}` : ""}` : "";
  return [
    stage.note && Span("", stage.note), spent && Span("", spent),
    changed && Span("", { title: `Deliverable last changed by this attempt, ${stamp(stage.changed_at)}` }, changed),
    stage.stale && Span("stale-why is-warn", icon("back", "sm"), Span("", stage.stale_reason || "Stale")),
  ];
};

/** @param {Ctx} ctx */
export const timeline = (ctx) => {
  const { stages, current } = ctx.view;
  const shown = ctx.shown();
  return Ol("line", { pin: "line", $label: "Stages", style: `--n:${stages.length}` }, stages.map((/** @type {any} */ stage) => {
    const now = stage.slug === current.stage && current.mode !== "ended";
    const place = stage.stale ? "stale" : now ? "now" : stage.status === "approved" ? "done" : stage.attempts.length ? "begun" : "later";
    const here = shown.stage === stage.slug;
    return Li("", { pin: stage.slug }, Button(`${place}${now ? " now" : ""}${here && !now ? " here" : ""}`, {
      $current: now ? "step" : null, $pressed: here,
      title: stage.stale ? stage.stale_reason || null : null, onclick: () => ctx.showStage(stage) }, Span("row", badge(stage.stale ? "stale" : stage.status, stage.stale ? "warn" : stage.tone, stage.word), Span("n", stageNumber(stage.number))),
    Span("nm", stage.title), lines(stage)));
  }));
};
