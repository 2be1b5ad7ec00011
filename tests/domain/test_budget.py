"""The time budget: work is counted, thinking is not; each share is said once, and a person begins it anew."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from autor_nb.domain import budget
from autor_nb.domain import events as ev
from autor_nb.domain.fold import Fold, fold
from autor_nb.domain.run import Actor, Limits, RunConfig
from autor_nb.domain.stage import Ending, StageRef
from autor_nb.domain.state import RunState

ME, POLICY = Actor(face="test"), Actor(face="policy")
REFS = tuple(StageRef(number=f"{n:02d}", slug=f"{n:02d}_s", title="S") for n in (1, 2))


def clock(seconds: int) -> str:
    """That many seconds after noon."""
    return f"2026-01-01T{12 + seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.000Z"


class Log:
    """Events at seconds after noon."""

    def __init__(self, reviewer: str = "person", run_budget_s: float | None = 100) -> None:
        config = RunConfig(reviewer=reviewer, limits=Limits(run_budget_s=run_budget_s))
        self.events: list[Any] = []
        self.at(0, ev.RunCreated(run_id="r", goal="g", workflow=REFS, config=msgspec.to_builtins(config)))
        self.at(0, ev.WorkerStarted(pid=1), ev.RunStarted(by=ME))

    def at(self, seconds: int, *events: ev.Event) -> Log:
        """These happened then."""
        for event in events:
            self.events.append(msgspec.structs.replace(event, seq=len(self.events) + 1, at=clock(seconds)))
        return self

    def in_review(self, seconds: int, attempt: int = 1) -> Log:
        """An attempt came to review, and the engine ended."""
        return self.at(
            seconds,
            ev.AttemptStarted(stage="01_s", attempt=attempt, agent="a"),
            ev.AttemptEnded(stage="01_s", attempt=attempt, ending=Ending.FINISHED),
            ev.ReviewOpened(stage="01_s", attempt=attempt),
            ev.WorkerStopped(reason="in review"),
        )

    @property
    def state(self) -> RunState:
        """The fold, which is the same event by event."""
        one, whole = Fold(), fold(self.events)
        for event in self.events:
            one.apply([event])
        assert msgspec.json.encode(whole) == msgspec.json.encode(one.state)
        return whole


def test_a_persons_thinking_time_is_never_counted_and_a_decision_begins_it_anew() -> None:
    """30 s of work, an hour of thought, an approval: the clock is at nought and runs again."""
    log = Log().in_review(30)
    assert 30 == budget.spent_s(log.state, clock(3600))
    log.at(3600, ev.WorkerStarted(pid=2), ev.Approved(stage="01_s", attempt=1, by=ME))
    assert 0 == budget.spent_s(log.state, clock(3600))
    assert 20 == budget.spent_s(log.state, clock(3620))


def test_a_policys_decisions_do_not_begin_it_anew() -> None:
    """An unattended run's clock runs through them."""
    log = Log("auto").at(30, ev.Approved(stage="01_s", attempt=1, by=POLICY))
    assert 50 == budget.spent_s(log.state, clock(50))


def test_what_a_killed_engine_worked_counts_up_to_its_last_event() -> None:
    """Nobody worked between its death and the next engine."""
    log = Log().at(40, ev.AttemptStarted(stage="01_s", attempt=1, agent="a")).at(900, ev.WorkerStarted(pid=2))
    assert 45 == budget.spent_s(log.state, clock(905))


def test_resuming_gives_the_same_budget_again_however_old_the_run_is() -> None:
    """A run of last night is not paused at once."""
    log = Log("auto").at(100, ev.Paused(reason="used up"), ev.WorkerStopped(reason="paused"))
    assert isinstance(budget.due(log.state, clock(100)), ev.Paused)
    log.at(80_000 // 2, ev.WorkerStarted(pid=2), ev.RunStarted(by=ME))
    assert budget.due(log.state, clock(80_000 // 2 + 5)) is None


def test_half_and_four_fifths_are_said_once_and_the_end_names_the_option_that_mends_it() -> None:
    """49 s: nothing; 50 s and 80 s: a word each; 100 s: the pause."""
    log = Log()
    assert budget.due(log.state, clock(49)) is None
    for seconds, share in ((50, 0.5), (80, 0.8)):
        warned = budget.due(log.state, clock(seconds))
        assert isinstance(warned, ev.BudgetWarned)
        assert (share, float(seconds), 100.0) == (warned.share, warned.spent_s, warned.budget_s)
        log.at(seconds, warned)
        assert budget.due(log.state, clock(seconds + 1)) is None
    paused = budget.due(log.state, clock(100))
    assert isinstance(paused, ev.Paused)
    assert "autor resume r --budget" in paused.suggestion
    log.at(100, paused)
    assert paused.suggestion == log.state.mend


@pytest.mark.parametrize(("reviewer", "said", "limit"), [
    ("person", None, None), ("person", 7.0, 7.0), ("auto", None, 43_200.0), ("decisions", None, 43_200.0), ("auto", 9.0, 9.0),
])
def test_who_is_unattended_has_twelve_hours_and_what_was_said_holds_for_everybody(
    reviewer: str, said: float | None, limit: float | None
) -> None:
    """`--budget` counts with a person too."""
    assert limit == budget.limit_s(Log(reviewer, said).state)
