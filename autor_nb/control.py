"""The faces' one door to a run: create, start, ask, watch; a face never writes a log and never waits on a lock."""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import psutil

from autor_nb.creation import NewRequest, Plan, ResourceRequest, plan
from autor_nb.creation import create as _create
from autor_nb.domain import commands as cmd
from autor_nb.domain.errors import RefusedError, RunError, UsageError
from autor_nb.domain.events import CommandRefused, Event, LogRecovered, Unknown
from autor_nb.domain.fold import Fold
from autor_nb.domain.rules import Wait, next_step
from autor_nb.domain.run import Actor, RunStatus
from autor_nb.domain.state import RunState
from autor_nb.store import damage, eventlog, inbox, objects
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.eventlog import utc_now
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
POLL_S = 0.02
SLOW_POLL_S = 0.2
STARTS = 5
FULL_BYTES = 64 * 1024
_children: list[tuple[Path, subprocess.Popen[bytes]]] = []


@dataclass(frozen=True)
class Snapshot:
    """A run as it is now. `status` knows the lock too; `waiting` says for whom: person · engine · nobody."""

    run: RunFolder
    state: RunState
    status: RunStatus
    worker: Holder | None
    waiting: str

    @property
    def live(self) -> bool:
        """Whether an engine works on it."""
        return self.worker is not None


class Tail:
    """A run's state, kept up with by reading only what is new in its log."""

    def __init__(self, run: RunFolder) -> None:
        self.run, self._fold, self._offset = run, Fold(), 0

    def read(self) -> list[Event | Unknown]:
        """What is new; a log that was damaged may have been mended, so it is read from its beginning."""
        if self._fold.state.damaged:
            self._fold, self._offset = Fold(), 0
        events, self._offset = eventlog.read(self.run.events, self._offset)
        self._fold.apply(events)
        return events

    def snapshot(self) -> Snapshot:
        """The run as it is now."""
        worker = living_holder(self.run)
        self.read()
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


def actor(face: str) -> Actor:
    """Who acts through this face, as far as it can be known."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return Actor(face=face, os_user=user, jupyter_identity=os.environ.get("JUPYTERHUB_USER"))


def new_id() -> str:
    """A command's id."""
    return secrets.token_hex(8)


def create(request: NewRequest, start: bool = True) -> RunFolder:
    """Make a run, and set its engine to work; nothing is made if anything is wrong with it."""
    run = _create(request)
    if start:
        resume(run, request.by)
    return run


def resume(run: RunFolder, by: Actor, config: dict[str, Any] | None = None) -> list[Event]:
    """Set the engine to work (again)."""
    return ask(run, cmd.Start(id=new_id(), at=utc_now(), by=by, config=config or {}))


def ask(run: RunFolder, command: cmd.RunCommand, timeout_s: float = 60.0) -> list[Event]:
    """Give a command and wait for its answer, starting an engine where none lives; RefusedError if refused."""
    if not run.exists:
        raise UsageError(f"{run.path} is not a run.", "`autor runs` lists the runs.")
    if damaged := snapshot(run).state.damaged:
        raise damage.refusal(run, damaged)
    offset = run.events.stat().st_size
    inbox.drop(run, command)
    deadline, starts = time.monotonic() + timeout_s, 0
    answers: list[Event] = []
    while True:
        events, offset = eventlog.read(run.events, offset)
        answers += [event for event in events if getattr(event, "command_id", None) == command.id]  # type: ignore[misc]
        if answers:
            return _answered(answers)
        if living_holder(run) is None and not inbox.is_empty(run):
            if starts >= STARTS and not _starting(run):
                raise RunError(f"The engine of run {run.run_id} does not start.", _why(run))
            if not _starting(run):
                starts += 1
                start_worker(run)
        if time.monotonic() > deadline:
            raise RunError(
                f"Run {run.run_id} has not answered within {timeout_s:g} s; the command is kept and will be done.",
                f"`autor status {run.run_id}` shows it.",
            )
        time.sleep(POLL_S)


def _answered(answers: list[Event]) -> list[Event]:
    for answer in answers:
        if isinstance(answer, CommandRefused):
            raise RefusedError(answer.reason, answer.suggestion)
    return answers


def _starting(run: RunFolder) -> bool:
    """Whether a worker that this process started for this run still lives (and so may be about to take the lock)."""
    _children[:] = [(path, child) for path, child in _children if child.poll() is None]
    return any(path == run.path for path, _ in _children)


def start_worker(run: RunFolder) -> int:
    """Start an engine process in a session of its own; answers with its pid. A second one ends by itself."""
    run.operator_state.mkdir(exist_ok=True)
    log = run.operator_state / "worker.log"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("AUTOR_ATTEMPT", None)
    with log.open("ab") as stream:
        child = subprocess.Popen(
            [sys.executable, "-m", "autor_nb.worker", str(run.path)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            cwd=run.path,
            env=environment,
        )
    _children.append((run.path, child))
    return child.pid


def _why(run: RunFolder) -> str:
    if shutil.disk_usage(run.path).free < FULL_BYTES:
        return f"The disk of {run.path} is full: free some space, then `autor resume {run.run_id}`."
    with contextlib.suppress(OSError):
        said = (run.operator_state / "worker.log").read_bytes()[-800:].decode("utf-8", "replace").strip()
        if said:
            return said.splitlines()[-1] if len(said) > 400 else said
    return f"See {run.operator_state / 'worker.log'}."


def wait(
    run: RunFolder,
    until: str = "review",
    timeout_s: float | None = None,
    on_change: Callable[[Snapshot], None] | None = None,
) -> Snapshot:
    """Wait until the run waits for a person (`review`) or has ended (`done`); an interrupted one is gone on with."""
    tail, deadline = Tail(run), None if timeout_s is None else time.monotonic() + timeout_s
    seen, starts, poll = -1, 0, POLL_S
    while True:
        now = tail.snapshot()
        if now.state.last_seq != seen:
            seen, poll, starts = now.state.last_seq, POLL_S, 0
            if on_change is not None:
                on_change(now)
        if now.waiting == "nobody" or (now.waiting == "person" and (until == "review" or not now.live)):
            if not now.live or now.waiting == "person":
                return now
        elif now.status is RunStatus.INTERRUPTED and not _starting(run):
            if starts >= STARTS:
                raise RunError(f"The engine of run {run.run_id} does not start.", _why(run))
            starts += 1
            start_worker(run)
        if deadline is not None and time.monotonic() > deadline:
            return now
        time.sleep(poll)
        poll = min(SLOW_POLL_S, poll * 1.3)


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
    end_process(living_holder(run))


def end_process(worker: Holder | None) -> None:
    """Kill the engine's process, if there is one."""
    if worker is not None:
        with contextlib.suppress(psutil.Error):
            psutil.Process(worker.pid).kill()
