"""What a person does while a loop works, over the real engine: nothing is lost, nothing bends the error rate."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

from autor_nb import loop_control
from autor_nb.domain import events as run_events
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import CoderSpec, GateSpec
from autor_nb.domain.loops.seeds import seed_for
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.store.loops import history
from autor_nb.testing.loop_project import ME, LoopProject, edit, git, idea, running

EPROCESS = GateSpec(name="eprocess")


def test_a_pinned_idea_is_tried_next(tmp_path: Path) -> None:
    """Given a person's idea, when the loop starts, then it is experiment 1, and the log says whose it was."""
    project = LoopProject.make(tmp_path, [edit(level=0.9), edit(level=0.8)], hypotheses=["The critic's own"])
    mine = idea("Halve the level, says Ada")
    project.work(project.command(cmd.PinIdea, idea=mine), project.start(iterations=1))
    (proposed,) = project.of(ev.IdeaProposed)
    assert (mine, "person", ME) == (proposed.idea, proposed.critic, proposed.pinned_by)
    project.work(project.start(iterations=1))
    assert "The critic's own" == project.of(ev.IdeaProposed)[-1].idea.hypothesis and not project.state.pins


def test_a_veto_ends_the_trial_and_the_idea(tmp_path: Path) -> None:
    """Given a run at work, when its idea is vetoed, then the run is ended, the verdict is discard, and the next comes."""
    project = LoopProject.make(tmp_path, [edit(what="hang"), edit(level=0.9)])
    with project.when(running(1), project.command(cmd.VetoIdea, n=1, why="it sleeps")):
        state = project.work(project.start(iterations=2))
    end = project.ended(1)
    assert end.verdict is Verdict.DISCARD and "vetoed by" in end.reason and "it sleeps" in end.reason
    assert "stopped" in [one.ending for one in project.of(ev.TrialEnded)]
    assert 2 == state.head_n and "iterations" == state.stop_cause


def test_a_pause_in_the_middle_of_a_pair_loses_nothing(tmp_path: Path) -> None:
    """Given a pair half run, when the loop is paused and resumed, then the same pair goes on at the same seed."""
    project = LoopProject.make(tmp_path, [edit(level=0.9, salt=1, what="slow")], gate=EPROCESS)
    with project.when(running(1, "confirm", 4), project.command(cmd.PauseLoop)):
        state = project.work(project.start(iterations=1))
    assert LoopStatus.PAUSED is state.status and state.current is not None and state.current.n == 1
    stopped = [one for one in project.of(ev.TrialEnded) if one.ending == "stopped"]
    done = len([row for row in state.current.trials if row.counts])
    project.work(project.command(cmd.ResumeLoop))
    end = project.ended(1)
    assert end.verdict is Verdict.KEEP and end.trials > done
    pairs: dict[Any, set[Any]] = {}
    for one in project.of(ev.TrialEnded):
        if one.role == "confirm":
            pairs.setdefault(one.pair, set()).add(one.seed)
    assert all(1 == len(seeds) for seeds in pairs.values())
    counted = [(one.pair, one.subject) for one in project.of(ev.TrialEnded) if one.role == "confirm" and one.ending == "finished"]
    assert len(counted) == len(set(counted)) and len(stopped) <= 1


def test_a_stop_keeps_the_experiment_for_the_next_session(tmp_path: Path) -> None:
    """Given an experiment in confirm, when the session is stopped and another started, then it goes on where it was."""
    project = LoopProject.make(tmp_path, [edit(level=0.9, salt=1, what="slow")], gate=EPROCESS)
    with project.when(running(1, "confirm", 3), project.stop()):
        state = project.work(project.start(iterations=1))
    assert LoopStatus.STOPPED is state.status and state.current is not None and not project.verdicts()
    before = [one.seed for one in project.of(ev.BlockPlanned)[0].pairs]
    project.work(project.start(iterations=1))
    assert {1: "keep"} == project.verdicts() and 1 == len(project.of(ev.IdeaProposed))
    assert before == [one.seed for one in project.of(ev.BlockPlanned)[0].pairs]


