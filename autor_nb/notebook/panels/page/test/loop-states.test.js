/** The loop's panel in states that few people see: tiny values, shares, outliers, no noise, long names. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loops, mountLoop } from "./loop-page.js";
import { but, newPage } from "./page.js";

const axis = (page, selector) => page.all(`${selector} text.ax.e`).map((one) => one.textContent);

test("no row is marked as open before one is opened, the baseline's neither", async () => {
  newPage();
  const page = await mountLoop(but(loops.story, (d) => { d.table.rows = [{ ...d.table.rows[0], n: 0, kind: "baseline", act: "log" }]; d.table.total = 1; d.table.filters = [{ id: "all", word: "All", count: 12345 }]; }));
  assert.equal(page.all(".lp-tw tr.open").length, 0);
  assert.match(page.one(".lp-chips").textContent, /All 12,345/);
  await page.click(page.one(".lp-tw tbody .lp-lnk"));
  assert.ok(page.one(".lp-tw tr.open") && page.one(".lp-open"), "#0 opens like any other");
});

test("tiny values stand on their axis in one power of ten, and no two ticks are alike", async () => {
  newPage();
  const page = await mountLoop(but(loops.story, (d) => {
    const to = (v) => (v === null ? null : v * 1e-9);
    const c = d.curve;
    Object.assign(c, { low: to(c.low), high: to(c.high), baseline: to(c.baseline), power: -9, unit: "e\u22129", decimals: 3 });
    c.levels = c.levels.map(([n, ...rest]) => [n, ...rest.map(to)]);
    c.recorded = c.recorded.map(([n, v]) => [n, to(v)]);
    c.marks = c.marks.map(([n, kind, ...rest]) => [n, kind, ...rest.map(to)]);
  }));
  const said = axis(page, ".lp-curve").filter((one) => one.includes("e\u2212"));
  assert.ok(said.length >= 4 && new Set(said).size === said.length && said.every((one) => /^\d\.\d+e\u22129$/.test(one)), said.join());
  assert.match(page.one(".lp-curve .m-keep title").textContent, /^#\d+ kept: \d\.\d{3}e\u22129 \[/);
});

test("the changes of a time stand on their axes as shares, as everywhere else", async () => {
  newPage();
  const page = await mountLoop(but(loops.story, (d) => { for (const one of [d.test.track, d.hopes]) Object.assign(one, { power: -2, unit: "\u00a0%", decimals: 1 }); }));
  const said = page.all(".lp-ea text.ax.e").map((one) => one.textContent);
  assert.ok(said.length > 1 && said.every((one) => one.endsWith("\u00a0%")), said.join());
  assert.ok(page.all(".lp-test .lp-pic text.ax.e").some((one) => /^[+\u2212]\d+(\.\d)?\u00a0%$/.test(one.textContent)));
});

test("a difference beyond the small plot is drawn at its edge with an arrow", async () => {
  newPage();
  const page = await mountLoop(but(loops.story, (d) => { d.table.span = [-0.1, 0.1]; d.table.rows = [{ ...d.table.rows[0], kind: "discard", ends: [5, null, null, 0] }, { ...d.table.rows[1], kind: "discard", ends: [0.01, null, null, 0] }]; d.table.total = 2; }));
  assert.deepEqual(page.all(".lp-tw .lp-fr").map((one) => one.querySelectorAll(".nf").length), [1, 0]);
});

test("the legend names no line that is not drawn, and a long name of a metric leaves room for the rest", async () => {
  newPage();
  const page = await mountLoop(but(loops.story, (d) => { Object.assign(d.curve, { levels: [], noise: "", lower: false, axis: `${"m".repeat(400)} (higher is better)` }); delete d.curve.labels.best; d.metric.name = "m".repeat(400); }));
  assert.ok(!page.one(".lp-lg .s-best") && !page.one(".lp-lg .s-noise") && page.one(".lp-lg .s-rec"));
  const label = page.all(".lp-curve svg text").find((one) => /^mm/.test(one.textContent));
  assert.ok(label.textContent.length < 200 && label.textContent.endsWith("m\u2026 (higher is better)"));
  assert.equal(page.one(".lp-tw th.mx").getAttribute("title"), "m".repeat(400));
});

test("a fork says what it does, this one does not say it twice", async () => {
  newPage();
  const page = await mountLoop(but(loops.story, (d) => { d.forks.rows[1].word = "Failed"; d.forks.rows[1].tone = "fail"; }));
  const heads = page.all(".lp-fk .fkh");
  assert.match(heads[0].textContent, /this loop$/);
  assert.equal(heads[1].querySelector(".is-fail").textContent, "Failed");
});
