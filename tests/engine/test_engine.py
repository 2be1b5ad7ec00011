"""The engine at work, as a person and the disk see it: real worker, real agent program, real notebooks."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from autor_nb import control
from autor_nb.domain import commands as cmd
from autor_nb.domain import events as ev
from autor_nb.domain.errors import RefusedError
from autor_nb.domain.run import RunStatus
from autor_nb.domain.stage import AttemptStatus, Ending
from autor_nb.engine.orphans import carrying, marker_prefix
from autor_nb.store import objects
from autor_nb.store.lock import living_holder

Begin = Callable[..., object]


def test_a_whole_run_is_approved_stage_by_stage(begin: Begin) -> None:
    """Eight approvals, eight executed notebooks, a PDF, and no engine alive while a person thinks."""
    desk = begin()
    for number in range(1, 9):
        now = desk.wait()
        assert (RunStatus.IN_REVIEW, f"{number:02d}") == (now.status, now.state.review[0][:2])
        assert not now.state.under_review.blocking
        desk.ask(cmd.Approve)
    assert RunStatus.COMPLETED is desk.wait("done").status
    assert 8 == len(list(desk.run.stages.glob("*.attempt_01.ipynb")))
    assert 8 == len([p for p in desk.run.stages.glob("*.md") if "attempt" not in p.name])
    assert (desk.run.workspace / "artifacts" / "paper.pdf").read_bytes().startswith(b"%PDF")
    assert living_holder(desk.run) is None
    assert {"ada"} == {e.by.os_user for e in desk.events if isinstance(e, ev.Approved)}


@pytest.mark.parametrize(("behaviour", "ending"), [
    ("crash", Ending.FAILED), ("silent", Ending.FAILED), ("no_draft", Ending.NO_DRAFT), ("empty", Ending.NO_DRAFT),
    ("hang", Ending.TIMED_OUT), ("ignores_sigterm", Ending.TIMED_OUT), ("unchanged", Ending.NO_DRAFT),
])
def test_a_bad_attempt_is_recorded_for_what_it_was_and_tried_again(begin: Begin, behaviour: str, ending: Ending) -> None:
    """It never comes to review as new work; it too has a notebook; the next attempt does."""
    desk = begin(f"01:{behaviour}", limits={"idle_timeout_s": 1.0})
    now = desk.wait()
    first, second = now.state.stages[0].attempts
    assert (ending, Ending.FINISHED) == (first.ending, second.ending)
    assert ("01_literature_survey", 2) == now.state.review
    assert (desk.run.path / first.notebook).is_file()
    assert not carrying(marker_prefix(desk.run))


@pytest.mark.parametrize("behaviour", ["flood", "long_line", "non_utf8", "escapes_session", "hostile"])
def test_bad_manners_do_no_harm(begin: Begin, behaviour: str) -> None:
    """The work comes to review, no process stays behind, the log folds."""
    desk = begin(f"03:{behaviour}")
    desk.approve(2)
    now = desk.wait()
    assert ("03_study_design", 1) == now.state.review
    assert 0 == now.state.unknown
    assert not carrying(marker_prefix(desk.run))


def test_a_refinement_that_changes_nothing_is_never_shown_as_new_work(begin: Begin) -> None:
    """The draft's hash is compared; the engine tries again."""
    desk = begin("01:good,01:unchanged")
    desk.wait()
    desk.ask(cmd.Refine, feedback="more")
    now = desk.wait()
    endings = [attempt.ending for attempt in now.state.stages[0].attempts]
    assert [Ending.FINISHED, Ending.UNCHANGED_DRAFT, Ending.FINISHED] == endings
    assert ("01_literature_survey", 3) == now.state.review


def test_writing_outside_the_workspace_blocks_and_cannot_be_waived(begin: Begin) -> None:
    """The engine's own files are watched."""
    desk = begin("01:writes_outside")
    assert ("ending.inside",) == desk.wait().state.under_review.blocking
    with pytest.raises(RefusedError, match=r"ending\.inside"):
        desk.ask(cmd.Approve)


def test_at_the_cap_a_person_decides(begin: Begin) -> None:
    """The engine's own retries are counted since the last human command."""
    desk = begin("01:crash,01:silent,01:crash,01:good", limits={"retries": 2})
    now = desk.wait()
    assert now.state.under_review.cap_reached
    with pytest.raises(RefusedError, match="not new work"):
        desk.ask(cmd.Approve)
    desk.ask(cmd.Refine, feedback="again")
    assert ("01_literature_survey", 4) == desk.wait().state.review


