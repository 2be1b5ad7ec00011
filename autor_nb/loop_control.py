"""The faces' one door to a loop: create, start, ask, watch; a face never writes a log and never waits on a lock."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from autor_nb import control
from autor_nb.control import actor, new_id
from autor_nb.domain.errors import RefusedError, RunError, UsageError
from autor_nb.domain.events import CommandRefused, Event, Unknown
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.hints import after_record, standing_of
from autor_nb.domain.loops.record import Record
from autor_nb.domain.loops.state import LoopState, LoopStatus, Row
from autor_nb.domain.run import Actor
from autor_nb.store import eventlog, inbox
from autor_nb.store.atomic import write_text
from autor_nb.store.eventlog import utc_now
from autor_nb.store.lock import EngineLock, Holder, living_holder
from autor_nb.store.loops import heads, ledger, making, standing
from autor_nb.store.loops.family import family_of
from autor_nb.store.loops.layout import LoopFolder, all_loops, loop_folder
from autor_nb.store.loops.words import EVENTS
from autor_nb.version import __version__

__all__ = [
    "Recorded", "Snapshot", "Tail", "actor", "ask", "create", "new_id", "record", "snapshot", "start_worker", "wait",
]  # fmt: skip
POLL_S = 0.02
SLOW_POLL_S = 0.2
STARTS = 5
MADE_WITHIN_S = 60.0
WAKES_S = 10.0
IGNORED = "# Loops are autor's; `git add -f` keeps what you want of them in your own history.\n*\n"
_children: list[tuple[Path, subprocess.Popen[bytes]]] = []


@dataclass(frozen=True)
class Snapshot:
    """A loop as it is now. `status` knows the lock too; `waiting` says for whom: person · engine · nobody."""

    loop: LoopFolder
    state: LoopState
    status: LoopStatus
    worker: Holder | None
    waiting: str

    @property
    def live(self) -> bool:
        """Whether an engine works on it."""
        return self.worker is not None


@dataclass(frozen=True)
class Recorded:
    """An experiment that somebody outside told of, as the log has it now, and what to tell them."""

    event: ev.ExperimentRecorded
    row: Row
    hints: tuple[str, ...]


class Tail:
    """A loop's state, kept up with by reading only what is new in its log; begins at the checkpoint if that fits."""

    def __init__(self, loop: LoopFolder) -> None:
        self.loop = loop
        self._fold, self._offset = standing.load(loop)

    def read(self) -> list[Event | Unknown]:
        """What is new."""
        if self._fold.state.damaged:
            self._fold, self._offset = standing.load(self.loop)
        events, self._offset = eventlog.read(self.loop.events, self._offset, EVENTS)
        self._fold.apply(events)
        return events

    def snapshot(self) -> Snapshot:
        """The loop as it is now."""
        worker = living_holder(self.loop)
        self.read()
        state = self._fold.state
        status, waiting = state.status, "nobody"
        if state.damaged:
            status = LoopStatus.DAMAGED
        elif status is LoopStatus.RUNNING or state.audit is not None:
            waiting = "engine"
            if worker is None:
                status = LoopStatus.INTERRUPTED
        elif status in (LoopStatus.PAUSED, LoopStatus.FAILED):
            waiting = "person"
        return Snapshot(loop=self.loop, state=state, status=status, worker=worker, waiting=waiting)


def snapshot(loop: LoopFolder) -> Snapshot:
    """The loop as it is now."""
    return Tail(loop).snapshot()


def create(
    project: Path,
    config: LoopConfig,
    by: Actor,
    *,
    seed: int | None = None,
    direction: str = "",
    forked_from: str = "",
    forked_at: int | None = None,
    family: str = "",
    base: str = "HEAD",
    earlier: Sequence[Record] = (),
    join: bool = False,
) -> LoopFolder:
    """Make a loop with its own clone; nothing of the person's repository is touched, nothing left if it fails.

    `earlier` are experiments that the project has from elsewhere; they are its first, recorded and not tested.
    With `join` a loop that another process made meanwhile will do as well; else it is refused.
    """
    loop = loop_folder(project, config.name)
    if loop.exists and join:
        return loop
    if loop.exists:
        raise UsageError(
            f"There is a loop {config.name} already, in {loop.path}.",
            f"`autor loop start {config.name}` goes on with it; `autor loop init --name OTHER` makes another.",
        )
    source = making.find_source(project)
    loop.make()
    ignored = loop.path.parent / ".gitignore"
    if not ignored.exists():
        write_text(ignored, IGNORED)
    with EngineLock(loop, acquire_s=MADE_WITHIN_S) as held:
        if loop.exists:
            return loop  # another process made it meanwhile
        made = making.make(
            loop.clone,
            source,
            loop=loop.name,
            mutable=config.mutable,
            link=config.link,
            base=base,
            include_uncommitted=config.include_uncommitted,
        )
        with contextlib.closing(eventlog.EventLog(loop.events, held.confirm, EVENTS)) as log:
            log.append(
                ev.LoopCreated(
                    name=loop.name,
                    config=msgspec.to_builtins(config),
                    base=made.head,
                    by=by,
                    seed=secrets.randbits(31) if seed is None else seed,
                    project=str(project.resolve()),
                    dirty=bool(made.snapshot_paths),
                    direction=direction,
                    forked_from=forked_from,
                    forked_at=forked_at,
                    family=family,
                    imported=len(earlier),
                    software={"autor_nb": __version__, "python": sys.version.split()[0]},
                )
            )
        _bring_in(loop, held, by, earlier)
    return loop


