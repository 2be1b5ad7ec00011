"""What the faces' doors to a run and to a loop are made of: a workplace as it is seen, its engine as it is asked.

A face never writes a log and never waits on a lock: it drops a command into the inbox, starts an engine where none
lives, and reads in the log what came of it.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import psutil

from autor_nb.domain.commands import Command
from autor_nb.domain.errors import RefusedError, RunError
from autor_nb.domain.events import CommandRefused, Event, LogRecovered, Unknown, WorkerStarted, WorkerStopped
from autor_nb.domain.run import Actor
from autor_nb.store import eventlog, inbox, worker_log
from autor_nb.store.eventlog import Vocabulary, utc_now
from autor_nb.store.layout import Workplace
from autor_nb.store.lock import Holder, living_holder

POLL_S = 0.02
SLOW_POLL_S = 0.2
STARTS = 5
FULL_BYTES = 64 * 1024
_children: list[tuple[Path, subprocess.Popen[bytes]]] = []


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


def fields(by: Actor) -> dict[str, Any]:
    """What every command carries: its id, when, and by whom."""
    return {"id": new_id(), "at": utc_now(), "by": by}


# -------------------------------------------------------------------------------------------- seeing


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A workplace as it is now: who works on it, and for whom it waits: person · engine · nobody."""

    worker: Holder | None
    waiting: str

    @property
    def live(self) -> bool:
        """Whether an engine works on it."""
        return self.worker is not None

    @property
    def deserted(self) -> bool:
        """Whether there is work for an engine, and none lives."""
        return self.waiting == "engine" and not self.live


class Folded(Protocol):
    """What every folded state can say of its log."""

    @property
    def last_seq(self) -> int: ...
    @property
    def damaged(self) -> str: ...


class Folding(Protocol):
    """What brings a state up to its log."""

    @property
    def state(self) -> Folded: ...
    def apply(self, events: Iterable[Event | Unknown], /) -> object: ...


F = TypeVar("F", bound=Folding)
S = TypeVar("S", bound=Seen)


class Tail(Generic[F, S]):
    """A workplace's state, kept up with by reading only what is new in its log."""

    def __init__(self, place: Workplace, words: Vocabulary) -> None:
        self._place, self._words = place, words
        self._fold, self._offset = self._begun()
        self.advanced = 0
        """The number of the newest event that was read and that brought the work on."""

    def _begun(self) -> tuple[F, int]:
        """A fold, and the offset in the log to go on reading from."""
        raise NotImplementedError

    def _seen(self, worker: Holder | None) -> S:
        """What the folded log and the lock's holder say together."""
        raise NotImplementedError

    @property
    def last_seq(self) -> int:
        """The number of the newest event that was read."""
        return self._fold.state.last_seq

    def read(self) -> list[Event | Unknown]:
        """What is new; a log that was damaged may have been mended, so it is begun with anew."""
        if self._fold.state.damaged:
            self._fold, self._offset = self._begun()
        events, self._offset = eventlog.read(self._place.events, self._offset, self._words)
        self._fold.apply(events)
        self.advanced = max((event.seq for event in events if self._brings_on(event)), default=self.advanced)
        return events

    def _brings_on(self, event: Event | Unknown) -> bool:
        """Whether it is more than an engine's coming and going, which one that always breaks off writes too."""
        return not isinstance(event, WorkerStarted | WorkerStopped | LogRecovered)

    def snapshot(self) -> S:
        """The workplace as it is now; the lock is asked first: what its holder wrote last is then in the log."""
        worker = living_holder(self._place)
        self.read()
        return self._seen(worker)


# ------------------------------------------------------------------------------- an engine's process


