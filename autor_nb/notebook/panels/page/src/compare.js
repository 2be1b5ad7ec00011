/** Two attempts, or two runs, side by side: what differs first, the rest on demand. */
import { Div, H4, Header, Input, Label, Option, P, Section, Select, Span, Table, Tbody, Td, Th, Thead, Tr } from "./dom.js";
import { icon } from "./icons.js";
import { button, copyButton, dots, empty, loading, lookError, Quiet } from "./controls.js";
import { plural, stageNumber } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

const MARK = /** @type {Record<string, string>} */ ({ ok: "ok", warn: "warn", fail: "fail", accent: "diff", idle: "dot" });

/** @param {any} row @param {number} i */
const line = (row, i) => {
  return Tr("", { key: i }, Th("", { scope: "row" }, row.what), Td("", row.left), Td("", row.right),
    Td(`change is-${row.tone || "idle"}`, row.change && Span("st", icon(MARK[row.tone] || "dot"), Span("", row.change))));
};

/** The tables of a comparison. @param {Ctx} ctx @param {any} doc @param {(() => void)|null} showAll */
export const tables = (ctx, doc, showAll) => {
  if (doc.same && !doc.sections.some((/** @type {any} */ s) => s.rows.length)) return empty("ok", "Nothing differs between the two.");
  const head = (/** @type {any} */ side) => Th("", { scope: "col" }, Span("", side.title));
  return [Div("sides", { key: "sides" }, [doc.left, doc.right].map((side, i) => Div("way", { key: i }, H4("", side.title), dots(side.meta)))),
    doc.sections.map((/** @type {any} */ s) => Section("sec", { key: s.title }, Header("", H4("", s.title),
      Quiet(s.rows.length ? plural(s.rows.length, showAll ? "difference" : "row") : "no difference")),
    s.rows.length > 0 && Div("box wide", { tabindex: "0", role: "region", "aria-label": s.title }, Table("cmp",
      Thead("", Tr("", Th("", { scope: "col" }, "What"), head(doc.left), head(doc.right), Th("", { scope: "col" }, "Change"))), Tbody("", s.rows.map(line)))),
    s.hidden > 0 && P("small quiet row same", icon("ok"), `${plural(s.hidden, "row")} the same`, showAll && button({ label: "Show them", cls: "plain sm", run: showAll })))),
    Div("row", { key: "foot" }, doc.text && copyButton(ctx, doc.text, "Copy as text", "Copy as text"))];
};

/** Every attempt there is, as a choice. @param {Ctx} ctx */
const choices = (ctx) => {
  return ctx.view.stages.flatMap((/** @type {any} */ s) => s.attempts.map((/** @type {any} */ a) => ({ stage: s.slug, attempt: a.attempt, label: `${stageNumber(s.number)} ${s.title}, attempt ${a.attempt}, ${a.word}` })));
};

/** @param {Ctx} ctx @param {any[]} all @param {any} pair @param {"left"|"right"} side @param {() => void} changed */
const pick = (ctx, all, pair, side, changed) => {
  const at = pair[side];
  return Label("pick", Quiet(side === "left" ? "From" : "To"), Select("", { onchange: (/** @type {any} */ e) => {
    const { stage, attempt } = all[Number(e.target.value)];
    pair[side] = { stage, attempt };
    changed();
  } }, all.map((c, i) => Option("", { key: i, value: i, selected: c.stage === at.stage && c.attempt === at.attempt }, c.label))));
};

/** @param {Ctx} ctx @param {any[]} all @param {any} pair @param {() => void} changed */
export const pickers = (ctx, all, pair, changed) => {
  return Div("row wrap picks", { key: "pick" }, pick(ctx, all, pair, "left", changed), pick(ctx, all, pair, "right", changed),
    Label("choice", Input("", { type: "checkbox", checked: pair.all, onchange: (/** @type {any} */ e) => { pair.all = e.target.checked; changed(); } }), Span("", "Also what is the same")));
};

/** Compare inside a run's panel. @param {Ctx} ctx */
export const comparison = (ctx) => {
  const pair = ctx.ui.compare;
  const again = () => ctx.fetchCompare();
  const all = choices(ctx);
  return Section("sec compare", { key: "compare", "aria-labelledby": `${ctx.uid}-cmp` },
    Header("", H4("", { id: `${ctx.uid}-cmp`, tabindex: "-1" }, "Compare"), button({ icon: "close", label: "Close", cls: "plain push", run: () => ctx.closeCompare() })),
    pickers(ctx, all, pair, again),
    pair.loading && !pair.data && loading("Comparing…"), pair.error && lookError(pair.error, again),
    pair.data && Div(pair.loading ? "fading" : null, { key: "tables" }, tables(ctx, pair.data, pair.all ? null : () => { pair.all = true; again(); })));
};
