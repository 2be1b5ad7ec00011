/** The loop's panel: what it draws, what it sends, how it behaves with ten thousand experiments and without a kernel. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loopBundle, loopSheet } from "../build.mjs";
import { loops, mountLoop } from "./loop-page.js";
import { but, newPage, settle } from "./page.js";

const at = (name) => new URL(`../${name}`, import.meta.url);
const beat = (page, n = 1) => page.model.say({ beat: n, at: new Date().toISOString() });

test("loop.js is under 60 kB, and building again gives the same bytes", async () => {
  assert.ok(statSync(at("loop.js")).size < 60_000);
  const folder = mkdtempSync(join(tmpdir(), "loop-"));
  try {
    await loopBundle(join(folder, "loop.js"));
    await loopSheet(join(folder, "loop.css"));
    for (const name of ["loop.js", "loop.css"]) assert.ok(readFileSync(at(name)).equals(readFileSync(join(folder, name))), `${name} is stale: npm run build`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("nothing is written as HTML, evaluated or fetched; every rule is scoped; no source is too long", () => {
  const text = readFileSync(at("loop.js"), "utf8");
  for (const word of ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "fetch(\"", "XMLHttpRequest", "import("]) assert.ok(!text.includes(word), word);
  const css = readFileSync(at("src/loop/loop.css"), "utf8").replace(/\/\*[^]*?\*\//g, "");
  for (const [, selector] of css.matchAll(/(?:^|[{}])\s*([^{}@;]+)\{/g)) for (const one of selector.split(/,(?![^(]*\))/)) assert.match(one.trim(), /\.autor/, one);
  for (const name of readdirSync(at("src/loop"))) assert.ok(readFileSync(at(`src/loop/${name}`), "utf8").split("\n").length <= 400, name);
});

test("the story of a loop: what it does, its numbers with their intervals, every verdict as mark and word", async () => {
  newPage();
  const page = await mountLoop(loops.story);
  const text = page.el.textContent;
  assert.match(page.one(".lp-pill.now").textContent, /Confirming #33, pair 9 of at most 16/);
  assert.match(page.one(".lp-stats").textContent, /Best re-measured1\.98\d ± 0\.02\d.*fresh runs of #27/);
  assert.match(text, /no interval.*audit not run/);
  assert.match(text, /the confirms run out near experiment \d+.*untested and the loop pauses/);
  for (const kind of ["keep", "discard", "inconclusive", "crash", "tampered", "testing", "baseline"]) {
    assert.ok(page.one(`.lp-curve .lp-pic .m-${kind}`), `${kind} is drawn`);
    assert.ok(page.one(`.lp-lg .m-${kind}`), `${kind} is in the legend`);
  }
  for (const cls of ["reml", "recl", "base", "noise", "cband"]) assert.ok(page.one(`.lp-curve svg .${cls}`), cls);
  for (const cls of ["bar", "fut", "ghost", "et"]) assert.ok(page.one(`.lp-test svg .${cls}`), cls);
  assert.match(text, /keep at E ≥ 40.*futile below ½/);
  assert.match(text, /\[−∞, \+∞\]/, "two pairs have no interval");
  assert.match(page.one("svg.lp-plot").getAttribute("aria-label"), /The best re-measured is .*Best recorded .*one run/);
  assert.match(page.one(".m-keep title").textContent, /^#2 kept: .* on fresh seeds: recorded .* \(one run\)/);
  assert.equal(page.all(".btn.fill").length, 1);
});

const DEEDS = [["Pause", "pause", {}], ["Stop", "stop", {}], ["Audit", "audit", {}]];
for (const [says, command, args] of DEEDS) {
  test(`a click on ${says} is one ask, however often it is clicked`, async () => {
    newPage();
    const page = await mountLoop(loops.story);
    const button = await page.click(says);
    button.click();
    await settle();
    assert.deepEqual(page.asks().map((m) => [m.command, m.args]), [[command, args]]);
  });
}

test("a paused loop offers Resume, a stopped one Start with its bounds", async () => {
  newPage();
  const paused = but(loops.story, (d) => { d.state.status = "paused"; Object.assign(d.actions, { pause: { enabled: false, reason: "No." }, resume: { enabled: true, reason: "" } }); });
  const first = await mountLoop(paused);
  await first.click("Resume");
  assert.equal(first.asks()[0].command, "resume");
  const stopped = but(loops.story, (d) => { d.state.status = "stopped"; Object.assign(d.actions, { pause: { enabled: false, reason: "No." }, start: { enabled: true, reason: "" } }); });
  const second = await mountLoop(stopped);
  await second.click("Start");
  await second.type(second.field("Experiments"), "20");
  await second.click(second.all(".lp-form button")[0]);
  assert.deepEqual([second.asks()[0].command, second.asks()[0].args], ["start", { iterations: "20", wall: "" }]);
});

test("a pinned idea is sent with its knobs; its text is kept until it was carried out", async () => {
  const { clock } = newPage();
  const page = await mountLoop(loops.story);
  await page.click("Pin an idea");
  assert.equal(document.activeElement, page.field("Hypothesis"));
  await page.type(page.field("Hypothesis"), "Decay to 5 %");
  await page.type(page.field("Knobs"), "PARAMS.lr = 0.002");
  assert.equal(localStorage.getItem("autor:loop:char-lm:pin"), "Decay to 5 %");
  page.close();
  const again = await mountLoop(loops.story);
  await again.click("Pin an idea");
  assert.equal(again.field("Hypothesis").value, "Decay to 5 %");
  await again.click("Pin this idea");
  const [ask] = again.asks();
  assert.deepEqual([ask.command, ask.args], ["pin", { text: "Decay to 5 %", knobs: "PARAMS.lr = 0.002" }]);
  again.model.say({ done: ask.id, ok: true });
  await clock.pass(10);
  assert.equal(localStorage.getItem("autor:loop:char-lm:pin"), null);
  assert.equal(again.one(".lp-form"), null);
});

test("what is being typed stays where it is while parts of the panel come and go", async () => {
  newPage();
  const page = await mountLoop(loops.story);
  await page.click("Pin an idea");
  const field = page.field("Hypothesis");
  await page.type(field, "Decay to");
  page.model.set({ view: but(loops.story, (d) => { d.forks.rows = []; d.loop.forked = "elsewhere"; d.loop.chips = []; }) });
  await settle();
  assert.equal(page.field("Hypothesis"), field);
  assert.equal(document.activeElement, field);
  page.model.set({ view: loops.story });
  await settle();
  assert.equal(page.field("Hypothesis"), field);
  assert.equal(document.activeElement, field);
});

test("an empty pin is not sent; a refusal stands in the form and the text stays", async () => {
  const { clock } = newPage();
  const page = await mountLoop(loops.story);
  await page.click("Pin an idea");
  await page.click("Pin this idea");
  assert.equal(page.asks().length, 0);
  await page.type(page.field("Hypothesis"), "Mine");
  await page.click("Pin this idea");
  page.model.say({ done: page.asks()[0].id, ok: false, reason: "Twenty pinned ideas wait already.", suggestion: "Let the loop try some." });
  await clock.pass(10);
  assert.match(page.one(".lp-form [role=alert]").textContent, /Twenty pinned ideas.*Let the loop try some/);
  assert.equal(page.field("Hypothesis").value, "Mine");
});

test("veto names the experiment, repeats are even, a budget is granted, the go-ahead needs a time", async () => {
  newPage();
  const page = await mountLoop(loops.story);
  await page.click("Veto this idea");
  await page.type(page.field("Why"), "It was tried.");
  await page.click(page.all(".lp-form button")[0]);
  assert.deepEqual([page.asks()[0].command, page.asks()[0].args], ["veto", { n: 33, why: "It was tried." }]);
  page.model.say({ done: page.asks()[0].id, ok: true });
  await settle();
  page.model.set({ view: but(loops.story, (d) => { d.seq += 1; }) });
  await settle();
  await page.click("Add repeats");
  await page.type(page.field("More pairs"), "3");
  await page.click("Add these pairs");
  assert.equal(page.asks().length, 1);
  await page.type(page.field("More pairs"), "6");
  await page.click("Add these pairs");
  assert.deepEqual([page.asks()[1].command, page.asks()[1].args], ["repeat", { n: 33, pairs: 6 }]);
  page.model.say({ done: page.asks()[1].id, ok: true });
  await settle();
  page.model.set({ view: but(loops.story, (d) => { d.seq += 2; }) });
  await settle();
  await page.click("Confirm");
  await page.click(page.all(".lp-form button")[0]);
  assert.equal(page.asks().length, 2);
  await page.type(page.field("At most so long"), "12h");
  await page.click(page.all(".lp-form button")[0]);
  assert.deepEqual([page.asks()[2].command, page.asks()[2].args], ["confirm", { wall: "12h", cost: "" }]);
  page.model.say({ done: page.asks()[2].id, ok: true });
  await settle();
  page.model.set({ view: but(loops.story, (d) => { d.seq += 3; }) });
  await settle();
  await page.click("Grant a new budget");
  await page.click(page.all(".lp-form button")[0]);
  assert.deepEqual([page.asks()[3].command, page.asks()[3].args], ["grant", { alpha: "" }]);
});

test("what cannot be done says why, and sends nothing", async () => {
  newPage();
  const page = await mountLoop(but(loops.story, (d) => { d.actions.audit = { enabled: false, reason: "Nothing was kept." }; }));
  const button = await page.click("Audit");
  assert.equal(button.getAttribute("aria-disabled"), "true");
  assert.match(page.one(".autor-said").textContent, /Nothing was kept/);
  assert.equal(page.asks().length, 0);
});

test("silence of the kernel is noticed by the page itself; a beat brings everything back", async () => {
  const { clock } = newPage();
  const page = await mountLoop(loops.story);
  for (let i = 0; i < 10; i += 1) { beat(page, i); await clock.pass(2000); }
  assert.equal(page.one(".gone"), null);
  await clock.pass(9000);
  assert.match(page.one(".gone").textContent, /The kernel has gone; the loop goes on.*autor loop watch char-lm/);
  await page.click("Stop");
  assert.equal(page.asks().length, 0);
  assert.equal(page.all(".btn.fill").length, 0);
  beat(page, 99);
  await clock.pass(10);
  assert.equal(page.one(".gone"), null);
});

test("ten thousand experiments: few rows and marks on the page, more fetched where one scrolls to", async () => {
  const { clock } = newPage();
  const page = await mountLoop(loops.long);
  await clock.pass(100);
  assert.ok(page.all("tbody tr").length < 50, `${page.all("tbody tr").length} rows`);
  assert.ok(page.all(".lp-curve .m").length < 1000);
  assert.ok(JSON.stringify(loops.long).length < 200_000);
  const box = page.one(".lp-tw");
  box.scrollTop = 5000 * 30;
  box.dispatchEvent(new window.Event("scroll"));
  await clock.pass(100);
  const asked = page.model.sent.filter((m) => m.what === "rows");
  assert.equal(asked.at(-1).first, 4988);
  assert.equal(page.one("tbody tr:not(.lp-gap) td").textContent, String(9999 - 4988));
  assert.ok(page.all("tbody tr").length < 50);
  assert.equal(page.one("table").getAttribute("aria-rowcount"), "10001");
});

test("what stands still is not drawn anew: a beat, a second or an equal document leave every picture alone", async () => {
  const { clock } = newPage();
  const page = await mountLoop(loops.long);
  const before = page.all("svg.lp-plot");
  beat(page);
  await clock.pass(3000);
  page.model.set({ view: structuredClone(loops.long) });
  await clock.pass(100);
  page.all("svg.lp-plot").forEach((node, i) => assert.equal(node, before[i]));
});

test("the filter asks for its own rows; a row opens its idea and change", async () => {
  const { clock } = newPage();
  const page = await mountLoop(loops.story);
  await page.click("Confirmed tests");
  await clock.pass(100);
  assert.equal(page.model.sent.filter((m) => m.what === "rows").at(-1).which, "tests");
  await page.click("All 34");
  await clock.pass(100);
  await page.click("Diff of #27");
  await clock.pass(10);
  assert.equal(page.model.sent.filter((m) => m.what === "experiment").at(-1).n, 27);
  assert.match(page.one(".lp-open").textContent, /#27.*Hypothesis.*Change/);
});

test("hostile words stay words, in texts, marks, tables, diffs and outputs", async () => {
  const { clock } = newPage();
  const nasty = '"><img src=x onerror=alert(1)><script>alert(2)</script>';
  const spoil = (value, key = "") => {
    if (typeof value === "string") return /^(kind|status|tone|do|id|which|act)$/.test(key) ? value : `${value}${nasty}`;
    if (Array.isArray(value)) return value.map((one, i) => (i === 1 && typeof value[0] === "number" && typeof one === "string" ? one : spoil(one)));
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, spoil(v, k)]));
    return value;
  };
  const page = await mountLoop(spoil(loops.story));
  await page.click(page.all(".lp-lnk[aria-expanded]").find((b) => /Diff/.test(b.textContent)) || page.all(".lp-lnk")[0]);
  page.model.say({ output: { ...loops.story.test.output, lines: [nasty] } });
  await clock.pass(50);
  assert.equal(page.all("img,script,iframe").length, 0);
  assert.match(page.el.textContent, /<script>alert\(2\)/);
  assert.ok(!page.all("*").some((node) => [...node.attributes].some((a) => a.name.startsWith("on"))));
});

test("the output of the running trial goes on between two documents", async () => {
  newPage();
  const page = await mountLoop(loops.story);
  page.model.say({ output: { ...loops.story.test.output, lines: ["step 1400/2000"] } });
  await settle();
  assert.match(page.one(".lp-pre.tail").textContent, /step 1400/);
});

test("a document of another version asks for a reload; an empty one waits; closing leaves nothing behind", async () => {
  const { clock } = newPage();
  assert.match((await mountLoop({ ...loops.story, v: 2 })).el.textContent, /reload the page/);
  assert.match((await mountLoop({})).el.textContent, /being read/);
  newPage();
  const page = await mountLoop(loops.story);
  page.close();
  assert.equal(page.el.children.length, 0);
  void clock;
});