def test_a_failure_that_repeats_itself_asks_at_once_and_resuming_works_again(begin: Begin) -> None:
    """Two attempts, not six; `resume` with another option takes the stage up again."""
    desk = begin("01:crash,01:crash,01:good")
    now = desk.wait()
    assert 2 == now.state.under_review.attempt
    control.resume(desk.run, control.actor("test"), {"options": {**now.state.config["options"], "more": "1"}})
    now = desk.wait()
    assert ("01_literature_survey", 3) == now.state.review
    assert now.state.under_review.is_new_work


def test_an_agent_that_never_writes_a_draft_gets_a_labelled_fallback(begin: Begin) -> None:
    """It is visible, no policy approves it, a person may take it over by name."""
    desk = begin("01:no_draft,01:no_draft", limits={"retries": 1})
    attempt = desk.wait().state.under_review
    assert "engine" == attempt.written_by
    assert "written by the engine" in (desk.run.path / attempt.summary_path).read_text()
    with pytest.raises(RefusedError, match=r"ending\.own_work"):
        desk.ask(cmd.Approve)
    failing = attempt.open_blocking
    desk.ask(cmd.Approve, waive=dict.fromkeys(failing, "I read the files"))
    assert AttemptStatus.APPROVED is desk.state.stages[0].attempts[1].status


def test_auto_refines_what_fails_and_ends_when_it_cannot(begin: Begin) -> None:
    """A policy refines up to the cap, then the run has failed, resumable, with the reason."""
    desk = begin("01:invalid,01:invalid,01:invalid", reviewer="auto", limits={"retries": 2})
    now = desk.wait("done")
    assert RunStatus.FAILED is now.status
    assert "01_literature_survey" in now.state.last_error
    control.resume(desk.run, control.actor("test"))
    assert RunStatus.COMPLETED is desk.wait("done").status


def test_stop_ends_the_agent_and_resume_goes_on(begin: Begin) -> None:
    """Stop is answered while the agent works; its tree is gone; the stage is done anew."""
    desk = begin("01:hang")
    _until(lambda: carrying(marker_prefix(desk.run)))
    desk.ask(cmd.Stop)
    assert RunStatus.PAUSED is desk.wait("done").status
    assert not carrying(marker_prefix(desk.run))
    control.resume(desk.run, control.actor("test"))
    assert ("01_literature_survey", 2) == desk.wait().state.review


@pytest.mark.parametrize("reviewer", ["person", "auto"])
def test_the_budget_ends_an_attempt_and_pauses_the_run_whoever_decides(begin: Begin, reviewer: str) -> None:
    """The agent is stopped in the middle; half and four fifths were said; another budget goes on."""
    desk = begin("01:hang", reviewer=reviewer, limits={"run_budget_s": 3.0})
    now = desk.wait("done")
    assert (RunStatus.PAUSED, Ending.BUDGET) == (now.status, now.state.stages[0].attempts[0].ending)
    assert {0.5, 0.8} & {event.share for event in desk.events if isinstance(event, ev.BudgetWarned)}
    assert "--budget" in now.state.mend
    assert not carrying(marker_prefix(desk.run))
    assert "% of the time budget" in (desk.run.path / "logs.txt").read_text()
    control.resume(desk.run, control.actor("test"), {"limits": {"run_budget_s": 600.0}, "reviewer": "person"})
    assert ("01_literature_survey", 2) == desk.wait().state.review


def test_rollback_brings_the_files_back_and_undo_takes_it_back(begin: Begin) -> None:
    """The workspace equals the approved attempt's; later files are kept as objects and come back."""
    desk = begin().approve(3)
    before = {p.relative_to(desk.run.workspace): p.read_bytes() for p in desk.run.workspace.rglob("*") if p.is_file()}
    desk.ask(cmd.Rollback, stage="02")
    now = desk.wait()
    assert ("02_hypothesis_generation", 1) == now.state.review
    assert not (desk.run.workspace / "code" / "run.py").exists()
    attempt = now.state.under_review
    kept = objects.get_files(desk.run, attempt.files_after)
    there = {p.relative_to(desk.run.workspace).as_posix() for p in desk.run.workspace.rglob("*") if p.is_file()}
    assert set(kept) == there
    desk.ask(cmd.Undo)
    desk.wait()
    after = {p.relative_to(desk.run.workspace): p.read_bytes() for p in desk.run.workspace.rglob("*") if p.is_file()}
    assert before == after
    assert ("04_implementation", 1) == desk.state.review


