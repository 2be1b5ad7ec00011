"""Stage 05: the experiment, run as the program that stage 04 wrote; its numbers told as they are, without
judging."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

from autor_nb.domain.errors import RunError
from autor_nb.domain.ports import ToolCall, ToolResult
from autor_nb.plugins.agents.tabular import deviations, limits
from autor_nb.plugins.agents.tabular.draft import Draft, bullets, capital, code, counted, plain, table
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.suggestions import asked_table, choose, offer
from autor_nb.plugins.agents.tabular.vocabulary import METRIC_TITLES

OUTPUTS = {
    "results/folds.csv": "scores per family, seed and fold",
    "results/summary.json": "means with seed variance apart from resampling variance",
    "results/chosen_settings.csv": "the setting tuned in each outer fold",
    "results/predictions.csv": "out-of-fold predictions",
    "results/permutation.json": "the permutation test for any signal",
    "results/failures.json": "fits that failed or did not converge",
    "results/importance.csv": "permutation importance of columns",
    "results/learning_curve.csv": "scores over growing training parts",
}


def work(session: Session) -> None:
    """Run the experiment and report."""
    approved = session.read_json("data/design.json")
    changed = deviations.record(session)
    for path in OUTPUTS:
        session.path(path).unlink(missing_ok=True)
    command = ["code/run.py", "--json"]
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    begun = time.monotonic()
    run_program(session, command)
    for path, what in OUTPUTS.items():
        if session.exists(path):
            session.made(path, what)
    design = deviations.effective_design(session)
    ran = {
        "name": f"nested cross-validation of {len(design['families'])} families and the baseline",
        "command": " ".join(["python", *command]),
        "started": started,
        "duration_s": round(time.monotonic() - begun, 2),
        "seeds": design["seeds"],
        "outputs": [path for path in OUTPUTS if session.exists(path)],
    }
    session.write_json("notes/experiment_log.json", [ran], "how the program was run")
    session.made("notes/fit_times.csv", "seconds per fit")
    departures = deviations.words(changed, approved)
    failures = session.read_json("results/failures.json")
    limits.record(
        session,
        [
            *({"kind": "deviation", "text": f"Deviation from the approved design: {text}."} for text in departures),
            *_failure_limits(failures),
        ],
    )
    _draft(session, design, departures, failures)


def run_program(session: Session, command: list[str]) -> None:
    """Run code/run.py; each part of its work is shown as a step. Raises RunError with its last words if it
    fails."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(
            [sys.executable, "-W", "ignore", *command],
            cwd=session.workspace,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
        ) as process:
            assert process.stdout is not None
            for number, line in enumerate(process.stdout):
                with contextlib.suppress(ValueError):
                    _forward(session, json.loads(line), number)
            code_ = process.wait()
        errors.seek(0)
        tail = errors.read().decode("utf-8", "replace").strip().splitlines()[-3:]
    if code_ != 0:
        raise RunError(
            f"code/run.py failed with exit code {code_}: {' '.join(tail) or 'it said nothing'}",
            "Refine with another setting, or look at code/ and results/.",
        )


def _forward(session: Session, said: dict[str, str], number: int) -> None:
    if said["state"] == "begin":
        session.emit(ToolCall(name=f"fit {said['name']}", input={}, id=said["name"]))
    else:
        session.emit(ToolResult(ok=True, output=said["text"], id=said["name"]))


def _failure_limits(failures: list[dict[str, Any]]) -> list[dict[str, str]]:
    by_family: dict[str, int] = {}
    for failure in failures:
        by_family[failure["family"]] = by_family.get(failure["family"], 0) + 1
    return [
        {"kind": "failed", "text": f"{family}: {count} notes of fits that failed or did not converge."}
        for family, count in by_family.items()
    ]


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.4f}"


def _draft(session: Session, design: dict[str, Any], departures: list[str], failures: list[dict[str, Any]]) -> None:
    summary = session.read_json("results/summary.json")
    did = [
        (
            f"I ran `code/run.py` as a program: {len(design['families'])} tuned families and the baseline, "
            f"{counted(summary['seeds'], 'seed')} × "
            f"{summary['outer_folds']} outer folds, {summary['settings_per_family']} settings per family "
            f"tuned on "
            f"{summary['inner_folds']} inner folds. The holdout stayed closed."
        ),
        *(
            [f"**Deviations from the approved design** (asked for): {plain('; '.join(departures))}."]
            if departures
            else []
        ),
        *filter(None, [asked_table(session)]),
    ]
    session.write_draft(
        Draft(
            objective=f"Carry out the experiment for {code(design['dataset'])} and keep every fold's score.",
            did=did,
            results=_results(session, summary, failures),
            suggestions=offer(session, choose(session)),
        )
    )


def _importance(session: Session) -> str:
    import csv

    with session.path("results/importance.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))[:5]
    return table(
        ["rank", "column", "mean loss of score"],
        [[r["rank"], code(r["column"]), f"{float(r['mean']):.4f}"] for r in rows],
    )


def _results(session: Session, summary: dict[str, Any], failures: list[dict[str, Any]]) -> list[str]:
    metric = summary["metric"]
    rows = []
    for family in summary["families"].values():
        m = family["metrics"][metric]
        spreads = [_number(m["mean"]), _number(m["sd_folds"]), _number(m["sd_seeds"])]
        rows.append([plain(family["title"]), *spreads, f"{_number(m['min'])} to {_number(m['max'])}"])
    results = [
        f"{capital(METRIC_TITLES[metric])} ({summary['direction']} is better), {summary['J']} outer "
        f"folds per family:\n\n"
        + table(["family", "mean", "SD of folds within a seed", "SD of seeds' means", "range of folds"], rows),
        (
            "The two spreads are told apart: the first is what resampling the rows does, the second what the "
            "seed alone does. "
            "No difference is judged here; that is for the analysis."
        ),
    ]
    if session.exists("results/permutation.json"):
        test = session.read_json("results/permutation.json")
        results.append(
            f"Permutation test for any signal ({plain(test['family'])}): observed "
            f"{_number(test['observed'])}, mean under "
            f"permutation {_number(test['null_mean'])}, p = {test['p']:.4f}. {plain(test['text'])}"
        )
    if session.exists("results/importance.csv"):
        results.append("Importance of columns, out of fold, first five:\n\n" + _importance(session))
    results.append(
        bullets(
            [f"{plain(f['family'])}, seed {f['seed']}, fold {f['fold']}: {plain(f['what'])}" for f in failures[:10]]
        )
        if failures
        else "No fit failed and none warned that it did not converge."
    )
    return results
