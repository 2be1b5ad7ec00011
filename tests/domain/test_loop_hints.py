"""Hints after a record: at three, five and seven discards, without a baseline, every twenty, for gains too good."""

from __future__ import annotations

import pytest

from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops.fold import LoopFold
from autor_nb.domain.loops.hints import after_record, standing_of
from autor_nb.domain.loops.rules import answer
from autor_nb.domain.loops.state import LoopState
from autor_nb.domain.run import Actor

ME = Actor(face="test", os_user="ada")


class Recorder:
    """Records into a state, as a loop's log would have it."""

    def __init__(self, direction: str = "lower") -> None:
        self.fold = LoopFold(LoopState(name="demo", config={"metric": {"direction": direction}}))
        self.seq = 0

    def __call__(self, status: str, metric: float | None) -> str:
        """The hints for it, joined."""
        self.seq += 1
        before = standing_of(self.fold.state)
        command = cmd.RecordExperiment(id=f"c{self.seq}", at="", by=ME, status=status, metric=metric)
        state = self.fold.apply(answer(self.fold.state, command))
        return " ".join(after_record(before, state, state.recent[-1]))


@pytest.mark.parametrize("direction", ["lower", "higher"])
def test_discards_in_a_row_are_told_at_three_five_and_seven(direction: str) -> None:
    """And at no other number; a keep begins the count anew, a crash does not."""
    record = Recorder(direction)
    record("baseline", 1.0)
    told = ["in a row" in record("discard", 1.0) for _ in range(9)]
    assert [n in (3, 5, 7) for n in range(1, 10)] == told
    record("keep", 1.0)
    assert "in a row" not in record("discard", 1.0)
    record("crash", None)
    record("discard", 1.0)
    assert "3 discards" in record("discard", 1.0)


def test_the_baseline_comes_first() -> None:
    """Until there is one, every record says so."""
    record = Recorder()
    assert "baseline" in record("keep", 1.0)
    assert "baseline" not in record("baseline", 1.0)
    assert "baseline" not in record("keep", 0.9)


def test_every_twenty_experiments_it_is_time_to_look_back() -> None:
    """The twentieth and the fortieth."""
    record = Recorder()
    said = [record("baseline" if n == 1 else "keep", 1.0) for n in range(1, 46)]
    assert [20, 40] == [n for n, text in enumerate(said, 1) if "look back" in text]


@pytest.mark.parametrize(("direction", "sign"), [("lower", -1), ("higher", 1)])
def test_a_gain_over_ten_times_all_earlier_gain_is_suspicious(direction: str, sign: int) -> None:
    """Once three were kept; just below that it is not."""
    record = Recorder(direction)
    record("baseline", 10.0)
    assert "Suspicious" not in record("keep", 10.0 + sign * 0.01)
    assert "Suspicious" not in record("keep", 10.0 + sign * 0.1)  # more than ten times, but the second keep
    record("keep", 10.0 + sign * 0.2)
    assert "Suspicious" not in record("keep", 10.0 + sign * 2.15)
    assert "Suspicious" in record("keep", 10.0 + sign * 25.0)


@pytest.mark.parametrize(("direction", "leap"), [("lower", 0.0009), ("higher", 101.0)])
def test_a_ratio_above_a_hundred_or_below_a_hundredth_is_suspicious(direction: str, leap: float) -> None:
    """Even where there was no gain before."""
    record = Recorder(direction)
    record("baseline", 1.0)
    for _ in range(3):
        record("keep", 1.0)
    assert "times what it was" in record("keep", leap)


def test_a_discard_is_never_suspicious() -> None:
    """Nobody builds on it."""
    record = Recorder()
    record("baseline", 1.0)
    for _ in range(4):
        record("keep", 1.0)
    assert "Suspicious" not in record("discard", 0.0001)


@pytest.mark.parametrize(("direction", "worse", "better"), [("lower", 1.1, 0.9), ("higher", 0.9, 1.1)])
def test_a_keep_that_is_worse_than_what_stood_is_questioned(direction: str, worse: float, better: float) -> None:
    """In the metric's own direction."""
    record = Recorder(direction)
    record("baseline", 1.0)
    assert "worse" in record("keep", worse)
    assert "worse" not in record("keep", better)
