"""What a loop and its forks share: one counter of the budget of errors, and turns to work at the same time.

The counter is a file of lines that are only ever added to, in the folder of the loop that the family began with,
written under a lock that dies with its holder. A candidate's place is found again under its loop and number, so that
an engine that was killed between taking a place and telling so takes the same one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from filelock import FileLock, Timeout

from autor_nb.domain.errors import StoreError
from autor_nb.domain.loops.state import LoopState
from autor_nb.domain.run import Actor
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.system_errors import what_happened, what_mends

ACQUIRE_S = 60.0


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line. `what`: place (a candidate reached confirm), keeps (of a loop, up to now), session (a new budget)."""

    what: str
    session: int
    loop: str
    n: int = 0
    confirms: int = 0
    keeps: int = 0
    alpha: float | None = None
    by: Actor | None = None


@dataclass(frozen=True)
class Place:
    """A candidate's place in the budget: so many reached confirm and were kept before it, over the whole family."""

    session: int
    confirms: int
    keeps: int


@dataclass
class _Counted:
    """The ledger as read: the newest session's counts."""

    session: int = 1
    granted: Line | None = None
    next_confirm: int = 0
    places: dict[tuple[str, int], Line] = field(default_factory=dict)
    keeps: dict[str, int] = field(default_factory=dict)

    def take(self, line: Line) -> None:
        if line.what == "session" and line.session > self.session:
            self.session, self.granted, self.next_confirm = line.session, line, 0
            self.places, self.keeps = {}, {}
        if line.session != self.session:
            return
        if line.what == "place":
            self.places[line.loop, line.n] = line
            self.next_confirm = max(self.next_confirm, line.confirms + 1)
        elif line.what == "keeps":
            self.keeps[line.loop] = max(line.keeps, self.keeps.get(line.loop, 0))


