"""What becomes of a candidate, over the real engine: given an edit, when the loop tries it, then this verdict, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import GateSpec, MetricSpec
from autor_nb.domain.loops.seeds import seed_for
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.engine.orphans import carrying, marker_prefix
from autor_nb.store.loops import history
from autor_nb.testing.loop_project import LoopProject, edit, git

EPROCESS = GateSpec(name="eprocess")
SHORT = GateSpec(name="eprocess", options={"n_max": 4})


def lucky(n: int) -> int:
    """The seed of the screening run of experiment n."""
    return seed_for(1, "screen", n)


def test_a_real_gain_is_kept_and_its_branch_moves(tmp_path: Path) -> None:
    """Given ten σ, when whole blocks of fresh pairs reach the bar, then it is kept, here and in the person's repository."""
    project = LoopProject.make(tmp_path, [edit(level=0.9, salt=1)], gate=EPROCESS)
    state = project.work(project.start(iterations=1))
    end = project.ended(1)
    assert (Verdict.KEEP, True) == (end.verdict, end.confirmed) and end.e_value is not None and end.bar is not None
    assert end.e_value >= end.bar and end.reached_confirm
    assert state.head == state.confirmed_head == end.commit == git(project.folder, "rev-parse", "autor/demo")
    assert end.commit == git(project.loop.clone, "rev-parse", "autor/demo")
    seeds = [one.seed for one in project.of(ev.TrialStarted) if one.role == "confirm"]
    assert len(set(seeds)) * 2 == len(seeds) and lucky(1) not in seeds
    assert sorted(project.state.reference) == sorted(
        one.score for one in project.of(ev.TrialEnded) if one.n == 1 and one.role == "confirm" and one.subject == "candidate"
    )


def test_worse_in_its_first_run_is_discarded_for_one_run(tmp_path: Path) -> None:
    """Given a worse edit, when it is screened, then it is discarded; its commit stays under a ref of its own."""
    project = LoopProject.make(tmp_path, [edit(level=1.2)], gate=EPROCESS)
    state = project.work(project.start(iterations=1))
    end = project.ended(1)
    assert (Verdict.DISCARD, 1, False, None) == (end.verdict, end.trials, end.reached_confirm, end.e_value)
    assert "screening" in end.reason and state.head == state.base
    assert end.commit == git(project.folder, "rev-parse", "refs/autor/demo/1")
    assert end.delta == pytest.approx(0.2, abs=0.05)


def test_luck_in_the_first_run_ends_futile(tmp_path: Path) -> None:
    """Given an edit that is better on its screening seed alone, when fresh pairs are run, then it is soon given up."""
    project = LoopProject.make(tmp_path, [edit(level=1.05, lucky=lucky(1))], gate=EPROCESS)
    project.work(project.start(iterations=1))
    end = project.ended(1)
    assert end.verdict is Verdict.DISCARD and end.reason.startswith("futile") and end.reached_confirm
    assert end.metric == pytest.approx(1.05, abs=0.05), "its screening score is no part of its metric"


def test_too_little_evidence_is_inconclusive(tmp_path: Path) -> None:
    """Given a bar that four pairs cannot reach, when they are run, then nothing is claimed and nothing moves."""
    project = LoopProject.make(tmp_path, [edit(level=0.9, salt=1)], gate=SHORT)
    state = project.work(project.start(iterations=1))
    end = project.ended(1)
    assert Verdict.INCONCLUSIVE is end.verdict and state.head == state.base and 1 == state.parked[0].n


@pytest.mark.parametrize(("what", "says"), [("crash", "it broke"), ("nan", "nan"), ("inf", "inf"), ("silent", "loss")])
def test_no_number_is_a_crash_and_has_no_metric(what: str, says: str, tmp_path: Path) -> None:
    """Given a run without a finite metric, when it has ended, then the verdict is crash, and no number stands for it."""
    project = LoopProject.make(tmp_path, [edit(what=what)])
    project.work(project.start(iterations=1))
    end = project.ended(1)
    assert (Verdict.CRASH, None, None, None) == (end.verdict, end.metric, end.score, end.delta)
    assert says in end.reason
    record = history.read(project.loop.experiments).records[-1]
    assert ("crash", None) == (record.status, record.metric)
    assert project.loop.results.read_text().splitlines()[-1].split("\t")[1] == ""


def test_a_crash_on_a_fresh_seed_is_never_kept(tmp_path: Path) -> None:
    """Given a gain that crashes on one seed of its pairs, when that seed comes, then it is a crash."""
    project = LoopProject.make(tmp_path, [edit(level=0.5, salt=1, bad=seed_for(1, "pair", 1, 2))], gate=EPROCESS)
    project.work(project.start(iterations=1))
    end = project.ended(1)
    assert end.verdict is Verdict.CRASH and end.reached_confirm and project.state.head == project.state.base


def test_out_of_time_its_tree_is_killed_and_its_output_kept(tmp_path: Path) -> None:
    """Given a run that hangs with a child, when its time is up, then both are gone, and what it printed is there."""
    project = LoopProject.make(tmp_path, [edit(what="hang")], trial_timeout_s=0.4)
    state = project.work(project.start(iterations=1))
    end, trial = project.ended(1), project.of(ev.TrialEnded)[-1]
    assert (Verdict.TIMEOUT, None, "timed_out") == (end.verdict, end.metric, trial.ending)
    assert "partial output" in (project.loop.path / trial.output).read_text()
    assert not carrying(marker_prefix(project.loop)) and state.head == state.base


