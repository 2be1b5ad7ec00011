/** The experiments, a window at a time; one of them opened; the forks; the decisions. */
import { B, Button, Div, H4, I, Li, P, Span, Table, Tbody, Td, Th, Thead, Tr, Ul } from "../dom.js";
import { button, closer, fetched, lookError, Quiet } from "../controls.js";
import { icon } from "../icons.js";
import { stamp } from "../words.js";
import { section } from "./head.js";
import { ROW, TALL } from "./rows.js";
import { diff, printed, reasons, sign } from "./test.js";
import { whisker } from "./track.js";

/** @typedef {any} Ctx */

/** As everything else of this panel writes thousands. @param {number} n */
const group = (n) => n.toLocaleString("en");

const ACTS = /** @type {Record<string, string>} */ ({ diff: "Diff", log: "Log", evidence: "Evidence", repeat: "Add repeats" });

/** @param {Ctx} ctx @param {any} row @param {number} at */
const line = (ctx, row, at) => {
  if (!row) return Tr("lp-wait", { pin: `at:${at}` }, Td("", { colspan: "10" }, "…"));
  const may = row.act === "repeat" && ctx.view.actions.repeat.of.includes(row.n);
  const says = row.act === "repeat" && !may ? "Diff" : ACTS[row.act];
  const open = ctx.ui.opened === row.n;
  return Tr(row.kind === "testing" ? "sel" : open ? "open" : "", { pin: `n:${row.n}`, $rowindex: at + 2 },
    Td("r", row.n),
    Td("vd", sign(row.kind), Span("", row.word), row.note && Span("quiet", { pin: "note" }, row.note), row.flag && Span("is-warn", { pin: "flag" }, row.flag)),
    Td("r nw", row.value ? Span(row.kind === "tampered" ? "struck" : "", row.value) : Span("quiet", "none"), " ", Span("quiet", row.pm)),
    row.ends ? Td("de", { title: row.interval }, I("lp-w", { pin: "w", raw: ctx.picture(`w:${row.n}`, [row.ends, row.kind, ctx.view.table.span], () => whisker(row, ctx.view.table.span)) }), Span("dn", row.change), Span("quiet mu", row.interval)) : Td("de quiet why", row.why),
    Td("r nw", row.e ? [B("", row.e), Span("quiet", ` / ${row.bar}`)] : Span("quiet", row.kind === "discard" || row.kind === "baseline" ? "not tested" : "–")),
    Td("hy", { title: row.hyp }, row.hyp),
    Td("r quiet nw", row.evidence), Td("r nw", row.took),
    Td("ac", says && Button("btn lp-lnk", { $label: `${says} of #${row.n}`, $expanded: open ? "true" : "false",
      onclick: () => { if (may) ctx.openForm("repeat", { repeatOf: String(row.n) }); else ctx.ui.opened = open ? -1 : row.n; } }, says)));
};

/** @param {Ctx} ctx */
export const experiments = (ctx) => {
  const { table: rows, view } = ctx;
  const [first, last] = rows.span();
  ctx.soon(() => rows.need());
  const drawn = [];
  for (let at = first; at < last; at += 1) drawn.push(line(ctx, rows.row(at), at));
  const gap = (/** @type {string} */ key, /** @type {number} */ many) => many > 0 && Tr("lp-gap", { key, $hidden: "true" }, Td("", { colspan: "10", style: `height:${many * ROW}px` }));
  const metric = view.metric.name;
  return section(ctx, "table", "Experiments", [
    Div("lp-chips", { role: "group", $label: "Which experiments" }, view.table.filters.map((/** @type {any} */ f) => Button(`lp-chip${rows.which === f.id ? " on" : ""}`, { pin: f.id, $pressed: rows.which === f.id ? "true" : "false", onclick: () => rows.choose(f.id) }, `${f.word} ${group(f.count)}`))),
    Span("lp-sp"), Quiet(`newest first, ${group(rows.total)} in all`)],
  rows.error && lookError(rows.error, () => { rows.error = null; rows.need(); }),
  rows.total === 0 ? P("quiet", "No experiment has ended yet.") : Div("lp-tw", { tabindex: "0", role: "region", $label: "Experiments", style: `max-height:${(TALL + 1) * ROW + 12}px`, init: (/** @type {any} */ node) => rows.attach(node) },
    Table("", { $rowcount: rows.total + 1 }, Thead("", Tr("", Th("r", { scope: "col" }, "Run"), Th("", { scope: "col" }, "Verdict"), Th("r mx", { scope: "col", title: metric }, Span("", metric), " ± 95 % CS"),
      Th("dh", { scope: "col" }, I("bw", I("", view.metric.lower ? "better" : "worse"), I("", view.metric.lower ? "worse" : "better")), "Δ to incumbent, 95 % CS"),
      Th("r", { scope: "col" }, "E / bar"), Th("", { scope: "col" }, "Hypothesis"), Th("r", { scope: "col" }, "Evidence"), Th("r", { scope: "col" }, "Duration"), Th("", { scope: "col" }, Span("lp-hid", "Open")))),
    Tbody("", gap("above", first), drawn, gap("below", rows.total - last)))),
  opened(ctx));
};

