/** The draft: rendered for reading, as text for editing by hand. */
import { B, Button, Div, Label, P, Pre, Span } from "./dom.js";
import { cleaned } from "./clean.js";
import { icon } from "./icons.js";
import { act, button, copyButton, empty, fetched, keptField, keptNote, Quiet, section, verdict } from "./controls.js";
import { plural } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** The page of a draft, made once a view. @param {Ctx} ctx @param {any} draft */
const page = (ctx, draft) => {
  let made = ctx.drafts.get(draft.sha256);
  if (!made) {
    made = document.createElement("div");
    made.className = "prose";
    made.dir = "auto";
    made.append(cleaned(draft.html));
    for (const one of made.querySelectorAll("summary")) one.className = "fold";
    ctx.drafts.set(draft.sha256, made);
  }
  return made;
};

/** The draft as its agent wrote it. @param {Ctx} ctx @param {any} attempt @param {(data: any) => any} show */
const asText = (ctx, attempt, show) => fetched(ctx, `draft:${ctx.nameOf(attempt)}:${attempt.draft.sha256}`,
  { what: "draft", stage: attempt.stage, attempt: attempt.attempt }, show);

/** @param {Ctx} ctx @param {string} key */
const leave = (ctx, key) => {
  ctx.shelf.set(key, "");
  ctx.shelf.set(`${key}:base`, "");
  ctx.ui.editing = "";
};

/** @param {Ctx} ctx @param {any} attempt @param {string} key @param {string} markdown */
const editor = (ctx, attempt, key, markdown) => {
  if (!ctx.on.has(key)) {
    ctx.on.add(key);
    if (!ctx.shelf.get(key)) {
      ctx.shelf.set(key, markdown);
      ctx.shelf.set(`${key}:base`, attempt.draft.sha256);
    }
    ctx.soon(() => ctx.seek("edit")?.focus());
  }
  const text = ctx.shelf.get(key);
  const base = ctx.shelf.get(`${key}:base`) || attempt.draft.sha256;
  const changed = base !== attempt.draft.sha256;
  const why = !text.trim() ? "The draft would be empty." : markdown === text ? "Nothing has been changed yet." : "";
  return Div("box editor", changed && P("note is-warn", { role: "status" }, icon("warn"),
    Span("", "The draft has changed since you began: copy your text, cancel, and begin again.")),
  Label("vh", { for: `${ctx.uid}-edit` }, "The draft as Markdown"), keptField(ctx, key, { id: `${ctx.uid}-edit`, class: "mono", rows: 22, spellcheck: "false" }),
  Div("foot row wrap", act(ctx, { spot: "edit", says: "Save as edited by me", glyph: "pen", fill: !why, why,
    does: () => ctx.link.ask("edit", "edit", { attempt: attempt.attempt, draft_sha256: base, markdown: text }, [key, `${key}:base`], () => { ctx.ui.editing = ""; }) }),
  button({ says: "Cancel", cls: "plain", does: () => leave(ctx, key) }), changed && copyButton(ctx, text, "Copy your text", "Copy your text"),
  Quiet(keptNote(ctx, text), ` ${plural(text.length, "character")}`)), verdict(ctx, "edit"));
};

/** @param {Ctx} ctx @param {any} attempt */
const reader = (ctx, attempt) => {
  const { draft } = attempt;
  const name = `whole:${ctx.nameOf(attempt)}`;
  const whole = ctx.on.has(name);
  return Div("box", Div(`draft${whole ? " whole" : ""}`, { pin: "draft" }, Div("", { pin: draft.sha256, raw: page(ctx, draft) }),
    whole && draft.cut && Div("cut", P("quiet", "This is the beginning. The whole draft as text:"), asText(ctx, attempt, (data) => Pre("", data.markdown))), !whole && Div("fade")),
  Button("more", { pin: "more", $expanded: whole, onclick: () => ctx.flip(name) }, whole ? "Show less" : "Show the whole draft", icon(whole ? "up" : "down")));
};

/** @param {Ctx} ctx @param {any} attempt */
export const draft = (ctx, attempt) => {
  const name = ctx.nameOf(attempt);
  const review = ctx.isInReview(attempt);
  const editing = review && ctx.ui.editing === name;
  const may = ctx.view.actions.edit;
  const key = ctx.key(attempt, "edit");
  const kept = review && !editing && ctx.shelf.get(key);
  if (!attempt.draft) return section(ctx, "draft", "Draft", null, empty("text", attempt.status === "running" ? "The draft comes when the attempt ends." : "This attempt left no draft."));
  const about = Quiet("sha256 ", Span("mono", attempt.draft.sha256.slice(0, 8)), ` · ${plural(attempt.draft.sections, "section")}`, attempt.edited_by && [" · edited by ", B("", attempt.edited_by)]);
  const begin = () => {
    ctx.on.delete(key);
    ctx.ui.editing = name;
  };
  return section(ctx, "draft", "Draft", [about, review && may && !editing && button({ glyph: "pen", says: kept ? "Go on editing" : "Edit by hand", cls: "plain push", barred: may.enabled ? "" : may.reason, does: begin }, ctx)],
    kept && P("note", { pin: "kept" }, icon("keep"), Span("", `An edit of yours (${plural(kept.length, "character")}) is kept in this browser and not sent.`),
      button({ says: "Throw it away", cls: "plain sm", does: () => leave(ctx, key) })),
    Div("", { pin: editing ? "editor" : "reader" }, editing ? asText(ctx, attempt, (data) => editor(ctx, attempt, key, data.markdown)) : reader(ctx, attempt)));
};
