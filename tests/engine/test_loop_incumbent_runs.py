"""Fresh runs of the incumbent: where they fail for good, after a merge, and in the units of what is compared."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import GateSpec, MetricSpec
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.store import eventlog
from autor_nb.store.loops.words import EVENTS
from autor_nb.testing.loop_project import LoopProject, edit

BOTH = (MetricSpec(name="loss", direction="lower"), MetricSpec(name="size", direction="lower"))


def test_an_incumbent_that_runs_no_more_ends_the_test_and_not_the_night(tmp_path: Path) -> None:
    """Given a kept edit that crashes by now, when `shared` asks for fresh runs of it, then after three it is said."""
    flag = tmp_path / "flag"
    dies = edit(level=0.5, salt=1) + f"if test -e {flag}; then what=crash; fi\n"
    project = LoopProject.make(tmp_path, [dies, edit(level=0.3, salt=2)], gate=GateSpec(name="shared"))
    project.work(project.start(iterations=1))
    flag.write_text("", encoding="utf-8")
    state = project.work(project.start(iterations=1, wall_s=60))
    end = project.ended(2)
    assert ("inconclusive", 3) == (end.verdict, end.trials) and "the incumbent gave no score in 3" in end.reason
    assert "exit code 3" in end.reason and state.status is LoopStatus.STOPPED


def test_what_is_known_of_the_baseline_is_in_the_units_of_the_score(tmp_path: Path) -> None:
    """Given metrics of size 100 weighed into one score, when the baseline is measured, then nobody is told −100."""
    project = LoopProject.make(
        tmp_path, [edit(level=150, size=150, salt=1)], base=edit(level=100, size=100), metrics=BOTH, scalarizer="weighted_sum",
        gate=GateSpec(),
    )  # fmt: skip
    state = project.work(project.start(iterations=1))
    assert 4 == len(state.remeasured) and sum(state.remeasured) / 4 == pytest.approx(0.0, abs=1e-9)


def test_a_baseline_that_begins_anew_freezes_its_own_scales(tmp_path: Path) -> None:
    """Given scales that a killed engine froze before its baseline ended, when started anew, then they are frozen anew."""
    project = LoopProject.make(tmp_path, metrics=BOTH, scalarizer="weighted_sum", gate=GateSpec())
    project.work(project.start(iterations=1))
    lines = project.loop.events.read_bytes().splitlines(keepends=True)
    frozen = next(at for at, line in enumerate(lines) if b'"scales_frozen"' in line)
    project.loop.events.write_bytes(b"".join(lines[: frozen + 1]))
    project.work(project.stop(), project.start(iterations=1))
    assert 2 == len(project.of(ev.ScalesFrozen)) and project.state.baseline


def test_after_a_merge_the_single_metrics_of_the_incumbent_are_measured(tmp_path: Path) -> None:
    """Given a merge, of which only scores are told, when each metric has a test, then fresh runs come first."""
    project = LoopProject.make(
        tmp_path, [edit(level=1.0, size=0.6, salt=1)], metrics=BOTH, scalarizer="lexicographic", gate=GateSpec(),
        scalarizer_options={"tolerances": {"loss": 0.1}},
    )  # fmt: skip
    state = project.work(project.start(iterations=1, target=2.0))
    assert state.reference_scores and not project.verdicts()
    with contextlib.closing(eventlog.EventLog(project.loop.events, words=EVENTS)) as log:
        log.append(ev.Merged(fork="other", commit=state.head, metric=1.0, scores=(0.0, 0.1)))
    project.work(project.start(iterations=1))
    assert {1: "keep"} == project.verdicts(), project.ended(1).reason
    assert "reference" == next(row.role for row in project.of(ev.TrialStarted) if row.n == 1)
    assert project.state.reference_scores


def test_a_bound_of_time_holds_for_a_baseline_of_many_runs(tmp_path: Path) -> None:
    """Given less time than the baseline needs, when started, then it ends in it and says so; with more it is made."""
    project = LoopProject.make(
        tmp_path, [edit(level=2.0, salt=1)], base=edit(what="slow"), gate=GateSpec(name="shared", options={"k": 40})
    )
    state = project.work(project.start(wall_s=0.5))
    assert ("wall", False) == (state.stop_cause, state.baseline) and "its baseline is not whole yet" in state.stop_reason
    assert 1 <= len(project.of(ev.TrialEnded)) < 40
    assert project.work(project.start(iterations=1)).baseline