def _bring_in(loop: LoopFolder, held: EngineLock, by: Actor, earlier: Sequence[Record]) -> None:
    """Record what was found before there was a loop, with its own times and hashes."""
    if not earlier:
        return
    with ledger.opened(loop, held) as opened:
        for one in earlier:
            told = cmd.RecordExperiment(
                **fields(by),
                metric=one.metric,
                status=one.status if one.metric is not None else "crash",
                summary=one.summary,
                commit=one.hash or one.short_hash,
                hypothesis=one.hypothesis,
                duration_s=one.duration_s,
                resource=one.resource,
                cost_usd=one.cost_usd,
                imported=True,
                ran_at=one.timestamp,
            )
            opened.answer(told)


def ask(loop: LoopFolder, command: cmd.LoopCommand, timeout_s: float = 60.0) -> list[Event]:
    """Give a command and wait for its answer, starting an engine where none lives; RefusedError if refused."""
    if not loop.exists:
        raise UsageError(f"{loop.path} is not a loop.", "`autor loop init` makes one.")
    offset = loop.events.stat().st_size
    inbox.drop(loop, command)
    deadline, starts = time.monotonic() + timeout_s, 0
    answers: list[Event] = []
    while True:
        events, offset = eventlog.read(loop.events, offset, EVENTS)
        answers += [event for event in events if getattr(event, "command_id", None) == command.id]  # type: ignore[misc]
        if answers:
            for answer in answers:
                if isinstance(answer, CommandRefused):
                    raise RefusedError(answer.reason, answer.suggestion)
            if isinstance(command, cmd.GrantBudget):
                _wake_family(loop)
            return answers
        if living_holder(loop) is None and not inbox.is_empty(loop) and not _starting(loop):
            if starts >= STARTS:
                raise RunError(f"The engine of loop {loop.name} does not start.", _why(loop))
            starts += 1
            start_worker(loop)
        if time.monotonic() > deadline:
            raise RunError(
                f"Loop {loop.name} has not answered within {timeout_s:g} s; the command is kept and will be done.",
                f"`autor loop status {loop.name}` shows it.",
            )
        time.sleep(POLL_S)


def _wake_family(loop: LoopFolder) -> None:
    """A new budget is the whole family's: forks that had paused for one take it over and go on."""
    mine = standing.read(loop)
    root = mine.family or loop.name
    family_of(loop, mine).grant(mine)  # its engine does so too, but perhaps not before they look
    waiting = []
    for one in all_loops(loop.project):
        state = standing.read(one)
        paused = state.status is LoopStatus.PAUSED and state.pause_cause == "budget"
        if one.name != loop.name and root in (one.name, state.family) and paused and living_holder(one) is None:
            start_worker(one)
            waiting.append(one)
    deadline = time.monotonic() + WAKES_S
    while waiting and time.monotonic() < deadline:
        waiting = [one for one in waiting if standing.read(one).status is LoopStatus.PAUSED and _starting(one)]
        time.sleep(POLL_S)


def record(
    loop: LoopFolder,
    by: Actor,
    *,
    status: str,
    metric: float | None = None,
    commit: str | None = None,
    timeout_s: float = 60.0,
    **told: Any,
) -> Recorded:
    """Record an experiment that was made outside; `told` are more fields of `RecordExperiment`.

    It needs no session and starts no engine: it is written here if nobody holds the lock, else by who holds it. The
    number, the delta and the time are the log's; the commit is HEAD of the person's repository unless it is given.
    """
    if not loop.exists:
        raise UsageError(f"{loop.path} is not a loop.", "`autor loop init` makes one.")
    known = commit if commit is not None else heads.head_of(loop.project)
    command = cmd.RecordExperiment(**fields(by), status=status, metric=metric, commit=known, **told)
    deadline = time.monotonic() + timeout_s
    if (done := _record_here(loop, command)) is not None:
        return done
    before, offset = standing_of(standing.read(loop)), loop.events.stat().st_size
    inbox.drop(loop, command)
    while True:
        events, offset = eventlog.read(loop.events, offset, EVENTS)
        for event in events:
            if getattr(event, "command_id", None) == command.id:
                return _recorded(before, standing.read(loop), event)
        if (done := _record_here(loop, command)) is not None:
            return done
        if time.monotonic() > deadline:
            raise RunError(
                f"Loop {loop.name} has not answered within {timeout_s:g} s; the record is kept and will be made.",
                f"`autor loop status {loop.name}` shows it.",
            )
        time.sleep(POLL_S)


