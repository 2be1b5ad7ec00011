"""Fields of a loop's configuration that had their effect in one gate, mode or scalarizer and not in another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import GateSpec, Guard, LoopConfig, MetricSpec, loop_config
from autor_nb.domain.loops.config_table import config_table
from autor_nb.testing.loop_project import LoopProject, edit

LOSS, SIZE = MetricSpec(name="loss", direction="lower"), MetricSpec(name="size", direction="lower")
TIME = MetricSpec(name="time_s", direction="lower", time_like=True)
GATES = ("eprocess", "shared", "fixed", "greedy")
SOFT = {"name": "small", "metric": "size", "max": 2.0, "soft": True}


def read(**more: Any) -> LoopConfig:
    """A configuration as a file would have it."""
    table = {"mutable": ["model.sh"], "command": "sh run.sh", "metric": {"name": "loss", "direction": "lower"},
             "metrics": [{"name": "size", "direction": "lower"}]}  # fmt: skip
    return loop_config("demo", {**table, **more})


@pytest.mark.parametrize("gate", GATES)
def test_a_soft_guard_is_a_penalty_in_every_gate(gate: str, tmp_path: Path) -> None:
    """Given a soft bound on size, when a better loss goes far beyond it, then it costs more than the loss gains."""
    told = read(guards=[SOFT])
    weighed = {name: getattr(told, name) for name in ("metrics", "scalarizer", "scalarizer_options", "guards")}
    edits = [edit(level=0.5, size=5, salt=1), edit(level=0.5, size=1.5, salt=2)]
    project = LoopProject.make(tmp_path, edits, gate=GateSpec(name=gate), **weighed)
    project.work(project.start(iterations=2))
    assert {1: "discard", 2: "keep"} == project.verdicts(), project.ended(1).reason
    assert project.ended(1).score == pytest.approx(0.5 - 10 * 3 / 2, rel=0.05)


@pytest.mark.parametrize("scalarizer", ["weighted_sum", "weighted_chebyshev"])
def test_a_soft_guard_is_a_penalty_beside_a_scalarizer(scalarizer: str, tmp_path: Path) -> None:
    """Given metrics that are weighed already, when one is below a soft bound, then that costs beside what it weighs."""
    few = Guard(name="few", metric="size", min=1.0, soft=True)
    project = LoopProject.make(
        tmp_path, [edit(level=0.5, size=0.5, salt=1), edit(level=0.5, size=1.2, salt=2)], base=edit(level=1.0, size=1.2),
        guards=(few,), metrics=(LOSS, SIZE), scalarizer=scalarizer,
    )  # fmt: skip
    project.work(project.start(iterations=2))
    assert "discard" == project.verdicts()[1]
    first, second = project.ended(1).score, project.ended(2).score
    assert first is not None and second is not None and first < second - 4


def test_where_nothing_weighs_a_penalty_is_taken_from_the_relative_gain() -> None:
    """Given a soft guard and no scalarizer, when read, then the metric alone is weighed, and read again it is so."""
    told = read(guards=[SOFT])
    assert (told.scalarizer, told.scalarizer_options) == ("weighted_sum", {"weights": {"loss": 1.0, "size": 0.0}})
    assert told.metrics == (LOSS, SIZE) and loop_config("demo", config_table(told)) == told


def test_a_soft_guard_that_no_penalty_can_be_made_of_is_refused(tmp_path: Path) -> None:
    """Given one on the metric itself, beside tests of each metric, or with no score, when made, then that is said."""
    with pytest.raises(UsageError, match=r"guards\[0\] is soft, and bounds 'loss'"):
        read(guards=[{**SOFT, "metric": "loss"}])
    lone: dict[str, Any] = {"metrics": (LOSS, SIZE), "guards": (Guard(name="small", metric="size", max=2.0, soft=True),)}
    with pytest.raises(UsageError, match="small is a penalty on one score: there is none"):
        LoopProject.make(tmp_path / "none", **lone)
    options = {"tolerances": {"loss": 0.1}}
    with pytest.raises(UsageError, match="lexicographic has a test of each"):
        LoopProject.make(tmp_path / "each", scalarizer="lexicographic", scalarizer_options=options, **lone)


def test_a_metric_that_is_told_twice_in_different_ways_is_refused() -> None:
    """Given metric and an entry of metrics of one name and two directions, when read, then both places are named."""
    with pytest.raises(UsageError, match="holds 'loss', which metric has too"):
        read(metrics=[{"name": "loss", "direction": "higher"}, {"name": "size", "direction": "lower"}])


@pytest.mark.parametrize("scalarizer", ["", "weighted_sum"])
def test_shared_takes_as_many_reference_runs_as_it_is_told(scalarizer: str, tmp_path: Path) -> None:
    """Given more runs than a state keeps of any other gate's, when candidates are tested, then it comes to a verdict."""
    project = LoopProject.make(
        tmp_path, [edit(level=0.5, salt=1), edit(level=0.3, salt=2)], metrics=(LOSS, SIZE), scalarizer=scalarizer,
        gate=GateSpec(name="shared", options={"k": 20}),
    )  # fmt: skip
    project.work(project.start(iterations=2, wall_s=60))
    assert {1: "keep", 2: "keep"} == project.verdicts()
    assert 20 == sum(row.role == "reference" for row in project.of(ev.TrialStarted) if row.n == 2)


