/** What is committed is what the sources give, is small, and keeps to itself. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bundle, figure, nested, sheet } from "../build.mjs";

const at = (name) => new URL(`../${name}`, import.meta.url);

test("panel.js is under 60 kB", () => {
  assert.ok(statSync(at("panel.js")).size < 60_000, `${statSync(at("panel.js")).size} bytes`);
});

test("building again gives the same bytes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "panel-"));
  try {
    await bundle(join(folder, "panel.js"));
    await sheet(join(folder, "panel.css"));
    await figure(join(folder, "live.min.js"));
    for (const [name, path] of [["panel.js", "panel.js"], ["panel.css", "panel.css"], ["live.min.js", "../../../figures/live.min.js"]]) {
      assert.ok(readFileSync(at(path)).equals(readFileSync(join(folder, name))), `${name} is stale: npm run build`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the module gives what a widget needs", async () => {
  const { default: panel } = await import("../panel.js");
  assert.equal(typeof panel.render, "function");
});

test("nothing is written as HTML, nothing is evaluated, nothing is fetched", () => {
  const text = readFileSync(at("panel.js"), "utf8");
  for (const word of ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "fetch(", "XMLHttpRequest", "import("]) assert.ok(!text.includes(word), word);
});

test("names that are shortened are not used as strings too", () => {
  const own = [...readFileSync(at("build.mjs"), "utf8").split("const OWN = ")[1].split(".split")[0].matchAll(/"([^"]*)"/g)].flatMap((m) => m[1].trim().split(" "));
  const documents = ["run", "attempt", "looks", "runs", "feed"].map((name) => readFileSync(at(`test/fixtures/${name}.json`), "utf8")).join("");
  for (const name of own) assert.ok(!documents.includes(`"${name}":`), `${name} is a word of the documents`);
});

test("every rule of the sheet is ours alone", () => {
  const css = readFileSync(at("src/panel.css"), "utf8").replace(/\/\*.*?\*\//gs, "").replace(/url\("[^"]*"\)/g, "url()");
  for (const [, selector] of css.matchAll(/(?:^|[{}])\s*([^{}@;]+)\{/g)) {
    if (/^(from|to|[\d%,\s]+)$/.test(selector.trim())) continue;
    for (const one of selector.split(/,(?![^(]*\))/)) assert.match(one.trim(), /\.autor/, `not scoped: ${one}`);
  }
  assert.ok(!/@media[^{]*(width|height)/.test(css), "sizes answer to the panel, not to the window");
});

test("no source is longer than four hundred lines", () => {
  for (const name of readdirSync(at("src"))) if (name.endsWith(".js")) assert.ok(readFileSync(at(`src/${name}`), "utf8").split("\n").length <= 400, name);
});

test("rules of ours are nested, all others stay where they are", () => {
  const css = ".autor-host{a:b}.autor .x,.autor .y z{a:b}.autor .z:hover{c:url(d)}.autor :is(.a,.b){a:b}@media (x){.autor .x{a:c}}@keyframes k{to{a:b}}.autor>.x{a:b}";
  assert.equal(nested(css), ".autor-host{a:b}.autor{.x,.y z{a:b}.z:hover{c:url(d)}}.autor :is(.a,.b){a:b}@media (x){.autor{.x{a:c}}}@keyframes k{to{a:b}}.autor>.x{a:b}");
});
