/** The files of an attempt: two shown at once, the rest as a list that opens its previews in place. */
import { A, Article, Button, Code, Div, Footer, Header, Img, Input, Label, Li, P, Pre, Span, Table, Tbody, Td, Th, Thead, Tr, Ul } from "./dom.js";
import { fileIcon, icon } from "./icons.js";
import { button, copyButton, empty, loading, lookError, section, Quiet } from "./controls.js";
import { fullPath, place } from "./places.js";
import { plural, plain, size } from "./words.js";

/** @typedef {import("./panel.js").Ctx} Ctx */

const NUMBER = /^[-+−]?(\d[\d.,_]*(e[-+]?\d+)?|nan|inf)\s*%?$/i;
const SHOWN_FILES = 200;

/** Open in the server's own viewer, or else the path to copy. @param {Ctx} ctx @param {string} path @param {any} label @param {string} [cls] */
export const openLink = (ctx, path, label, cls = "") => {
  const full = fullPath(ctx.folder(), path);
  const to = place(ctx.server, full);
  if (!to) return label === null ? copyButton(ctx, full, `Copy the path of ${path}`) : Span(`row ${cls}`, { title: full }, label, copyButton(ctx, full, `Copy the path of ${path}`));
  return A(cls || "btn plain icon", { href: to.href, target: "_blank", rel: "noopener", title: "Open in Jupyter", "data-commandlinker-command": to.command,
    "data-commandlinker-args": to.args, "aria-label": label === null ? `Open ${path}` : null }, label === null ? icon("share") : label);
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
  const name = `${ctx.nameOf(attempt)}:${file.path}:${file.size_bytes}`;
  const again = () => ctx.fetchInto(ctx.ui.previews, name, { what: "preview", stage: attempt.stage, attempt: attempt.attempt, path: file.path });
  const got = ctx.ui.previews.get(name);
  if (!got) ctx.soon(again);
  if (!got || got.loading) return { body: loading("Fetching a preview…"), foot: "" };
  if (got.error) return { body: lookError(got.error, again), foot: "" };
  return { body: previewBody(got.data), foot: got.data.foot || "" };
};

/** @param {any} file */
const tag = (file) => {
  return file.tag ? Span(`tag${/^(New|Changed)$|^\+/.test(file.tag) ? " new" : ""}`, file.tag) : Span("");
};

/** @param {Ctx} ctx @param {any} attempt @param {any} file */
const card = (ctx, attempt, file) => {
  const { body, foot } = preview(ctx, attempt, file);
  return Article("box art", { key: file.path },
    Header("", fileIcon(file.kind), Code("", { title: file.path }, file.path), Span("row push", tag(file), openLink(ctx, file.path, null))),
    Div("pv", { tabindex: "0", role: "region", "aria-label": `First part of ${file.path}` }, body),
    Footer("", [foot, foot.includes(size(file.size_bytes)) ? "" : size(file.size_bytes)].filter(Boolean).join(" · ")));
};

/** @param {Ctx} ctx @param {any} attempt @param {any} file */
const fileRow = (ctx, attempt, file) => {
  const id = `${ctx.nameOf(attempt)}:${file.path}`;
  const open = ctx.ui.openFiles.has(id);
  const toggle = () => {
    if (open) ctx.ui.openFiles.delete(id);
    else ctx.ui.openFiles.add(id);
    ctx.update();
  };
  const shown = open && preview(ctx, attempt, file);
  const named = file.kind === "notebook" ? openLink(ctx, file.path, Span("mono name", file.path), "link")
    : Button("link mono name", { "aria-expanded": open, title: file.path, onclick: toggle }, file.path);
  return Li(open ? "open" : null, { key: file.path }, fileIcon(file.kind), named, tag(file), Span("small quiet sz", size(file.size_bytes)),
    shown && Div("inplace", Div("pv", { tabindex: "0", role: "region", "aria-label": `First part of ${file.path}` }, shown.body),
      P("row small quiet", Span("", shown.foot), Span("push", openLink(ctx, file.path, null)))));
};

/** Rows for files, the first two hundred at once. @param {Ctx} ctx @param {any} attempt @param {any[]} files @param {string} [name] */
export const fileList = (ctx, attempt, files, name = "files") => {
  const limit = ctx.ui.moreFiles.get(name) || SHOWN_FILES;
  const rest = files.length - limit;
  return [Ul("box files", { key: `list:${name}` }, files.slice(0, limit).map((file) => fileRow(ctx, attempt, file))),
    rest > 0 && button({ key: `rest:${name}`, cls: "sm", label: `Show ${Math.min(rest, SHOWN_FILES)} more of ${rest}`, run: () => { ctx.ui.moreFiles.set(name, limit + SHOWN_FILES); } })];
};

/** A box to narrow a list of files. @param {Ctx} ctx @param {string} slot */
export const fileFilter = (ctx, slot) => {
  return Label("find", { key: `filter:${slot}` }, icon("find"), Input("", { type: "search", placeholder: "Filter files", "aria-label": "Filter files",
    value: ctx.ui.filters[slot] || "", oninput: (/** @type {any} */ e) => { ctx.ui.filters[slot] = e.target.value; } }));
};

/** @param {Ctx} ctx @param {string} slot @param {any[]} files */
export const narrowed = (ctx, slot, files) => {
  const wanted = (ctx.ui.filters[slot] || "").toLowerCase();
  return wanted ? files.filter((f) => `${f.path} ${f.kind} ${f.tag}`.toLowerCase().includes(wanted)) : files;
};

/** @param {Ctx} ctx @param {any} attempt */
export const artifacts = (ctx, attempt) => {
  const { artifacts: a, notebook } = attempt;
  const name = ctx.nameOf(attempt);
  const all = ctx.ui.allFiles.get(name);
  const files = all?.data?.files || a.files;
  const featured = a.featured.map((/** @type {string} */ p) => a.files.find((/** @type {any} */ f) => f.path === p)).filter(Boolean);
  const rest = all ? narrowed(ctx, "files", files) : files.filter((/** @type {any} */ f) => !a.featured.includes(f.path));
  const fetchAll = () => ctx.fetchInto(ctx.ui.allFiles, name, { what: "files", stage: attempt.stage, attempt: attempt.attempt });
  const book = notebook && { path: notebook.path, kind: "notebook", tag: notebook.complete ? "Stage notebook" : "Stage notebook, being written", size_bytes: null };
  if (!a.total && !book) return section(ctx, "artifacts", "Artifacts", null, empty("box", "No files yet. What the agent writes appears here."));
  const hidden = a.total > a.files.length || all;
  return section(ctx, "artifacts", "Artifacts", [Quiet(`${plural(a.total, "file")}${a.changed ? ` · ${a.changed} changed in this attempt` : ""}`),
    hidden && button({ label: all ? "Only the newest" : "All files", cls: "plain push", "aria-expanded": Boolean(all), run: () => { if (all) { ctx.ui.allFiles.delete(name); } else fetchAll(); } })],
  featured.length > 0 && Div(`arts${featured.length === 1 ? " one" : ""}`, { key: "arts" }, featured.map((/** @type {any} */ f) => card(ctx, attempt, f))),
  all && all.data && Div("narrow", { key: "narrow" }, fileFilter(ctx, "files")),
  all?.loading && loading("Fetching the list…"), all?.error && lookError(all.error, fetchAll),
  fileList(ctx, attempt, book && !all ? [book, ...rest] : rest), all && !rest.length && empty("find", "No file matches."));
};