def test_a_protected_file_touched_is_tampering(tmp_path: Path) -> None:
    """Given a run that mends its own evaluator, when it has ended, then no number of it counts, and the file is back."""
    project = LoopProject.make(tmp_path, [edit(what="tamper", level=0.1), edit(level=0.9)])
    state = project.work(project.start(iterations=2))
    end = project.ended(1)
    assert Verdict.TAMPERED is end.verdict and "run.sh" in end.reason and end.score is None
    assert "keep" == project.verdicts()[2] and state.head_n == 2
    assert (project.folder / "run.sh").read_text() == (project.loop.clone / "run.sh").read_text()


def test_a_run_that_edits_itself_is_suspicious(tmp_path: Path) -> None:
    """Given a run that writes into its own file, when it is judged, then a person is told beside the verdict."""
    project = LoopProject.make(tmp_path, [edit(what="itself", level=0.8)])
    project.work(project.start(iterations=1))
    assert any("model.sh" in one for one in project.ended(1).suspicious)


def test_an_edit_that_changes_nothing_costs_no_run(tmp_path: Path) -> None:
    """Given an idea that leaves the file as it is, when it is applied, then it is refused, and the next idea is asked."""
    project = LoopProject.make(tmp_path, [edit(level=1.0)], hypotheses=["To sit still", "Rest entirely", "Wait quietly"])
    state = project.work(project.start(iterations=1))
    refused = project.of(ev.IdeaRefused)
    assert ["To sit still", "Rest entirely", "Wait quietly"] == [one.hypothesis for one in refused]
    assert ["reference"] == [one.role for one in project.of(ev.TrialStarted)] and {} == project.verdicts()
    assert ("idle", 1) == (state.stop_cause, state.next_n)


def test_a_failed_idea_is_not_tried_twice(tmp_path: Path) -> None:
    """Given the same words again, when they are proposed, then they are refused before any compute is spent."""
    said = ["Raise the level", "Raise the level", "Lower the level by much"]
    project = LoopProject.make(tmp_path, [edit(level=1.2), edit(level=0.9)], hypotheses=said)
    project.work(project.start(iterations=2))
    (refused,) = project.of(ev.IdeaRefused)
    assert ("repeat", 1, "Raise the level") == (refused.kind, refused.repeats, refused.hypothesis)
    assert {1: "discard", 2: "keep"} == project.verdicts()


def test_a_failed_edit_is_not_tried_twice_under_another_name(tmp_path: Path) -> None:
    """Given the same edit for another reason, when it is applied, then it is refused; a killed engine remembers too."""
    worse = edit(level=1.2)
    said = ["Raise the level", "Warm everything up", "Lower the level by much"]
    project = LoopProject.make(tmp_path, [worse, worse], hypotheses=said)
    project.work(project.start(iterations=1))
    project.work(project.start(iterations=1))
    refused = project.of(ev.IdeaRefused)
    assert refused[0].kind == "repeat" and "same edit" in refused[0].why and refused[0].hypothesis == said[1]
    assert {1: "discard"} == project.verdicts()


def test_greedy_keeps_are_called_unconfirmed(tmp_path: Path) -> None:
    """Given the gate greedy, when one run is better, then it is kept, and nobody can read it as confirmed."""
    project = LoopProject.make(tmp_path, [edit(level=0.9)])
    state = project.work(project.start(iterations=1))
    end = project.ended(1)
    assert (Verdict.KEEP, False) == (end.verdict, end.confirmed) and "unconfirmed" in end.reason
    assert state.head == end.commit and state.confirmed_head == state.base and 0 == state.keeps
    assert "unconfirmed" in project.loop.experiments.read_text()


def test_a_metric_that_ignores_its_seed_is_refused(tmp_path: Path) -> None:
    """Given a candidate that is the same on all seeds, when four have shown it, then it is discarded with the reason."""
    project = LoopProject.make(tmp_path, [edit(level=0.9, what="fixed")], gate=EPROCESS)
    project.work(project.start(iterations=1))
    end = project.ended(1)
    assert end.verdict is Verdict.DISCARD and "seed not honoured" in end.reason and end.suspicious


def test_a_time_is_judged_by_ratios_of_interleaved_repeats(tmp_path: Path) -> None:
    """Given a metric that is a time, when it falls by a fifth, then it is kept, and its gain is a share."""
    metric = MetricSpec(name="time_s", direction="lower", time_like=True)
    project = LoopProject.make(tmp_path, [edit(level=0.8, salt=1)], gate=EPROCESS, metric=metric)
    project.work(project.start(iterations=1))
    end = project.ended(1)
    assert end.verdict is Verdict.KEEP and end.mean == pytest.approx(-0.2, abs=0.02)
    first = [one.subject for one in project.of(ev.TrialStarted) if one.pair == 0 and one.role == "confirm"]
    assert 6 == len(first) and first[:2] * 3 == first
    assert end.metric == pytest.approx(0.8, abs=0.05)