def test_undo_ends_the_work_that_a_refinement_after_the_rollback_set_off(begin: Begin) -> None:
    """The agent is stopped, the files of before are there, the attempt of meanwhile keeps its number."""
    desk = begin("01:good,01:hang").approve(1)
    before = {p.relative_to(desk.run.workspace): p.read_bytes() for p in desk.run.workspace.rglob("*") if p.is_file()}
    desk.ask(cmd.Rollback, stage="01")
    desk.wait()
    desk.ask(cmd.Refine, feedback="otherwise")
    _until(lambda: carrying(marker_prefix(desk.run)))
    desk.ask(cmd.Undo)
    now = desk.wait()
    assert ("02_hypothesis_generation", 1) == now.state.review
    assert [AttemptStatus.APPROVED, AttemptStatus.FAILED] == [a.status for a in now.state.stages[0].attempts]
    after = {p.relative_to(desk.run.workspace): p.read_bytes() for p in desk.run.workspace.rglob("*") if p.is_file()}
    assert before == after
    assert not carrying(marker_prefix(desk.run))


def test_redo_starts_the_stage_afresh_from_the_files_before_it(begin: Begin) -> None:
    """A fresh session, a higher attempt number, later stages stale."""
    desk = begin().approve(2)
    desk.ask(cmd.Redo, stage="02")
    now = desk.wait()
    assert ("02_hypothesis_generation", 2) == now.state.review
    attempt = now.state.under_review
    assert ("redo", "scripted-02-2") == (attempt.trigger, attempt.session_id)
    assert now.state.stages[2].stale


def test_an_attempt_stays_readable_after_the_next_one_rewrote_its_files(begin: Begin) -> None:
    """What attempt 1 left is in objects/, by hash."""
    desk = begin().approve(4)
    desk.ask(cmd.Refine, suggestion=1)
    desk.wait()
    first, second = desk.state.stages[4].attempts
    old = objects.get_files(desk.run, first.files_after)["results/summary.json"]
    new = objects.get_files(desk.run, second.files_after)["results/summary.json"]
    assert old.sha256 != new.sha256
    assert b'"refinements": 0' in objects.get(desk.run, old.sha256)


@pytest.mark.crash
def test_a_killed_worker_takes_its_agent_along_and_the_run_can_be_resumed(begin: Begin) -> None:
    """Within five seconds nothing of it is left; the lost attempt is in the log."""
    desk = begin("01:ignores_sigterm")
    _until(lambda: carrying(marker_prefix(desk.run)))
    holder = living_holder(desk.run)
    assert holder is not None
    os.kill(holder.pid, signal.SIGKILL)
    _until(lambda: not carrying(marker_prefix(desk.run)), 5)
    assert RunStatus.INTERRUPTED is control.snapshot(desk.run).status
    control.resume(desk.run, control.actor("test"))
    now = desk.wait()
    assert Ending.LOST is now.state.stages[0].attempts[0].ending
    assert ("01_literature_survey", 2) == now.state.review


def test_a_command_given_to_a_dead_engine_starts_a_new_one(begin: Begin) -> None:
    """Approving is enough: the worker is started by the decision."""
    desk = begin()
    desk.wait()
    _until(lambda: living_holder(desk.run) is None)
    desk.ask(cmd.Approve)
    assert ("02_hypothesis_generation", 1) == desk.wait().state.review


def test_views_deleted_and_rebuilt_are_the_same_bytes(begin: Begin) -> None:
    """Nothing in them is older or newer than the log."""
    from autor_nb.engine.projections import write_views
    from autor_nb.store.artifacts import ArtifactIndex

    desk = begin().approve(3)
    _until(lambda: living_holder(desk.run) is None)
    names = ["run_manifest.json", "artifact_index.json", "memory.md", "logs.txt", "intake_context.json"]
    paths = [*(desk.run.path / n for n in names), *sorted((desk.run.path / "handoff").iterdir()),
             *(p for p in sorted(desk.run.stages.glob("*.md")) if "attempt" not in p.name)]
    before = {path: path.read_bytes() for path in paths}
    for path in paths:
        path.unlink()
    index = ArtifactIndex(desk.run)
    index.scan()
    write_views(desk.run.path, desk.state, desk.events, index)
    assert before == {path: path.read_bytes() for path in paths}


def test_a_run_can_be_resumed_with_another_venue(begin: Begin) -> None:
    """An unknown venue in the configuration fails the run in words, and resuming with a known one mends it."""
    desk = begin()
    desk.wait()
    control.resume(desk.run, control.actor("test"), {"venue": "nowhere"})
    desk.ask(cmd.Approve)
    now = desk.wait("done")
    assert RunStatus.FAILED is now.status
    assert "nowhere" in now.state.last_error
    control.resume(desk.run, control.actor("test"), {"venue": "report"})
    assert ("02_hypothesis_generation", 1) == desk.wait().state.review


def _until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        psutil.cpu_percent(0.01)
