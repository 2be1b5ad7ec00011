"""Taking a damaged log back to its last line before the damage; nothing of what was there is thrown away."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from autor_nb.domain.errors import DamagedLogError, StoreError
from autor_nb.domain.events import Damaged, RunCreated
from autor_nb.domain.fold import fold
from autor_nb.store import eventlog
from autor_nb.store.atomic import write_bytes
from autor_nb.store.layout import RunFolder

_ATTEMPT = re.compile(r"(\d\d_[a-z_]+)[._]attempt_(\d+)\.")


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken out of a log: from the damaged `line` on, so many `lines`, kept whole in `folder`."""

    line: int
    lines: int
    folder: Path


def refusal(run: RunFolder, damage: str) -> DamagedLogError:
    """What is said to who asks for work on a run whose log cannot be read to its end."""
    return DamagedLogError(
        f"Run {run.run_id} cannot go on: {damage}. Nothing goes on from a log with a hole in it.",
        "`autor recover` takes the log back to the line before it and keeps what was there; a copy of events.jsonl "
        "from a backup, put in its place, loses nothing. If a newer autor-nb wrote the line, upgrade.",
        path=str(run.events),
    )


def recoverable(run: RunFolder) -> int:
    """How many lines before the damage can be gone on from; 0 if the log is not damaged, or from its beginning."""
    events, _ = eventlog.read(run.events)
    position = next((at for at, event in enumerate(events) if isinstance(event, Damaged)), 0)
    return position if position and isinstance(events[0], RunCreated) else 0


def set_aside(run: RunFolder) -> SetAside:
    """Cut the log before its first damaged line; the caller holds the lock.

    The log as it was, and the files of attempts that the shorter log does not know, move into `damaged/<time>/`:
    attempts to come take up their numbers.
    """
    if not recoverable(run):
        raise StoreError(
            f"The log of run {run.run_id} is damaged from its first line on: there is nothing to go on from.",
            f"Put a copy of events.jsonl from a backup in its place; the files of the run lie in {run.path}.",
            path=str(run.events),
        )
    content = run.events.read_bytes()
    lines = content.split(b"\n")
    events, _ = eventlog.read(run.events)
    damaged = next(event for event in events if isinstance(event, Damaged))
    folder = run.path / "damaged" / datetime.now(UTC).strftime("%Y%m%d_%H%M%S_%f")
    write_bytes(folder / "events.jsonl", content)
    write_bytes(run.events, b"".join(line + b"\n" for line in lines[: damaged.line - 1]))
    _move_later_attempts(run, folder)
    return SetAside(line=damaged.line, lines=len([line for line in lines[damaged.line - 1 :] if line]), folder=folder)


def _move_later_attempts(run: RunFolder, folder: Path) -> None:
    state = fold(eventlog.read(run.events)[0])
    for place in (run.stages, run.path / "prompt_cache", run.operator_state):
        for path in sorted(place.glob("*attempt_*")):
            named = _ATTEMPT.match(path.name)
            stage = state.stage(named[1]) if named else None
            if named and stage is not None and int(named[2]) > len(stage.attempts):
                target = folder / place.name / path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(path, target)
