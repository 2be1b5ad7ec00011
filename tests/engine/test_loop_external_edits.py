"""Somebody outside edits the clone: what is waited for is said, and no edit is ever lost, whenever it is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autor_nb import loop_control
from autor_nb.desk.loops.forks import Family
from autor_nb.desk.loops.view import loop_view
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import CoderSpec, CriticSpec
from autor_nb.engine.loops.past import Past
from autor_nb.store.loops import edits
from autor_nb.store.loops.course_file import CourseFile
from autor_nb.testing.loop_project import ME, MODEL, LoopProject, edit, git, running
from autor_nb.verbs.loops.status import loop_card

MINE = edit(level=0.5)


def external(tmp_path: Path, timeout_s: float, ideas: int = 1) -> LoopProject:
    """A loop whose changes are somebody else's to make."""
    coder = CoderSpec(agent="external", timeout_s=timeout_s)
    return LoopProject.make(tmp_path, [""] * ideas, base=edit(level=1, what="slow"), coder=coder)


def proposed(events: list[Any]) -> bool:
    """Whether an idea waits to be made."""
    return any(isinstance(one, ev.IdeaProposed) for one in events)


def said(project: LoopProject) -> str:
    """The status card as text."""
    card = loop_card(project.loop)
    return repr(card.blocks)


def notes(project: LoopProject) -> list[str]:
    """What the panel notes."""
    snapshot = loop_control.snapshot(project.loop)
    view = loop_view(snapshot, CourseFile(project.loop).read(), Family(project.loop), ME)
    return [note["text"] for note in view["notes"]]


def test_an_edit_that_is_there_before_it_is_waited_for_is_taken(tmp_path: Path) -> None:
    """Made between two sessions: it is put back when the first idea waits, and tried as that one's change."""
    project = external(tmp_path, 30)
    (project.loop.clone / MODEL).write_text(MINE, encoding="utf-8")
    project.work(project.start(iterations=1))
    assert {1: "keep"} == project.verdicts()
    assert MINE.strip() == git(project.folder, "show", f"refs/autor/demo/1:{MODEL}")
    assert [True] == [one.taken for one in edits.kept(project.loop)] and "kept aside" not in said(project)


def test_an_edit_that_its_maker_committed_in_the_clone_is_taken(tmp_path: Path) -> None:
    """Agents commit by habit, some on a branch of their own: the candidate is what they changed, one commit on the head."""
    project = external(tmp_path, 30, 2)
    tree = project.loop.clone

    def committed(text: str) -> None:
        (tree / MODEL).write_text(text, encoding="utf-8")
        git(tree, "checkout", "-q", "-B", "mine")
        git(tree, "commit", "-q", "-a", "-m", "my own words")

    project.work(project.start(iterations=1, wall_s=2))  # its baseline is measured; nothing is at work now
    committed(MINE)
    project.work(project.start(iterations=1))
    assert {1: "keep"} == project.verdicts()
    first, base = project.of(ev.ChangeApplied)[0], project.of(ev.LoopCreated)[0].base
    assert ((MODEL,), base) == (first.files, first.parent)
    assert MINE.strip() == git(project.folder, "show", f"refs/autor/demo/1:{MODEL}")
    assert "my own words" not in git(project.folder, "log", "--format=%B", "refs/autor/demo/1")


def test_an_edit_made_while_a_run_was_at_work_is_kept_and_named(tmp_path: Path) -> None:
    """It would have been lost with the tree; it lies whole in the loop's folder, and the status says where."""
    project = external(tmp_path, 0.1)

    def meanwhile(events: list[Any]) -> bool:
        if running(0)(events):
            (project.loop.clone / MODEL).write_text(MINE, encoding="utf-8")
            return True
        return False

    with project.when(meanwhile):
        project.work(project.start(iterations=1))
    (kept,) = edits.kept(project.loop)
    where = edits.folder(project.loop) / kept.place / edits.FILES / MODEL
    assert MINE == where.read_text(encoding="utf-8")
    assert any(str(where.parent) in note for note in notes(project))
    assert "copy it into the clone" in said(project) and str(where.parent) in said(project)


