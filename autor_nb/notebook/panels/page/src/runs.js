/** All runs: those that wait for a person first; filter, open, archive, remove. */
import { B, Code, Div, H2, Header, Label, Li, Section, Span, Ul } from "./dom.js";
import { badge, icon } from "./icons.js";
import { act, button, dots, empty, entry, finder, goneLine, Quiet, verdict } from "./controls.js";
import { money, plural, roughly, size, stamp, when } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

const MANY = 100;

/** @param {Ctx} ctx @param {any} run */
const removal = (ctx, run) => {
  const named = (ctx.texts.remove || "").trim() === run.id;
  const spot = `remove:${run.id}`;
  return Div("removing", { onkeydown: (/** @type {any} */ e) => { if (e.key === "Escape") ctx.set({ removing: "" }) } },
    Label("pick", Span("", "This deletes the whole folder. To remove it, type the run's name: ", Code("", run.id)),
      entry(ctx, "remove", { id: `${ctx.uid}-remove`, autocomplete: "off", spellcheck: "false" })),
    Div("row wrap", act(ctx, { spot, says: "Remove this run", glyph: "bin", cls: "danger-fill", fill: named, why: named ? "" : "Type the run's name first.",
      does: () => ctx.link.ask(spot, "remove", { run: run.id }, [], () => { ctx.ui.removing = ""; }) }),
    button({ says: "Cancel", cls: "plain", does: () => { ctx.ui.removing = ""; } })), verdict(ctx, spot));
};

/** @param {Ctx} ctx @param {any} run */
const row = (ctx, run) => {
  const removing = ctx.ui.removing === run.id;
  const off = run.live ? "It is being worked on: stop it first." : "";
  const deed = (/** @type {string} */ command, /** @type {any} */ o) => act(ctx, { spot: `${command}:${run.id}`, named: `${o.says} ${run.id}`, does: () => ctx.link.ask(`${command}:${run.id}`, command, { run: run.id }), ...o });
  return Li(`run${run.waiting ? " waits" : ""}`, { pin: run.id }, Div("run-state", badge(run.status, run.tone, run.word), run.live && !run.waiting && Quiet("live")),
    Div("run-what", B("", run.goal || "A run without a goal yet"), dots([Span("mono", run.id), run.stage, money(run.cost_usd), run.work_s && roughly(run.work_s), size(run.size_bytes),
      Span("", { title: `Begun ${stamp(run.created_at)}` }, `changed ${when(run.updated_at, ctx.now())}`)])),
    Div("row run-deeds", deed("open", { says: "Open", cls: "sm" }), deed("archive", { says: "Archive", cls: "sm plain", glyph: "box", why: off }),
      button({ glyph: "bin", cls: "plain icon sm", named: `Remove ${run.id}…`, barred: off, $expanded: removing, does: () => { ctx.ui.removing = removing ? "" : run.id; ctx.texts.remove = ""; ctx.goTo("remove"); } }, ctx)),
    verdict(ctx, `open:${run.id}`), verdict(ctx, `archive:${run.id}`), removing && removal(ctx, run));
};

/** @param {Ctx} ctx */
export const runsPanel = (ctx) => {
  const { runs, total, root, waiting, disk_bytes: disk } = ctx.view;
  const wanted = (ctx.texts.runs || "").toLowerCase().trim();
  const found = runs.filter((/** @type {any} */ r) => wanted.split(/\s+/).every((word) => `${r.id} ${r.goal} ${r.word} ${r.status} ${r.stage}`.toLowerCase().includes(word)));
  const whole = ctx.on.has("many");
  return Section("autor", { pin: "runs", $labelledby: `${ctx.uid}-title` },
    Header("head", Div("what", H2("", { id: `${ctx.uid}-title` }, "Runs"), dots([Span("mono", root), plural(total, "run"), disk && `${size(disk)} on disk`], "sub")),
      waiting > 0 ? Span("st is-accent", icon("review"), `${waiting} ${waiting === 1 ? "waits" : "wait"} for you`) : Quiet("Nothing waits for you")),
    goneLine(ctx, "autor runs"),
    Div("tools", { pin: "tools" }, finder(ctx, "runs", "Filter by goal, name, state or stage"), wanted && Quiet({ role: "status" }, `${found.length} of ${total}`)),
    found.length ? Ul("runs", { pin: "list" }, (whole ? found : found.slice(0, MANY)).map((/** @type {any} */ r) => row(ctx, r)))
      : runs.length ? empty("find", "No run matches.") : empty("box", ["No runs yet. Begin one with ", Code("", "%autor new \"your goal\""), "."]),
    !whole && found.length > MANY && button({ cls: "plain", says: `Show ${found.length - MANY} more`, does: () => ctx.flip("many") }));
};
