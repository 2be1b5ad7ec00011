/** Buttons that ask, with what became of the asking, and the small pieces that many sections share. */
import { B, Button, Code, Div, H4, Header, Input, Label, P, Section, Span, Textarea } from "./dom.js";
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
  if (ctx.settling()) return "Done.";
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
 * @param {{spot: string, says: any, icon?: string, cls?: string, why?: string, does: () => any, fill?: boolean, named?: string,
 *   describedby?: string}} o `why`: the reason it cannot be used, in words
 */
export const act = (ctx, o) => {
  const why = o.why || held(ctx);
  const mine = ctx.link.ticket?.spot === o.spot && ctx.link.busy;
  return Button(`btn ${o.cls || ""}${o.fill ? " fill" : ""}`, {
    pin: `act:${o.spot}`, $disabled: why ? "true" : null, title: why || null, $label: o.named, $describedby: o.describedby, $busy: mine ? "true" : null,
    onclick: () => (why ? ctx.say(why) : o.does()),
  }, spoken(ctx, o.spot, [o.glyph && icon(o.why && o.glyph === "ok" ? "lock" : o.glyph), Span("", o.says)]));
};

/**
 * A button that only changes this view; `barred` is the reason why it cannot be used.
 * @param {{label?: any, icon?: string, cls?: string, named?: string, barred?: string, does: (e: any) => any, [p: string]: any}} o @param {Ctx} [ctx]
 */
export const button = ({ says, glyph, cls = "", named, barred, does, ...rest }, ctx) => Button(`btn ${cls}`, {
  $label: named, $disabled: barred ? "true" : null, title: barred || (says ? null : named), onclick: (/** @type {any} */ e) => (barred ? ctx?.say(barred) : does(e)), ...rest,
}, glyph && icon(glyph), says && Span("", says));

/** An alert: what went wrong, what helps, a button. @param {any} what @param {any} help @param {any} [deed] */
const alarm = (what, help, deed) => Div("verdict", { role: "alert" }, icon("fail", "is-fail"), Div("", P("", what), help && P("quiet", help)), deed);

/** What was refused, beside the button that asked. @param {Ctx} ctx @param {string} spot */
export const verdict = (ctx, spot) => {
  const ticket = ctx.link.ticket;
  return ticket?.spot === spot && /refused|lost/.test(ticket.phase)
    && alarm([B("", ticket.phase === "lost" ? "Not known: " : "Refused: "), ticket.reason], ticket.suggestion, closer(() => ctx.link.dismiss()));
};

/** The small cross that takes a message away. @param {() => any} run */
export const closer = (run) => button({ glyph: "close", cls: "plain icon sm", named: "Dismiss this message", does: run });

/** Small words of the second rank. @param {...any} kids */
export const Quiet = (...kids) => Span("small quiet", ...kids);

/** A line of small facts with dots between. @param {any[]} parts @param {string} [cls] */
export const dots = (parts, cls = "") => {
  return P(`small quiet dots ${cls}`, parts.filter(Boolean).map((part) => Span("", part)));
};

/** What a title carries, so that it names its section and the focus can be brought to it. @param {Ctx} ctx @param {string} name */
export const aim = (ctx, name) => ({ id: `${ctx.uid}-${name}`, tabindex: "-1" });

/**
 * A titled section.
 * @param {Ctx} ctx @param {string} name @param {string} title @param {any} beside what stands in the title's line @param {...any} kids
 */
export const section = (ctx, name, title, beside, ...kids) => {
  const at = aim(ctx, name);
  return Section(`sec sec-${name}`, { pin: name, $labelledby: at.id },
    Header("", H4("", at, title), beside), ...kids);
};

/** A button that copies, and says so. @param {Ctx} ctx @param {string} text @param {string|null} named @param {any} [label] */
export const copyButton = (ctx, text, named, label) => {
  return button({
    glyph: "copy", cls: `plain ${label ? "" : "icon"}`, named, says: label,
    does: async () => ctx.say((await copyText(text)) ? "Copied." : `It could not be copied. Select it by hand: ${text}`, true),
  });
};

/**
 * A text area whose text is kept.
 * @param {Ctx} ctx @param {string} key where it is kept @param {Record<string, any>} props
 */
export const keptField = (ctx, key, props) => {
  const { oninput, ...rest } = props;
  return Textarea("", {
    pin: `field:${key}`, value: ctx.shelf.get(key), ...rest,
    oninput: (/** @type {any} */ e) => {
      ctx.shelf.set(key, e.target.value);
      oninput?.(e);
    },
  });
};

/** What is said under a field of unsent text. @param {Ctx} ctx @param {string} text */
export const keptNote = (ctx, text) => {
  if (!text) return null;
  return ctx.shelf.works ? "Not sent. Kept in this browser." : "Not sent, and lost if you leave: this browser keeps nothing.";
};

/** Something empty, said in words. @param {string} name @param {any} text */
export const empty = (name, text) => {
  return P("empty", icon(name), Span("", text));
};

/** A box that scrolls by itself and can be reached with the keys. @param {string} cls @param {string} label @param {...any} kids */
export const pane = (cls, label, ...kids) => Div(cls, { tabindex: "0", role: "region", $label: label }, ...kids);

/** Under a smaller panel's head when its kernel has gone. @param {Ctx} ctx @param {string} command what to type instead */
export const goneLine = (ctx, command) => ctx.link.gone && P("record", { role: "status" }, icon("plug"),
  Span("", "The kernel has gone; this is what it last said. Restart it and run this cell again", command && [", or type ", Code("", command), " in a terminal"], "."));

/** @param {string} text */
export const loading = (text) => empty("ring", text);

/** What a look could not bring. @param {any} error @param {() => void} again */
export const lookError = (error, again) => alarm(error.message, error.suggestion, button({ says: "Try again", cls: "sm", does: again }));

/**
 * Something that the kernel is asked for once, and what stands there until it has come.
 * @param {Ctx} ctx @param {string} key @param {any} what @param {(data: any) => any} show
 */
export const fetched = (ctx, key, what, show) => {
  const got = ctx.lookups.get(key);
  const again = () => ctx.fetch(key, what);
  if (!got) ctx.soon(again);
  return got?.error ? lookError(got.error, again) : got?.data ? show(got.data) : loading("Fetching…");
};

/** A field whose text only this view keeps. @param {Ctx} ctx @param {string} name @param {any} props */
export const entry = (ctx, name, props) => Input("", { pin: name, type: "text", value: ctx.texts[name] || "", oninput: (/** @type {any} */ e) => { ctx.texts[name] = e.target.value; }, ...props });

/** A box to narrow a list. @param {Ctx} ctx @param {string} name @param {string} label @param {any} [props] */
export const finder = (ctx, name, label, props) => Label("find", { pin: `find:${name}` }, icon("find"), entry(ctx, name, { type: "search", placeholder: label, $label: label, ...props }));

/** A box to tick. @param {boolean} checked @param {string} text @param {(on: boolean) => any} run */
export const tick = (checked, text, run) => Label("choice", Input("", { type: "checkbox", checked, onchange: (/** @type {any} */ e) => run(e.target.checked) }), Span("", text));
