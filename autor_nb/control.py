"""The faces' one door to a run: create, start, ask, watch; a face never writes a log and never waits on a lock."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from autor_nb import door
from autor_nb.creation import NewRequest, Plan, ResourceRequest, plan
from autor_nb.creation import create as _create
from autor_nb.domain import commands as cmd
from autor_nb.domain.errors import RunError, UsageError
from autor_nb.domain.events import Event, LogRecovered
from autor_nb.domain.fold import Fold
from autor_nb.domain.rules import Wait, next_step
from autor_nb.domain.run import Actor, RunStatus
from autor_nb.domain.state import RunState
from autor_nb.door import Door, actor, fields, new_id
from autor_nb.store import damage, eventlog, objects
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.layout import RunFolder
from autor_nb.store.lock import EngineLock, Holder, living_holder

__all__ = [
    "NewRequest",
    "Plan",
    "ResourceRequest",
    "Snapshot",
    "Tail",
    "Verification",
    "actor",
    "archive",
    "ask",
    "create",
    "end_worker",
    "fields",
    "new_id",
    "plan",
    "recover_log",
    "remove",
    "resume",
    "verify",
    "snapshot",
    "start_worker",
    "wait",
]
_DOOR = Door("autor_nb.worker", eventlog.RUN)


@dataclass(frozen=True, kw_only=True)
class Snapshot(door.Seen):
    """A run as it is now. `status` knows the lock too; `waiting` says for whom: person · engine · nobody."""

    run: RunFolder
    state: RunState
    status: RunStatus


class Tail(door.Tail[Fold, Snapshot]):
    """A run's state, kept up with by reading only what is new in its log."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        super().__init__(run, eventlog.RUN)

    def _begun(self) -> tuple[Fold, int]:
        return Fold(), 0

    def _seen(self, worker: Holder | None) -> Snapshot:
        state = self._fold.snapshot()
        status, waiting = state.status, "nobody"
        if state.damaged:
            status = RunStatus.DAMAGED
        elif not isinstance(next_step(state), Wait):
            waiting = "engine"
            if worker is None:
                status = RunStatus.INTERRUPTED
        elif state.review is not None and status in (RunStatus.IN_REVIEW, RunStatus.PAUSED, RunStatus.FAILED):
            waiting = "person"
        return Snapshot(run=self.run, state=state, status=status, worker=worker, waiting=waiting)


def snapshot(run: RunFolder) -> Snapshot:
    """The run as it is now, from its whole log."""
    return Tail(run).snapshot()


def create(request: NewRequest, start: bool = True) -> RunFolder:
    """Make a run, and set its engine to work; nothing is made if anything is wrong with it."""
    run = _create(request)
    if start:
        resume(run, request.by)
    return run


def resume(run: RunFolder, by: Actor, config: dict[str, Any] | None = None) -> list[Event]:
    """Set the engine to work (again)."""
    return ask(run, cmd.Start(**fields(by), config=config or {}))


def ask(run: RunFolder, command: cmd.RunCommand, timeout_s: float = 60.0) -> list[Event]:
    """Give a command and wait for its answer, starting an engine where none lives; RefusedError if refused."""
    if not run.exists:
        raise UsageError(f"{run.path} is not a run.", "`autor runs` lists the runs.")
    if damaged := snapshot(run).state.damaged:
        raise damage.refusal(run, damaged)
    return _DOOR.ask(run, command, timeout_s)


def start_worker(run: RunFolder) -> int:
    """Start an engine process in a session of its own; answers with its pid. A second one ends by itself."""
    return _DOOR.start(run)


def wait(
    run: RunFolder,
    until: str = "review",
    timeout_s: float | None = None,
    on_change: Callable[[Snapshot], None] | None = None,
) -> Snapshot:
    """Wait until the run waits for a person (`review`) or has ended (`done`); an interrupted one is gone on with."""

    def rests(now: Snapshot) -> bool:
        if now.waiting == "person":
            return until == "review" or not now.live
        return now.waiting == "nobody" and not now.live

    return _DOOR.follow(Tail(run), run, rests, timeout_s, on_change)


@dataclass(frozen=True)
class Verification:
    """What verifying found: one row per attempt and one (attempt 0) for the files, with differences in words."""

    rows: tuple[dict[str, Any], ...]

    @property
    def differences(self) -> list[str]:
        """Every difference, with its attempt."""
        return [
            f"{row['stage']} attempt {row['attempt']}: {text}" if row["attempt"] else text
            for row in self.rows
            for text in row["differences"]
        ]


def verify(run: RunFolder, on_row: Callable[[dict[str, Any]], None] | None = None) -> Verification:
    """Ask every rule again and execute every stage notebook again, in a process of its own; changes nothing."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "autor_nb.worker", "--verify", str(run.path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        assert child.stdout is not None
        try:
            for line in child.stdout:
                rows.append(msgspec.json.decode(line, type=dict[str, Any]))
                if on_row is not None:
                    on_row(rows[-1])
            code = child.wait()
        finally:
            if child.poll() is None:
                child.kill()
        if code not in (0, 1) or (code == 1 and not any(row["differences"] for row in rows)):
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace").strip().splitlines()
            raise RunError(
                f"Run {run.run_id} could not be verified: {said[-1] if said else f'exit code {code}'}.",
                "`autor doctor` looks for what is missing.",
            )
    return Verification(rows=tuple(rows))


def recover_log(run: RunFolder, by: Actor) -> LogRecovered:
    """Take a damaged log back to the line before the damage; what it said after that is kept beside it."""
    with EngineLock(run):
        aside = damage.set_aside(run)
        index = ArtifactIndex(run)
        with contextlib.closing(eventlog.EventLog(run.events)) as log:
            return log.append(
                LogRecovered(
                    line=aside.line,
                    lines=aside.lines,
                    kept_in=aside.folder.relative_to(run.path).as_posix(),
                    files=objects.put_files(run, index.scan()),
                    by=by,
                )
            )


def remove(run: RunFolder) -> None:
    """Delete a run; refused while an engine works on it."""
    _refuse_live(run, "remove")
    shutil.rmtree(run.path)


def archive(run: RunFolder, target: Path) -> Path:
    """Pack a run into `target` (.zip, made beside and renamed); the run itself stays."""
    _refuse_live(run, "archive")
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.stem}.{secrets.token_hex(4)}")
    made = Path(shutil.make_archive(str(beside), "zip", run.path.parent, run.path.name))
    return made.replace(target.with_suffix(".zip"))


def _refuse_live(run: RunFolder, verb: str) -> None:
    worker = living_holder(run)
    if worker is not None:
        raise UsageError(
            f"Run {run.run_id} is being worked on by process {worker.pid}.",
            f"`autor stop --run {run.run_id}`, then {verb} it.",
        )


def end_worker(run: RunFolder) -> None:
    """End the engine process at once, as a crash would; the run can be resumed."""
    door.end(run)
