/** Buttons that ask, with what became of the asking, and the small pieces that many sections share. */
import { B, Button, Div, H4, Header, P, Section, Span, Textarea } from "./dom.js";
import { icon } from "./icons.js";
import { copyText } from "./places.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/**
 * Why nothing can be asked just now, or "".
 * @param {Ctx} ctx
 */
export const held = (ctx) => {
  if (ctx.link.gone) return "Waits for the kernel.";
  if (ctx.link.busy) return "An earlier click is still on its way.";
  if (ctx.settling()) return "Done; the panel is about to show it.";
  return "";
};

/** What a button says while its ask is on its way. @param {Ctx} ctx @param {string} spot @param {any} label */
const spoken = (ctx, spot, label) => {
  const ticket = ctx.link.ticket;
  if (ticket?.spot === spot) {
    if (ticket.phase === "waiting") return [icon("ring"), "Waiting for the kernel"];
    if (ticket.phase === "sent") return [icon("ring"), "Sent"];
  } else if (ctx.settling() === spot) return [icon("ok"), "Done"];
  return label;
};

/**
 * A button that asks for something.
 * @param {Ctx} ctx
 * @param {{spot: string, label: any, icon?: string, cls?: string, why?: string, run: () => any, fill?: boolean, named?: string,
 *   describedby?: string, expanded?: boolean|null}} o `why`: the reason it cannot be used, in words
 */
export const act = (ctx, o) => {
  const why = o.why || held(ctx);
  const mine = ctx.link.ticket?.spot === o.spot && ctx.link.busy;
  const cls = `btn${o.cls ? ` ${o.cls}` : ""}${o.fill ? " fill" : ""}${mine ? " asking" : ""}`;
  return Button(cls, {
    key: `act:${o.spot}`, "aria-disabled": why ? "true" : null, title: why || null,
    "aria-label": o.named || null, "aria-describedby": o.describedby || null, "aria-busy": mine ? "true" : null,
    "aria-expanded": o.expanded,
    onclick: () => (why ? ctx.say(why) : o.run()) }, spoken(ctx, o.spot, [o.icon && icon(o.why && o.cls?.includes("big") ? "lock" : o.icon), Span("", o.label)]));
};

/** A button that only changes this view. @param {{label?: any, icon?: string, cls?: string, named?: string, run: (e: any) => any, [p: string]: any}} o */
export const button = (o) => {
  const { label, icon: name, cls, named, run, ...rest } = o;
  return Button(`btn${cls ? ` ${cls}` : ""}`, { "aria-label": named || null, onclick: run, ...rest },
    name && icon(name), label && Span("", label));
};

/** What was refused, beside the button that asked. @param {Ctx} ctx @param {string} spot */
export const verdict = (ctx, spot) => {
  const ticket = ctx.link.ticket;
  if (ticket?.spot !== spot || (ticket.phase !== "refused" && ticket.phase !== "lost")) return null;
  return Div("verdict", { key: `verdict:${spot}`, role: "alert" }, Span("is-fail", icon("fail")),
    Div("", P("", B("", ticket.phase === "lost" ? "Not known: " : "Refused: "), ticket.reason),
      ticket.suggestion && P("quiet", ticket.suggestion)),
    button({ icon: "close", cls: "plain icon sm", named: "Dismiss this message", run: () => ctx.link.dismiss() }));
};

/** Small words of the second rank. @param {...any} kids */
export const Quiet = (...kids) => Span("small quiet", ...kids);

/** A line of small facts with dots between. @param {any[]} parts @param {string} [cls] */
export const dots = (parts, cls = "") => {
  return P(`small quiet dots ${cls}`, parts.filter(Boolean).map((part) => Span("", part)));
};

/**
 * A titled section.
 * @param {Ctx} ctx @param {string} name @param {string} title @param {any} beside what stands in the title's line @param {...any} kids
 */
export const section = (ctx, name, title, beside, ...kids) => {
  const id = `${ctx.uid}-${name}`;
  return Section(`sec sec-${name}`, { key: name, "aria-labelledby": id },
    Header("", H4("", { id, tabindex: "-1" }, title), beside), ...kids);
};

/** A button that copies, and says so. @param {Ctx} ctx @param {string} text @param {string} named @param {any} [label] */
export const copyButton = (ctx, text, named, label) => {
  return button({
    icon: "copy", cls: `plain ${label ? "" : "icon"}`, named, label,
    run: async () => ctx.say((await copyText(text)) ? "Copied." : `It could not be copied. Select it by hand: ${text}`, true),
  });
};

/**
 * A text area whose text is kept.
 * @param {Ctx} ctx @param {string} key where it is kept @param {Record<string, any>} props
 */
export const keptField = (ctx, key, props) => {
  const { oninput, ...rest } = props;
  return Textarea("", {
    key: `field:${key}`, value: ctx.shelf.get(key), spellcheck: "true", ...rest,
    oninput: (/** @type {any} */ e) => {
      ctx.shelf.set(key, e.target.value);
      oninput?.(e);
    },
  });
};

/** What is said under a field of unsent text. @param {Ctx} ctx @param {string} text */
export const keptNote = (ctx, text) => {
  if (!text) return null;
  return ctx.shelf.works ? "Not sent. Kept in this browser." : "Not sent. This browser keeps nothing: it is lost if the page is left.";
};

/** Something empty, said in words. @param {string} name @param {any} text */
export const empty = (name, text) => {
  return P("empty", icon(name), Span("", text));
};

/** What a look could not bring. @param {any} error @param {(() => void)|null} [again] */
export const lookError = (error, again = null) => {
  return Div("verdict", { role: "alert" }, Span("is-fail", icon("fail")),
    Div("", P("", error.message), error.suggestion && P("quiet", error.suggestion)),
    again && button({ label: "Try again", cls: "sm", run: again }));
};

/** @param {string} text */
export const loading = (text) => {
  return P("empty quiet", icon("ring"), Span("", text));
};
