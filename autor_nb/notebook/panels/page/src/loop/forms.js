/** The small forms of a loop: pin an idea, add repeats, go-ahead, new budget, start, veto, compare, merge; each sends one ask. */
import { Code, Div, Input, Label, Li, P, Section, Span, Textarea, Ul } from "../dom.js";
import { act, button, keptNote, verdict } from "../controls.js";
import { plural } from "../words.js";

/** @typedef {any} Ctx */

/** A labelled field whose text only this view keeps. @param {Ctx} ctx @param {string} name @param {string} label @param {any} [props] @param {boolean} [first] */
const field = (ctx, name, label, props = {}, first = false) => {
  const id = `${ctx.uid}-${first ? "form-first" : `field-${name}`}`;
  return Label("pick", { pin: name, for: id }, Span("", label), Input("", { id, type: "text", value: ctx.texts[name] || "", oninput: (/** @type {any} */ e) => { ctx.texts[name] = e.target.value; }, ...props }));
};

/** A labelled area whose text the browser keeps. @param {Ctx} ctx @param {string} name @param {string} label @param {any} [props] @param {boolean} [first] */
const area = (ctx, name, label, props = {}, first = false) => {
  const id = `${ctx.uid}-${first ? "form-first" : `field-${name}`}`;
  const key = ctx.key(name);
  return Label("pick lp-area", { pin: name, for: id }, Span("", label), Textarea("", { id, value: ctx.shelf.get(key), oninput: (/** @type {any} */ e) => { ctx.shelf.set(key, e.target.value); ctx.update(); }, ...props }));
};

/** @param {Ctx} ctx */
const pin = (ctx) => {
  const [text, knobs] = [ctx.shelf.get(ctx.key("pin")), ctx.shelf.get(ctx.key("knobs"))];
  const { space } = ctx.view.loop;
  return {
    title: "Pin an idea of yours: the loop tries it next", says: "Pin this idea", glyph: "pen",
    why: text.trim() || knobs.trim() ? "" : "Say in a sentence what to try, or name a knob and its value.",
    args: () => ({ text, knobs }), shelves: [ctx.key("pin"), ctx.key("knobs")],
    body: [area(ctx, "pin", "Hypothesis, in a sentence (or a whole idea as JSON)", { rows: "2", placeholder: "Decay the rate to 5 % in place of 10 %." }, true),
      area(ctx, "knobs", "Knobs, one name = value a line (optional)", { rows: "2", class: "mono", placeholder: space[0] ? `${space[0]} = …` : "PARAMS.lr = 0.002" }),
      P("small quiet lp-wide", space.length ? ["Declared: ", space.slice(0, 12).map((/** @type {string} */ s) => [Code("", s), " "])] : null, keptNote(ctx, text + knobs) || "It is tested like any other idea, at the same bar.")],
  };
};

/** @param {Ctx} ctx */
const repeat = (ctx) => {
  const of = ctx.view.actions.repeat.of;
  const chosen = of.includes(Number(ctx.texts.repeatOf)) ? Number(ctx.texts.repeatOf) : of[0];
  return {
    title: `Add repeats to #${chosen}`, says: "Add these pairs", glyph: "redo", args: () => ({ n: chosen, pairs: Number(ctx.texts.pairs || 4) }),
    why: Number(ctx.texts.pairs || 4) % 2 || !(Number(ctx.texts.pairs || 4) > 0) ? "An even number: pairs are read in blocks of two." : "",
    body: [field(ctx, "pairs", "More pairs", { type: "number", min: "2", max: "64", step: "2", value: ctx.texts.pairs || "4" }, true),
      of.length > 1 && Div("lp-of", { role: "group", $label: "Which experiment" }, of.map((/** @type {number} */ n) => button({ pin: n, says: `#${n}`, cls: "sm", $pressed: n === chosen ? "true" : "false", does: () => { ctx.texts.repeatOf = String(n); } }))),
      P("small quiet", "The same evidence goes on at the same bar: more pairs cannot change the error rate.")],
  };
};

/** On how many seeds, and whether that is a number for it. @param {Ctx} ctx */
const seeds = (ctx) => {
  const { merge } = ctx.view.forks;
  const given = ctx.texts.seeds || String(merge.seeds);
  return { merge, args: () => ({ seeds: given }), why: Number(given) >= 2 && Number(given) <= 200 && Number.isInteger(Number(given)) ? "" : "A whole number from 2 to 200.",
    field: field(ctx, "seeds", "Common fresh seeds", { type: "number", min: "2", max: "200", value: given }, true) };
};

