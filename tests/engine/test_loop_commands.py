"""What a command may not do to a loop: each refusal is an event with its reason, and nothing else changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autor_nb.domain import events as run_events
from autor_nb.domain.events import ENGINE
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops.state import LoopState, LoopStatus
from autor_nb.testing.loop_project import LoopProject, edit, idea


@pytest.mark.parametrize(("kind", "fields", "says"), [
    (cmd.StartLoop, {}, "no end"),
    (cmd.StartLoop, {"iterations": 0}, "leaves nothing to do"),
    (cmd.StartLoop, {"wall_s": -1.0}, "leaves nothing to do"),
    (cmd.ConfirmLoop, {}, "budget of time"),
    (cmd.PauseLoop, {}, "nothing to pause"),
    (cmd.ResumeLoop, {}, "not paused"),
    (cmd.StopLoop, {}, "not at work"),
    (cmd.VetoIdea, {}, "No idea is at work"),
    (cmd.AddRepeats, {"pairs": 4}, "more pairs: only"),
    (cmd.AddRepeats, {"pairs": 3}, "3 pairs"),
    (cmd.AddRepeats, {"pairs": 1000}, "1000 pairs"),
    (cmd.GrantBudget, {"alpha": 1.5}, "no error rate"),
    (cmd.AuditLoop, {}, "no baseline"),
    (cmd.RecordExperiment, {"status": "great", "metric": 1.0}, "no status"),
    (cmd.RecordExperiment, {"status": "keep"}, "needs its metric"),
])  # fmt: skip
def test_a_fresh_loop_refuses(kind: Any, fields: dict[str, Any], says: str, tmp_path: Path) -> None:
    """Given a loop that was never started, when it is asked what cannot be, then it says why and stays as it was."""
    project = LoopProject.make(tmp_path, [])
    state = project.work(project.command(kind, **fields))
    (refused,) = project.of(run_events.CommandRefused)
    assert says in refused.reason and says in state.refusals[-1]["reason"]
    assert (LoopStatus.CREATED, 0, 0) == (state.status, state.next_n, state.sessions)


def test_only_a_person_grants_a_budget(tmp_path: Path) -> None:
    """An engine, or an agent's wrapper that says it is one, may not."""
    project = LoopProject.make(tmp_path, [])
    state = project.work(project.command(cmd.GrantBudget, by=ENGINE))
    assert 1 == state.budget_session and "Only a person" in state.refusals[-1]["reason"]


def test_pins_have_an_end(tmp_path: Path) -> None:
    """Twenty ideas wait; the next is refused until some were tried."""
    project = LoopProject.make(tmp_path, [])
    state = project.work(*(project.command(cmd.PinIdea, idea=idea(f"Idea {n}")) for n in range(21)))
    assert 20 == len(state.pins) and "Twenty" in state.refusals[-1]["reason"]


def test_a_veto_of_what_has_ended_is_refused(tmp_path: Path) -> None:
    """Given a number that is not at work, when it is vetoed, then what is at work goes on."""
    project = LoopProject.make(tmp_path, [edit(level=0.9)])
    state: LoopState = project.work(project.start(iterations=1), project.command(cmd.VetoIdea, n=7))
    assert {1: "keep"} == project.verdicts() and 1 == len(state.refusals)