def _record_here(loop: LoopFolder, command: cmd.RecordExperiment) -> Recorded | None:
    """Record it as the engine of this one event; None if somebody else holds the lock, or has recorded it."""
    with contextlib.ExitStack() as stack:
        try:
            held = stack.enter_context(EngineLock(loop, acquire_s=0.0, brief=True))
        except UsageError:
            return None
        opened = stack.enter_context(ledger.opened(loop, held))
        before, answer = ledger.record(opened, command)
        return _recorded(before, opened.state, answer[0]) if answer else None


def _recorded(before: LoopState, after: LoopState, event: Event | Unknown) -> Recorded:
    if isinstance(event, CommandRefused):
        raise RefusedError(event.reason, event.suggestion)
    assert isinstance(event, ev.ExperimentRecorded)
    row = next(row for row in reversed(after.recent) if row.n == event.n)
    return Recorded(event, row, after_record(before, after, row))


def fields(by: Actor) -> dict[str, Any]:
    """What every command carries: its id, when, and by whom."""
    return {"id": new_id(), "at": utc_now(), "by": by}


def _starting(loop: LoopFolder) -> bool:
    _children[:] = [(path, child) for path, child in _children if child.poll() is None]
    return any(path == loop.path for path, _ in _children)


def start_worker(loop: LoopFolder) -> int:
    """Start an engine process in a session of its own; answers with its pid. A second one ends by itself."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("AUTOR_ATTEMPT", None)
    with (loop.engine / "worker.log").open("ab") as stream:
        child = subprocess.Popen(
            [sys.executable, "-m", "autor_nb.loop_worker", str(loop.path)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            cwd=loop.path,
            env=environment,
        )
    _children.append((loop.path, child))
    return child.pid


def _why(loop: LoopFolder) -> str:
    with contextlib.suppress(OSError):
        said = (loop.engine / "worker.log").read_bytes()[-800:].decode("utf-8", "replace").strip()
        if said:
            return said.splitlines()[-1] if len(said) > 400 else said
    return f"See {loop.engine / 'worker.log'}."


def wait(
    loop: LoopFolder,
    timeout_s: float | None = None,
    on_change: Callable[[Snapshot], None] | None = None,
    enough: Callable[[Snapshot], bool] | None = None,
) -> Snapshot:
    """Wait until the session has ended or a person must say something, or for `enough`; an interrupted one goes on."""
    tail, deadline = Tail(loop), None if timeout_s is None else time.monotonic() + timeout_s
    seen, starts, poll = -1, 0, POLL_S
    while True:
        now = tail.snapshot()
        if now.state.last_seq != seen:
            seen, poll, starts = now.state.last_seq, POLL_S, 0
            if on_change is not None:
                on_change(now)
        if (now.waiting != "engine" and not now.live) or (enough is not None and enough(now)):
            return now
        if now.status is LoopStatus.INTERRUPTED and not _starting(loop):
            if starts >= STARTS:
                raise RunError(f"The engine of loop {loop.name} does not start.", _why(loop))
            starts += 1
            start_worker(loop)
        if deadline is not None and time.monotonic() > deadline:
            return now
        time.sleep(poll)
        poll = min(SLOW_POLL_S, poll * 1.3)


def go_on(loop: LoopFolder, timeout_s: float = 10.0) -> Snapshot:
    """Have an interrupted session gone on with; back when an engine has taken it up, or it rests."""
    deadline = time.monotonic() + timeout_s
    starts, tail = 0, Tail(loop)
    while (now := tail.snapshot()).status is LoopStatus.INTERRUPTED:
        if not _starting(loop):
            if starts >= STARTS or time.monotonic() > deadline:
                raise RunError(f"The engine of loop {loop.name} does not start.", _why(loop))
            starts += 1
            start_worker(loop)
        time.sleep(POLL_S)
    return now


def end_worker(loop: LoopFolder) -> None:
    """End the engine process at once, as a crash would; the loop can be started again."""
    control.end_process(living_holder(loop))
