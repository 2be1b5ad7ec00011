/** Every state of every panel draws, with one filled button at most, and every control can be named. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mount, newPage, states } from "./page.js";

const FILLED = { review: 0, approvable: 1, working: 0, intake: 1, stale: 1, failed: 1, paused: 1, interrupted: 1, complete: 0, empty: 0, hostile: 0, runs: 0 };

for (const name of Object.keys(states)) {
  test(`the state "${name}" draws`, async () => {
    newPage();
    const page = await mount(name);
    assert.ok(page.one(".autor"));
    assert.equal(page.all(".btn.fill").length, FILLED[name] ?? 0);
    for (const one of page.all("button, a, input, textarea, select")) {
      const id = one.getAttribute("id");
      const label = one.getAttribute("aria-label") || one.textContent || one.closest("label")?.textContent || (id && page.one(`label[for="${id}"]`)?.textContent) || "";
      assert.ok(label.trim(), `a ${one.localName} without a name: ${one.outerHTML.slice(0, 200)}`);
    }
    for (const one of page.all("[aria-describedby]")) assert.ok(page.one(`#${one.getAttribute("aria-describedby")}`), one.outerHTML.slice(0, 200));
    for (const one of page.all("[aria-labelledby]")) assert.ok(page.one(`#${one.getAttribute("aria-labelledby")}`), one.outerHTML.slice(0, 200));
    const ids = page.all("[id]").map((one) => one.id);
    assert.equal(new Set(ids).size, ids.length);
    page.close();
  });
}

test("a status has an icon of its own kind and a word", async () => {
  newPage();
  const page = await mount("paused");
  assert.ok(page.one(".facts .st .i-paused"));
  assert.equal(page.one(".facts .st").textContent, "Paused");
});

test("a complete run links its paper", async () => {
  newPage();
  const page = await mount("complete");
  assert.match(page.one(".paper").textContent, /The paper \(PDF\)/);
});

test("a document of another version is not guessed at", async () => {
  newPage();
  const page = await mount({ kind: "run", view: { ...states.review.view, v: 2 } });
  assert.match(page.el.textContent, /different versions/);
});

test("nothing at all says that it waits", async () => {
  newPage();
  const page = await mount({ kind: "run", view: {} });
  assert.match(page.el.textContent, /Waiting for the kernel/);
});