/** What a row opens: the idea, the change, what was printed. @param {Ctx} ctx */
const opened = (ctx) => {
  const n = ctx.ui.opened;
  if (n < 0) return null;
  const now = ctx.view.test?.n === n ? ctx.view.seq : 0;
  return Div("lp-open box", { pin: `open:${n}`, role: "region", $label: `Experiment ${n}` },
    Div("lp-sh", Span("lp-h3", `#${n}`), Span("lp-sp"), closer(() => { ctx.ui.opened = -1; })),
    fetched(ctx, `experiment:${n}:${now}`, { what: "experiment", n }, (d) => Div("lp-ut two",
      Div("", { pin: "why" }, P("", sign(d.verdict.kind), " ", B("", d.verdict.word), d.reason && `: ${d.reason}`), d.suspicious.length > 0 && P("lp-flag", d.suspicious.join("; ")),
        d.looks.length > 0 && P("small quiet", d.looks.join(" · ")), reasons(d.idea)),
      Div("", { pin: "what" }, H4("", "Change"), diff(d.change), d.output && d.output.lines.length > 0 && [H4("", { pin: "o" }, "Output of its last trial"), printed(d.output)]))));
};

/** @param {Ctx} ctx */
export const decisions = (ctx) => {
  const { decisions: d, pins, refusals } = ctx.view;
  const say = (/** @type {any} */ one, /** @type {number} */ i) => Li("", { pin: `${one.at}:${i}` }, icon(/panel|notebook/.test(one.how) ? "book" : "term"),
    Span("", B("", one.what), one.said && `: ${one.said}`, Span("quiet", ` · ${one.you ? "you" : one.who} ${one.how} · ${stamp(one.at)}`)));
  const all = ctx.ui.allDecisions;
  return section(ctx, "decisions", "Decisions", [Quiet("who and when"), Span("lp-sp"), d.total > d.newest.length && button({ says: all ? "Fewer" : `All ${group(d.total)}`, cls: "plain sm", $expanded: all ? "true" : "false", does: () => { ctx.ui.allDecisions = !all; } })],
    pins.length > 0 && Ul("lp-who", { pin: "pins" }, pins.map((/** @type {any} */ p) => Li("", { pin: p.pin }, icon("pen"), Span("", B("", "Pinned, waits its turn"), `: ${p.hypothesis}`, Span("quiet", ` · ${p.who} · ${stamp(p.at)}`))))),
    refusals.length > 0 && Ul("lp-who", { pin: "no" }, refusals.map((/** @type {any} */ r, /** @type {number} */ i) => Li("", { pin: i }, icon("warn", "is-warn"), Span("", B("", `Refused: ${r.command}`), `: ${r.reason}`, Span("quiet", ` · ${r.who} · ${stamp(r.at)}`))))),
    all ? fetched(ctx, `decisions:${d.total}`, { what: "decisions" }, (got) => Ul("lp-who long", got.decisions.map(say)))
      : d.newest.length ? Ul("lp-who", { pin: "some" }, d.newest.map(say)) : P("quiet", "Nobody has decided anything yet."));
};
