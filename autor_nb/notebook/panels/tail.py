"""One daemon thread a run: it follows the log and the feed, and tells the panels that somebody looks at."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from autor_nb import control
from autor_nb.desk import feed
from autor_nb.desk.attempt import attempt_view
from autor_nb.desk.decisions import Decisions
from autor_nb.desk.estimates import Estimator
from autor_nb.desk.view import current, run_view
from autor_nb.domain.events import Event, Unknown
from autor_nb.notebook.panels.rounds import Rounds
from autor_nb.store.eventlog import utc_now
from autor_nb.store.layout import RunFolder

LOOK_S = 0.15
LIVENESS_S = 1.0
CHANGED_S = 5.0
FEED_S = 0.25
FLOOD_S = 1.0
FEED_CARDS = 50
BEAT_S = 2.0
Document = dict[str, Any]


class Watcher(Protocol):
    """What a panel is for its tail. Called from the tail's thread; must not raise, print or display."""

    @property
    def watched(self) -> bool:
        """Whether somebody may be looking."""
        ...

    def show(self, view: Document, attempt: Document | None) -> None:
        """The run as it is now."""

    def tell(self, message: Document) -> None:
        """Something that is not state: new cards of the feed, a sign of life."""


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


class RunTail:
    """A run followed for any number of panels; while nobody looks it does nothing at all."""

    def __init__(self, run: RunFolder, clock: Callable[[], float] = time.monotonic) -> None:
        self.run, self._clock = run, clock
        self.decisions = Decisions(control.actor("panel"))
        self.snapshot: control.Snapshot | None = None
        self._tail = _Log(run, self.decisions)
        self._feed = feed.FeedTail(run)
        self._estimator = Estimator(run)
        self._watchers: weakref.WeakSet[Any] = weakref.WeakSet()
        self._guard, self._wake = threading.Lock(), threading.Event()
        self._view: Document = {}
        self._attempt: Document | None = None
        self._of: tuple[Any, ...] = ()
        self._seen: tuple[Any, ...] = ()
        self._next = {"look": 0.0, "changed": 0.0, "feed": 0.0, "beat": 0.0}
        self._beats = 0
        self._size = -1
        self._thread: threading.Thread | None = None
        self.rounds = Rounds()

    def first(self) -> tuple[Document, Document | None]:
        """The documents as they are now, made in the caller's thread."""
        with self._guard:
            self._look(force=True)
            return self._view, self._attempt

    def join(self, watcher: Watcher) -> None:
        """Tell this panel from now on, from a thread."""
        self.tell(watcher)
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name=f"autor-{self.run.run_id}", daemon=True)
            self._thread.start()

    def tell(self, watcher: Watcher) -> None:
        """Tell this panel from now on what each round finds."""
        self._watchers.add(watcher)

    def wake(self) -> None:
        """Somebody looks again: look at once, and say so."""
        self._next = dict.fromkeys(self._next, 0.0)
        self._wake.set()

    # ------------------------------------------------------------------------------ in the thread

    def _follow(self) -> None:
        while True:
            if not any(watcher.watched for watcher in list(self._watchers)):
                self._wake.wait(LIVENESS_S)
            else:
                with self.rounds.one():
                    self.round()
                self._wake.wait(LOOK_S)
            self._wake.clear()

    def round(self) -> None:
        """Look at what is due by the clock, and tell; that somebody is there is told whatever was found."""
        now = self._clock()
        try:
            self._tell_what_is_due(now)
        finally:
            if now >= self._next["beat"]:
                self._next["beat"] = now + BEAT_S
                self._beats += 1
                self._tell_all("tell", {"beat": self._beats, "at": utc_now()})

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

    def _tell_all(self, how: str, *what: Any) -> None:
        for watcher in list(self._watchers):
            if watcher.watched:
                with self.rounds.one():  # a panel that cannot be told keeps nobody else from being told
                    getattr(watcher, how)(*what)


_tails: dict[Path, RunTail] = {}
_tails_guard = threading.Lock()


def tail_of(run: RunFolder) -> RunTail:
    """The one tail of that run in this process."""
    key = run.path.resolve()
    with _tails_guard:
        if key not in _tails or not run.exists:
            _tails[key] = RunTail(run)
        return _tails[key]