/** @type {Record<string, (ctx: Ctx) => any>} */
const FORMS = {
  pin, repeat,
  compare: (ctx) => {
    const { field: first, args, why } = seeds(ctx);
    return { title: "Compare all of the family on common fresh seeds", says: "Compare them", glyph: "twin", args, why,
      body: [first, P("small quiet", "Every head and the commit they began from run in clones of their own on the same new seeds. Nothing is changed, no budget is spent; loops at work go on beside it.")] };
  },
  merge: (ctx) => {
    const { merge, field: first, args, why } = seeds(ctx);
    return { title: `Merge the best fork into ${merge.into}?`, says: `Merge the best into ${merge.into}`, glyph: "merge", args, why,
      body: [first, P("small quiet", merge.cost, " It goes on in this kernel while you work; if the kernel goes, it ends and nothing is changed."),
        Ul("lp-steps lp-wide", [`${plural(merge.forks, "fork")} and this loop run on common fresh seeds; the best is chosen.`, `It must beat the head of ${merge.into} on fresh pairs: E \u2265 ${merge.bar}.`,
          "Git merges it; if both changed the same lines, it ends there.", "The merged result must beat the head again on fresh pairs; then the loop adopts it, recorded with your name."].map((text, i) => Li("", { pin: i }, text))),
        P("small quiet lp-wide", "Wherever it fails, nothing is changed and the panel says where.")] };
  },
  confirm: (ctx) => ({
    title: "Go-ahead for a loop without a bound on experiments", says: "Confirm", glyph: "ok", args: () => ({ wall: ctx.texts.wall || "", cost: ctx.texts.cost || "" }), why: (ctx.texts.wall || "").trim() ? "" : "Give it a time: an endless loop needs an end.",
    body: [field(ctx, "wall", "At most so long (12h)", { placeholder: "12h" }, true), field(ctx, "cost", "At most so many USD (optional)", { inputmode: "decimal" })],
  }),
  grant: (ctx) => ({
    title: "A new budget of errors", says: "Grant a new budget", glyph: "redo", args: () => ({ alpha: ctx.texts.alpha || "" }),
    body: [field(ctx, "alpha", "α of the new session (empty: as before)", { inputmode: "decimal", placeholder: "0.10" }, true),
      P("small quiet", "It is recorded with your name and shown as a session of its own: whatever is kept in it stands at an error rate of its own.")],
  }),
  start: (ctx) => ({
    title: "Start the loop", says: "Start", glyph: "play", args: () => ({ iterations: ctx.texts.iterations || "", wall: ctx.texts.startWall || "" }),
    body: [field(ctx, "iterations", "Experiments", { type: "number", min: "1", placeholder: "20" }, true), field(ctx, "startWall", "Or at most so long (8h)", { placeholder: "8h" }),
      P("small quiet", "Without either, the go-ahead given by Confirm is its budget.")],
  }),
  veto: (ctx) => ({
    title: `Veto #${ctx.view.test?.n ?? ""}: end it, whatever its evidence`, says: "Veto this idea", glyph: "abort", cls: "danger", args: () => ({ n: ctx.view.test?.n, why: ctx.shelf.get(ctx.key("veto")) }), shelves: [ctx.key("veto")],
    body: [area(ctx, "veto", "Why (optional)", { rows: "1" }, true)],
  }),
};

/** The open form, or nothing. @param {Ctx} ctx @param {string[]} here names of forms that belong there */
export const form = (ctx, here) => {
  const name = ctx.ui.form;
  if (!name || !here.includes(name)) return null;
  const f = FORMS[name](ctx);
  const can = ctx.view.actions[name];
  return Section("lp-form", { pin: `form:${name}`, $label: f.title, onkeydown: (/** @type {any} */ e) => { if (e.key === "Escape") { e.stopPropagation(); ctx.openForm(name); } } },
    Span("lp-h3 lp-wide", f.title), f.body,
    Div("row wrap lp-wide", { pin: "go" }, act(ctx, { spot: name, says: f.says, glyph: f.glyph, cls: f.cls, fill: !f.cls, why: can.enabled ? f.why || "" : can.reason,
      does: () => ctx.link.ask(name, name, f.args(), f.shelves || [], () => { if (ctx.ui.form === name) ctx.openForm(name); }) }),
    button({ says: "Cancel", cls: "plain", does: () => ctx.openForm(name) })),
    verdict(ctx, name));
};
