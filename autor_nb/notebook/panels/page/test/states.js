/** Every state a panel can be in, made from the fixtures; used by the tests and by the stand. */

/** A copy of a document with some parts changed. @param {any} doc @param {any} change */
export function but(doc, change) {
  const out = structuredClone(doc);
  change(out);
  return out;
}

/** @param {any} d */
function work(d) {
  Object.assign(d, { review: null, current: { stage: "05_experimentation", attempt: 3, mode: "working" }, at: "2026-11-21T13:18:20Z" });
  Object.assign(d.state, { status: "running", word: "Working", detail: "stage 05, attempt 3" });
  d.worked = { s: 10380, running_since: null };
  d.cost.usd = 4.17;
  const five = d.stages[5];
  five.attempts[1] = { attempt: 2, status: "refined", word: "refined", edited_by: "" };
  five.attempts.push({ attempt: 3, status: "running", word: "working", edited_by: "" });
  Object.assign(five, { status: "running", word: "Working", work_s: 4860, cost_usd: 1.93, changed_attempt: 3, changed_at: "2026-11-21T13:17:00Z" });
  d.decisions.total = 10;
  d.decisions.newest.unshift({ what: "05 Experimentation, attempt 2", did: "refined", who: "ada", you: true, how: "from this notebook", at: "2026-11-21T13:06:00Z", said: "" });
  d.actions.stop = { enabled: true, reason: "" };
  d.working = { stage: "05_experimentation", attempt: 3, started_at: "2026-11-21T13:06:12Z", trigger: "",
    asked: { text: "Do 1 and 2 together. For H3 use a paired bootstrap over the test cases, not over seeds, and report how often the order changes. Keep the tables of attempt 2 as they are.", at: "2026-11-21T13:06:00Z", by: "you" },
    estimate: { low_s: 1860, high_s: 2280, marks: [{ s: 1860, label: "31" }, { s: 2280, label: "38 min" }], text: "Attempts 1 and 2 of this stage took 31 and 38 min, so 19 to 26 min may remain." },
    ends: "after 4 h, or 20 min silence", events: 67, last_at: "2026-11-21T13:18:05Z", cost_usd: 0.31, tokens: 148000,
    changed: [{ path: "results/brier_by_seed.csv", kind: "table", tag: "+72 rows", size_bytes: 18000 }, { path: "code/rank_stability.py", kind: "code", tag: "New", size_bytes: 2400 }] };
}

/** @param {any} d @param {string} status @param {string} word @param {string} tone @param {any} problem */
function stand(d, status, word, tone, problem) {
  Object.assign(d.state, { status, word, tone, detail: "stage 05" });
  Object.assign(d, { review: null, problem, current: { ...d.current, mode: problem ? "idle" : "ended" } });
  if (problem) d.actions.resume = { enabled: true, reason: "" };
}

/** @param {any} d */
function ask(d) {
  d.current = { stage: "00_intake", attempt: 1, mode: "review" };
  for (const s of d.stages.slice(1)) Object.assign(s, { status: "pending", word: "Pending", tone: "idle", attempts: [], work_s: 0, cost_usd: null, changed_attempt: null, changed_at: "", can_redo: false, can_rollback: false });
  Object.assign(d.stages[0], { status: "in_review", word: "In review", tone: "accent", note: "", attempts: [{ attempt: 1, status: "in_review", word: "in review", edited_by: "" }] });
  d.decisions = { total: 0, newest: [] };
  Object.assign(d.review, { stage: "00_intake", number: 0, title: "Intake", attempt: 1, next: "Starts attempt 2.", suggestions: [],
    approve: { label: "Approve, go on to 01 Literature Survey", enabled: false, reasons: ["Not yet: 2 questions have no answer."], blocking: [] },
    questions: [
      { id: "venue", text: "For which venue is the paper?", default: "neurips", choices: ["neurips", "nature", "none yet"], answer: "" },
      { id: "budget", text: "How much may the whole run cost?", default: "$12", choices: [], answer: "" },
      { id: "limits", text: "What must the agent not do or touch?", default: "", choices: [], answer: "" },
    ] });
}

/** Which attempts a comparison may be about, and which it is about. */
const picking = { choices: [1, 2].map((attempt) => ({ at: { run: "r", stage: "05_experimentation", attempt }, label: `05 Experimentation, attempt ${attempt}` })),
  picked: { left: { run: "r", stage: "05_experimentation", attempt: 1 }, right: { run: "r", stage: "05_experimentation", attempt: 2 }, all: false } };

