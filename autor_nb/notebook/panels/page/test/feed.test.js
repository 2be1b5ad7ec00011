/** A flood of events: a bounded memory, a bounded page, nothing lost that cannot be fetched. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Feed, MOST } from "../src/feed.js";
import { ListWindow } from "../src/window.js";
import { mount, newPage, settle } from "./page.js";

const card = (n, more = {}) => ({ n, at: "2026-11-21T13:00:00Z", kind: "text", ok: null, title: "", text: `event ${n}`, mono: false, more: 0, took_s: null, ...more });
const run = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => card(from + i));

/** A feed whose kernel holds so many events. */
function feedOf(total) {
  const asked = [];
  const look = async (what) => {
    asked.push(what);
    const end = what.before === null ? total : what.before - 1;
    return { cards: run(Math.max(1, end - what.count + 1), end), total, matched: total };
  };
  return { feed: new Feed({ stage: "s", attempt: 1, look, changed: () => {} }), asked };
}

const flood = (feed, total) => { for (let n = 1; n <= total; n += 50) feed.take({ total: n + 49, skipped: 0, cards: run(n, n + 49) }); };

test("200,000 events leave four hundred cards in memory, the newest", () => {
  const { feed } = feedOf(200000);
  flood(feed, 200000);
  assert.equal(feed.cards.length, MOST);
  assert.equal(feed.cards.at(-1).n, 200000);
  assert.equal(feed.before, 200000 - MOST);
});

test("a batch with cards left out begins anew, so that no gap is hidden", () => {
  const { feed } = feedOf(1000);
  feed.take({ total: 50, skipped: 0, cards: run(1, 50) });
  feed.take({ total: 1000, skipped: 900, cards: run(951, 1000) });
  assert.deepEqual([feed.cards[0].n, feed.cards.length, feed.before], [951, 50, 950]);
});

test("cards that came twice are shown once", () => {
  const { feed } = feedOf(60);
  feed.take({ total: 50, skipped: 0, cards: run(1, 50) });
  feed.take({ total: 60, skipped: 0, cards: run(41, 60) });
  assert.deepEqual(feed.cards.map((c) => c.n), run(1, 60).map((c) => c.n));
});

test("who reads does not move, sees how many are newer, and follows again when asked", () => {
  const { feed } = feedOf(500);
  flood(feed, 500);
  feed.hold();
  const first = feed.cards[0].n;
  feed.take({ total: 550, skipped: 0, cards: run(501, 550) });
  assert.deepEqual([feed.cards[0].n, feed.newer], [first, 50]);
  assert.ok(feed.cards.length + feed.tail.length <= MOST);
  feed.follow();
  assert.equal(feed.cards.at(-1).n, 550);
});

test("earlier events come a page at a time, and memory stays bounded", async () => {
  const { feed, asked } = feedOf(2000);
  flood(feed, 2000);
  for (let i = 0; i < 10; i += 1) {
    feed.older();
    await settle();
  }
  assert.equal(asked[0].before, 1701);
  assert.equal(feed.cards[0].n, 701);
  assert.ok(feed.cards.length + feed.tail.length <= MOST);
});

test("a search is asked of the kernel, and new matches join", async () => {
  const { feed, asked } = feedOf(10);
  flood(feed, 50);
  feed.filter("event 7", "All");
  await settle();
  assert.deepEqual([asked[0].search, asked[0].kinds, asked[0].before], ["event 7", [], null]);
  const before = feed.cards.length;
  feed.take({ total: 52, skipped: 0, cards: [card(51, { text: "event 700" }), card(52, { text: "other" })] });
  assert.equal(feed.cards.length, before + 1);
});

test("of a long list only a window is drawn, at its end while following", () => {
  const win = new ListWindow();
  const cards = run(1, 400);
  const at = win.slice(cards, true);
  assert.equal(at.last, 400);
  assert.ok(at.last - at.first < 40);
  assert.equal(at.before + (at.last - at.first) * 46 + at.after, 400 * 46);
});

test("in the page a flood stays a window of rows", async () => {
  const { clock } = newPage();
  const page = await mount("working");
  for (let n = 1000; n < 21000; n += 50) {
    page.model.say({ feed: { stage: "05_experimentation", attempt: 3, total: n + 50, skipped: 0, cards: run(n, n + 49) } });
    if (n % 1000 === 0) page.model.say({ beat: n, at: "2026-11-21T13:18:20Z" });
    await clock.pass(1);
  }
  assert.ok(page.all(".feed > li").length < 60, String(page.all(".feed > li").length));
  assert.equal(page.all(".feed > li").at(-1).getAttribute("data-n"), "20999");
  assert.match(page.one(".sec-feed").textContent, /21\u202f000\sevents, newest last/);
});

test("Pause holds the list and Go on follows again", async () => {
  newPage();
  const page = await mount("working");
  await settle();
  await page.click("Pause");
  page.model.say({ feed: { stage: "05_experimentation", attempt: 3, total: 70, skipped: 0, cards: run(67, 70) } });
  await settle();
  assert.ok(!page.one('[data-n="70"]'));
  assert.match(page.one(".newer").textContent, /4 newer events/);
  await page.click("Go on");
  assert.ok(page.one('[data-n="70"]'));
});

test("a box that changes its size has not been scrolled by its reader", () => {
  const win = new ListWindow();
  win.box = { scrollTop: 0, scrollHeight: 4000, clientWidth: 600, clientHeight: 480 };
  win.end();
  win.byReader();
  Object.assign(win.box, { scrollTop: 3000, clientHeight: 700 });
  assert.equal(win.byReader(), false);
  win.end();
  win.box.scrollTop = 3000;
  assert.equal(win.byReader(), true);
});
