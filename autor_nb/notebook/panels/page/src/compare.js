/** Two attempts, or two runs, side by side: what differs first, the rest on demand. */
import { Div, H4, Header, Label, Option, P, Section, Select, Span, Table, Tbody, Td, Th, Thead, Tr } from "./dom.js";
import { icon } from "./icons.js";
import { button, copyButton, dots, empty, fetched, pane, Quiet, tick } from "./controls.js";
import { plural, stageNumber } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** @param {any} row */
const line = (row) => Tr("", Th("", { scope: "row" }, row.what), Td("", row.left), Td("", row.right),
  Td(`change is-${row.tone || "idle"}`, row.change && Span("st", icon(row.tone || "dot"), Span("", row.change))));

/** @param {any} doc @param {any} s @param {(() => void)|null} showAll */
const part = (doc, s, showAll) => Section("sec", { key: s.title }, Header("", H4("", s.title), Quiet(s.rows.length ? plural(s.rows.length, showAll ? "difference" : "row") : "no difference")),
  s.rows.length > 0 && pane("box wide", s.title, Table("cmp",
    Thead("", Tr("", ["What", doc.left.title, doc.right.title, "Change"].map((name) => Th("", { scope: "col" }, name)))), Tbody("", s.rows.map(line)))),
  s.hidden > 0 && P("small quiet row same", icon("ok"), `${plural(s.hidden, "row")} the same`, showAll && button({ says: "Show them", cls: "plain sm", does: showAll })));

/** The tables of a comparison. @param {Ctx} ctx @param {any} doc @param {(() => void)|null} showAll */
export const tables = (ctx, doc, showAll) => [Div("sides", { key: "sides" }, [doc.left, doc.right].map((side) => Div("way", H4("", side.title), dots(side.meta)))),
  doc.same && !doc.sections.some((/** @type {any} */ s) => s.rows.length) && empty("ok", "Nothing differs between the two."),
  doc.sections.map((/** @type {any} */ s) => part(doc, s, showAll)), Div("row", { key: "foot" }, doc.text && copyButton(ctx, doc.text, "Copy as text", "Copy as text"))];

/** @param {any[]} all @param {any} pair @param {"left"|"right"} side */
const pick = (all, pair, side) => Label("pick", Quiet(side === "left" ? "From" : "To"), Select("", { onchange: (/** @type {any} */ e) => { pair[side] = all[e.target.value].at; } },
  all.map((c, i) => Option("", { key: i, value: i, selected: c.at.stage === pair[side].stage && c.at.attempt === pair[side].attempt }, c.label))));

/** Compare inside a run's panel. @param {Ctx} ctx */
export const comparison = (ctx) => {
  const pair = ctx.ui.pair;
  const all = ctx.view.stages.flatMap((/** @type {any} */ s) => s.attempts.map((/** @type {any} */ a) => ({ at: { stage: s.slug, attempt: a.attempt }, label: `${stageNumber(s.number)} ${s.title}, attempt ${a.attempt}, ${a.word}` })));
  return Section("sec compare", { key: "compare", $labelledby: `${ctx.uid}-cmp` },
    Header("", H4("", { id: `${ctx.uid}-cmp`, tabindex: "-1" }, "Compare"), button({ glyph: "close", says: "Close", cls: "plain push", does: () => ctx.set({ pair: null }) })),
    Div("row wrap picks", { key: "pick" }, pick(all, pair, "left"), pick(all, pair, "right"), tick(pair.all, "Also what is the same", (on) => { pair.all = on; })),
    fetched(ctx, `compare:${JSON.stringify(pair)}`, { what: "compare", ...pair }, (doc) => tables(ctx, doc, pair.all ? null : () => { pair.all = true; })));
};
