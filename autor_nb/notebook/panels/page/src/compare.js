/** Two attempts, or two runs, side by side: what differs first, the rest on demand. */
import { Div, H4, Header, Label, Option, P, Section, Select, Span, Table, Tbody, Td, Th, Thead, Tr } from "./dom.js";
import { icon } from "./icons.js";
import { aim, button, copyButton, dots, empty, fetched, pane, Quiet, tick } from "./controls.js";
import { plural, stageNumber } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** @param {any} row */
const line = (row) => Tr("", Th("", { scope: "row" }, row.what), Td("", row.left), Td("", row.right),
  Td(`change is-${row.tone || "idle"}`, row.change && Span("st", icon(row.tone || "dot"), Span("", row.change))));

/** @param {any} doc @param {any} s @param {(() => void)|null} showAll */
const part = (doc, s, showAll) => Section("sec", { pin: s.title }, Header("", H4("", s.title), Quiet(s.rows.length ? plural(s.rows.length, showAll ? "difference" : "row") : "no difference")),
  s.rows.length > 0 && pane("box wide", s.title, Table("cmp",
    Thead("", Tr("", ["What", doc.left.title, doc.right.title, "Change"].map((name) => Th("", { scope: "col" }, name)))), Tbody("", s.rows.map(line)))),
  s.hidden > 0 && P("small quiet row same", icon("ok"), `${plural(s.hidden, "row")} the same`, showAll && button({ says: "Show them", cls: "plain sm", does: showAll })));

/** The tables of a comparison. @param {Ctx} ctx @param {any} doc @param {(() => void)|null} showAll */
export const tables = (ctx, doc, showAll) => [Div("sides", { pin: "sides" }, [doc.left, doc.right].map((side) => Div("way", H4("", side.title), dots(side.meta)))),
  doc.same && !doc.sections.some((/** @type {any} */ s) => s.rows.length) && empty("ok", "Nothing differs between the two."),
  doc.sections.map((/** @type {any} */ s) => part(doc, s, showAll)), Div("row", { pin: "foot" }, doc.text && copyButton(ctx, doc.text, "Copy as text", "Copy as text"))];

/** @param {any} a @param {any} b */
const same = (a, b) => a.run === b.run && a.stage === b.stage && a.attempt === b.attempt;

/** Which two, and whether all of it. @param {Ctx} ctx @param {any[]} all @param {any} chosen @param {(change: any) => any} take */
export const picks = (ctx, all, chosen, take) => Div("row wrap picks", { pin: "pick" }, ["left", "right"].map((side) => Label("pick", Quiet(side === "left" ? "From" : "To"),
  Select("", { disabled: ctx.link.gone, onchange: (/** @type {any} */ e) => take({ [side]: all[e.target.value].at }) },
    all.map((c, i) => Option("", { pin: i, value: i, selected: same(c.at, chosen[side]) }, c.label))))),
tick(chosen.all, "Also what is the same", (all) => take({ all })));

/** Compare inside a run's panel. @param {Ctx} ctx */
export const comparison = (ctx) => {
  const pair = ctx.ui.pair;
  const all = ctx.view.stages.flatMap((/** @type {any} */ s) => s.attempts.map((/** @type {any} */ a) => ({ at: { stage: s.slug, attempt: a.attempt }, label: `${stageNumber(s.number)} ${s.title}, attempt ${a.attempt}, ${a.word}` })));
  return Section("sec compare", { pin: "compare", $labelledby: `${ctx.uid}-cmp` },
    Header("", H4("", aim(ctx, "cmp"), "Compare"), button({ glyph: "close", says: "Close", cls: "plain push", does: () => ctx.set({ pair: null }) })),
    picks(ctx, all, pair, (change) => Object.assign(pair, change)),
    fetched(ctx, `compare:${JSON.stringify(pair)}`, { what: "compare", ...pair }, (doc) => tables(ctx, doc, pair.all ? null : () => { pair.all = true; })));
};