def test_more_pairs_go_on_with_the_same_evidence(tmp_path: Path) -> None:
    """Given an inconclusive one, when pairs are added, then its old pairs count, at the same bar, as one experiment."""
    project = LoopProject.make(
        tmp_path, [edit(level=0.9, salt=1)], gate=GateSpec(name="eprocess", options={"n_max": 4})
    )
    project.work(project.start(iterations=1))
    first = project.ended(1)
    assert first.verdict is Verdict.INCONCLUSIVE
    state = project.work(project.command(cmd.AddRepeats, n=1, pairs=4), project.start(iterations=1))
    again = project.ended(1)
    assert again.verdict is Verdict.KEEP and again.alpha_t == first.alpha_t and again.bar == first.bar
    assert again.e_value is not None and first.e_value is not None and again.e_value > first.e_value
    assert 1 == state.confirms and {"keep": 2} == {name: n for name, n in state.counts.items() if n}
    runs = [one for one in project.of(ev.TrialEnded) if (one.n, one.role) == (1, "confirm")]
    assert len(runs) in (12, 16) and 1 == len(project.of(ev.IdeaProposed))
    assert [0, 1] == [row.run for row in history.read(project.loop.experiments).records]


def test_a_spent_budget_pauses_until_a_person_grants_another(tmp_path: Path) -> None:
    """Given one confirm, when a second candidate comes, then it is untested, resume is refused, and a grant is session 2."""
    edits = [edit(level=1.05, lucky=seed_for(1, "screen", n), salt=n) for n in (1, 2, 3)]
    project = LoopProject.make(tmp_path, edits, gate=GateSpec(name="eprocess", options={"horizon": 1}))
    state = project.work(project.start(iterations=3))
    assert {1: "discard", 2: "untested"} == project.verdicts()
    assert (LoopStatus.PAUSED, "budget") == (state.status, state.pause_cause)
    state = project.work(project.command(cmd.ResumeLoop))
    assert "budget" in state.refusals[-1]["reason"] and LoopStatus.PAUSED is state.status
    state = project.work(project.command(cmd.GrantBudget))
    assert (2, LoopStatus.STOPPED) == (state.budget_session, state.status)
    assert "discard" == project.verdicts()[3] and project.ended(3).reason.startswith("futile")


def test_an_edit_of_the_direction_is_an_event(tmp_path: Path) -> None:
    """Given program.md, when it is edited between two ideas, then the log has both texts."""
    project = LoopProject.make(
        tmp_path, [edit(level=0.9), edit(level=0.8)], files={"program.md": "Go slowly.\n"}
    )
    project.work(project.start(iterations=1))
    (project.folder / "program.md").write_text("Go fast.\n", encoding="utf-8")
    project.work(project.start(iterations=1))
    first, second = project.of(ev.ProgramRead)
    assert (True, False) == (first.first, second.first) and first.sha256 != second.sha256
    assert hashlib.sha256(b"Go fast.\n").hexdigest() == second.sha256
    texts = [path.read_bytes() for path in project.loop.objects.rglob("*") if path.is_file()]
    assert {b"Go slowly.\n", b"Go fast.\n"} <= set(texts)


def test_a_record_while_it_works_goes_through_its_engine(tmp_path: Path) -> None:
    """Given a worker in a trial, when somebody records, then it is answered at once, and numbers stay consecutive."""
    project = LoopProject.make(tmp_path, [edit(level=0.9, what="slow")] * 2)
    told = project.command(cmd.RecordExperiment, status="discard", metric=3.0, summary="by hand")
    with project.when(running(1), told):
        project.work(project.start(iterations=1))
    (recorded,) = project.of(ev.ExperimentRecorded)
    assert (2, told.id, ME) == (recorded.n, recorded.command_id, recorded.by)
    kinds = [type(one) for one in project.events]
    assert kinds.index(ev.ExperimentRecorded) < kinds.index(ev.ExperimentEnded, kinds.index(ev.ChangeApplied))
    assert [0, 2, 1] == [row.run for row in history.read(project.loop.experiments).records]


def test_a_record_while_the_critic_thinks_takes_no_number_twice(tmp_path: Path) -> None:
    """Given a record that arrives as an idea is asked for, when both are written, then they have two numbers."""
    project = LoopProject.make(tmp_path, [edit(level=0.9)] * 5)
    told = [project.command(cmd.RecordExperiment, status="discard", metric=3.0, summary=f"m{n}") for n in range(3)]
    with project.when(lambda events: any(isinstance(one, ev.DoctorAnswered) for one in events), *told):
        project.work(project.start(iterations=1))
    numbers = [one.n for one in project.events if isinstance(one, ev.ExperimentEnded | ev.ExperimentRecorded)]
    assert list(range(5)) == sorted(numbers)


