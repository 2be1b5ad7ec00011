/** The files of an attempt: two shown at once, the rest as a list that opens its previews in place. */
import { A, Article, Button, Code, Div, Footer, Header, Img, Li, P, Pre, Span, Table, Tbody, Td, Th, Thead, Tr, Ul } from "./dom.js";
import { icon } from "./icons.js";
import { button, copyButton, empty, fetched, finder, pane, Quiet, section } from "./controls.js";
import { fullPath, place } from "./places.js";
import { plural, plain, size } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

const NUMBER = /^[-+−]?(\d[\d.,_]*(e[-+]?\d+)?|nan|inf)\s*%?$/i;
const MANY = 200;
const FEW = 6;

/** Open in the server's own viewer, or else the path to copy. @param {Ctx} ctx @param {string} path @param {any} label @param {string} [cls] */
export const openLink = (ctx, path, label, cls = "") => {
  const full = fullPath(ctx.folder(), path);
  const to = place(ctx.server, full);
  if (!to) return label === null || cls.includes("btn") ? copyButton(ctx, full, `Copy the path of ${path}`, label) : Span(`row ${cls}`, { title: full }, label, copyButton(ctx, full, `Copy the path of ${path}`));
  return A(cls || "btn plain icon", { href: to.href, target: "_blank", rel: "noopener", title: "Open in Jupyter", "data-commandlinker-command": to.command,
    "data-commandlinker-args": to.args, $label: label === null ? `Open ${path}` : null }, label === null ? icon("share") : label);
};

/** @param {any} p */
const tablePreview = (p) => {
  const numeric = p.head.map((/** @type {any} */ _, /** @type {number} */ i) => p.rows.length > 0 && p.rows.every((/** @type {any} */ r) => NUMBER.test(r[i] ?? "") || !r[i]));
  const cls = (/** @type {number} */ i) => (numeric[i] ? null : "l");
  return Table("tbl mono", Thead("", Tr("", p.head.map((/** @type {string} */ c, /** @type {number} */ i) => Th(cls(i), { scope: "col" }, plain(c))))),
    Tbody("", p.rows.map((/** @type {string[]} */ r) => Tr("", r.map((c, i) => Td(cls(i), plain(c)))))));
};

/** @param {string} src */
const safeImage = (src) => {
  return /^data:image\/(png|jpeg|gif|webp);base64,/i.test(src) ? src : "";
};

/** @param {any} p */
const previewBody = (p) => {
  if (p.kind === "table") return tablePreview(p);
  if (p.kind === "image") return Img("pic", { src: safeImage(p.src), alt: p.alt || `Picture ${p.path}` });
  if (p.kind === "pdf") return Div("pdf", p.pages.map((/** @type {string} */ s, /** @type {number} */ i) => Img("pic", { src: safeImage(s), alt: `Page ${i + 1} of ${p.path}` })));
  if (p.kind === "text") return Pre("", plain(p.text));
  return empty("file", p.text || "There is nothing to show of this file.");
};

/** @param {Ctx} ctx @param {any} attempt @param {any} file */
const preview = (ctx, attempt, file) => {
  const key = `preview:${ctx.nameOf(attempt)}:${file.path}:${file.size_bytes}`;
  const body = fetched(ctx, key, { what: "preview", stage: attempt.stage, attempt: attempt.attempt, path: file.path }, previewBody);
  return { box: pane("pv", `First part of ${file.path}`, body), foot: ctx.lookups.get(key)?.data?.foot || "" };
};

/** @param {any} file */
const tag = (file) => {
  return file.tag ? Span(`tag${/^(New|Changed)$|^\+/.test(file.tag) ? " new" : ""}`, file.tag) : Span("");
};

/** @param {Ctx} ctx @param {any} attempt @param {any} file */
const card = (ctx, attempt, file) => {
  const { box, foot } = preview(ctx, attempt, file);
  return Article("box art", { pin: file.path }, Header("", icon(file.kind), Code("", { title: file.path }, file.path), Span("row push", tag(file), openLink(ctx, file.path, null))),
    box, Footer("", foot || size(file.size_bytes)));
};

/** @param {Ctx} ctx @param {any} attempt @param {any} file */
const fileRow = (ctx, attempt, file) => {
  const id = `file:${ctx.nameOf(attempt)}:${file.path}`;
  const open = ctx.on.has(id);
  const shown = open && preview(ctx, attempt, file);
  return Li("", { pin: file.path }, icon(file.kind), file.kind === "notebook" ? openLink(ctx, file.path, Span("mono name", file.path), "link")
    : Button("link mono name", { $expanded: open, title: file.path, onclick: () => ctx.flip(id) }, file.path), tag(file), Span("small quiet sz", size(file.size_bytes)),
  shown && Div("inplace", shown.box, P("row small quiet", Span("", shown.foot), Span("push", openLink(ctx, file.path, null)))));
};

/** Rows for files, two hundred at once. @param {Ctx} ctx @param {any} attempt @param {any[]} files */
export const fileList = (ctx, attempt, files) => {
  const whole = ctx.on.has("many");
  return [Ul("box files", { pin: "list" }, (whole ? files : files.slice(0, MANY)).map((file) => fileRow(ctx, attempt, file))),
    !whole && files.length > MANY && button({ cls: "sm", says: `Show ${files.length - MANY} more`, does: () => ctx.flip("many") })];
};

/** A list of files with a box to narrow it. @param {Ctx} ctx @param {any} attempt @param {any[]} files */
export const narrowed = (ctx, attempt, files) => {
  const wanted = (ctx.texts.files || "").toLowerCase();
  const found = files.filter((f) => `${f.path} ${f.kind} ${f.tag}`.toLowerCase().includes(wanted));
  return [Div("narrow", { pin: "narrow" }, finder(ctx, "files", "Filter files")), found.length ? fileList(ctx, attempt, found) : empty("find", "No file matches.")];
};

/** @param {Ctx} ctx @param {any} attempt */
export const artifacts = (ctx, attempt) => {
  const { artifacts: a, notebook } = attempt;
  const name = `files:${ctx.nameOf(attempt)}`;
  const all = ctx.on.has(name);
  const book = notebook ? [{ path: notebook.path, kind: "notebook", tag: notebook.complete ? "Stage notebook" : "Stage notebook, being written" }] : [];
  if (!a.total && !notebook) return section(ctx, "artifacts", "Artifacts", null, empty("box", "No files yet. What the agent writes appears here."));
  const featured = a.files.filter((/** @type {any} */ f) => a.featured.includes(f.path));
  const few = a.files.filter((/** @type {any} */ f) => !featured.includes(f)).slice(0, FEW);
  return section(ctx, "artifacts", "Artifacts", [Quiet(`${plural(a.total, "file")}${a.changed ? ` · ${a.changed} changed in this attempt` : ""}`),
    few.length + featured.length < a.total && button({ says: all ? "Fewer" : "All files", cls: "plain push", $expanded: all, does: () => ctx.flip(name) })],
  featured.length > 0 && Div(`arts${featured.length > 1 ? "" : " one"}`, { pin: "arts" }, featured.map((/** @type {any} */ f) => card(ctx, attempt, f))),
  all ? fetched(ctx, `${name}:${a.total}`, { what: "files", stage: attempt.stage, attempt: attempt.attempt }, (data) => narrowed(ctx, attempt, data.files))
    : fileList(ctx, attempt, book.concat(few)));
};
