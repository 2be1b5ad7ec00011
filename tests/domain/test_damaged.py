"""A log with a hole in it: the state is as of the line before, and nothing goes on from there."""

from __future__ import annotations

from autor_nb.domain import events as ev
from autor_nb.domain import rules
from autor_nb.domain.fold import Fold, fold
from autor_nb.domain.run import Actor, RunStatus
from autor_nb.domain.stage import StageRef

REFS = (StageRef(number="01", slug="01_s", title="S"),)
ME = Actor(face="test")
BEGUN = [ev.RunCreated(seq=1, run_id="r", goal="g", workflow=REFS, files="f"), ev.RunStarted(seq=2, by=ME)]
HOLE = ev.Damaged(raw=b"?", line=3, reason="is damaged: it is not the JSON of an event")


def test_the_fold_ends_at_the_damage_and_the_engine_waits() -> None:
    """What comes after the hole changes nothing, in one fold or in two."""
    after = ev.RunCompleted(seq=4)
    whole, parts = fold([*BEGUN, HOLE, after]), Fold()
    for event in (*BEGUN, HOLE, after):
        parts.apply([event])
    for state in (whole, parts.state):
        assert "line 3 of its log is damaged" in state.damaged
        assert RunStatus.RUNNING is state.status
        assert rules.Wait() == rules.next_step(state)


def test_a_newer_versions_line_is_counted_and_the_work_goes_on() -> None:
    """Unknown is not damaged."""
    state = fold([*BEGUN, ev.Unknown(raw=b"{}", seq=3, type="teleported")])
    assert (1, "") == (state.unknown, state.damaged)
    assert rules.Work(stage="01_s", trigger="start") == rules.next_step(state)


def test_a_log_without_its_beginning_is_damaged_and_no_exception() -> None:
    """An attempt of a stage that nobody made is no KeyError in a list of runs."""
    state = fold([ev.AttemptStarted(seq=2, stage="01_s", attempt=1, agent="a")])
    assert "01_s" in state.damaged
    assert rules.Wait() == rules.next_step(state)


def test_after_a_recovery_the_files_are_brought_back_first() -> None:
    """The workspace goes back to how the shorter log knows it."""
    state = fold([*BEGUN, ev.LogRecovered(seq=3, by=ME, line=3, lines=2, kept_in="damaged/x", files="now")])
    assert rules.Restore(files="f") == rules.next_step(state)
