"""What a keep is said to be: as good or better, at the keep or re-measured, and a delta that is the one it is called."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from autor_nb.desk.loops.curves import curve
from autor_nb.desk.loops.head import tiles
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import GateSpec, MetricSpec
from autor_nb.domain.loops.course import Course
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.figures.loop_convergence import convergence
from autor_nb.figures.loop_words import numbers
from autor_nb.record.loop_headline import confirmed_chain, head_words, headline
from autor_nb.testing.loop_project import LoopProject, edit
from autor_nb.verbs.loops.best import best_facts

EPROCESS = GateSpec(name="eprocess")
NOTES = "".join(f"note{n}=1\n" for n in range(9))


def sides(project: LoopProject, n: int) -> dict[str, set[str]]:
    """The commits that each side of experiment n's pairs ran."""
    found: dict[str, set[str]] = {}
    for one in project.of(ev.TrialStarted):
        if one.n == n and one.role == "confirm":
            found.setdefault(one.subject, set()).add(one.commit)
    return found


def course_of(project: LoopProject) -> Course:
    """The log as pictures have it."""
    course = Course()
    course.take(project.events)
    return course


def best_tile(project: LoopProject) -> dict[str, Any]:
    """The first number of the panel."""
    course = course_of(project)
    return tiles(project.state, course, numbers(course), 0)[0]


# ---------------------------------------------------------------------------- shorter, and as good


def test_as_good_is_not_better_by_a_chain(tmp_path: Path) -> None:
    """Given a gain, then a shorter one as good: the chain ends at the gain, and the verdict says within what."""
    edits = [NOTES + edit(level=0.8, salt=1), edit(level=0.8, salt=2)]
    project = LoopProject.make(tmp_path, edits, base=NOTES + edit(level=1.0), gate=EPROCESS, simplicity=0.1)
    state = project.work(project.start(iterations=2))
    assert {1: "keep", 2: "keep"} == project.verdicts()
    assert (0.0, 0.1) == (project.ended(1).within, project.ended(2).within)
    assert (1, 2) == (state.confirmed_n, state.head_n) and [1] == [row.n for row in confirmed_chain(state)]
    state.audits = []
    assert 1 == headline(state).n


def test_steps_are_not_paid_back_with_shorter_code(tmp_path: Path) -> None:
    """In explore a shorter change must be better than the head itself: what is confirmed lies far behind it."""
    edits = [NOTES + edit(level=0.7, salt=1), edit(level=0.95, salt=2, lucky=0), edit(level=0.95, salt=3)]
    project = LoopProject.make(tmp_path, edits, base=NOTES + edit(level=1.0), gate=EPROCESS, simplicity=0.5)
    state = project.work(project.start(iterations=3, mode="explore"))
    assert {1: "advance", 2: "discard", 3: "discard"} == project.verdicts()
    assert 1 == state.head_n and state.confirmed_head == state.base
    for n in (2, 3):
        assert sides(project, n).get("incumbent", {state.head}) == {state.head}


def test_a_margin_is_not_measured_from_below_what_steps_have_reached(tmp_path: Path) -> None:
    """A strict session after one of steps: shorter code that loses what they gained is no keep."""
    edits = [NOTES + edit(level=0.7, salt=1), edit(level=0.95, salt=2)]
    project = LoopProject.make(tmp_path, edits, base=NOTES + edit(level=1.0), gate=EPROCESS, simplicity=0.5)
    project.work(project.start(iterations=1, mode="explore"))
    state = project.work(project.start(iterations=1))
    assert {1: "advance", 2: "discard"} == project.verdicts() and 1 == state.head_n


def test_runs_of_another_state_say_nothing_of_the_head(tmp_path: Path) -> None:
    """After a keep that is as good, the next shorter one runs against what is confirmed; the head is not re-measured."""
    edits = [NOTES + edit(level=1.03, salt=1), edit(level=1.03, salt=2)]
    base = NOTES + NOTES + edit(level=1.0)
    project = LoopProject.make(tmp_path, edits, base=base, gate=EPROCESS, simplicity=0.1)
    state = project.work(project.start(iterations=1))
    first = list(state.remeasured)  # of the audit that ended the session
    state = project.work(project.start(iterations=1))
    assert {1: "keep", 2: "keep"} == project.verdicts(), project.ended(2).reason
    assert {state.base} == sides(project, 2)["incumbent"]
    audits = [one for one in project.of(ev.TrialEnded) if one.role == "audit" and one.subject == "candidate"]
    assert [one.score for one in audits][-len(state.remeasured):] == state.remeasured
    assert first and not set(first) & set(state.remeasured)
    assert course_of(project).now.runs == len(state.remeasured)


