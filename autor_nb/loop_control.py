"""The faces' one door to a loop: create, start, ask, watch; a face never writes a log and never waits on a lock."""

from __future__ import annotations

import contextlib
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from autor_nb import door, loop_gate
from autor_nb.domain.errors import RefusedError, UsageError
from autor_nb.domain.events import CommandRefused, Event, LogRecovered, Unknown
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.fold import LoopFold
from autor_nb.domain.loops.hints import after_record, standing_of
from autor_nb.domain.loops.record import Record
from autor_nb.domain.loops.state import LoopState, LoopStatus, Row
from autor_nb.domain.run import Actor
from autor_nb.door import Door, actor, fields, new_id
from autor_nb.store import eventlog, worker_log
from autor_nb.store.atomic import write_text
from autor_nb.store.lock import EngineLock, Holder, living_holder
from autor_nb.store.loops import damage, heads, ledger, making, report_lock, standing
from autor_nb.store.loops.family import family_of
from autor_nb.store.loops.layout import LoopFolder, all_loops, loop_folder
from autor_nb.store.loops.words import EVENTS
from autor_nb.version import __version__

__all__ = [
    "Recorded", "Snapshot", "Tail", "actor", "ask", "create", "end_worker", "fields", "go_on", "new_id", "record",
    "snapshot", "start_worker", "wait", "wait_for_report",
]  # fmt: skip
MADE_WITHIN_S = 60.0
WAKES_S = 10.0
IGNORED = "# Loops are autor's; `git add -f` keeps what you want of them in your own history.\n*\n"
_DOOR = Door("autor_nb.loop_worker", EVENTS)


@dataclass(frozen=True, kw_only=True)
class Snapshot(door.Seen):
    """A loop as it is now. `status` knows the lock too; `waiting` says for whom: person · engine · nobody.

    `fault` is what an interrupted loop's engine broke off by; empty if it was killed.
    """

    loop: LoopFolder
    state: LoopState
    status: LoopStatus
    fault: str = ""


@dataclass(frozen=True)
class Recorded:
    """An experiment that somebody outside told of, as the log has it now, and what to tell them."""

    event: ev.ExperimentRecorded
    row: Row
    hints: tuple[str, ...]


class Tail(door.Tail[LoopFold, Snapshot]):
    """A loop's state, kept up with by reading only what is new in its log; begins at the checkpoint if that fits."""

    def __init__(self, loop: LoopFolder) -> None:
        self.loop = loop
        super().__init__(loop, EVENTS)

    def _begun(self) -> tuple[LoopFold, int]:
        return standing.load(self.loop)

    def _brings_on(self, event: Event | Unknown) -> bool:
        lost = isinstance(event, ev.TrialStarted) or (isinstance(event, ev.TrialEnded) and event.ending == "lost")
        return not lost and super()._brings_on(event)

    def _seen(self, worker: Holder | None) -> Snapshot:
        state = self._fold.state
        status, waiting, fault = state.status, "nobody", ""
        if state.damaged:
            status = LoopStatus.DAMAGED
        elif status is LoopStatus.RUNNING or state.audit is not None:
            waiting = "engine"
            if worker is None:
                status, fault = LoopStatus.INTERRUPTED, worker_log.broke_off_by(self.loop)
        elif status in (LoopStatus.PAUSED, LoopStatus.FAILED):
            waiting = "person"
        return Snapshot(loop=self.loop, state=state, status=status, worker=worker, waiting=waiting, fault=fault)


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
    loop_gate.gate_of(config)  # refused before anything is made
    source = making.find_source(project)
    loop.make()
    ignored = loop.path.parent / ".gitignore"
    if not ignored.exists():
        write_text(ignored, IGNORED)
    with EngineLock(loop, acquire_s=MADE_WITHIN_S) as held:
        if loop.exists:
            return loop  # another process made it meanwhile
        made = _cloned(loop, source, config, base)
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


def _cloned(loop: LoopFolder, source: making.Source, config: LoopConfig, base: str) -> making.Made:
    return making.make(
        loop.clone,
        source,
        loop=loop.name,
        mutable=config.editable,
        link=config.link,
        base=base,
        include_uncommitted=config.include_uncommitted,
    )


