/** All runs: those that wait for a person first; filter, open, archive, remove. */
import { B, Code, Div, H2, Header, Input, Label, Li, P, Section, Span, Ul } from "./dom.js";
import { badge, icon } from "./icons.js";
import { act, button, empty, verdict, Quiet } from "./controls.js";
import { duration, money, plural, size, stamp, when } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

const SHOWN = 100;

/** @param {Ctx} ctx @param {any} run */
const removal = (ctx, run) => {
  const typed = ctx.ui.removing.typed.trim();
  const spot = `remove:${run.id}`;
  return Div("removing", { key: `removing:${run.id}`, onkeydown: (/** @type {any} */ e) => { if (e.key === "Escape") { ctx.ui.removing = null; } } },
    Label("pick", Span("", "This deletes the run's folder and everything in it. To remove it, type its name: ", Code("", run.id)),
      Input("", { type: "text", id: `${ctx.uid}-remove`, value: ctx.ui.removing.typed, autocomplete: "off", spellcheck: "false", oninput: (/** @type {any} */ e) => { ctx.ui.removing.typed = e.target.value; } })),
    Div("row wrap", act(ctx, { spot, label: "Remove this run", icon: "bin", cls: "danger-fill", fill: typed === run.id, why: typed === run.id ? "" : "Type the run's name first.",
      run: () => ctx.link.ask(spot, "remove", { run: run.id }, [], () => { ctx.ui.removing = null; }) }),
    button({ label: "Cancel", cls: "plain", run: () => { ctx.ui.removing = null; } })), verdict(ctx, spot));
};

/** @param {Ctx} ctx @param {any} run */
const row = (ctx, run) => {
  const removing = ctx.ui.removing?.id === run.id;
  const facts = [run.stage, money(run.cost_usd), run.work_s ? duration(Math.floor(run.work_s / 60) * 60 || run.work_s) : "", run.size_bytes === null ? "" : size(run.size_bytes)].filter(Boolean);
  const open = () => ctx.link.ask(`open:${run.id}`, "open", { run: run.id });
  return Li(`run${run.waiting ? " waits" : ""}`, { key: run.id },
    Div("run-state", badge(run.status, run.tone, run.word), run.live && !run.waiting && Quiet("live")),
    Div("run-what", B("", run.goal || "A run without a goal yet"),
      P("small quiet dots", Span("mono", run.id), facts.map((f) => Span("", f)), Span("", { title: `Begun ${stamp(run.created_at)}` }, `changed ${when(run.updated_at, ctx.now())}`))),
    Div("row run-deeds", act(ctx, { spot: `open:${run.id}`, label: "Open", cls: "sm", named: `Open ${run.id}`, run: open }),
      act(ctx, { spot: `archive:${run.id}`, label: "Archive", cls: "sm plain", icon: "box", named: `Archive ${run.id}`, why: run.live ? "It is being worked on: stop it first." : "", run: () => ctx.link.ask(`archive:${run.id}`, "archive", { run: run.id }) }),
      button({ icon: "bin", cls: "plain icon sm", named: `Remove ${run.id}…`, title: run.live ? "It is being worked on: stop it first." : "Remove…", "aria-expanded": removing, "aria-disabled": run.live ? "true" : null,
        run: () => { if (run.live) return ctx.say("It is being worked on: stop it first."); ctx.ui.removing = removing ? null : { id: run.id, typed: "" }; return removing ? null : ctx.focus("remove"); } })),
    verdict(ctx, `open:${run.id}`), verdict(ctx, `archive:${run.id}`), removing && removal(ctx, run));
};

/** @param {any} run @param {string} wanted */
const fits = (run, wanted) => {
  return !wanted || wanted.split(/\s+/).every((word) => `${run.id} ${run.goal} ${run.word} ${run.status} ${run.stage}`.toLowerCase().includes(word));
};

/** @param {Ctx} ctx */
export const runsPanel = (ctx) => {
  const { runs, total, root, waiting, disk_bytes: disk } = ctx.view;
  const wanted = (ctx.ui.filters.runs || "").toLowerCase().trim();
  const found = runs.filter((/** @type {any} */ r) => fits(r, wanted));
  const limit = ctx.ui.moreFiles.get("runs") || SHOWN;
  return Section("autor", { key: "runs", "aria-labelledby": `${ctx.uid}-title` },
    Header("head", Div("what", H2("", { id: `${ctx.uid}-title` }, "Runs"), P("sub small quiet dots", Span("mono", root), Span("", plural(total, "run")), disk !== null && Span("", `${size(disk)} on disk`))),
      Div("row", waiting > 0 ? Span("st is-accent", icon("review"), `${waiting} ${waiting === 1 ? "waits" : "wait"} for you`) : Quiet("Nothing waits for you"))),
    ctx.link.gone && P("record", { role: "status" }, icon("plug"), Span("", "The kernel has gone. Restart it and run this cell again, or use ", Code("", "autor runs"), " in a terminal.")),
    Div("tools", { key: "tools" }, Label("find", icon("find"), Input("", { type: "search", placeholder: "Filter by goal, name, state or stage", "aria-label": "Filter runs", value: ctx.ui.filters.runs || "",
      oninput: (/** @type {any} */ e) => { ctx.ui.filters.runs = e.target.value; } })), wanted && Quiet({ role: "status" }, `${found.length} of ${total}`)),
    found.length ? Ul("runs", { key: "list" }, found.slice(0, limit).map((/** @type {any} */ r) => row(ctx, r)))
      : runs.length ? empty("find", "No run matches.") : empty("box", ["No runs yet. Begin one with ", Code("", "%autor new \"your goal\""), "."]),
    found.length > limit && button({ key: "more", cls: "plain", label: `Show ${Math.min(SHOWN, found.length - limit)} more`, run: () => { ctx.ui.moreFiles.set("runs", limit + SHOWN); } }));
};
