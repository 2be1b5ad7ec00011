"""One daemon thread a run: it follows the log and the feed, and tells the panels that somebody looks at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autor_nb import control
from autor_nb.desk import feed
from autor_nb.desk.attempt import attempt_view
from autor_nb.desk.decisions import Decisions
from autor_nb.desk.estimates import Estimator
from autor_nb.desk.view import current, run_view
from autor_nb.domain.events import Event, Unknown
from autor_nb.notebook.panels.rounds import LIVENESS_S, Document, Follower
from autor_nb.store.layout import RunFolder

CHANGED_S = 5.0
FEED_S = 0.25
FLOOD_S = 1.0
FEED_CARDS = 50


class _Log(control.Tail):
    """The log's tail; whoever makes it read, no decision is missed, and none is counted twice in a mended log."""

    def __init__(self, run: RunFolder, decisions: Decisions) -> None:
        super().__init__(run)
        self._decisions = decisions

    def read(self) -> list[Event | Unknown]:
        """What is new."""
        if self._fold.state.damaged:
            self._decisions.forget()
        events = super().read()
        self._decisions.take(events)
        return events


class RunTail(Follower):
    """A run followed for any number of panels; while nobody looks it does nothing at all."""

    def __init__(self, run: RunFolder, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(f"autor-{run.run_id}", ("look", "changed", "feed"), clock)
        self.run = run
        self.decisions = Decisions(control.actor("panel"))
        self.snapshot: control.Snapshot | None = None
        self._tail = _Log(run, self.decisions)
        self._feed = feed.FeedTail(run)
        self._estimator = Estimator(run)
        self._view: Document = {}
        self._attempt: Document | None = None
        self._of: tuple[Any, ...] = ()
        self._seen: tuple[Any, ...] = ()
        self._size = -1

    def first(self) -> tuple[Document, Document | None]:
        """The documents as they are now, made in the caller's thread."""
        with self._guard:
            self._look(force=True)
            return self._view, self._attempt

    # ------------------------------------------------------------------------------ in the thread

    def _tell_what_is_due(self, now: float) -> None:
        with self._guard:
            grew = self._grew()
            if grew or now >= self._next["look"]:
                self._next["look"] = now + LIVENESS_S
                if self._look(force=now >= self._next["changed"]):
                    self._tell_all("show", self._view, self._attempt)
        if now >= self._next["feed"]:
            self._next["feed"] = now + FEED_S
            said = self._feed.read(FEED_CARDS)
            if said is not None:
                if said["skipped"]:  # nobody can read that much: the page has other things to draw
                    self._next["feed"] = now + FLOOD_S
                self._tell_all("tell", {"feed": said})

    def _grew(self) -> bool:
        size = self.run.events.stat().st_size
        grew, self._size = size != self._size, size
        return grew

    def _look(self, force: bool = False) -> bool:
        """Whether there is anything new to show."""
        now = self.snapshot = self._tail.snapshot()
        seen = (now.state.last_seq, now.status, now.waiting, now.live)
        if seen == self._seen and not (force and now.waiting == "engine"):
            return False
        self._seen = seen
        self._next["changed"] = self._clock() + CHANGED_S
        view = run_view(now, self.decisions, self._estimator)
        new = view != self._view
        self._view = view
        return self._look_at_attempt(now) or new

    def _look_at_attempt(self, now: control.Snapshot) -> bool:
        stage, attempt = current(now)
        if stage is None or attempt is None:
            return False
        of = (
            stage.ref.slug,
            attempt.attempt,
            attempt.status,
            attempt.ended_at,
            attempt.checked_seq,
            attempt.notebook,
            attempt.waivers,
        )
        if of == self._of:
            return False
        self._of = of
        self._attempt = attempt_view(self.run, now.state, stage.ref.slug, attempt.attempt)
        return True


_tails: dict[Path, RunTail] = {}
_tails_guard = threading.Lock()


def tail_of(run: RunFolder) -> RunTail:
    """The one tail of that run in this process."""
    key = run.path.resolve()
    with _tails_guard:
        if key not in _tails or not run.exists:
            _tails[key] = RunTail(run)
        return _tails[key]