/** @param {any} run @param {any} attempt @param {any} looks @param {any} runs @param {any} hostile */
export function allStates(run, attempt, looks, runs, hostile) {
  const clear = (/** @type {any} */ d) => { Object.assign(d.review.approve, { enabled: true, reasons: [], blocking: [] }); };
  const passed = but(attempt, (d) => { d.checks.passed.push(...d.checks.blocking); d.checks.blocking = []; });
  const running = but(attempt, (d) => { Object.assign(d, { attempt: 3, status: "running", word: "Working", draft: null }); });
  const first = but(attempt, (d) => { Object.assign(d, { stage: "00_intake", number: 0, title: "Intake", attempt: 1, since: "", notebook: null, artifacts: { total: 0, changed: 0, files: [], featured: [] } }); d.checks = { blocking: [], warning: [], info: [], passed: [] }; });
  const h = hostile.strings;
  /** @type {Record<string, {kind: string, view: any, attempt?: any}>} */
  const states = {
    review: { kind: "run", view: run, attempt },
    approvable: { kind: "run", view: but(run, clear), attempt: passed },
    working: { kind: "run", view: but(run, work), attempt: running },
    intake: { kind: "run", view: but(run, ask), attempt: first },
    stale: { kind: "run", view: but(run, (d) => { clear(d); for (const i of [3, 4]) Object.assign(d.stages[i], { stale: true, stale_reason: "02 was rolled back at 12:40", word: "Stale", status: "stale", tone: "warn" }); d.actions.undo = { enabled: true, reason: "" };
      d.refusals = [{ id: "x-1", command: "approve", reason: "m.keller had already refined attempt 2.", suggestion: "Look at attempt 3 first.", who: "you", at: "2026-11-21T13:01:00Z" }]; }), attempt: passed },
    failed: { kind: "run", view: but(run, (d) => { stand(d, "failed", "Failed", "fail", { text: "The agent program ended with exit code 137.", suggestion: "It was killed, most likely for want of memory. Free some, then resume: attempt 2 begins again from its last summary.", tone: "fail" }); Object.assign(d.stages[5], { status: "failed", word: "Failed", tone: "fail" }); }),
      attempt: but(attempt, (d) => { Object.assign(d, { status: "failed", tone: "fail", word: "Failed", draft: null, detail: "Exit code 137 after 12 min; the last output was at 12:19 UTC." }); }) },
    paused: { kind: "run", view: but(run, (d) => { stand(d, "paused", "Paused", "idle", { text: "You stopped this run.", suggestion: "What is done stays. Resume to go on with attempt 2.", tone: "idle" }); }), attempt },
    interrupted: { kind: "run", view: but(run, (d) => { stand(d, "interrupted", "Interrupted", "warn", { text: "The worker is no longer there.", suggestion: "The machine may have been restarted. Resume to go on.", tone: "warn" }); }), attempt },
    complete: { kind: "run", view: but(run, (d) => { stand(d, "completed", "Complete", "ok", null); d.progress = { share: 1, text: "9 of 9 stages approved" }; for (const i of [5, 6, 7, 8]) Object.assign(d.stages[i], { status: "approved", word: "Approved", tone: "ok", attempts: [{ attempt: 1, status: "approved", word: "approved", edited_by: "" }], changed_attempt: 1, changed_at: "2026-11-21T14:00:00Z", work_s: 700, cost_usd: 0.5 }); d.current = { stage: "08_dissemination", attempt: 1, mode: "ended" }; }),
      attempt: but(passed, (d) => { Object.assign(d, { stage: "08_dissemination", number: 8, title: "Dissemination", attempt: 1, status: "approved", word: "Approved", tone: "ok" }); d.artifacts.files.push({ path: "artifacts/paper.pdf", kind: "pdf", tag: "New", size_bytes: 210000 }); }) },
    empty: { kind: "run", view: but(run, (d) => { ask(d); Object.assign(d, { review: null, current: { stage: "", attempt: null, mode: "idle" }, cost: { usd: null, limit_usd: null, tokens: null } }); d.run.goal = ""; Object.assign(d.state, { status: "created", word: "Created", tone: "idle", detail: "nothing begun" }); for (const s of d.stages) s.attempts = []; }), attempt: null },
    hostile: { kind: "run", view: but(run, (d) => { d.run.goal = h[0] + h[3]; d.run.sub = h; d.state.detail = h[4]; d.decisions.newest[0].who = h[3]; d.decisions.newest[0].said = h.join(" "); d.review.suggestions = [h[0], h[4], h[3] + h[5]]; d.review.session = h[6]; d.stages[1].note = h[4].slice(0, 80); d.stages[2].stale = true; d.stages[2].stale_reason = h[0]; }),
      attempt: but(attempt, (d) => { d.draft.html = hostile.html; d.meta = h; d.checks.blocking[0] = { ...d.checks.blocking[0], title: h[4], subject: h[1], detail: h[0], remedy: h[3] }; d.artifacts.files[2].path = `results/${h[0]}.json`; d.artifacts.files[3].path = `code/${h[4]}`; }) },
    runs: { kind: "runs", view: runs },
    norun: { kind: "runs", view: { ...runs, runs: [], total: 0, waiting: 0, disk_bytes: null } },
    checks: { kind: "checks", view: { run: run.run, attempts: [but(attempt, (d) => { Object.assign(d, { attempt: 1, status: "refined", word: "refined", tone: "idle" }); }), attempt] } },
    artifacts: { kind: "artifacts", view: { run: run.run, stage: "05_experimentation", attempt: 2, files: attempt.artifacts.files, total: 9 } },
    compare: { kind: "compare", view: { ...looks.compare, run: run.run, ...picking } },
  };
  return states;
}

