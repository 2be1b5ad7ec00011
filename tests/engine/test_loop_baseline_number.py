"""A baseline that is not experiment 0, because records came first: everybody who speaks of it knows its number."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest

from autor_nb import loop_control
from autor_nb.desk.loops.forks import Family
from autor_nb.desk.loops.view import loop_view
from autor_nb.domain.events import Event
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import GateSpec
from autor_nb.domain.loops.course import Course
from autor_nb.domain.loops.parts import CriticTask
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.engine.loops.past import Past
from autor_nb.figures.loop_convergence import convergence
from autor_nb.plugins.critics.optimiser import OptimiserCritic
from autor_nb.record import loop_headline, loop_versions
from autor_nb.store.loops.course_file import CourseFile
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.testing.loop_project import ME, LoopProject, edit
from autor_nb.verbs.result import Face
from autor_nb.verbs.tree import invoke

FIRST = 2


def recorded_first(tmp_path: Path, edits: list[str], **more: Any) -> LoopProject:
    """A loop with two records of somebody's own runs, a keep among them: its baseline will be experiment 2."""
    project = LoopProject.make(tmp_path, [edits[0]] * FIRST + edits, **more)
    for status, metric in (("baseline", 1.1), ("keep", 1.05)):
        loop_control.record(project.loop, ME, status=status, metric=metric)
    return project


def told(project: LoopProject, *words: str) -> dict[str, Any]:
    """What a verb tells a program."""
    answered = invoke(["loop", *words, "demo"], Face(name="cli", say=lambda said: None))
    assert answered is not None
    return answered.facts


def as_of(project: LoopProject, last: Event, place: Path) -> dict[str, Any]:
    """The panel's document when that event had just been written, as if the engine still lived."""
    loop = LoopFolder(place / "autor_loops" / "demo")
    shutil.copytree(project.loop.path, loop.path, ignore=shutil.ignore_patterns("clone*"))
    loop.standing.unlink(missing_ok=True)
    lines = project.loop.events.read_bytes().splitlines(keepends=True)
    loop.events.write_bytes(b"".join(lines[: last.seq]))
    snapshot = loop_control.snapshot(loop)
    snapshot = dataclasses.replace(snapshot, status=snapshot.state.status)
    return loop_view(snapshot, CourseFile(loop).read(), Family(loop), ME)


def test_nothing_kept_leaves_every_head_at_the_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Head, confirmed head, base and baseline all are experiment 2, and no verb calls it a keep."""
    project = recorded_first(tmp_path, [edit(level=1.3)])
    state = project.work(project.start(iterations=1))
    for name in ("base", "baseline", "head", "confirmed", "2"):
        found = loop_versions.version(project.loop, state, name)
        assert (FIRST, state.base) == (found.n, found.commit), name
    monkeypatch.chdir(project.folder)
    status, best = told(project, "status"), told(project, "best")
    assert (FIRST, None, None) == (status["head"]["n"], status["confirmed"]["n"], best["confirmed"]["commit"])
    assert not any("autor loop audit" in step for step in status["next"])
    assert f"experiment {FIRST}" in (project.loop.path / "STATE.md").read_text(encoding="utf-8")


def test_confirmed_keeps_after_such_a_baseline_are_a_whole_chain(tmp_path: Path) -> None:
    """What somebody recorded before the baseline was measured is no link of the chain from it."""
    project = recorded_first(tmp_path, [edit(level=0.5, salt=1)], gate=GateSpec(name="eprocess"))
    state = project.work(project.start(iterations=1))
    assert (3, True, True) == (state.confirmed_n, state.has_moved, state.has_confirmed)
    assert [3] == [row.n for row in loop_headline.confirmed_chain(state)]


def test_the_panel_calls_it_the_baseline_while_and_after_it_is_measured(tmp_path: Path) -> None:
    """No candidate is under test, nothing can be vetoed or given pairs, and the row of #2 is no test; #3 is one."""
    project = recorded_first(tmp_path, [edit(level=0.5)])
    project.work(project.start(iterations=1))
    begun = [one for one in project.of(ev.TrialStarted) if one.n == FIRST]
    ended = next(one for one in project.of(ev.TrialEnded) if one.n == FIRST)
    for number, event in enumerate((begun[0], ended)):
        view = as_of(project, event, tmp_path / f"at{number}")
        assert "Measuring the baseline, run 1" == view["state"]["word"]
        assert view["test"] is None
        assert not view["actions"]["veto"]["enabled"] and [] == view["actions"]["repeat"]["of"]
        assert FIRST not in [row["n"] for row in view["table"]["rows"]]
    candidate = next(one for one in project.of(ev.TrialStarted) if one.n == FIRST + 1)
    view = as_of(project, candidate, tmp_path / "candidate")
    assert (FIRST + 1, True) == (view["test"]["n"], view["actions"]["veto"]["enabled"])
    best = next(one for one in view["tiles"] if one["key"] == "best")
    assert "of the baseline" in best["below"]
    rows = {row["n"]: row["word"] for row in view["table"]["rows"]}
    assert ("Baseline", "Testing") == (rows[FIRST].capitalize(), rows[FIRST + 1].split()[0].capitalize())


