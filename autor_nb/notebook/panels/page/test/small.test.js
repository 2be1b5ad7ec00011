/** Numbers, moments and places. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { below, fullPath, place, readServer } from "../src/places.js";
import { clock, count, duration, group, money, plural, roughly, size, stamp, when } from "../src/words.js";
import { newPage } from "./page.js";

const tight = (text) => text.replace(/[\u00a0\u202f]/g, " ");

test("durations and clocks", () => {
  assert.deepEqual([0, 59, 125, 3600, 9660].map((s) => tight(duration(s))), ["0 s", "59 s", "2 min 5 s", "1 h 0 min", "2 h 41 min"]);
  assert.deepEqual([30, 95, 4140].map((s) => tight(roughly(s))), ["30 s", "1 min", "1 h 9 min"]);
  assert.deepEqual([8, 728, 3675].map(clock), ["00:08", "12:08", "1:01:15"]);
});

test("money, counts and sizes", () => {
  assert.deepEqual([null, 0, 0.004, 3.864].map(money), ["", "$0.00", "< $0.01", "$3.86"]);
  assert.deepEqual([999, 9400, 412000, 1912000].map((n) => tight(count(n))), ["999", "9.4 k", "412 k", "1.91 M"]);
  assert.deepEqual([12, 1900, 48200000, 999600].map((n) => tight(size(n))), ["12 B", "1.9 kB", "48 MB", "1.0 MB"]);
  assert.equal(tight(plural(200000, "event")), "200 000 events");
  assert.equal(tight(group(999)), "999");
});

test("moments are UTC, with the day only when it is another", () => {
  const now = Date.parse("2026-11-21T13:00:00Z");
  assert.equal(tight(stamp("2026-11-21T12:43:00+01:00")), "21 Nov 2026, 11:43 UTC");
  assert.equal(tight(when("2026-11-21T11:43:00Z", now)), "11:43 UTC");
  assert.equal(tight(when("2026-11-20T11:43:00Z", now)), "20 Nov 2026, 11:43 UTC");
  assert.equal(stamp("nonsense"), "");
});

test("files of a run below the server's folder have an address", () => {
  const server = { base: "/user/ada/", root: "/srv/lab", notebook: false };
  const to = place(server, fullPath("/srv/lab/runs/r1", "results/a b#.csv"));
  assert.equal(to.href, "/user/ada/lab/tree/runs/r1/workspace/results/a%20b%23.csv");
  assert.deepEqual(JSON.parse(to.args), { path: "runs/r1/workspace/results/a b#.csv" });
  assert.equal(place({ ...server, notebook: true }, fullPath("/srv/lab/runs/r1", "stages/05.ipynb")).href, "/user/ada/notebooks/runs/r1/stages/05.ipynb");
});

test("a root under the home folder is written with a tilde", () => {
  assert.equal(below("~/studies", "/home/ada/studies/runs/r1/a.csv"), "runs/r1/a.csv");
  assert.equal(below("~", "/Users/ada/runs/a.csv"), "runs/a.csv");
});

test("elsewhere, in hidden folders and without a server there is no address", () => {
  assert.equal(below("/srv/lab", "/srv/labs/a"), null);
  assert.equal(below("/srv/lab", "/srv/lab/.hidden/a"), null);
  assert.equal(place(null, "/srv/lab/a"), null);
  newPage();
  assert.equal(readServer(), null);
});
