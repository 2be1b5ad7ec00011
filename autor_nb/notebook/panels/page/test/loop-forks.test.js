/** The forks of a loop's panel: what common seeds showed, a comparison and a merge asked for, and code told apart. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { code } from "../src/loop/code.js";
import { loops, mountLoop } from "./loop-page.js";
import { but, newPage, settle } from "./page.js";

const still = (change = () => {}) => but(loops.story, (d) => { d.actions.merge = { enabled: true, reason: "" }; change(d); });
const work = (more) => ({ what: "merge", title: "Merging the best fork into char-lm", at_work: true, stopping: false, since: loops.story.at, runs: 2, said: [], tone: "accent", lines: ["1/6  base  seed 7: 2.24  (41 s)"], ...more });

test("every fork stands with its difference, interval, e-value and decision, and when it was measured", async () => {
  newPage();
  const page = await mountLoop(loops.story);
  const text = page.one(".lp-forks").textContent;
  assert.match(text, /6 common fresh seeds.*95 % CS\. e-BH at 5 %: char-lm and fork-b are better than it\..*Measured 21\sNov 2026, 04:02\sUTC/);
  const rows = page.all(".lp-fk");
  assert.match(rows[1].textContent, /−0\.\d+ \[−0\.\d+, −0\.\d+\], E\s=\s[\d,.]+.*better by e-BH and BH/);
  assert.ok(rows[1].querySelector(".fka svg .m-keep"));
  assert.match(rows[2].textContent, /no rank: it kept nothing/);
});

test("without a comparison the way to one is told, and nothing else", async () => {
  newPage();
  const page = await mountLoop(still((d) => { d.forks.common.at = ""; for (const row of d.forks.rows) row.against = null; }));
  assert.match(page.one(".lp-forks").textContent, /Not compared on common fresh seeds yet.*autor loop compare char-lm/);
  assert.doesNotMatch(page.one(".lp-forks").textContent, /better by/);
});

test("a merge is asked for once, after it was said what it does; seeds that are none are not sent", async () => {
  newPage();
  const page = await mountLoop(still());
  await page.click("Merge best");
  assert.equal(page.asks().length, 0);
  assert.match(page.one(".lp-form").textContent, /Merge the best fork into char-lm\?.*At most about 58 runs.*fresh pairs: E ≥ 20.*nothing is changed/);
  const seeds = page.field("Common fresh seeds");
  assert.equal(document.activeElement, seeds);
  await page.type(seeds, "1");
  await page.click("Merge the best into char-lm");
  assert.equal(page.asks().length, 0);
  await page.type(seeds, "8");
  await page.click("Merge the best into char-lm");
  assert.deepEqual(page.asks().map((m) => [m.command, m.args]), [["merge", { seeds: "8" }]]);
  page.model.say({ done: page.asks()[0].id, ok: false, reason: "Loop char-lm holds all that its forks kept.", suggestion: "Start one." });
  await settle();
  assert.match(page.one(".lp-form .verdict").textContent, /Refused: Loop char-lm holds all.*Start one/);
});

test("a loop at work is not merged into: the button says why", async () => {
  newPage();
  const page = await mountLoop(loops.story);
  await page.click("Merge best");
  assert.equal(page.one(".lp-form"), null);
  assert.match(page.one(".autor-said").textContent, /Stop the loop first/);
  await page.click("Compare");
  await page.click("Compare them");
  assert.deepEqual(page.asks().map((m) => [m.command, m.args]), [["compare", { seeds: "6" }]]);
});

test("work is told as it goes, is ended by a click, and leaves what it came to", async () => {
  newPage();
  const page = await mountLoop(still((d) => { d.forks.work = work(); d.actions.halt = { enabled: true, reason: "" }; }));
  assert.match(page.one(".lp-work").textContent, /Merging the best fork into char-lm.*2\srun.*base\s+seed 7/);
  await page.click("Stop this");
  assert.deepEqual(page.asks().map((m) => m.command), ["halt"]);
  page.model.set({ view: still((d) => { d.seq += 1; d.forks.work = work({ at_work: false, tone: "warn", said: ["It was interrupted. Nothing was changed."], ended: d.at }); }) });
  await settle();
  assert.match(page.one(".lp-work.tint-warn").textContent, /Nothing was changed/);
  assert.doesNotMatch(page.one(".lp-work").textContent, /seed 7|Stop this/);
});

test("code is told apart without losing a character, also where it is nobody's language", () => {
  const inner = (part) => (typeof part === "string" ? part : part.kids.map((kid) => kid.text).join(""));
  const flat = (parts) => parts.map(inner).join("");
  const marks = (text) => code(text).filter((part) => typeof part !== "string").map((part) => [part.props.class, inner(part)]);
  const lines = ["  opt = AdamW(model, lr=3e-3)  # rate", "return 'it\\'s' if x else None", "a = \"open", "#fff", "x_2 = F1 + 0x1f", "<script>alert(1)</script>", "", "``` `", "\u202e'\\", "// no", "1e-5-2"];
  for (const line of lines) assert.equal(flat(code(line)), line, line);
  assert.deepEqual(marks(lines[0]), [["c-n", "3e-3"], ["c-c", "# rate"]]);
  assert.deepEqual(marks(lines[1]), [["c-k", "return"], ["c-s", "'it\\'s'"], ["c-k", "if"], ["c-k", "else"], ["c-k", "None"]]);
  assert.doesNotMatch(JSON.stringify(marks(lines[4])), /F1|x_2/);
  const began = performance.now();
  code(`${"'\\".repeat(50_000)}`);
  code(`${"9e".repeat(50_000)}`);
  assert.ok(performance.now() - began < 1000);
});
