"""One daemon thread a loop: it follows the log and the output of the running trial, and tells the panels."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from autor_nb import loop_control
from autor_nb.desk.loops import rows, test
from autor_nb.desk.loops.forks import Family
from autor_nb.desk.loops.view import experiment_of, loop_view
from autor_nb.domain.errors import UsageError
from autor_nb.figures.loop_words import numbers
from autor_nb.notebook.panels.loop_work import ForkWork
from autor_nb.notebook.panels.rounds import LIVENESS_S, Document, Follower
from autor_nb.store.loops.course_file import CourseFile
from autor_nb.store.loops.layout import LoopFolder

OUTPUT_S = 0.7
SHARE = 6.0
"""A view that took so long is made again no sooner than so many times that later: a long loop stays fluid."""


class LoopTail(Follower):
    """A loop followed for any number of panels; while nobody looks it does nothing at all."""

    def __init__(self, loop: LoopFolder) -> None:
        super().__init__(f"autor-loop-{loop.name}", ("look", "output"))
        self.loop = loop
        self.snapshot: loop_control.Snapshot | None = None
        self._tail = loop_control.Tail(loop)
        self._file, self._family = CourseFile(loop), Family(loop)
        self._me = loop_control.actor("panel")
        self.work = ForkWork(loop, self.wake)
        self._view: Document = {}
        self._seen: tuple[Any, ...] = ()
        self._output: Document | None = None
        self._not_before = 0.0
        self._size = self._measured = -1

    def first(self) -> Document:
        """The document as it is now, made in the caller's thread."""
        with self._guard:
            self._look()
            return self._view

    def wake(self) -> None:
        """Somebody looks again: look at once, and say so."""
        self._not_before = 0.0
        super().wake()

    # -------------------------------------------------------------------------- what a page looks up

    def rows(self, which: str, first: int, many: int) -> Document:
        """A window of the table."""
        with self._guard:
            snapshot, course = self._now(), self._file.course
            return rows.page_of(course, snapshot.state.current, numbers(course), which, first, many)

    def experiment(self, n: int) -> Document:
        """All that is known of one experiment."""
        with self._guard:
            found = experiment_of(self._now(), self._file.course, self._file.idea(n), n)
        if found is None:
            raise UsageError(f"There is no experiment #{n} in loop {self.loop.name}.", "Look at the table.")
        return found

    def decisions(self) -> Document:
        """The newest decisions, more of them than the view holds."""
        from autor_nb.desk.loops import decisions

        with self._guard:
            return {"decisions": decisions.shown(self._file.course, self._me, decisions.MOST)}

    def _now(self) -> loop_control.Snapshot:
        if self.snapshot is None:
            self._look()
        assert self.snapshot is not None
        return self.snapshot

    # ------------------------------------------------------------------------------ in the thread

    def _tell_what_is_due(self, now: float) -> None:
        with self._guard:
            grew = self._grew()
            if now >= self._not_before and (grew or now >= self._next["look"]):
                self._next["look"] = now + LIVENESS_S
                if self._look():
                    self._tell_all("show", self._view, None)
                self._not_before = time.monotonic() + SHARE * (time.monotonic() - now)
                self._size = self._measured
        if now >= self._next["output"]:
            self._next["output"] = now + OUTPUT_S
            self._print()

    def _grew(self) -> bool:
        self._measured = self.loop.events.stat().st_size
        return self._measured != self._size

    def _look(self) -> bool:
        """Whether there is anything new to show."""
        now = self.snapshot = self._tail.snapshot()
        seen = (now.state.last_seq, now.status, now.waiting, now.live, self._family.sizes(), self.work.version)
        if seen == self._seen:
            return False
        self._seen = seen
        view = loop_view(now, self._file.read(), self._family, self._me, self.work.document())
        new = {**view, "at": ""} != {**self._view, "at": ""}
        self._view = view
        return new

    def _print(self) -> None:
        """What the running trial printed since, as a message: it is no part of the state."""
        with self._guard:
            current = self.snapshot.state.current if self.snapshot is not None else None
            running = current.running() if current is not None else None
            said = test.output_of(self.loop, running, current) if current is not None and running is not None else None
        if said is not None and said != self._output:
            self._tell_all("tell", {"output": said})
        self._output = said


_tails: dict[Path, LoopTail] = {}
_tails_guard = threading.Lock()


def loop_tail_of(loop: LoopFolder) -> LoopTail:
    """The one tail of that loop in this process."""
    key = loop.path.resolve()
    with _tails_guard:
        if key not in _tails or not loop.exists:
            _tails[key] = LoopTail(loop)
        return _tails[key]
