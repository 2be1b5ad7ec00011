/** The live feed on the page: search, kinds, pause, follow, and a window onto the cards. */
import { B, Button, Div, Input, Label, Li, Ol, P, Pre, Span, Time } from "./dom.js";
import { icon } from "./icons.js";
import { button, empty, finder, loading, lookError, section, Quiet } from "./controls.js";
import { KINDS } from "./feed.js";
import { duration, group, max, plain, plural, second } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */
/** @typedef {import("./feed.js").Feed} Feed */

const WORDS = /** @type {Record<string, string>} */ ({ text: "Text", thinking: "Thinking", tool: "Tool call", result: "Result", notice: "Notice", finished: "Finished", session: "Session" });

/** @param {any} card @param {boolean} live @returns {[string, string, string]} icon, tone, word */
export const cardKind = (card, live) => {
  const word = WORDS[card.kind] || "Event";
  if (live) return ["ring", "accent", "Running"];
  if (card.ok === false) return card.kind === "notice" ? ["warn", "warn", word] : ["fail", "fail", `${word}, failed`];
  return card.ok && card.kind === "result" ? ["ok", "ok", `${word}, ok`] : [card.kind, "", word];
};

/** @param {any} card @param {number} running seconds since it began, or −1 */
const words = (card, running) => {
  const text = plain(card.text);
  const more = card.more > 0 && P("small quiet", `${plural(card.more, "more character")}, in the run's log`);
  const title = card.title && Span(card.mono && !text ? "mono" : null, plain(card.title));
  const took = card.took_s !== null && card.took_s !== undefined && card.took_s >= 1 && Span("quiet", ` · ${duration(card.took_s)}`);
  return [title, took, running >= 0 && Span("quiet", ` · ${duration(running)}`), text && (card.mono ? Pre("", text) : (title ? P : Span)(`say${card.kind === "thinking" ? " th" : ""}`, text)), more];
};

/** @param {Ctx} ctx @param {any} card @param {boolean} live */
const row = (ctx, card, live) => {
  const [name, tone, word] = cardKind(card, live);
  const running = live && !ctx.link.gone ? max(0, (ctx.now() - Date.parse(card.at)) / 1000) : -1;
  return Li(live ? "live" : null, { pin: card.n, "data-n": card.n }, Time("", { datetime: card.at }, second(card.at)),
    Span(`kind${tone ? ` is-${tone}` : ""}`, icon(name), word),
    Div("c", words(card, running)));
};

/** @param {Ctx} ctx @param {Feed} feed */
const bar = (ctx, feed) => {
  const change = (/** @type {string} */ search, /** @type {string} */ chip) => { feed.filter(search, chip); ctx.update(); };
  const whole = feed.total > 0 && feed.tail.length >= feed.total;
  const number = (/** @type {string} */ name) => (name === "All" ? ` ${group(feed.total)}` : whole ? ` ${feed.tail.filter((c) => KINDS[name].includes(c.kind)).length}` : "");
  return Div("tools", { pin: "bar" },
    finder(ctx, "search", "Search the feed", { oninput: (/** @type {any} */ e) => { ctx.texts.search = e.target.value; ctx.later("search", 250, () => change(e.target.value.trim(), feed.chip)); } }),
    Span("row wrap", { role: "group", $label: "Kinds" }, ["All", ...Object.keys(KINDS)].map((name) => Button("chip", { pin: name, type: "button",
      $pressed: feed.chip === name, onclick: () => change(feed.search, name) }, `${name}${number(name)}`))),
    button({ glyph: feed.paused ? "play" : "pause", says: feed.paused ? "Go on" : "Pause", $pressed: feed.paused, does: () => {
      if (feed.paused) feed.follow();
      else { feed.hold(); feed.paused = true; }
      ctx.update();
    } }));
};