/** A kernel's side that answers from the fixtures. */
export class FakeModel {
  /** @param {Record<string, any>} traits @param {(message: any, model: FakeModel) => void} [kernel] */
  constructor(traits, kernel = () => {}) {
    this.traits = traits;
    this.kernel = kernel;
    /** @type {Map<string, Set<Function>>} */
    this.heard = new Map();
    /** @type {any[]} */
    this.sent = [];
  }

  get(/** @type {string} */ name) {
    return this.traits[name];
  }

  on(/** @type {string} */ name, /** @type {Function} */ act) {
    if (!this.heard.has(name)) this.heard.set(name, new Set());
    this.heard.get(name)?.add(act);
  }

  off(/** @type {string} */ name, /** @type {Function} */ act) {
    this.heard.get(name)?.delete(act);
  }

  send(/** @type {any} */ message) {
    this.sent.push(message);
    this.kernel(message, this);
  }

  /** A message of the kernel. @param {any} content */
  say(content) {
    for (const act of this.heard.get("msg:custom") || []) act(content, []);
  }

  /** A trait set by the kernel. @param {Record<string, any>} traits */
  set(traits) {
    Object.assign(this.traits, traits);
    for (const name of Object.keys(traits)) for (const act of this.heard.get(`change:${name}`) || []) act();
  }

  /** The asks that were sent. */
  get asks() {
    return this.sent.filter((m) => m.do === "ask");
  }
}

/** Answers looks from the fixtures. @param {any} looks @param {any} feed @param {any} attempt @param {any} run */
export function answering(looks, feed, attempt, run) {
  return (/** @type {any} */ m, /** @type {FakeModel} */ model) => {
    if (m.do !== "look") return;
    const answer = () => {
      if (m.what === "preview") return { ...(looks.previews[m.path] || looks.previews["*"]), path: m.path };
      if (m.what === "compare") return looks.compare;
      if (m.what === "draft") return { markdown: "# Stage 05: Experimentation\n\n## Objective\nMeasure.\n" };
      if (m.what === "files") return { files: attempt.artifacts.files };
      if (m.what === "decisions") return { decisions: run.decisions.newest };
      if (m.what === "export") return { path: "/home/ada/studies/runs/20261121_084210/export.html", text: "One page, 1.2 MB." };
      if (m.what === "feed") {
        const cards = m.before === null ? (m.attempt === 3 ? feed.working : feed.review) : [];
        const found = cards.filter((/** @type {any} */ c) => (!m.kinds.length || m.kinds.includes(c.kind)) && `${c.title} ${c.text}`.toLowerCase().includes(m.search.toLowerCase()));
        return { cards: found, total: m.attempt === 3 ? 67 : 214, matched: found.length };
      }
      return { ...attempt, stage: m.stage, attempt: m.attempt, status: "refined", word: "refined", title: m.stage.slice(3) };
    };
    queueMicrotask(() => model.say({ look: m.id, data: answer() }));
  };
}