def test_what_was_recorded_before_the_first_start_keeps_its_numbers(tmp_path: Path) -> None:
    """Given records of before, when the loop measures its baseline, then that is the next experiment."""
    project = LoopProject.make(tmp_path, [edit(level=0.9)] * 4)
    for status, metric in (("baseline", 1.1), ("keep", 1.05)):
        loop_control.record(project.loop, ME, status=status, metric=metric)
    state = project.work(project.start(iterations=1))
    assert [0, 1, 2, 3] == [row.run for row in history.read(project.loop.experiments).records]
    assert project.ended(2).baseline and 3 == state.head_n


def test_a_deleted_clone_is_made_again(tmp_path: Path) -> None:
    """Given a clone that was deleted with its repository, when the loop starts, then it goes on from what was kept."""
    project = LoopProject.make(tmp_path, [edit(level=0.9), edit(level=0.8)])
    head = project.work(project.start(iterations=1)).head
    shutil.rmtree(project.loop.clone)
    shutil.rmtree(project.loop.clone.with_name("clone.git"))
    state = project.work(project.start(iterations=1))
    assert {1: "keep", 2: "keep"} == project.verdicts() and head == project.ended(2).parent
    assert state.head == git(project.folder, "rev-parse", "autor/demo")


def test_a_dirty_repository_is_bit_identical_after_fifty_experiments(tmp_path: Path) -> None:
    """Given staged, unstaged, untracked, ignored and stashed work and a hook that refuses, then none of it is touched."""
    edits = [edit(level=f"{1 - n / 100:.2f}" if n % 3 else 2, salt=n, noise=0.001) for n in range(1, 51)]
    project = LoopProject.make(tmp_path, edits, files={"other.txt": "one\n", ".gitignore": "*.tmp\nautor_loops/\n"})
    folder = project.folder
    (folder / "other.txt").write_text("stashed\n", encoding="utf-8")
    git(folder, "stash", "-q")
    (folder / "other.txt").write_text("staged\n", encoding="utf-8")
    git(folder, "add", "other.txt")
    (folder / "other.txt").write_text("unstaged\n", encoding="utf-8")
    for name in ("untracked.txt", "ignored.tmp"):
        (folder / name).write_text(name, encoding="utf-8")
    hook = folder / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    before = fingerprint(folder)
    state = project.work(project.start(iterations=50))
    assert state.session is not None and 50 == state.session.done
    assert before == fingerprint(folder) and not (tmp_path / "hooked").exists()
    assert {f"refs/autor/demo/{n}" for n in range(1, 51)} <= set(git(folder, "for-each-ref", "--format=%(refname)").split())
    assert "" == git(folder, "fsck", "--no-dangling", "--no-progress")


def fingerprint(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Every file of a repository with its mode, time and hash; the loop's own refs and objects apart."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.startswith(("autor_loops", ".git/objects", ".git/refs/autor", ".git/refs/heads/autor")) or path.is_dir():
            continue
        facts = path.stat()
        found[name] = (facts.st_mode, facts.st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
    return found


def test_a_command_is_answered_once_however_often_it_lies_there(tmp_path: Path) -> None:
    """Given one command in the inbox twice, as a killed engine leaves it, when it is read, then it counts once."""
    project = LoopProject.make(tmp_path, [edit(level=0.9)])
    told = project.command(cmd.RecordExperiment, status="discard", metric=3.0)
    project.give(told, told)
    project.work(project.start(iterations=1))
    assert 1 == len(project.of(ev.ExperimentRecorded))
    assert not project.of(run_events.CommandRefused)


def test_a_coder_that_does_nothing_pauses_the_loop(tmp_path: Path) -> None:
    """Given a script of the coder that cannot be read, when ideas are applied, then the loop says whose fault it is."""
    project = LoopProject.make(
        tmp_path, [], hypotheses=[f"Idea {letter * 4}" for letter in "bcdfghjklmnpqrst"],
        coder=CoderSpec(agent="scripted", command=str(tmp_path / "gone.json")),
    )  # fmt: skip
    state = project.work(project.start(iterations=1))
    assert (LoopStatus.PAUSED, "coder") == (state.status, state.pause_cause) and "gone.json" in state.pause_reason
    assert 12 == len(project.of(ev.IdeaRefused)) == len({one.hypothesis for one in project.of(ev.IdeaRefused)})
