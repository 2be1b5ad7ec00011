"""A loop's log with its folded state and its views: the one way in which anything is written to a loop."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from autor_nb.domain.events import Event
from autor_nb.domain.loops.commands import LoopCommand, RecordExperiment
from autor_nb.domain.loops.fold import LoopFold
from autor_nb.domain.loops.hints import standing_of
from autor_nb.domain.loops.rules import carried_out
from autor_nb.domain.loops.state import LoopState
from autor_nb.store import eventlog, inbox
from autor_nb.store.lock import EngineLock
from autor_nb.store.loops import damage, standing
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.views import Views
from autor_nb.store.loops.words import COMMANDS, EVENTS

KEEP_EVERY = 32
"""How many events may lie behind the checkpoint before it is worth writing it anew."""


class Ledger:
    """Open as long as its maker holds the lock. `fold` is that of the whole log, `views` are up to it."""

    def __init__(self, loop: LoopFolder, held: EngineLock, fold: LoopFold, views: Views) -> None:
        self.loop, self.views, self._fold = loop, views, fold
        self._log = eventlog.EventLog(loop.events, held.confirm, EVENTS)

    @property
    def state(self) -> LoopState:
        """The folded log."""
        return self._fold.state

    def append(self, *events: Event) -> list[Event]:
        """Write events, fold them, bring the views up to them."""
        written: list[Event] = [self._log.append(event) for event in events]
        self._fold.apply(written)
        self.views.update(self.state, written)
        return written

    def answer(self, command: LoopCommand) -> list[Event]:
        """Carry a command out, or write down why not."""
        return self.append(*carried_out(self.state, command))

    def close(self) -> None:
        """Release the log."""
        self._log.close()


@contextlib.contextmanager
def opened(loop: LoopFolder, held: EngineLock) -> Iterator[Ledger]:
    """A ledger for a few events, begun from the checkpoint; views that a killed writer left behind are made anew."""
    fold, offset = standing.load(loop)
    events, _ = eventlog.read(loop.events, offset, EVENTS)
    begun = fold.state.last_seq
    hurt = damage.is_hurt(events, begun)
    if hurt:
        fold, events, begun = LoopFold(), damage.whole(loop), 0
    fold.apply(events)
    views = Views(loop, time.monotonic())
    if hurt or not views.fits(fold.state):
        past, _ = eventlog.read(loop.events, 0, EVENTS)
        views.catch_up(fold.state, past)
    ledger = Ledger(loop, held, fold, views)
    try:
        yield ledger
    finally:
        ledger.close()
        if not held.lost:
            views.page_if_due(ledger.state)
            if ledger.state.last_seq - begun >= KEEP_EVERY or not begun:
                standing.save(loop, ledger.state)


def record(ledger: Ledger, mine: RecordExperiment) -> tuple[LoopState, list[Event]]:
    """Answer the experiments that wait in the inbox, oldest first, then this one if it was not among them.

    What stood before it (as `hints.standing_of` has it), and its answer; no answer if the log has it already. All
    other commands wait for an engine.
    """
    waiting = [(path, one) for path, one in inbox.waiting(ledger.loop, COMMANDS) if isinstance(one, RecordExperiment)]
    queue: list[tuple[Path | None, RecordExperiment]] = [*waiting]
    if all(one.id != mine.id for _, one in waiting):
        queue.append((None, mine))
    before, answer = LoopState(), list[Event]()
    for path, one in queue:
        if one.id not in ledger.state.answered:
            stood = standing_of(ledger.state)
            written = ledger.answer(one)
            if one.id == mine.id:
                before, answer = stood, written
        if path is not None:
            inbox.done(path)
    return before, answer
