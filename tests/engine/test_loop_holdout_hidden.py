"""In a sandbox nothing that is judged can read the holdout: no guard, and neither side of a comparison."""

from __future__ import annotations

from pathlib import Path

import msgspec

from autor_nb.domain.loops.config import Guard, LoopConfig
from autor_nb.engine.loops.sides import Sides
from autor_nb.store.loops import standing
from autor_nb.testing.loop_project import LoopProject, edit, git

SEES = "if test -s holdout.txt; then echo 'loss: 1'; else echo 'loss: 2'; fi"


def test_a_guard_sees_no_holdout(tmp_path: Path) -> None:
    """It lies in the repository, so in the clone as well; to the guard it is empty, and the guard can tell no one."""
    blind = Guard(name="blind", command=("/bin/sh", "-c", "test ! -s holdout.txt"))
    project = LoopProject.make(
        tmp_path, [edit(level=0.5)], files={"holdout.txt": "7\n"}, guards=(blind,), sandbox=True, holdout="holdout.txt"
    )
    project.work(project.start(iterations=1))
    assert {1: "keep"} == project.verdicts()
    assert "7\n" == (project.loop.clone / "holdout.txt").read_text()


def test_a_side_of_a_comparison_sees_no_holdout(tmp_path: Path) -> None:
    """Compare, merge and the measuring of contention run the same command in clones of their own."""
    project = LoopProject.make(tmp_path, files={"holdout.txt": "7\n"}, sandbox=True, holdout="holdout.txt")
    raw = standing.read(project.loop).config
    config = msgspec.structs.replace(msgspec.convert(raw, LoopConfig), command=("/bin/sh", "-c", SEES))
    head, seen = git(project.folder, "rev-parse", "HEAD"), []
    for name, told in (("hidden", config), ("open", msgspec.structs.replace(config, holdout=""))):
        sides = Sides(project.folder, told, tmp_path / name)
        sides.add("one", head)
        outcome = sides.run("one", 1)
        assert outcome is not None
        seen.append(outcome.metric)
    assert [2.0, 1.0] == seen