class Family:
    """The family of a loop, seen by one of its members."""

    def __init__(self, loop: LoopFolder, root: LoopFolder) -> None:
        self.loop, self.root = loop, root
        self._seen: tuple[int, int] | None = None
        self._session: Line | None = None

    @property
    def ledger(self) -> Path:
        """Where the counter lies."""
        return self.root.engine / "family.jsonl"

    # --------------------------------------------------------------------------------- the counter

    def place(self, n: int, state: LoopState) -> Place:
        """The place of the loop's experiment `n`, taken now or before; all places of a session differ.

        `state` tells what the loop itself counted, for a ledger that was lost: no place comes below it.
        """
        with self._open() as counted:
            if state.budget_session > counted.session:
                self._add(counted, self._granted_by(state))
            known = counted.places.get((self.loop.name, n))
            if known is not None:
                return Place(counted.session, known.confirms, known.keeps)
            own = state.budget_session == counted.session
            if own and state.keeps > counted.keeps.get(self.loop.name, 0):
                self._add(counted, self._line("keeps", counted.session, keeps=state.keeps))
            confirms = max(counted.next_confirm, state.confirms if own else 0)
            keeps = sum(counted.keeps.values())
            self._add(counted, self._line("place", counted.session, n=n, confirms=confirms, keeps=keeps))
            return Place(counted.session, confirms, keeps)

    def kept(self, state: LoopState) -> None:
        """Tell the family how many of this loop's candidates were kept; told again by the next place, if missed."""
        with self._open() as counted:
            own = state.budget_session == counted.session
            if own and state.keeps > counted.keeps.get(self.loop.name, 0):
                self._add(counted, self._line("keeps", counted.session, keeps=state.keeps))

    def session(self) -> Line | None:
        """The newest budget that a person granted to the family, None for the first; cheap where nothing is new."""
        try:
            found = self.ledger.stat()
        except OSError:
            return None
        stamp = found.st_size, found.st_mtime_ns
        if stamp != self._seen:
            self._session, self._seen = _read(self.ledger).granted, stamp
        return self._session

    def grant(self, state: LoopState) -> None:
        """Tell the family of the session that this loop is in; nothing if it is known."""
        with self._open() as counted:
            if state.budget_session > counted.session:
                self._add(counted, self._granted_by(state))

    def _granted_by(self, state: LoopState) -> Line:
        return msgspec.structs.replace(
            self._line("session", state.budget_session), alpha=state.alpha, by=state.budget_by
        )

    def _line(self, what: str, session: int, **told: Any) -> Line:
        return Line(what=what, session=session, loop=self.loop.name, **told)

    @contextlib.contextmanager
    def _open(self) -> Iterator[_Counted]:
        try:
            self.root.engine.mkdir(parents=True, exist_ok=True)
            with FileLock(self.root.engine / "family.lock", timeout=ACQUIRE_S, preserve_lock_file=True):
                yield _read(self.ledger)
        except Timeout as error:
            raise StoreError(
                f"The budget of errors of loop {self.root.name} and its forks has been locked for {ACQUIRE_S:g} s.",
                "Another engine of the family hangs: `autor loop status` shows which.",
                path=str(self.ledger),
            ) from error
        except OSError as error:
            where = str(self.ledger)
            mend = what_mends(error, where, "start it again")
            raise StoreError(what_happened(error, where), mend, path=where) from error

    def _add(self, counted: _Counted, line: Line) -> None:
        """Add one line that is on the disk when this returns; what a killed engine left torn is closed first."""
        with self.ledger.open("ab+") as stream:
            if stream.tell():
                stream.seek(-1, os.SEEK_END)
                if stream.read(1) != b"\n":
                    stream.write(b"\n")
            stream.write(msgspec.json.encode(line) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        counted.take(line)


def _read(ledger: Path) -> _Counted:
    """The counts; a line that is none counts as a place, because it may have been one. A torn last one never was."""
    counted = _Counted()
    try:
        content = ledger.read_bytes()
    except FileNotFoundError:
        return counted
    for raw in content.split(b"\n")[:-1]:
        try:
            counted.take(msgspec.json.decode(raw, type=Line))
        except (msgspec.DecodeError, RecursionError):
            counted.next_confirm += 1
    return counted


def family_of(loop: LoopFolder, state: LoopState) -> Family:
    """The family that a loop belongs to: its own, until it is forked."""
    return Family(loop, LoopFolder(loop.path.parent / state.family) if state.family else loop)


# -------------------------------------------------------------------------------------------- turns


class Turn:
    """The right of one member of a family to work; ends with the process at the latest."""

    def __init__(self, family: Family, limit: int) -> None:
        self.family, self.limit = family, max(1, limit)
        self._held: FileLock | None = None

    @property
    def held(self) -> bool:
        """Whether it is this member's turn."""
        return self._held is not None

    def take(self) -> bool:
        """Try to take one of the places at work; cheap when it is held."""
        if self._held is not None:
            return True
        folder = self.family.root.engine / "turns"
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(self.limit):
            lock = FileLock(folder / f"{number}.lock", preserve_lock_file=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            self._held = lock
            with contextlib.suppress(OSError):
                (folder / f"{number}.txt").write_text(self.family.loop.name, encoding="utf-8")
            return True
        return False

    def at_work(self) -> tuple[str, ...]:
        """Who had the turns when last seen."""
        folder = self.family.root.engine / "turns"
        found = []
        for number in range(self.limit):
            with contextlib.suppress(OSError, UnicodeDecodeError):
                found.append((folder / f"{number}.txt").read_text(encoding="utf-8")[:60])
        return tuple(found)

    def release(self) -> None:
        """Let another member work."""
        if self._held is not None:
            self._held.release()
            self._held = None


def most_at_once(parallel: int | None, time_like: bool) -> int:
    """How many of a family may work at once: as many as there are cores, or as the person said; of times, one."""
    if time_like:
        return 1
    if parallel is not None:
        return parallel
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
