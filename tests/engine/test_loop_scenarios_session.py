"""How sessions begin and end, and what each gate, mode and weighing does, over the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import GateSpec, Guard, LoopConfig, MetricSpec
from autor_nb.domain.loops.seeds import seed_for
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.record.loop_headline import headline
from autor_nb.testing.loop_project import LoopProject, edit, git

EPROCESS = GateSpec(name="eprocess")
WORSE = [edit(level=f"1.{n}") for n in range(2, 9)]
TWO = (MetricSpec(name="loss", direction="lower"), MetricSpec(name="size", direction="lower"))


@pytest.mark.parametrize(("bounds", "cause", "done"), [
    ({"iterations": 2}, "iterations", 2),
    ({"iterations": 9, "plateau": 3}, "plateau", 3),
    ({"iterations": 9, "target": 1.1}, "target", 0),
    ({"wall_s": 0.001}, "wall", 0),
    ({"iterations": 9}, "idle", 7),
])  # fmt: skip
def test_a_session_ends_at_its_bound_and_says_which(bounds: Any, cause: str, done: int, tmp_path: Path) -> None:
    """Given a bound, when it is reached, then the session stops with the reason, and nothing more is run."""
    project = LoopProject.make(tmp_path, WORSE)
    state = project.work(project.start(**bounds))
    assert (LoopStatus.STOPPED, cause) == (state.status, state.stop_cause) and state.stop_reason
    assert state.session is not None and done == state.session.done == len(project.verdicts())


def test_money_ends_a_session(tmp_path: Path) -> None:
    """Given what coders and critics cost, when the bound is spent, then the session stops."""
    from autor_nb.domain.loops.steps import End, next_step
    from autor_nb.plugins.gates.greedy import GreedyGate

    project = LoopProject.make(tmp_path, WORSE)
    state = project.work(project.start(iterations=1, cost_usd=0.5))
    assert state.session is not None and "iterations" == state.stop_cause
    state.status, state.session.iterations, state.session.spent_usd = LoopStatus.RUNNING, None, 0.6
    step = next_step(state, LoopConfig(**_plain(state.config)), GreedyGate())
    assert isinstance(step, End) and "cost" == step.cause and "$0.60 of $0.50" in step.reason


def _plain(config: dict[str, Any]) -> Any:
    import msgspec

    return msgspec.structs.asdict(msgspec.convert(config, LoopConfig))


def test_no_end_is_refused_until_a_person_gives_a_budget(tmp_path: Path) -> None:
    """Given neither number nor time, when it is started, then it is refused; confirmed, the budget is its bound."""
    from autor_nb.domain.loops import commands as cmd

    project = LoopProject.make(tmp_path, WORSE)
    state = project.work(project.start())
    assert LoopStatus.CREATED is state.status and "no end" in state.refusals[-1]["reason"]
    state = project.work(project.command(cmd.ConfirmLoop, wall_s=0.01), project.start())
    assert state.session is not None and (0.01, "wall") == (state.session.wall_s, state.stop_cause)


def test_one_metric_on_every_seed_asks_for_a_seed(tmp_path: Path) -> None:
    """Given four runs with one and the same number, when the gate is to be tested, then the loop asks for a seed."""
    project = LoopProject.make(tmp_path, WORSE, base=edit(level=1.0, what="fixed"), gate=EPROCESS, trusted=False)
    state = project.work(project.start(iterations=1))
    assert (LoopStatus.PAUSED, "seed") == (state.status, state.pause_cause) and 4 == state.trials
    assert not project.of(ev.IdeaProposed)


def test_the_gate_is_tested_then_trusted(tmp_path: Path) -> None:
    """Given a fresh loop, when it starts, then breaking the file is noticed, no-ops keep nothing, and one runs."""
    project = LoopProject.make(tmp_path, [edit(level=0.9)], trusted=False)
    state = project.work(project.start(iterations=1))
    assert {"control": True, "null": True, "no_op": True} == state.tested
    assert {1: "keep"} == project.verdicts() and "unconfirmed" in state.test_details["null"]


def test_a_command_that_measures_another_tree_is_refused(tmp_path: Path) -> None:
    """Given an install that leads to the person's tree, when the clone's file is broken, then the loop refuses to go on."""
    project = LoopProject.make(
        tmp_path, [edit(level=0.5)], trusted=False,
        command=("/bin/sh", "-c", f"cd {tmp_path}/project && exec /bin/sh run.sh"),
    )  # fmt: skip
    state = project.work(project.start(iterations=1))
    assert LoopStatus.FAILED is state.status and False is state.tested["control"]
    assert "not the file in the clone" in state.failure and "editable install" in state.failure_suggestion
    assert not project.of(ev.IdeaProposed)


def test_a_baseline_without_a_number_can_be_mended(tmp_path: Path) -> None:
    """Given a command that prints no such metric, when the configuration is mended, then the loop starts afresh."""
    wrong = MetricSpec(name="accuracy", direction="lower")
    project = LoopProject.make(tmp_path, [edit(level=0.9)], metric=wrong)
    state = project.work(project.start(iterations=1))
    assert LoopStatus.FAILED is state.status and "accuracy" in state.failure
    right = {**state.config, "metric": {"name": "loss", "direction": "lower"}}
    state = project.work(project.start(iterations=1, config=right))
    assert LoopStatus.STOPPED is state.status and state.baseline_metric is not None
    assert 0 == next(one for one in project.of(ev.ExperimentEnded) if one.baseline).n
    assert {1: "keep"} == project.verdicts()


def test_another_configuration_means_another_test(tmp_path: Path) -> None:
    """Given a loop that was trusted, when its configuration changes between sessions, then its gate is tested again."""
    project = LoopProject.make(tmp_path, [edit(level=0.9), edit(level=0.8)])
    state = project.work(project.start(iterations=1))
    assert not [one for one in project.of(ev.GateTested) if one.duration_s]
    project.work(project.start(iterations=1, config={**state.config, "objective": "Another."}))
    assert ["control", "null", "no_op"] == [one.part for one in project.of(ev.GateTested)[3:]]
    assert {1: "keep", 2: "keep"} == project.verdicts()


def test_explore_advances_and_the_audit_tells_the_truth(tmp_path: Path) -> None:
    """Given explore, when two fresh pairs are better, then it is a step and no claim; the end is audited on new seeds."""
    project = LoopProject.make(tmp_path, [edit(level=0.95, salt=1), edit(level=0.9, salt=2)], gate=EPROCESS)
    state = project.work(project.start(iterations=2, mode="explore"))
    assert {1: "advance", 2: "advance"} == project.verdicts() and state.confirmed_head == state.base != state.head
    (audit,) = state.audits
    assert audit.better and audit.e_value >= audit.bar == 20 and audit.mean == pytest.approx(-0.1, abs=0.03)
    seeds = {one.seed for one in project.of(ev.TrialStarted) if one.role != "audit" and one.n != ev.AUDIT}
    assert not seeds & {one.seed for one in project.of(ev.TrialStarted) if one.role == "audit"}


@pytest.mark.parametrize(("gate", "verdict"), [
    (GateSpec(name="shared", options={"horizon": 10}), Verdict.KEEP),
    (GateSpec(name="fixed"), Verdict.KEEP),
    (GateSpec(name="eprocess", options={"calibrate": 4}), Verdict.KEEP),
])  # fmt: skip
def test_every_gate_keeps_a_large_gain(gate: GateSpec, verdict: Verdict, tmp_path: Path) -> None:
    """Given ten σ and a worse one, when each gate judges, then the first is confirmed, the second is not."""
    project = LoopProject.make(tmp_path, [edit(level=0.9, salt=1), edit(level=1.3)], gate=gate)
    state = project.work(project.start(iterations=2))
    assert not state.failure, state.failure
    end = project.ended(1)
    assert (verdict, True) == (end.verdict, end.confirmed), end.reason
    assert "discard" == project.verdicts()[2]
    if gate.options.get("calibrate"):
        assert 4 == len(state.calibration)


@pytest.mark.parametrize(("name", "options"), [
    ("weighted_sum", {"weights": {"loss": 1.0, "size": 1.0}}),
    ("weighted_chebyshev", {}),
    ("lexicographic", {"tolerances": {"loss": 0.1}}),
    ("constrained", {"objective": "loss", "hard": {"size": 1.3}}),
])  # fmt: skip
def test_several_metrics_are_weighed(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    """Given two metrics, when both are far better, then every way to weigh them keeps it, and one that is worse is not."""
    project = LoopProject.make(
        tmp_path, [edit(level=0.7, size=0.7, salt=1), edit(level=1.4, size=1.4)], gate=EPROCESS, metrics=TWO,
        scalarizer=name, scalarizer_options=options,
    )  # fmt: skip
    state = project.work(project.start(iterations=2))
    assert not state.failure, state.failure
    assert {1: "keep", 2: "discard"} == project.verdicts(), [project.ended(n).reason for n in (1, 2)]
    assert {"loss", "size"} == set(project.ended(1).metrics) and state.frozen
    assert 1 == len(project.of(ev.ScalesFrozen))


def test_less_code_that_is_as_good_is_kept_within_its_margin(tmp_path: Path) -> None:
    """Given a declared margin, when an edit removes lines and costs nothing, then it is kept as good, else it is not."""
    base = "".join(f"note{n}=1\n" for n in range(9)) + edit(level=1.0)
    shorter = edit(level=1.0, salt=5)
    outcome = {}
    for margin in (0.1, None):
        place = tmp_path / str(margin)
        project = LoopProject.make(place, [shorter], base=base, gate=EPROCESS, simplicity=margin)
        state = project.work(project.start(iterations=1))
        outcome[margin] = project.ended(1)
        assert state.confirmed_head == state.base and not headline(state).better
        assert (state.head == state.base) is (margin is None)
    assert 0.1 == outcome[0.1].within and outcome[0.1].confirmed
    assert outcome[0.1].verdict is Verdict.KEEP and "as good within 0.1" in outcome[0.1].reason
    assert outcome[None].verdict is not Verdict.KEEP


@pytest.mark.parametrize(("guard", "says"), [
    (Guard(name="small", metric="size", max=1.5), "small"),
    (Guard(name="tests", command=("/bin/sh", "-c", "! grep -q size=2 model.sh")), "guard tests failed"),
])  # fmt: skip
def test_a_guard_that_breaks_forbids_a_keep(guard: Guard, says: str, tmp_path: Path) -> None:
    """Given a gain that breaks a guard, when it would be kept, then it is discarded, and the guard is named."""
    project = LoopProject.make(
        tmp_path, [edit(level=0.8, size=2, salt=1)], gate=EPROCESS, metrics=TWO, guards=(guard,)
    )
    state = project.work(project.start(iterations=1))
    end = project.ended(1)
    assert end.verdict is Verdict.DISCARD and says in end.reason and state.head == state.base
    assert "" == git(project.folder, "for-each-ref", "refs/heads/autor") or state.head == git(
        project.folder, "rev-parse", "autor/demo")  # fmt: skip


def test_lucky_seeds_spend_the_budget_of_all_sessions(tmp_path: Path) -> None:
    """Given confirms in one session, when another is started, then the bar goes on rising: a start is no new budget."""
    edits = [edit(level=1.05, lucky=seed_for(1, "screen", n), salt=n) for n in (1, 2)]
    project = LoopProject.make(tmp_path, edits, gate=EPROCESS)
    project.work(project.start(iterations=1))
    project.work(project.start(iterations=1))
    first, second = project.ended(1), project.ended(2)
    assert first.alpha_t is not None and second.alpha_t is not None and second.alpha_t < first.alpha_t
