/** Hostile text is only ever text, and a draft's HTML is copied by a short list. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cleaned, safeHref } from "../src/clean.js";
import { plain } from "../src/words.js";
import { fixtures, mount, newPage } from "./page.js";

const BAD = "script, svg, math, iframe, object, embed, form, input, style, template, noscript, base, meta, link, textarea";

test("of a hostile draft only harmless tags and attributes are left", () => {
  newPage();
  const box = document.createElement("div");
  box.append(cleaned(fixtures.hostile.html));
  assert.equal(box.querySelectorAll(BAD).length, 0);
  for (const node of box.querySelectorAll("*")) {
    for (const { name } of node.attributes) assert.ok(!/^on|^style$|^data-|^id$/.test(name), `${name} on ${node.localName}`);
    if (!node.closest("table")) assert.ok(!node.hasAttribute("class"));
  }
  assert.match(box.textContent, /kept bold/);
});

test("links go to http, https and mailto only, and open apart", () => {
  newPage();
  const box = document.createElement("div");
  box.append(cleaned(fixtures.hostile.html));
  const links = [...box.querySelectorAll("a[href]")];
  assert.deepEqual(links.map((a) => a.getAttribute("href")), ["https://example.org/a?b=c#d", "mailto:a@example.org"]);
  for (const a of links) assert.deepEqual([a.getAttribute("target"), a.getAttribute("rel")], ["_blank", "noopener noreferrer nofollow"]);
});

test("addresses in disguise are not followed", () => {
  for (const href of ["javascript:alert(1)", " java\nscript:alert(1)", "\u0001javascript:x", "data:text/html,x", "vbscript:x", "//evil.example", "/lab/tree/x", "file:///etc/passwd", "blob:x"]) assert.equal(safeHref(href), "", href);
});

test("pictures come only as data, never from the network or as SVG", () => {
  newPage();
  const box = document.createElement("div");
  box.append(cleaned('<img src="https://evil.example/x.png" alt="far"><img src="data:image/svg+xml;base64,PHN2Zz4=" alt="drawn"><img src="data:image/png;base64,iVBORw0KGgo=" alt="ok" srcset="https://evil.example/x.png"><img src="x" onerror="1">'));
  assert.deepEqual([...box.querySelectorAll("img")].map((i) => i.outerHTML), ['<img alt="ok" src="data:image/png;base64,iVBORw0KGgo=">']);
});

test("deeply nested HTML does not end the page", () => {
  newPage();
  const box = document.createElement("div");
  box.append(cleaned("<div><b>".repeat(400) + "deep"));
  assert.match(box.textContent, /deep/);
});

test("in the panel hostile names, goals and words make no elements of their own", async () => {
  newPage();
  const page = await mount("hostile");
  assert.equal(page.all("script, iframe, svg, object, img[src=x]").length, 0);
  assert.ok(page.el.textContent.includes("<script>window.hacked=1</script>"));
  for (const node of page.all("*")) for (const { name } of node.attributes) assert.ok(!name.startsWith("on"), name);
});

test("hostile cards of the feed are text", async () => {
  const { clock } = newPage();
  const page = await mount("working");
  page.model.say({ feed: { stage: "05_experimentation", attempt: 3, total: 80, skipped: 0, cards: fixtures.hostile.strings.map((text, i) => ({ n: 70 + i, at: "2026-11-21T13:19:00Z", kind: "tool", ok: null, title: text, text, mono: i % 2 === 0, more: 3, took_s: null })) } });
  await clock.pass(10);
  assert.equal(page.all(".feed script, .feed img, .feed svg").length, 0);
  assert.ok(!page.one(".feed").textContent.includes("\u001b"));
});

test("what only a terminal understands is taken out", () => {
  assert.equal(plain("\u001b[1;31mred\u001b[0m \u001b]0;t\u0007a\r\nb\u0000"), "red a\nb\ufffd");
});

test("columns of words stand left, columns of numbers do not", () => {
  newPage();
  const box = document.createElement("div");
  box.append(cleaned("<table><tr><th>Model</th><th>Brier</th></tr><tr><td>Forest</td><td>0.05 ± 0.01</td></tr></table>"));
  assert.deepEqual([...box.querySelectorAll("th, td")].map((c) => c.className), ["l", "", "l", ""]);
});
