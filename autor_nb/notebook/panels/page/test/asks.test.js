/** A click and its fate: sent once, waiting, sent, refused, done; unsent text is kept. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { but, mount, newPage, settle, states } from "./page.js";

const KEY = "autor:20261121_084210:05_experimentation:2:feedback";

test("Approve sends the attempt and the draft's hash, once, however often it is clicked", async () => {
  const { clock } = newPage();
  const page = await mount("approvable");
  const button = await page.click("Approve, go on");
  button.click();
  button.click();
  await clock.pass(100);
  assert.equal(page.model.asks.length, 1);
  const { command, args, id } = page.model.asks[0];
  assert.deepEqual([command, args.attempt, args.draft_sha256], ["approve", 2, states.review.view.review.draft_sha256]);
  assert.ok(id);
});

test("a blocked Approve sends nothing and says why", async () => {
  newPage();
  const page = await mount("review");
  const button = await page.click("Approve, go on");
  assert.equal(button.getAttribute("aria-disabled"), "true");
  assert.match(page.one(`#${button.getAttribute("aria-describedby")}`).textContent, /1 blocking check fails/);
  assert.equal(page.model.asks.length, 0);
  assert.match(page.one(".autor-said").textContent, /blocking check/);
});

test("a click waits for the kernel in words after 0.7 s, then is sent, then done", async () => {
  const { clock } = newPage();
  const page = await mount("approvable");
  await page.click("Approve, go on");
  const label = () => page.one(".approve button").textContent;
  await clock.pass(600);
  assert.match(label(), /Approve, go on/);
  await clock.pass(200);
  assert.equal(label(), "Waiting for the kernel");
  const { id } = page.model.asks[0];
  page.model.say({ got: id });
  await clock.pass(10);
  assert.equal(label(), "Sent");
  page.model.say({ done: id, ok: true });
  await clock.pass(10);
  assert.equal(label(), "Done");
  assert.equal(page.model.asks.length, 1);
});

test("a refusal stands beside the button with its reason, and the text is kept", async () => {
  const { clock } = newPage();
  const page = await mount("review");
  await page.type(page.field("Your own words"), "Use ten seeds.");
  assert.equal(localStorage.getItem(KEY), "Use ten seeds.");
  await page.click("Refine with your own words");
  assert.deepEqual(page.model.asks[0].args, { attempt: 2, feedback: "Use ten seeds." });
  page.model.say({ done: page.model.asks[0].id, ok: false, reason: "m.keller was first.", suggestion: "Look at attempt 3." });
  await clock.pass(10);
  const alert = page.one(".decide [role=alert]");
  assert.match(alert.textContent, /m\.keller was first\..*Look at attempt 3\./);
  assert.equal(localStorage.getItem(KEY), "Use ten seeds.");
  assert.equal(page.field("Your own words").value, "Use ten seeds.");
});

test("text that was carried out is no longer kept", async () => {
  const { clock } = newPage();
  const page = await mount("review");
  await page.type(page.field("Your own words"), "Use ten seeds.");
  await page.click("Refine with your own words");
  page.model.say({ done: page.model.asks[0].id, ok: true });
  await clock.pass(10);
  assert.equal(localStorage.getItem(KEY), null);
  assert.equal(page.field("Your own words").value, "");
});

test("unsent text comes back when the page does, as the choice that was made", async () => {
  newPage();
  const first = await mount("review");
  await first.type(first.field("Your own words"), "Half a sentence");
  first.close();
  const second = await mount("review");
  assert.equal(second.field("Your own words").value, "Half a sentence");
  assert.ok(second.button("Refine with your own words").className.includes("fill"));
});

test("a browser that forbids storage is said to keep nothing, and typing still works", async () => {
  newPage();
  Object.defineProperty(window, "localStorage", { get() { throw new Error("denied"); }, configurable: true });
  const page = await mount("review");
  await page.type(page.field("Your own words"), "Only here");
  assert.match(page.one(".own").textContent, /keeps nothing/);
  await page.click("Refine with your own words");
  assert.equal(page.model.asks[0].args.feedback, "Only here");
});

test("suggestions and own words are one choice; the button names what it sends", async () => {
  newPage();
  const page = await mount("review");
  await page.type(page.field("Your own words"), "Mine");
  await page.click("Run seeds 8 and 9");
  assert.equal(page.all('.sug[aria-pressed="true"]').length, 1);
  assert.ok(!page.one(".own").className.includes("on"));
  await page.click("Refine with suggestion 2");
  assert.deepEqual(page.model.asks[0].args, { attempt: 2, suggestion: 2 });
});

test("a view that names the click as answered settles it even if the answer itself was lost", async () => {
  const { clock } = newPage();
  const page = await mount("approvable");
  await page.click("Approve, go on");
  const { id } = page.model.asks[0];
  page.model.set({ view: but(states.approvable.view, (d) => { d.refusals = [{ id, command: "approve", reason: "Too late.", suggestion: "", who: "you", at: d.at }]; }) });
  await clock.pass(10);
  assert.match(page.one(".decide [role=alert]").textContent, /Too late/);
});

test("the remedy of a check goes into the feedback", async () => {
  newPage();
  const page = await mount("review");
  await page.click("Put remedy into feedback");
  assert.match(page.field("Your own words").value, /test H3 on the runs/);
});

test("a check is waived only with a reason", async () => {
  newPage();
  const page = await mount("review");
  await page.click("Waive with a reason");
  await page.click("Waive this check");
  assert.equal(page.model.asks.length, 0);
  await page.type(page.field("Why this check may fail"), "H3 is out of scope.");
  await page.click("Waive this check");
  assert.deepEqual(page.model.asks[0].args, { attempt: 2, check_id: "hypotheses_have_outcomes", why: "H3 is out of scope." });
});

test("a rollback shows what it withdraws before it is confirmed", async () => {
  newPage();
  const page = await mount("review");
  await page.click("Roll back…");
  assert.equal(page.model.asks.length, 0);
  assert.match(page.one(".cons").textContent, /05 Experimentation, attempt 2 in review/);
  assert.equal(page.all(".btn.fill").length, 1);
  const select = page.one(".sheet select");
  select.value = "03_study_design";
  select.dispatchEvent(new window.Event("change", { bubbles: true }));
  await settle();
  await page.click("Roll back to 03 Study Design");
  assert.deepEqual([page.model.asks[0].command, page.model.asks[0].args], ["rollback", { stage: "03_study_design" }]);
});

test("an abort asks again", async () => {
  newPage();
  const page = await mount("review");
  await page.click("Abort run…");
  assert.equal(page.model.asks.length, 0);
  await page.click("Abort this run");
  assert.deepEqual([page.model.asks[0].command, page.model.asks[0].args], ["abort", {}]);
});

test("a draft is edited by hand against the hash that was read", async () => {
  newPage();
  const page = await mount("review");
  await page.click("Edit by hand");
  const area = page.one(".editor textarea");
  assert.match(area.value, /^# Stage 05/);
  await page.type(area, "# Stage 05: Experimentation\n\nMine.");
  await page.click("Save as edited by me");
  assert.equal(page.model.asks[0].command, "edit");
  assert.deepEqual(page.model.asks[0].args, { attempt: 2, draft_sha256: states.review.view.review.draft_sha256, markdown: "# Stage 05: Experimentation\n\nMine." });
});

test("answers are sent as pairs, with what is usual filled in", async () => {
  newPage();
  const page = await mount("intake");
  await page.type(page.field("What must the agent not do"), "Touch no raw data.");
  await page.click("Send 3 answers");
  assert.deepEqual(page.model.asks[0].args.answers, [{ question: "venue", answer: "neurips" }, { question: "budget", answer: "$12" }, { question: "limits", answer: "Touch no raw data." }]);
});

test("a run is removed only when its name was typed", async () => {
  newPage();
  const page = await mount("runs");
  await page.click("Remove 20261118_090000…");
  await page.click("Remove this run");
  assert.equal(page.model.asks.length, 0);
  await page.type(page.one(".removing input"), "20261118_090000");
  await page.click("Remove this run");
  assert.deepEqual([page.model.asks[0].command, page.model.asks[0].args], ["remove", { run: "20261118_090000" }]);
});

test("an export says where it went", async () => {
  newPage();
  const page = await mount("review");
  await page.click("Export this run");
  await settle();
  assert.match(page.el.textContent, /Exported\. One page, 1\.2 MB\..*export\.html/);
  await page.click("Dismiss this message");
  assert.doesNotMatch(page.el.textContent, /Exported/);
});

test("all files are asked for, narrowed, and opened in place", async () => {
  newPage();
  const page = await mount("review");
  await page.click("All files");
  await settle();
  await page.type(page.one(".sec-artifacts input[type=search]"), "hypo");
  assert.equal(page.all(".files li").length, 1);
  await page.click("results/hypothesis_tests.json");
  await settle();
  assert.match(page.one(".inplace").textContent, /not supported/);
});

test("all decisions are fetched when asked for", async () => {
  newPage();
  const page = await mount("review");
  await page.click("All 9 decisions");
  await settle();
  assert.ok(page.model.sent.some((m) => m.what === "decisions"));
  assert.equal(page.all(".who li").length, 3);
});

test("more than eight choices are a list to pull down, which knows what is usual and takes another answer", async () => {
  newPage();
  const many = but(states.intake.view, (d) => { d.review.questions[0].choices = "abcdefghi".split("").concat("neurips"); });
  const page = await mount({ ...states.intake, view: many });
  const select = page.one(".choices select");
  assert.deepEqual([0, "neurips"], [page.all(".choices input[type=radio]").length, select.value]);
  select.value = "c";
  select.dispatchEvent(new window.Event("change", { bubbles: true }));
  await settle();
  await page.click("Send 2 answers");
  assert.equal(page.model.asks[0].args.answers[0].answer, "c");
  await page.type(page.one(".choices .other"), "elsewhere");
  assert.equal(select.value, "elsewhere");
});

test("words that were not sent go with the person to the attempt that came in between", async () => {
  newPage();
  const page = await mount("review");
  await page.type(page.field("Your own words"), "another seed, please");
  page.model.set({ view: but(states.review.view, (d) => { d.review.attempt = d.current.attempt = 3; }) });
  await settle();
  assert.equal(page.field("Your own words").value, "another seed, please");
  assert.deepEqual([localStorage.getItem(KEY), localStorage.getItem(KEY.replace(":2:", ":3:"))], [null, "another seed, please"]);
});

test("a comparison offers the other attempts, and asks for two others or for all of it", async () => {
  newPage();
  const page = await mount("compare");
  const [from, to] = page.all(".picks select");
  assert.deepEqual(["05 Experimentation, attempt 1", "05 Experimentation, attempt 2"], [from, to].map((one) => one.selectedOptions[0].textContent));
  to.value = "0";
  to.dispatchEvent(new window.Event("change", { bubbles: true }));
  await settle();
  const { left } = states.compare.view.picked;
  const asked = page.model.sent.findLast((one) => one.do === "ask");
  assert.deepEqual([asked.command, asked.args], ["compare", { left, right: left, all: false }]);
  page.model.say({ got: asked.id });
  page.model.say({ done: asked.id, ok: false, reason: "Stage 05 has no ended attempt 1.", suggestion: "Attempts: 2." });
  await settle();
  assert.match(page.one("[role=alert]").textContent, /no ended attempt 1/);
  await page.click("Show them");
  const last = page.model.sent.findLast((one) => one.do === "ask");
  assert.deepEqual(last.args.all, true);
});