def _bring_in(loop: LoopFolder, held: EngineLock, by: Actor, earlier: Sequence[Record]) -> None:
    """Record what was found before there was a loop, with its own times and hashes."""
    if not earlier:
        return
    with ledger.opened(loop, held) as opened:
        for one in earlier:
            opened.answer(told_again(one, by))


def told_again(one: Record, by: Actor) -> cmd.RecordExperiment:
    """The command that records an experiment of elsewhere, as it was told there; a crash has measured nothing."""
    return cmd.RecordExperiment(
        **fields(by),
        metric=None if one.status == "crash" else one.metric,
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


def ask(loop: LoopFolder, command: cmd.LoopCommand, timeout_s: float = 60.0) -> list[Event]:
    """Give a command and wait for its answer, starting an engine where none lives; RefusedError if refused."""
    if not loop.exists:
        raise UsageError(f"{loop.path} is not a loop.", "`autor loop init` makes one.")
    if isinstance(command, cmd.StartLoop) and command.config:
        loop_gate.gate_of(msgspec.convert(command.config, LoopConfig))
    answers = _DOOR.ask(loop, command, timeout_s)
    if isinstance(command, cmd.GrantBudget):
        _wake_family(loop)
    return answers


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
        waiting = [one for one in waiting if standing.read(one).status is LoopStatus.PAUSED and door.is_starting(one)]
        time.sleep(door.POLL_S)


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
    if (done := _record_here(loop, command)) is not None:
        return done
    before = standing_of(standing.read(loop))
    heard = _DOOR.answers(loop, command, timeout_s, "the record is kept and will be made")
    while not (answers := next(heard)):
        if (done := _record_here(loop, command)) is not None:
            return done
    return _recorded(before, standing.read(loop), answers[0])


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


def _recorded(before: LoopState, after: LoopState, event: Event) -> Recorded:
    if isinstance(event, CommandRefused):
        raise RefusedError(event.reason, event.suggestion)
    assert isinstance(event, ev.ExperimentRecorded)
    row = next(row for row in reversed(after.recent) if row.n == event.n)
    return Recorded(event, row, after_record(before, after, row))


def recover_log(loop: LoopFolder, by: Actor) -> LogRecovered | None:
    """Set the damaged lines of a loop's log aside and put back what is known of them; None where nothing was wrong."""
    with EngineLock(loop) as held:
        mended = damage.mend(loop, by, asked=True)
        with ledger.opened(loop, held):
            return mended  # the views are made anew from it


def start_worker(loop: LoopFolder) -> int:
    """Start an engine process in a session of its own; answers with its pid. A second one ends by itself."""
    return _DOOR.start(loop)


def wait(
    loop: LoopFolder,
    timeout_s: float | None = None,
    on_change: Callable[[Snapshot], None] | None = None,
    enough: Callable[[Snapshot], bool] | None = None,
) -> Snapshot:
    """Wait until the session has ended or a person must say something, or for `enough`; an interrupted one goes on."""

    def rests(now: Snapshot) -> bool:
        return (now.waiting != "engine" and not now.live) or (enough is not None and enough(now))

    return _DOOR.follow(Tail(loop), loop, rests, timeout_s, on_change)


def wait_for_report(loop: LoopFolder, on_wait: Callable[[], None], timeout_s: float = 300.0) -> None:
    """Wait for the report that is made of a session that has ended, if one is; `on_wait` is called once if so."""
    deadline, told = time.monotonic() + timeout_s, False
    while report_lock.at_work(loop) and time.monotonic() < deadline:
        if not told:
            on_wait()
        told = True
        time.sleep(door.SLOW_POLL_S)


def go_on(loop: LoopFolder, timeout_s: float = 10.0) -> Snapshot:
    """Have an interrupted session gone on with; back when an engine has taken it up, or it rests."""
    deadline = time.monotonic() + timeout_s
    starts, tail = door.Starts(_DOOR, loop), Tail(loop)
    while (now := tail.snapshot()).deserted:
        starts.another(late=time.monotonic() > deadline)
        time.sleep(door.POLL_S)
    return now


def end_worker(loop: LoopFolder) -> None:
    """End the engine process at once, as a crash would; the loop can be started again."""
    door.end(loop)
