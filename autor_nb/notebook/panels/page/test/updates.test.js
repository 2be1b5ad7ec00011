/** A new document touches only what differs: focus, typed text, folds and other views stay as they are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { but, FakeModel, mount, newPage, settle, states } from "./page.js";

/** Which parts of the panel change while something is done. */
async function touched(page, act) {
  const seen = new Set();
  const watcher = new MutationObserver((list) => { for (const one of list) seen.add((one.target.closest ? one.target : one.target.parentNode)?.closest?.(".head, .line, .record, .sec-checks, .sec-draft, .sec-artifacts, .decide, .sec-decisions, .sec-mini")?.className.split(" ").pop()); });
  watcher.observe(page.el, { subtree: true, childList: true, characterData: true, attributes: true });
  await act();
  await settle();
  await new Promise((done) => { setImmediate(done); });
  for (const one of watcher.takeRecords()) seen.add(one.target.closest?.(".sec")?.className);
  watcher.disconnect();
  seen.delete(undefined);
  return [...seen].sort();
}

test("the same document again touches nothing", async () => {
  newPage();
  const page = await mount("review");
  assert.deepEqual(await touched(page, () => page.model.set({ view: structuredClone(states.review.view), attempt: structuredClone(states.review.attempt) })), []);
});

test("a new cost touches only the header", async () => {
  newPage();
  const page = await mount("review");
  const dearer = but(states.review.view, (d) => { d.cost.usd = 4; });
  assert.deepEqual(await touched(page, () => page.model.set({ view: dearer })), ["head"]);
  assert.match(page.one(".head").textContent, /\$4\.00/);
});

test("focus, selection, typed text and open folds survive a new document", async () => {
  newPage();
  const page = await mount("review");
  const area = page.field("Your own words");
  await page.type(area, "Half a thought");
  area.focus();
  area.setSelectionRange(2, 5);
  const fold = page.one("details.pass");
  fold.open = true;
  page.model.set({ view: but(states.review.view, (d) => { d.seq += 1; d.cost.usd = 5; d.review.next = "Starts attempt 3."; d.decisions.total = 10; }) });
  await settle();
  assert.equal(document.activeElement, area);
  assert.deepEqual([area.value, area.selectionStart, area.selectionEnd], ["Half a thought", 2, 5]);
  assert.equal(page.one("details.pass"), fold);
  assert.equal(fold.open, true);
});

test("two views of one model are independent", async () => {
  newPage();
  const model = new FakeModel({ ...states.review });
  const one = await mount("review", { model });
  const two = await mount("review", { model });
  await one.click("Run seeds 8 and 9");
  assert.equal(one.all('.sug[aria-pressed="true"]').length, 1);
  assert.equal(two.all('.sug[aria-pressed="true"]').length, 0);
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  assert.equal(new Set(ids).size, ids.length);
  one.close();
  model.set({ view: but(states.review.view, (d) => { d.cost.usd = 9; }) });
  await settle();
  assert.match(two.one(".head").textContent, /\$9\.00/);
});

test("a decision made elsewhere shows at once, with who, and is said once", async () => {
  newPage();
  const page = await mount("review");
  page.model.set({ view: but(states.review.view, (d) => { d.decisions.total = 10; d.decisions.newest.unshift({ what: "05 Experimentation, attempt 2", did: "approved", who: "m.keller", you: false, how: "from the command line", at: "2026-11-21T13:03:00Z", said: "" }); }) });
  await settle();
  assert.match(page.one(".record").textContent, /attempt 2 approved by m\.keller from the command line · 21\sNov 2026, 13:03\sUTC/);
  assert.match(page.one(".autor-said").textContent, /approved by m\.keller/);
});

test("another attempt that is clicked is looked up once, and the way back is there", async () => {
  newPage();
  const page = await mount("review");
  await page.click("Attempt 1, refined");
  await settle();
  const looks = page.model.sent.filter((m) => m.do === "look" && m.what === "attempt");
  assert.deepEqual(looks.map((m) => [m.stage, m.attempt]), [["05_experimentation", 1]]);
  assert.match(page.one(".sec-checks").textContent, /Every frozen hypothesis/);
  assert.equal(page.button("Edit by hand"), undefined);
  await page.click("Back to 05 Experimentation");
  assert.ok(page.button("Edit by hand"));
});

test("arrow keys move along the attempts", async () => {
  newPage();
  const page = await mount("review");
  await page.key(page.one('[role=tab][aria-selected="true"]'), "ArrowLeft");
  assert.equal(page.one('[role=tab][aria-selected="true"]').textContent, "Attempt 1, refined");
  assert.equal(page.all('[role=tab][tabindex="0"]').length, 1);
});

test("keys typed in our fields do not reach JupyterLab, and its saving key does reach it from a button", async () => {
  newPage();
  const page = await mount("review");
  const heard = [];
  document.addEventListener("keydown", (e) => heard.push(e.key));
  const field = page.field("Your own words");
  assert.ok(field.hasAttribute("data-lm-suppress-shortcuts"));
  field.dispatchEvent(new window.KeyboardEvent("keydown", { key: "s", ctrlKey: true, bubbles: true }));
  await page.key(field, "d");
  await page.key(page.button("Compare"), "Enter");
  assert.deepEqual(heard, []);
  page.button("Compare").dispatchEvent(new window.KeyboardEvent("keydown", { key: "s", ctrlKey: true, bubbles: true }));
  assert.deepEqual(heard, ["s"]);
});

test("comparing asks for the two attempts and shows what differs", async () => {
  newPage();
  const page = await mount("review");
  await page.click("Compare");
  await settle();
  const look = page.model.sent.find((m) => m.what === "compare");
  assert.deepEqual([look.left, look.right, look.all], [{ stage: "05_experimentation", attempt: 1 }, { stage: "05_experimentation", attempt: 2 }, false]);
  assert.match(page.one(".compare").textContent, /brier, naive_bayes.*−0\.0055/s);
});

test("what could not be looked up says so and can be tried again", async () => {
  newPage();
  let fail = true;
  const kernel = (m, model) => { if (m.do === "look") queueMicrotask(() => model.say(fail && m.what === "preview" ? { look: m.id, error: { message: "The file is gone.", suggestion: "It was removed." } } : { look: m.id, data: { path: "x", kind: "text", text: "hello", foot: "", cards: [], total: 0, matched: 0 } })); };
  const page = await mount("review", { kernel });
  await settle();
  assert.match(page.one(".arts").textContent, /The file is gone\..*It was removed\./);
  fail = false;
  await page.click(page.one(".arts .verdict button"));
  await settle();
  assert.match(page.one(".arts").textContent, /hello/);
});
