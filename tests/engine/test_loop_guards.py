"""A guard is run on the unchanged code before anything else: one that fails there refuses the start, and is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import GateSpec, Guard, MetricSpec
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.testing.loop_project import LoopProject, edit

BROKEN = Guard(name="unit", command="echo begun; echo 'AssertionError: 3 != 4'; exit 7")


def test_a_guard_that_fails_on_the_unchanged_code_refuses_the_start(tmp_path: Path) -> None:
    """Given such a guard, when started, then no run is made; its name, its last words and the mend are told."""
    project = LoopProject.make(tmp_path, [edit(level=0.8, salt=1)], guards=(BROKEN,))
    state = project.work(project.start(iterations=1))
    assert (state.status, state.baseline, project.of(ev.TrialStarted)) == (LoopStatus.FAILED, False, [])
    for word in ("guard unit", "unchanged code", "exit code 7", "AssertionError: 3 != 4"):
        assert word in state.failure
    assert "Mend the command of guard unit" in state.failure_suggestion and "[loop.demo]" in state.failure_suggestion
    assert project.of(ev.DoctorAnswered)[-1].blocking == ("guards",)


def test_a_guard_that_passes_is_run_once_a_session_and_leaves_no_trace(tmp_path: Path) -> None:
    """Given a guard that writes a file and passes, when a session begins, then the clone is as it was."""
    count = tmp_path / "count"
    guard = Guard(name="unit", command=f"echo run >> {count}; echo junk >> model.sh; echo junk > new.txt")
    project = LoopProject.make(tmp_path, [edit(level=2.0, salt=1)], guards=(guard,))
    state = project.work(project.start(iterations=1))
    assert (state.status, project.verdicts()) == (LoopStatus.STOPPED, {1: "discard"})
    assert count.read_text(encoding="utf-8") == "run\n"
    assert [check["state"] for check in state.doctor if check["id"] == "guards"] == ["ok"]
    assert "junk" not in (project.loop.clone / "model.sh").read_text(encoding="utf-8")
    assert not (project.loop.clone / "new.txt").exists()


OWN, OTHER = Guard(name="own", metric="loss", max=5.0), Guard(name="small", metric="size", max=3.0)
SIZE = (MetricSpec(name="loss", direction="lower"), MetricSpec(name="size", direction="lower"))


@pytest.mark.parametrize("guard", [OWN, OTHER], ids=["the metric itself", "another metric"])
@pytest.mark.parametrize("gate", ["eprocess", "shared", "fixed", "greedy"])
def test_a_guard_that_holds_lets_a_gain_through_every_gate(gate: str, guard: Guard, tmp_path: Path) -> None:
    """Given a bound on a metric that the candidate keeps, when it is better, then it is kept by whichever gate."""
    metrics = () if guard is OWN else SIZE
    project = LoopProject.make(
        tmp_path, [edit(level=0.5, size=2, salt=1)], gate=GateSpec(name=gate), metrics=metrics, guards=(guard,)
    )
    project.work(project.start(iterations=1))
    assert {1: "keep"} == project.verdicts(), project.ended(1).reason


@pytest.mark.parametrize("gate", ["eprocess", "greedy"])
def test_a_guard_on_the_metric_itself_can_forbid_a_gain(gate: str, tmp_path: Path) -> None:
    """Given a loss that is too good to be true below 0.7, when a candidate gets there, then the guard is named."""
    bound = Guard(name="honest", metric="loss", min=0.7)
    project = LoopProject.make(tmp_path, [edit(level=0.5, salt=1)], gate=GateSpec(name=gate), guards=(bound,))
    project.work(project.start(iterations=1))
    end = project.ended(1)
    assert "discard" == end.verdict and end.reason.startswith("guard honest: mean") and "is below 0.7" in end.reason


def test_a_guard_whose_metric_nothing_prints_ends_the_session_at_the_baseline(tmp_path: Path) -> None:
    """Given a declared metric that the command never prints, when started, then no candidate is made for nothing."""
    speed = Guard(name="quick", metric="speed", max=1.0)
    metrics = (MetricSpec(name="loss", direction="lower"), MetricSpec(name="speed", direction="lower"))
    project = LoopProject.make(tmp_path, [edit(level=0.5, salt=1)], metrics=metrics, guards=(speed,))
    state = project.work(project.start(iterations=1))
    assert (LoopStatus.FAILED, {}) == (state.status, project.verdicts())
    assert "Guard quick reads speed" in state.failure and "`speed: 1.23`" in state.failure_suggestion


def test_a_guard_that_the_unchanged_code_breaks_is_told_with_the_baseline(tmp_path: Path) -> None:
    """Given a bound that only a smaller model meets, when started, then that is said, and such a model is kept."""
    small = Guard(name="small", metric="size", max=0.5)
    edits = [edit(level=0.5, size=1, salt=1), edit(level=0.5, size=0, salt=2)]
    project = LoopProject.make(tmp_path, edits, metrics=SIZE, guards=(small,))
    project.work(project.start(iterations=2))
    told = project.ended(0).reason
    assert "guard small: mean" in told and "is above 0.5 already, so only a candidate that mends this" in told
    assert {1: "discard", 2: "keep"} == project.verdicts(), project.ended(2).reason
