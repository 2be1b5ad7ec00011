/** The colours: every text token has 4.5 : 1 on every surface it stands on, every edge of a control 3 : 1, in both themes and without a host's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { colour, HOSTS, ratio } from "./colours.js";

for (const [name, [dark, host]] of Object.entries(HOSTS)) {
  test(`text and edges can be told apart: ${name}`, () => {
    const get = (token) => colour(`var(${token})`, dark, host);
    const check = (ink, paper, least) => assert.ok(ratio(get(ink), get(paper)) >= least, `${ink} on ${paper}: ${ratio(get(ink), get(paper)).toFixed(2)}`);
    for (const ink of ["--fg", "--fg2", "--accent", "--ok", "--warn", "--fail"]) for (const paper of ["--bg", "--sunken", "--hover"]) check(ink, paper, 4.5);
    for (const paper of ["--accent-bg", "--warn-bg", "--fail-bg"]) for (const ink of ["--fg", "--fg2", "--accent", "--fail", "--warn"]) check(ink, paper, 4.5);
    check("--accent-ink", "--accent-fill", 4.5);
    check("--accent-ink", "--fail-fill", 4.5);
    check("--bg", "--fg", 4.5);
    check("--field", "--bg", 3);
    for (const paper of ["--bg", "--add-bg", "--del-bg"]) for (const ink of ["--fg", "--fg2", "--code-s", "--code-n", "--code-k"]) check(ink, paper, 4.5);
    check("--ok", "--add-bg", 4.5);
    check("--fail", "--del-bg", 4.5);
  });
}
