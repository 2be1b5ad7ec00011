/** The questions of the intake as a form; answers are sent as pairs. */
import { Div, Fieldset, Input, Label, Legend, Option, P, Select, Span } from "./dom.js";
import { icon } from "./icons.js";
import { act, keptField, keptNote, section, verdict, Quiet } from "./controls.js";
import { plural } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** More choices than these are a list to pull down. */
const MANY = 8;

/** What stands in the form for a question: what was typed here, else what was answered, else what is usual. @param {Ctx} ctx @param {any} q */
const standing = (ctx, q) => {
  const key = ctx.key(ctx.view.review, `answer:${q.id}`);
  return { key, text: ctx.on.has(key) ? ctx.shelf.get(key) : ctx.shelf.get(key) || q.answer || q.default || "" };
};

/** @param {Ctx} ctx @param {any} q @param {string} key @param {string} text */
const choices = (ctx, q, key, text) => {
  const take = (/** @type {string} */ value) => {
    ctx.on.add(key);
    ctx.shelf.set(key, value);
  };
  const own = q.choices.includes(text) ? "" : text;
  const many = q.choices.length > MANY && Select("", { pin: "many", $label: q.text, value: text, onchange: (/** @type {any} */ e) => take(e.target.value) },
    ["", ...q.choices].map((value) => Option("", { value: value || own }, value || "Choose…")));
  return Div("choices", many || q.choices.map((/** @type {string} */ value) => Label("choice", { pin: value },
    Input("", { type: "radio", name: `${ctx.uid}-${q.id}`, checked: text === value, onchange: () => take(value) }), Span("", value), value === q.default && Quiet("usual"))),
  Input("other", { pin: "own", type: "text", value: own, placeholder: "Another answer", $label: `Another answer to: ${q.text}`, oninput: (/** @type {any} */ e) => take(e.target.value) }));
};

/** @param {Ctx} ctx @param {any} q @param {number} i */
const question = (ctx, q, i) => {
  const { key, text } = standing(ctx, q);
  const id = `${ctx.uid}-q-${i}`;
  const note = !text.trim() ? "Not answered yet." : text === q.answer ? "Stored." : text === q.default ? "The usual answer; change it if it does not fit." : keptNote(ctx, text);
  if (q.choices.length) {
    return Fieldset("q", { pin: q.id }, Legend("", Span("k", i + 1), Span("", q.text)), choices(ctx, q, key, text), P("small quiet", note));
  }
  return Div("q", { pin: q.id }, Label("", { for: id }, Span("k", { $hidden: "true" }, i + 1), Span("", q.text)),
    keptField(ctx, key, { id, rows: 2, value: text, $describedby: `${id}-note`, oninput: () => ctx.on.add(key) }), P("small quiet", { id: `${id}-note` }, note));
};

/** Whether the form holds something that is not yet stored. @param {Ctx} ctx */
export const unanswered = (ctx) => {
  return ctx.view.review.questions.some((/** @type {any} */ q) => standing(ctx, q).text.trim() !== (q.answer || ""));
};

/** @param {Ctx} ctx */
export const intake = (ctx) => {
  const { questions } = ctx.view.review;
  const all = questions.map((/** @type {any} */ q) => ({ q, ...standing(ctx, q) }));
  const given = all.filter((/** @type {any} */ a) => a.text.trim());
  const stored = !unanswered(ctx);
  const send = () => ctx.link.ask("answer", "answer", { answers: given.map((/** @type {any} */ a) => ({ question: a.q.id, answer: a.text.trim() })) },
    all.map((/** @type {any} */ a) => a.key), () => all.forEach((/** @type {any} */ a) => ctx.on.delete(a.key)));
  const why = !given.length ? "Answer at least one question." : stored ? "These answers are stored already." : "";
  return section(ctx, "questions", "Questions before the work", Quiet(`${given.length} of ${questions.length} answered · your answers go into every later prompt`),
    Div("box form-box", questions.map((/** @type {any} */ q, /** @type {number} */ i) => question(ctx, q, i)),
      Div("row wrap foot", act(ctx, { spot: "answer", says: `Send ${plural(given.length, "answer")}`, fill: ctx.primary() === "answer" && !why, why, does: send }),
        stored && Span("st is-ok", icon("ok"), "Stored")), verdict(ctx, "answer")));
};
