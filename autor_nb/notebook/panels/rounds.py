"""Rounds that keep panels up: what is due is looked at and told; a fault ends neither them nor the signs of life."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from autor_nb.domain.errors import AutorError
from autor_nb.store.eventlog import utc_now

LOOK_S = 0.15
LIVENESS_S = 1.0
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


class Rounds:
    """Follows how rounds went: a thread that a single odd moment ended would leave its page waiting for ever."""

    def __init__(self) -> None:
        self.faults: dict[str, int] = {}

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """A round; what is not there yet or cannot be read just now is looked for again in the next one."""
        try:
            yield
        except (OSError, AutorError):
            pass
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            self.faults[said] = self.faults.get(said, 0) + 1
            if self.faults[said] == 1 and sys.__stderr__ is not None:
                traceback.print_exc(file=sys.__stderr__)


class Follower:
    """What one daemon thread follows for any number of panels; while nobody looks it does nothing at all.

    `due` names what a round looks at, each by a clock of its own in `_next`; 0 is "at once".
    """

    def __init__(self, name: str, due: tuple[str, ...], clock: Callable[[], float] = time.monotonic) -> None:
        self.rounds = Rounds()
        self._name, self._clock = name, clock
        self._watchers: weakref.WeakSet[Any] = weakref.WeakSet()
        self._guard, self._wake = threading.Lock(), threading.Event()
        self._next = dict.fromkeys((*due, "beat"), 0.0)
        self._beats = 0
        self._thread: threading.Thread | None = None

    def join(self, watcher: Watcher) -> None:
        """Tell this panel from now on, from a thread."""
        self.tell(watcher)
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name=self._name, daemon=True)
            self._thread.start()

    def tell(self, watcher: Watcher) -> None:
        """Tell this panel from now on what each round finds."""
        self._watchers.add(watcher)

    def wake(self) -> None:
        """Somebody looks again: look at once, and say so."""
        self._next = dict.fromkeys(self._next, 0.0)
        self._wake.set()

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
        """Look, and tell what is new."""
        raise NotImplementedError

    def _tell_all(self, how: str, *what: Any) -> None:
        for watcher in list(self._watchers):
            if watcher.watched:
                with self.rounds.one():  # a panel that cannot be told keeps nobody else from being told
                    getattr(watcher, how)(*what)