def test_the_course_counts_only_the_baseline_that_ended() -> None:
    """A baseline that failed is measured again: what its first runs gave is no part of the level that is drawn."""
    course = Course()
    run = {"n": FIRST, "role": "reference", "subject": "incumbent", "ending": "finished"}
    course.take([
        ev.ExperimentRecorded(n=0, status="baseline", metric=9.0, by=ME),
        ev.ExperimentRecorded(n=1, status="keep", metric=8.0, by=ME),
        ev.LoopStarted(by=ME),
        ev.TrialEnded(trial=1, score=-99.0, metric=99.0, **run),
        ev.LoopStarted(by=ME),
        ev.TrialEnded(trial=2, score=-1.0, metric=1.0, **run),
    ])  # fmt: skip
    at_work = course.at_work
    assert at_work is not None and ("baseline", 1.0) == (at_work.verdict, at_work.screen)
    assert "testing" not in dict(convergence(course, "demo", "loss", at_work).counts)
    course.take([
        ev.TrialEnded(trial=3, score=-3.0, metric=3.0, **run),
        ev.ExperimentEnded(n=FIRST, verdict=Verdict.KEEP, reason="", baseline=True, metric=2.0),
        ev.TrialEnded(trial=4, n=3, role="screen", subject="candidate", ending="finished", score=-0.5, metric=0.5),
    ])  # fmt: skip
    assert (2, -2.0) == (course.now.runs, course.now.mean)
    assert (FIRST, FIRST, False) == (course.baseline_n, course.incumbent, course.has_moved)
    at_work = course.at_work
    assert at_work is not None and "testing" == at_work.verdict
    assert 1 == dict(convergence(course, "demo", "loss", at_work).counts)["testing"]


def test_a_critic_is_told_which_experiment_the_baseline_is(tmp_path: Path) -> None:
    """The optimiser learns from its metric, at the place of the untouched knobs, whatever its number is."""
    source = {"t.py": 'PARAMS = {\n    "rate": 0.5,  # range: 0 .. 1\n}\n'}
    project = recorded_first(tmp_path, [edit(level=1.3)])
    project.work(project.start(iterations=1))
    past = Past(project.events).experiments
    assert [True, False, True, False] == [one.is_baseline for one in past]
    working = []
    for baseline in past[2:3], []:
        task = CriticTask(loop="l", objective="o", metric="loss", direction="lower", mutable=source,
                          experiments=tuple(baseline))  # fmt: skip
        working.append(OptimiserCritic().propose(task).log["raw_response"]["content"])
    assert working[0] != working[1]


def test_the_holdouts_first_leader_is_the_baseline(tmp_path: Path) -> None:
    """A candidate that does not lead leaves experiment 2 as the leader, not 0, which somebody else ran."""
    command = ("/bin/sh", "-c", 'echo "[1.0, 1.1, 0.9]" > "$AUTOR_HOLDOUT_LOSSES"')
    project = recorded_first(tmp_path, [edit(level=0.5)], holdout="rows.txt", holdout_command=command,
                             files={"rows.txt": "1\n"})  # fmt: skip
    project.work(project.start(iterations=1))
    (asked,) = project.of(ev.HoldoutAsked)
    assert (3, FIRST, False, "") == (asked.n, asked.leader, asked.leads, asked.failed)
