"""The attempt in work: since when, what was asked, how long it may take, and what it has changed so far."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autor_nb.control import Snapshot
from autor_nb.desk import clean, files, words
from autor_nb.desk.estimates import Estimator
from autor_nb.domain.rules import config_of
from autor_nb.domain.state import AttemptState, StageState
from autor_nb.record.units import parse_time

LOOKED_AT = 3_000
SHOWN = 8
TRIGGERS = {
    "retry": "The engine tries again by itself, with what was wrong.",
    "redo": "Begun afresh.",
    "edit": "A draft edited by hand is being taken up.",
}


def working_view(now: Snapshot, stage: StageState, attempt: AttemptState, estimator: Estimator) -> dict[str, Any]:
    """The attempt card. Numbers that move with every line of output come with the feed."""
    limits = config_of(now.state).limits
    asked = next(
        (f for f in reversed(now.state.feedback) if f.stage == stage.ref.slug and attempt.trigger == "refine"), None
    )
    return {
        "stage": stage.ref.slug,
        "attempt": attempt.attempt,
        "started_at": attempt.started_at,
        "trigger": TRIGGERS.get(attempt.trigger, ""),
        "asked": {"text": clean.cut(asked.text, 2_000)[0], "at": asked.at, "by": words.who(asked.by)}
        if asked
        else None,
        "estimate": estimator.estimate(stage, attempt) if not attempt.ended_at else None,
        "ends": f"after {words.length(limits.attempt_timeout_s)}, or {words.length(limits.idle_timeout_s)} silence",
        "phase": "checks" if attempt.ended_at else "agent",
        "events": attempt.agent_events,
        "last_at": "",
        "cost_usd": attempt.cost_usd,
        "tokens": None,
        "changed": _changed(now, attempt) if not attempt.ended_at else [],
    }


def _changed(now: Snapshot, attempt: AttemptState) -> list[dict[str, Any]]:
    """Files of the workspace written since the attempt began, newest first; only so many are looked at."""
    began = parse_time(attempt.started_at)
    if began is None:
        return []
    since, before = began.timestamp(), files.around(now.run, attempt)[0]
    found: list[tuple[float, str, int]] = []
    for looked, (path, status) in enumerate(_walk(now.run.workspace)):
        if looked >= LOOKED_AT:
            break
        if status.st_mtime >= since:
            found.append((status.st_mtime, path, status.st_size))
    found.sort(reverse=True)
    return [
        {
            "path": clean.path(path),
            "kind": files.kind_of(path),
            "tag": "Changed" if path in before else "New",
            "size_bytes": size,
        }
        for _, path, size in found[:SHOWN]
    ]


def _walk(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            try:
                status = path.lstat()
            except OSError:
                continue
            yield path.relative_to(folder).as_posix(), status
