/** The panel's own timer: when the kernel has gone, when it only seems so, and how it comes back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { but, mount, newPage, states } from "./page.js";

/** Beats every two seconds for a while. */
async function beats(page, clock, seconds) {
  for (let i = 0; i < seconds / 2; i += 1) {
    page.model.say({ beat: i, at: new Date(Date.now()).toISOString() });
    await clock.pass(2000);
  }
}

test("while beats come nothing is said, also while a cell is busy", async () => {
  const { clock } = newPage();
  const page = await mount("review");
  await beats(page, clock, 60);
  assert.equal(page.one(".gone"), null);
});

test("seven seconds of silence: the kernel has gone, with two ways back, and no button works", async () => {
  const { clock } = newPage();
  const page = await mount("working");
  await clock.pass(9000);
  assert.match(page.one(".gone").textContent, /The kernel has gone; the run goes on.*autor watch --run 20261121_084210/);
  assert.ok(page.button("Copy the command"));
  await page.click(page.one(".stop"));
  assert.equal(page.model.asks.length, 0);
  assert.equal(page.all(".btn.fill").length, 0);
});

test("a beat brings everything back, and the page greets the kernel", async () => {
  const { clock } = newPage();
  const page = await mount("review");
  await page.type(page.field("Your own words"), "Unsent");
  await clock.pass(9000);
  assert.match(page.one(".tail").textContent, /unsent text \(6\scharacters\)/);
  const before = page.model.sent.filter((m) => m.do === "hello").length;
  page.model.say({ beat: 9, at: new Date().toISOString() });
  await clock.pass(10);
  assert.equal(page.one(".gone"), null);
  assert.equal(page.field("Your own words").value, "Unsent");
  assert.equal(page.model.sent.filter((m) => m.do === "hello").length, before + 1);
});

test("a page that slept for an hour waits for one beat before it says anything", async () => {
  const { clock } = newPage();
  const page = await mount("review");
  await beats(page, clock, 4);
  clock.sleep(3600_000);
  await clock.pass(1500);
  assert.equal(page.one(".gone"), null);
  page.model.say({ beat: 3, at: new Date().toISOString() });
  await clock.pass(2000);
  assert.equal(page.one(".gone"), null);
});

test("a page that slept while the kernel died says so soon after", async () => {
  const { clock } = newPage();
  const page = await mount("review");
  clock.sleep(3600_000);
  await clock.pass(6000);
  assert.ok(page.one(".gone"));
});

test("a click that the kernel never took is said to be unknown, and its text kept", async () => {
  const { clock } = newPage();
  const page = await mount("review");
  await page.type(page.field("Your own words"), "Ten seeds");
  await page.click("Refine with your own words");
  await clock.pass(9000);
  assert.match(page.el.textContent, /Not known: The kernel went before it took this/);
  assert.equal(page.field("Your own words").value, "Ten seeds");
});

test("the page pings every five seconds and stops when it is closed", async () => {
  const { clock } = newPage();
  const page = await mount("review");
  await beats(page, clock, 20);
  const pings = page.model.sent.filter((m) => m.do === "ping").length;
  assert.ok(pings >= 4 && pings <= 5, String(pings));
  page.close();
  await clock.pass(20000);
  assert.equal(page.model.sent.filter((m) => m.do === "ping").length, pings);
  assert.equal(clock.jobs.size, 0);
});

test("the time worked stands still where the kernel was last heard of, with what was running then", async () => {
  const { clock } = newPage();
  const page = await mount({ ...states.working, view: but(states.working.view, (d) => { d.worked = { s: 600, running_since: "2026-11-21T13:00:00Z" }; }) });
  page.model.say({ beat: 1, at: "2026-11-21T13:20:00Z" });
  await clock.pass(9000);
  await clock.pass(60000);
  const worked = page.all("dt").find((one) => one.textContent === "Worked").nextSibling.textContent;
  assert.equal(worked.replaceAll("\u00a0", " "), "30 min");
});

test("events that only a newer version can show are counted in words", async () => {
  newPage();
  const page = await mount({ ...states.review, view: but(states.review.view, (d) => { d.unknown = 2; }) });
  assert.match(page.one(".autor").textContent.replaceAll("\u00a0", " "), /2 events of a newer autor_nb cannot be shown: upgrade/);
});