def test_a_wait_that_ends_loses_no_edit(tmp_path: Path) -> None:
    """Half an edit at the time-out is kept, and lies there again when the next idea waits."""
    project = external(tmp_path, 0.3, 2)
    tree = project.loop.clone / MODEL
    seen: list[str] = []

    def twice(events: list[Any]) -> bool:
        if sum(isinstance(one, ev.IdeaProposed) for one in events) == 1 and not seen:
            tree.write_text(MINE, encoding="utf-8")
            seen.append(MINE)
        return False

    with project.when(twice):
        project.work(project.start(iterations=2))
    refused = [one.kind for one in project.of(ev.IdeaRefused)]
    assert seen and ["timed_out", "timed_out"] == refused
    (kept,) = edits.kept(project.loop)
    assert kept.pending and not kept.taken
    assert MINE == (edits.folder(project.loop) / kept.place / edits.FILES / MODEL).read_text(encoding="utf-8")


def test_what_is_waited_for_is_said(tmp_path: Path) -> None:
    """The folder of the clone, the files, since when, and the mark that ends the waiting."""
    project = external(tmp_path, 30)
    heard: list[Any] = []

    def look(events: list[Any]) -> bool:
        if proposed(events):
            heard.append((loop_card(project.loop).facts["awaits_edit"], said(project), notes(project)))
            return True
        return False

    with project.when(look, project.stop()):
        project.work(project.start(iterations=1))
    ((facts, text, desk),) = heard
    assert any(str(project.loop.clone) in note for note in desk)
    assert (str(project.loop.clone), [MODEL]) == (facts["folder"], list(facts["files"]))
    idea = project.of(ev.IdeaProposed)[0]
    assert idea.at == facts["since"] and str(project.loop.clone) in text and str(project.loop.path / "edit.done") in text
    assert loop_card(project.loop).facts["awaits_edit"] is None and "waits for somebody" not in said(project)
    assert "stopped" == str(loop_control.snapshot(project.loop).status)


def test_a_tree_that_nobody_edited_keeps_nothing(tmp_path: Path) -> None:
    """A whole session of runs leaves no edit aside; one that changes nothing is not written down either."""
    project = external(tmp_path, 0.1)
    (project.loop.clone / MODEL).touch()
    project.work(project.start(iterations=1))
    assert [] == edits.kept(project.loop)


TURNED = """\
import os, random
DEPTH = 3
RATE = 0.1
print("loss:", 1 + abs(DEPTH - 6) + random.Random(os.environ["AUTOR_SEED"]).gauss(0, 0.01))
"""


@pytest.mark.parametrize(("depth", "is_otherwise"), [(6, True), (None, False)])
def test_an_edit_that_is_not_the_idea_is_told_as_what_it_is(
    tmp_path: Path, depth: int | None, is_otherwise: bool
) -> None:
    """The verdict is about the edit: the idea is said to be no cause, and the critic learns where the knobs were."""
    project = LoopProject.make(
        tmp_path, [], files={"train.py": TURNED}, mutable=("train.py",), command=("python", "train.py"),
        coder=CoderSpec(agent="external", timeout_s=30), critic=CriticSpec(provider="optimiser"),
    )  # fmt: skip

    def made(events: list[Any]) -> bool:
        idea = next((one.idea for one in events if isinstance(one, ev.IdeaProposed)), None)
        if idea is None:
            return False
        text, turned = TURNED, {"DEPTH": depth} if depth else idea.change
        for name, before in (("DEPTH", "3"), ("RATE", "0.1")):
            text = text.replace(f"{name} = {before}", f"{name} = {turned.get(name, before)}")
        (project.loop.clone / "train.py").write_text(text, encoding="utf-8")
        return True

    with project.when(made):
        project.work(project.start(iterations=1))
    (change,), (idea,) = project.of(ev.ChangeApplied), [one.idea for one in project.of(ev.IdeaProposed)]
    past = Past(project.events).experiments[-1]
    summary = project.ended(1).summary
    if is_otherwise:
        assert summary == change.otherwise == past.hypothesis and summary.endswith(idea.hypothesis)
        assert summary.startswith("Edited otherwise than proposed (") and "is 6, not" in summary
        assert ({}, 6) == (past.change, past.values["DEPTH"]) and past.values["DEPTH"] == change.values["DEPTH"]
    else:
        assert ("", idea.hypothesis, idea.change) == (change.otherwise, summary, past.change)