@dataclass(frozen=True)
class Door:
    """The way to the engine of one kind of workplace: the module that its process runs, and its log's words."""

    worker: str
    words: Vocabulary

    def ask(self, place: Workplace, command: Command, timeout_s: float) -> list[Event]:
        """Give a command and wait for its answer, starting an engine where none lives; RefusedError if refused."""
        starts, heard = Starts(self, place), self.answers(place, command, timeout_s)
        while not (answers := next(heard)):
            if living_holder(place) is None and not inbox.is_empty(place):
                starts.another()
        return answers

    def answers(
        self, place: Workplace, command: Command, timeout_s: float, kept: str = "the command is kept and will be done"
    ) -> Iterator[list[Event]]:
        """Drop a command, then look for its answer again and again: none yet, or what it says.

        RefusedError if it is refused; RunError with `kept`, what becomes of the command, when the time is over.
        """
        before = place.events.stat()
        offset, file = before.st_size, before.st_ino
        inbox.drop(place, command)
        deadline = time.monotonic() + timeout_s
        while True:
            if (now := place.events.stat().st_ino) != file:  # a damaged log was mended: its answers lie elsewhere
                offset, file = 0, now
            events, offset = eventlog.read(place.events, offset, self.words)
            answers = [one for one in events if isinstance(one, Event) and getattr(one, "command_id", "") == command.id]
            for answer in answers:
                if isinstance(answer, CommandRefused):
                    raise RefusedError(answer.reason, answer.suggestion)
            yield answers
            if time.monotonic() > deadline:
                raise RunError(
                    f"{place.called[0].upper()}{place.called[1:]} has not answered within {timeout_s:g} s; {kept}.",
                    f"`{place.command('status')}` shows it.",
                )
            time.sleep(POLL_S)

    def follow(
        self,
        tail: Tail[Any, S],
        place: Workplace,
        rests: Callable[[S], bool],
        timeout_s: float | None,
        on_change: Callable[[S], None] | None,
    ) -> S:
        """Wait until it rests, or for so long; an engine that was interrupted is started again.

        One that breaks off again and again without getting anywhere is started a few times only: RunError says why.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        seen, advanced, poll, starts = -1, tail.advanced, POLL_S, Starts(self, place)
        while True:
            now = tail.snapshot()
            if tail.advanced != advanced:
                advanced, starts = tail.advanced, Starts(self, place)
            if tail.last_seq != seen:
                seen, poll = tail.last_seq, POLL_S
                if on_change is not None:
                    on_change(now)
            if rests(now):
                return now
            if now.deserted:
                starts.another()
            if deadline is not None and time.monotonic() > deadline:
                return now
            time.sleep(poll)
            poll = min(SLOW_POLL_S, poll * 1.3)

    def start(self, place: Workplace) -> int:
        """Start an engine process in a session of its own; answers with its pid. A second one ends by itself."""
        place.operator_state.mkdir(exist_ok=True)
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("AUTOR_ATTEMPT", None)
        with worker_log.path_of(place).open("ab") as stream:
            worker_log.begin(stream, utc_now())
            child = subprocess.Popen(
                [sys.executable, "-m", self.worker, str(place.path)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
                cwd=place.path,
                env=environment,
            )
        _children.append((place.path, child))
        return child.pid


class Starts:
    """The starts of an engine that does not come to life: a few, then it is said why."""

    def __init__(self, door: Door, place: Workplace) -> None:
        self._door, self._place, self._count = door, place, 0

    def another(self, *, late: bool = False) -> None:
        """Start it once more unless one is on its way; RunError when that was tried enough, or it is too late."""
        if is_starting(self._place):
            return
        if late or self._count >= STARTS:
            tried = "" if late else f", or broke off at once: it was tried {STARTS} times"
            raise RunError(f"The engine of {self._place.called} does not start{tried}.", _why(self._place))
        self._count += 1
        self._door.start(self._place)


def is_starting(place: Workplace) -> bool:
    """Whether a worker that this process started there still lives (and so may be about to take the lock)."""
    _children[:] = [(path, child) for path, child in _children if child.poll() is None]
    return any(path == place.path for path, _ in _children)


def end(place: Workplace) -> None:
    """Kill the engine's process, if there is one, as a crash would."""
    worker = living_holder(place)
    if worker is not None:
        with contextlib.suppress(psutil.Error):
            psutil.Process(worker.pid).kill()


def _why(place: Workplace) -> str:
    if shutil.disk_usage(place.path).free < FULL_BYTES:
        return f"The disk of {place.path} is full: free some space, then `{place.command('resume')}`."
    if fault := worker_log.broke_off_by(place):
        return f"{fault[:600]} ({worker_log.path_of(place)} says where.)"
    said = worker_log.said(place)[-800:]
    return (said.splitlines()[-1] if len(said) > 400 else said) or f"See {worker_log.path_of(place)}."