@pytest.mark.parametrize("mode", ["strict", "explore"])
@pytest.mark.parametrize("gate", ["eprocess", "shared", "fixed"])
def test_a_candidate_that_ignores_the_seed_passes_no_test(gate: str, mode: str, tmp_path: Path) -> None:
    """Given a candidate with a seed of its own, when it looks better, then no gate keeps it nor takes a step by it."""
    project = LoopProject.make(tmp_path, [edit(level=0.9, what="fixed", salt=1)], gate=GateSpec(name=gate))
    project.work(project.start(iterations=1, mode=mode))
    end = project.ended(1)
    assert "discard" == end.verdict and end.reason.startswith("seed not honoured"), end.reason


def test_calibration_is_in_the_units_of_the_score(tmp_path: Path) -> None:
    """Given metrics of size 100 weighed into one score, when calibrated, then the differences are relative as it is."""
    project = LoopProject.make(
        tmp_path, [edit(level=50, salt=1)], base=edit(level=100, noise=1, size=100), metrics=(LOSS, SIZE),
        scalarizer="weighted_sum", scalarizer_options={"weights": {"size": 0.0}},
        gate=GateSpec(options={"calibrate": 4}),
    )  # fmt: skip
    project.work(project.start(iterations=1))
    runs = [row.metric for row in project.of(ev.TrialEnded) if row.role == "calibrate" and row.metric is not None]
    scale = project.ended(0).metric
    assert scale is not None and 8 == len(runs)
    expected = [(other - one) / scale for one, other in zip(runs[::2], runs[1::2], strict=True)]
    assert list(project.ended(0).calibration) == pytest.approx(expected)


def test_scales_that_a_killed_engine_froze_are_those_of_its_baseline(tmp_path: Path) -> None:
    """Given a kill right after the scales were frozen, when it goes on, then the baseline has the score of the scales."""
    whole = LoopProject.make(tmp_path / "whole", metrics=(LOSS, SIZE), scalarizer="weighted_sum", seed=5)
    whole.work(whole.start(iterations=1))
    lines = whole.loop.events.read_bytes().splitlines(keepends=True)
    frozen = next(at for at, line in enumerate(lines) if b'"scales_frozen"' in line)
    cut = LoopProject.make(tmp_path / "cut", metrics=(LOSS, SIZE), scalarizer="weighted_sum", seed=5)
    cut.work(cut.start(iterations=1))
    lines = cut.loop.events.read_bytes().splitlines(keepends=True)
    cut.loop.events.write_bytes(b"".join(lines[: frozen + 1]))
    cut.work()
    assert 1 == len(cut.of(ev.ScalesFrozen))
    assert cut.ended(0).score == pytest.approx(0.0, abs=1e-9) and cut.state.reference == whole.state.reference


def test_a_step_of_several_metrics_is_by_what_its_ways_ask(tmp_path: Path) -> None:
    """Given a size halved at a loss within its tolerance, when exploring, then it is a step; beyond it, it is none."""
    edits = [edit(level=1.05, size=0.5, salt=1, noise=0.001), edit(level=1.5, size=0.2, salt=2)]
    project = LoopProject.make(
        tmp_path, edits, gate=GateSpec(), metrics=(LOSS, SIZE), scalarizer="lexicographic",
        scalarizer_options={"tolerances": {"loss": 0.2}},
    )  # fmt: skip
    project.work(project.start(iterations=2, mode="explore"))
    assert {1: "advance", 2: "discard"} == project.verdicts(), project.ended(1).reason


def test_a_metric_in_a_file_lets_runs_print_the_same(tmp_path: Path) -> None:
    """Given a command that prints nothing and writes its metric to a file, when kept, then nothing is suspicious."""
    project = LoopProject.make(
        tmp_path, [edit(level=0.5, salt=1)], gate=GateSpec(), files={".gitignore": "m.json\n"},
        metric=MetricSpec(name="loss", direction="lower", source="json", pattern="m.json#loss"),
        command="""sh run.sh | awk '/loss/ {printf "{\\"loss\\": %s}", $2}' > m.json""",
    )  # fmt: skip
    project.work(project.start(iterations=1))
    assert ("keep", ()) == (project.ended(1).verdict, project.ended(1).suspicious)
