/** The draft: rendered for reading, as text for editing by hand. */
import { B, Button, Div, Label, P, Pre, Span } from "./dom.js";
import { cleaned } from "./clean.js";
import { icon } from "./icons.js";
import { act, button, copyButton, empty, keptField, keptNote, loading, lookError, section, verdict, Quiet } from "./controls.js";
import { plural } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

/** @type {WeakMap<object, HTMLElement>} the page of each draft document, made once a view */
const noPages = new WeakMap();

/** @param {Ctx} ctx @param {any} draft */
const page = (ctx, draft) => {
  const pages = ctx.pages || noPages;
  let made = pages.get(draft);
  if (!made) {
    made = document.createElement("div");
    made.setAttribute("class", "prose");
    made.setAttribute("dir", "auto");
    made.appendChild(cleaned(draft.html));
    for (const link of made.querySelectorAll("summary")) link.setAttribute("class", "fold");
    pages.set(draft, made);
  }
  return made;
};

/** @param {Ctx} ctx @param {any} attempt */
const begin = async (ctx, attempt) => {
  const key = ctx.key(attempt, "edit");
  ctx.ui.edit = { of: ctx.nameOf(attempt), loading: true, error: null };
  ctx.update();
  try {
    if (!ctx.shelf.get(key)) {
      const { markdown } = await ctx.link.look({ what: "draft", stage: attempt.stage, attempt: attempt.attempt });
      ctx.shelf.set(key, markdown);
      ctx.shelf.set(`${key}:base`, attempt.draft?.sha256 || "");
      ctx.ui.edit.fresh = markdown;
    }
    ctx.ui.edit.loading = false;
    ctx.focus("edit");
  } catch (error) {
    Object.assign(ctx.ui.edit, { loading: false, error });
  }
  ctx.update();
};

/** @param {Ctx} ctx @param {any} attempt */
const leave = (ctx, attempt) => {
  const key = ctx.key(attempt, "edit");
  ctx.shelf.drop(key);
  ctx.shelf.drop(`${key}:base`);
  ctx.ui.edit = null;
  ctx.update();
};

/** @param {Ctx} ctx @param {any} attempt */
const editor = (ctx, attempt) => {
  const { edit } = ctx.ui;
  if (edit.loading) return loading("Fetching the draft's text…");
  if (edit.error) return lookError(edit.error, () => begin(ctx, attempt));
  const key = ctx.key(attempt, "edit");
  const text = ctx.shelf.get(key);
  const base = ctx.shelf.get(`${key}:base`) || attempt.draft?.sha256;
  const changed = attempt.draft && base !== attempt.draft.sha256;
  const why = !text.trim() ? "The draft would be empty." : edit.fresh === text ? "Nothing has been changed yet." : "";
  const send = () => ctx.link.ask("edit", "edit", { attempt: attempt.attempt, draft_sha256: base, markdown: text }, [key, `${key}:base`], () => { ctx.ui.edit = null; });
  return Div("box editor",
    changed && P("note is-warn", { role: "status" }, icon("warn"), Span("", "The draft has changed since you began. Saving would be refused: copy your text, cancel, and begin again from the new draft.")),
    Label("vh", { for: `${ctx.uid}-edit` }, "The draft as Markdown"),
    keptField(ctx, key, { id: `${ctx.uid}-edit`, class: "mono", rows: 22, spellcheck: "false" }),
    Div("foot row wrap",
      act(ctx, { spot: "edit", label: "Save as edited by me", icon: "pen", fill: ctx.primary() === "edit" && !why, why, run: send }),
      button({ label: "Cancel", cls: "plain", run: () => leave(ctx, attempt) }), changed && copyButton(ctx, text, "Copy your text", "Copy your text"),
      Span("small quiet push", keptNote(ctx, text), ` ${plural(text.length, "character")}`)),
    verdict(ctx, "edit"));
};

/** @param {Ctx} ctx @param {any} attempt */
const reader = (ctx, attempt) => {
  const { draft } = attempt;
  const name = ctx.nameOf(attempt);
  const whole = ctx.ui.whole.has(name);
  const full = ctx.ui.fullText.get(name);
  const toggle = () => {
    if (whole) ctx.ui.whole.delete(name);
    else ctx.ui.whole.add(name);
    ctx.update();
  };
  const fetchAll = () => ctx.fetchInto(ctx.ui.fullText, name, { what: "draft", stage: attempt.stage, attempt: attempt.attempt });
  return Div("box",
    Div(`draft${whole ? " whole" : ""}`, { key: "draft", "data-measure": "draft" }, Div("", { key: draft.sha256, raw: page(ctx, draft) }),
      whole && draft.cut && Div("cut", { key: "cut" }, !full ? [P("quiet", "The draft is longer than what is shown here."), button({ label: "Show all of it as text", cls: "sm", run: fetchAll })]
        : full.error ? lookError(full.error, fetchAll) : full.loading ? loading("Fetching the rest…") : Pre("", full.data.markdown)),
      !whole && Div("fade", { key: "fade" })),
    Button("more", { key: "more", "aria-expanded": whole, onclick: toggle }, whole ? "Show less" : "Show the whole draft", icon(whole ? "up" : "down")));
};

/** @param {Ctx} ctx @param {any} attempt */
export const draft = (ctx, attempt) => {
  const editing = ctx.ui.edit?.of === ctx.nameOf(attempt);
  const review = ctx.isInReview(attempt);
  const may = ctx.view.actions.edit;
  const kept = review && !editing && ctx.shelf.get(ctx.key(attempt, "edit"));
  if (!attempt.draft) return section(ctx, "draft", "Draft", null, empty("text", attempt.status === "running" ? "The draft comes when the attempt ends." : "This attempt left no draft."));
  const about = Quiet("sha256 ", Span("mono", attempt.draft.sha256.slice(0, 8)), ` · ${plural(attempt.draft.sections, "section")}`,
    attempt.edited_by ? [" · edited by ", B("", attempt.edited_by)] : "");
  const pen = review && may && !editing && button({
    icon: "pen", label: kept ? "Go on editing" : "Edit by hand", cls: "plain push", "aria-disabled": may.enabled ? null : "true", title: may.enabled ? null : may.reason,
    run: () => (may.enabled ? begin(ctx, attempt) : ctx.say(may.reason)),
  });
  return section(ctx, "draft", "Draft", [about, pen],
    kept && P("note", { key: "kept" }, icon("keep"), Span("", `An edit of yours (${plural(kept.length, "character")}) is kept in this browser and not sent.`),
      button({ label: "Throw it away", cls: "plain sm", run: () => leave(ctx, attempt) })),
    Div("", { key: editing ? "editor" : "reader" }, editing ? editor(ctx, attempt) : reader(ctx, attempt)));
};
