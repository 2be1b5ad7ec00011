/** The deciding side while an attempt waits: approve, or one of the suggestions, or words of one's own. */
import { Button, Div, H3, H4, Header, Label, P, Section, Span } from "./dom.js";
import { icon } from "./icons.js";
import { act, aim, keptField, keptNote, verdict, Quiet } from "./controls.js";
import { plural } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** @param {Ctx} ctx */
const approveBox = (ctx) => {
  const { review } = ctx.view;
  const { approve } = review;
  const why = approve.enabled ? "" : approve.reasons.join(" ") || "It cannot be approved yet.";
  const does = () => ctx.link.ask("approve", "approve", { attempt: review.attempt, draft_sha256: review.draft_sha256 }, [ctx.key(review, "feedback")]);
  return Div("approve", { pin: "approve" },
    act(ctx, { spot: "approve", says: approve.label, cls: "big", glyph: "ok", fill: ctx.primary() === "approve", describedby: why && `${ctx.uid}-why-not`, why, does }),
    why && P("why-not", { id: `${ctx.uid}-why-not` }, icon("fail", "is-fail"), Span("", why, " ",
      approve.blocking.length > 0 && Button("link", { onclick: () => ctx.reveal("checks") }, "Go to the checks"))),
    review.cap_reached && P("why-not", icon("warn", "is-warn"), Span("", "This stage has used its attempts; from here a person decides each one.")),
    verdict(ctx, "approve"));
};

/** @param {Ctx} ctx @param {number} n @param {string} text */
const suggestion = (ctx, n, text) => {
  const on = ctx.ui.choice === n;
  return Button("sug", { pin: n, $pressed: on, onclick: () => ctx.set({ choice: on ? null : n }) },
    Span("k", n), Span("", text));
};

/** @param {Ctx} ctx */
const ownWords = (ctx) => {
  const { review } = ctx.view;
  const key = ctx.key(review, "feedback");
  const text = ctx.shelf.get(key);
  const on = ctx.ui.choice === "own";
  return Div(`own${on ? " on" : ""}`, { pin: "own", onclick: (/** @type {any} */ e) => { if (e.target === e.currentTarget) ctx.goTo("feedback"); } },
    Label("", { for: `${ctx.uid}-feedback` }, Span("k", { $hidden: "true" }, review.suggestions.length + 1), "Your own words"),
    keptField(ctx, key, { id: `${ctx.uid}-feedback`, rows: text ? 5 : 3, $describedby: `${ctx.uid}-kept`, placeholder: "What should change, and why",
      onclick: () => { if (ctx.ui.choice !== "own") ctx.set({ choice: "own" }); }, oninput: () => { ctx.ui.choice = "own"; } }),
    Div("foot", { id: `${ctx.uid}-kept` }, text ? [icon("keep"), Span("", keptNote(ctx, text)), Span("push", plural(text.length, "character"))]
      : Span("", "Kept in this browser until it is sent.")));
};

/** What the button below the choice would send. @param {Ctx} ctx */
export const refinement = (ctx) => {
  const { review } = ctx.view;
  const { choice } = ctx.ui;
  const key = ctx.key(review, "feedback");
  const own = ctx.shelf.get(key).trim();
  if (typeof choice === "number" && review.suggestions[choice - 1]) {
    return { says: `Refine with suggestion ${choice}`, why: "", args: { attempt: review.attempt, suggestion: choice }, shelves: [] };
  }
  if (choice === "own") {
    return { says: "Refine with your own words", why: own ? "" : "Write what should change first.", args: { attempt: review.attempt, feedback: own }, shelves: [key] };
  }
  return { says: "Refine", why: review.suggestions.length ? "Choose a suggestion or write your own words." : "Write what should change first.", args: {}, shelves: [] };
};

/** @param {Ctx} ctx */
const refineBox = (ctx) => {
  const { review } = ctx.view;
  const send = refinement(ctx);
  return Div("", { pin: "refine" }, Div("or", H4("", "Refine"), review.session && Quiet(review.session)),
    review.suggestions.map((/** @type {string} */ text, /** @type {number} */ i) => suggestion(ctx, i + 1, text)), ownWords(ctx),
    Div("send", { pin: "send" }, act(ctx, { spot: "refine", says: send.says, cls: "big", fill: ctx.primary() === "refine" && !send.why, why: send.why,
      does: () => ctx.link.ask("refine", "refine", send.args, send.shelves, () => { ctx.ui.choice = null; }) })),
    verdict(ctx, "refine"), P("hint", review.next));
};

/** @param {Ctx} ctx */
export const decide = (ctx) => {
  const { review } = ctx.view;
  return Section("decide", { pin: "decide", $labelledby: `${ctx.uid}-decide` },
    Header("side-head", H3("", aim(ctx, "decide"), "Your decision"),
      Span("small quiet push", ctx.isAway() ? `on ${review.title}, attempt ${review.attempt}` : `on attempt ${review.attempt}`)),
    review.detail && P("small quiet", review.detail), approveBox(ctx), refineBox(ctx));
};
