"""The holdout's opening: once per experiment, logged, and counted honestly when it happens again."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import Any

from autor_nb.domain.errors import RunError
from autor_nb.plugins.agents.tabular.session import Session

LOG = "notes/holdout_log.jsonl"
COUNT = "notes/holdout_openings.json"
RESULT = "results/holdout.json"


def holdout(session: Session, design: dict[str, Any], selected: str) -> dict[str, Any]:
    """results/holdout.json; the rows are read only if this very experiment has not been scored on them
    before."""
    split = session.read_json("data/split.json")
    if not split["holdout_rows"]:
        empty = {
            "opened": 0,
            "opened_text": split["why"],
            "rows": 0,
            "metric": design["metric"],
            "selected": selected,
            "bootstrap": {},
            "families": {},
            "setting": {},
        }
        session.write_json(RESULT, empty, "says that there is no holdout")
        recount(session)
        return empty
    mark = fingerprint(session, design)
    log = openings(session)
    if log and log[-1]["fingerprint"] == mark and session.exists(RESULT):
        kept: dict[str, Any] = session.read_json(RESULT)
        kept["opened"] = times(session)
        kept["opened_text"] = words(kept["opened"]) + " This attempt used the scores of the last opening again."
        session.write_json(RESULT, kept, "scores on the locked rows")
        recount(session)
        return kept
    number = times(session) + 1
    with session.step("open holdout", opening=number, rows=split["holdout_rows"]) as step:
        log.append(
            {
                "n": number,
                "attempt": session.task.attempt,
                "sha256": split["holdout_sha256"],
                "why": "the analysis of the finished experiment",
                "fingerprint": mark,
            }
        )
        # The opening is logged before it happens: one that fails half-way has still been one.
        session.write_text(
            LOG,
            "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in log),
            "every opening of the holdout",
        )
        scores = _score(session)
        step.output = f"{scores['rows']} rows scored"
    result = {
        "opened": number,
        "opened_text": words(number),
        "rows": scores["rows"],
        "metric": design["metric"],
        "selected": selected,
        "bootstrap": scores["bootstrap"],
        "families": scores["families"],
        "setting": scores["setting"],
    }
    session.write_json(RESULT, result, "scores on the locked rows")
    recount(session)
    return result


def openings(session: Session) -> list[dict[str, Any]]:
    """The log so far."""
    if not session.exists(LOG):
        return []
    return [json.loads(line) for line in session.path(LOG).read_text(encoding="utf-8").splitlines() if line.strip()]


def fingerprint(session: Session, design: dict[str, Any]) -> str:
    """A digest of everything the scores depend on."""
    digest = hashlib.sha256(json.dumps(design, sort_keys=True).encode())
    for path in [
        "data/train.csv",
        "data/holdout.csv",
        *sorted(p.relative_to(session.workspace).as_posix() for p in session.path("code/study").glob("*.py")),
    ]:
        digest.update(session.path(path).read_bytes())
    return digest.hexdigest()


def times(session: Session) -> int:
    """How often the holdout has been opened. The workspace forgets openings that a redo or a rollback took back;
    the engine, which counts over all attempts, does not."""
    said = session.read_json(RESULT)["opened"] if session.exists(RESULT) else 0
    return max(len(openings(session)), session.task.holdout_opened, int(said))


def recount(session: Session) -> int:
    """Write down how often the holdout has been opened by now, for the paper and the release."""
    number = times(session)
    session.write_json(COUNT, {"opened": number, "text": words(number)}, "how often the holdout was opened")
    return number


def words(number: int) -> str:
    """The count as a sentence, with what it means for the scores."""
    if number == 0:
        return "There is no holdout."
    if number == 1:
        return "The holdout was opened once."
    return (
        f"The holdout was opened {number} times, counted over all attempts, also those that were redone or rolled "
        "back: its scores are no longer those of untouched rows."
    )


def _score(session: Session) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "code/holdout.py"],
        cwd=session.workspace,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if done.returncode != 0:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
        raise RunError(f"code/holdout.py failed: {last[0]}", "Look at code/ and data/holdout.csv.")
    scores: dict[str, Any] = json.loads(done.stdout)
    return scores
