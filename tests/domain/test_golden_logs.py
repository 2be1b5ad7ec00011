"""Logs that version 0.1 wrote: whatever comes later must read them, and read them as the same story."""

from __future__ import annotations

from pathlib import Path

from autor_nb.domain.events import Unknown
from autor_nb.domain.fold import fold
from autor_nb.domain.loops.fold import LoopFold
from autor_nb.domain.run import RunStatus
from autor_nb.store import eventlog
from autor_nb.store.loops.words import EVENTS

GOLDEN = Path(__file__).parents[1] / "golden"


def test_a_run_of_version_0_1_folds_as_it_did() -> None:
    """Refined, approved, rolled back, taken back, approved again, stopped."""
    events, _ = eventlog.read(GOLDEN / "run_0_1.jsonl")
    assert not [event for event in events if isinstance(event, Unknown)]
    state = fold(events)
    assert (48, RunStatus.PAUSED, "") == (state.last_seq, state.status, state.damaged)
    first = state.stages[0]
    assert (2, ["refined", "approved"]) == (first.approved, [str(attempt.status) for attempt in first.attempts])
    assert "Does the golden log fold for ever?" == state.goal


def test_a_loop_of_version_0_1_folds_as_it_did() -> None:
    """A baseline, three keeps, a discard, and an audit that found the third better."""
    events, _ = eventlog.read(GOLDEN / "loop_0_1.jsonl", 0, EVENTS)
    assert not [event for event in events if isinstance(event, Unknown)]
    state = LoopFold().apply(events)
    assert (177, "stopped", "iterations") == (state.last_seq, state.status, state.stop_cause)
    assert {"keep": 4, "discard": 1} == state.counts
    assert [1, 2, 3] == [row.n for row in state.kept]
    assert (3, True) == (state.audits[-1].n, state.audits[-1].better)
    assert (3, 3, 6.000111) == (state.confirms, state.keeps, round(state.head_metric or 0.0, 6))
    assert {"control": True, "null": True, "no_op": True} == state.tested