/** @param {Ctx} ctx @param {Feed} feed @param {boolean} working */
const list = (ctx, feed, working) => {
  const win = ctx.listWindow;
  const { cards } = feed;
  const at = win.slice(cards, feed.following);
  const lastCard = feed.tail.at(-1);
  const live = working && !feed.paused && lastCard?.kind === "tool" ? lastCard.n : -1;
  const onscroll = () => {
    win.top = win.box.scrollTop;
    if (win.byReader()) {
      win.put = win.top;
      if (!win.atEnd()) feed.hold();
      else if (!feed.paused && !feed.newer) feed.follow();
      if (win.top < 80 && feed.before && !feed.busy && !feed.following) feed.older();
    }
    ctx.update();
  };
  return Div("scroller", { pin: "scroll", tabindex: "0", role: "region", $label: "Events of this attempt, newest last", onscroll, init: (/** @type {any} */ node) => { win.box = node; win.put = -1; ctx.soon(() => ctx.update()); } },
    Div("", { pin: "pad-top", style: `height:${at.before}px` }),
    Ol("feed", { pin: "feed" }, cards.slice(at.first, at.last).map((card) => row(ctx, card, card.n === live))),
    Div("", { pin: "pad-end", style: `height:${at.after}px` }));
};

/** The whole feed of one attempt. @param {Ctx} ctx @param {{stage: string, attempt: number|null}} of */
export const feedPane = (ctx, of) => {
  const feed = ctx.feedOf(of.stage, of.attempt || 0);
  const working = ctx.isCurrent(of) && ctx.view.current.mode === "working";
  feed.begin();
  const found = feed.filtered ? `${plural(feed.matched, "match", "matches")} in ${plural(feed.total, "event")}` : `${plural(feed.total, "event")}, newest last`;
  const followButton = working ? button({ glyph: "down", says: feed.following ? "Following" : "Follow newest", cls: `plain sm push${feed.following ? " is-accent" : ""}`, $pressed: feed.following,
    does: () => { feed.follow(); ctx.update(); } }) : null;
  const close = ctx.ui.feedOpen && !working && button({ glyph: "close", says: "Close the feed", cls: "plain sm push", does: () => ctx.set({ feedOpen: false, pair: null }) });
  const earlier = feed.before > 0 && Button("earlier", { pin: "earlier", onclick: () => { feed.older(); ctx.update(); } }, icon(feed.busy ? "ring" : "up"),
    `${group(feed.before)} earlier ${feed.before === 1 ? "event" : "events"}${feed.filtered ? " match" : ""}`);
  const newer = !feed.following && feed.newer > 0 && Button("earlier newer", { pin: "newer", onclick: () => { feed.follow(); ctx.update(); } }, icon("down"), `${group(feed.newer)} newer ${feed.newer === 1 ? "event" : "events"}`);
  const none = !feed.cards.length && (feed.busy ? loading("Fetching…") : feed.filtered ? empty("find", "No event matches.") : empty("later", working ? "The agent has not said anything yet." : "No events."));
  return section(ctx, "feed", "Live feed", [Quiet(found), followButton, close],
    Div("box feedbox", { pin: "box" }, bar(ctx, feed), feed.fault && lookError(feed.fault, () => { feed.filter(feed.search, feed.chip); feed.begun = false; feed.begin(); ctx.update(); }), earlier,
      none || list(ctx, feed, working), newer));
};

/** The newest six, beside the decision. @param {Ctx} ctx @param {any} attempt */
export const miniFeed = (ctx, attempt) => {
  const feed = ctx.feedOf(attempt.stage, attempt.attempt);
  feed.begin();
  const open = ctx.ui.feedOpen;
  const last = feed.tail.slice(-6);
  return section(ctx, "mini", "Live feed", [Quiet(feed.total ? `ended · ${plural(feed.total, "event")}` : "ended"),
    Button("btn plain sm push", { $expanded: open, onclick: () => ctx.set({ feedOpen: !open, pair: null }) }, open ? "Close" : "Open", icon(open ? "up" : "down"))],
  last.length ? Ol("box mini", last.map((card) => {
    const [name, tone, word] = cardKind(card, false);
    const line = plain(card.mono ? card.text || card.title : card.title || card.text).split("\n")[0].slice(0, 200);
    return Li("", { pin: card.n }, icon(name, tone && `is-${tone}`), B("", word), Time("", { datetime: card.at }, second(card.at)),
      Span(`x${card.mono ? " mono" : ""}`, line));
  })) : feed.busy ? loading("Fetching…") : feed.fault ? lookError(feed.fault) : empty("later", "No events."));
};