# ------------------------------------------------------------------------ at the keep, re-measured


def test_the_runs_that_chose_it_are_not_its_re_measured_value(tmp_path: Path) -> None:
    """Right after a keep everything says "at the keep"; fresh runs of it make it re-measured, and only they are in it."""
    edits = [edit(level=0.8, salt=1), *(edit(level=0.8, salt=n) for n in range(2, 9))]
    project = LoopProject.make(tmp_path, edits, gate=EPROCESS)
    with project.when(lambda events: any(isinstance(one, ev.AuditAsked) for one in events), project.stop()):
        project.work(project.start(iterations=1))
    state = project.state
    chose = [one.score for one in project.of(ev.TrialEnded) if one.n == 1 and one.role == "confirm"]
    assert "keep" == project.verdicts()[1] and chose
    if not state.remeasured:  # the stop came before the audit's first run of it
        assert "at the keep" in head_words(state) and best_facts(project.loop, state)["head"]["remeasured"] is None
        assert "Best at its keep" == best_tile(project)["title"]
    state = project.work(project.start(iterations=1))
    assert state.remeasured and not set(state.remeasured) & set(chose)
    assert "re-measured on" in head_words(state) and "Best re-measured" == best_tile(project)["title"]
    assert best_facts(project.loop, state)["head"]["remeasured_runs"] == len(state.remeasured) == course_of(project).now.runs


def test_right_after_a_keep_it_is_at_the_keep(tmp_path: Path) -> None:
    """The log up to the verdict of a keep: no fresh run of it exists."""
    from autor_nb.domain.loops.fold import LoopFold

    project = LoopProject.make(tmp_path, [edit(level=0.8, salt=1)], gate=EPROCESS)
    project.work(project.start(iterations=1))
    events = project.events
    end = next(at for at, one in enumerate(events) if isinstance(one, ev.ExperimentEnded) and one.n == 1)
    state, course = LoopFold().apply(events[: end + 1]), Course()
    course.take(events[: end + 1])
    assert [] == state.remeasured and "at the keep" in head_words(state)
    assert course.at_the_keep and "Best at its keep" == tiles(state, course, numbers(course), 0)[0]["title"]
    assert "re-measured" not in headline(state).text
    figure = convergence(course, "Convergence", "loss")
    assert "best at its keep" in figure.text() and "best re-measured" not in figure.text()
    assert "best at its keep" == curve(course, "loss", numbers(course), None)["labels"]["best_is"]


# --------------------------------------------------------------------------------------- the delta


@pytest.mark.parametrize("metric", [
    MetricSpec(name="loss", direction="lower"), MetricSpec(name="time_s", direction="lower", time_like=True),
], ids=["loss", "time"])  # fmt: skip
def test_delta_is_metric_minus_what_was_kept_before(metric: MetricSpec, tmp_path: Path) -> None:
    """In the log and in experiments.jsonl, in the metric's own units; the paired mean stands beside it."""
    edits = [edit(level=0.7, salt=1), edit(level=0.5, salt=2), edit(level=0.9)]
    project = LoopProject.make(tmp_path, edits, gate=EPROCESS, metric=metric)
    project.work(project.start(iterations=3))
    rows = [json.loads(line) for line in project.loop.experiments.read_text().splitlines()]
    assert ["baseline", "keep", "keep", "discard"] == [row["status"] for row in rows]
    standing = rows[0]["metric"]
    for row in rows[1:]:
        assert row["delta"] == pytest.approx(row["metric"] - standing) == project.ended(row["run"]).delta
        standing = row["metric"] if row["status"] == "keep" else standing
    first = project.ended(1)
    paired = math.log1p(first.mean or 0.0) if metric.time_like else first.mean
    assert first.verdict is Verdict.KEEP and paired == pytest.approx(math.log(0.7) if metric.time_like else -0.3, abs=0.05)
