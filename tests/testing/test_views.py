"""A folder as an attempt: what a Checker sees of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from autor_nb.domain.ports import AttemptView
from autor_nb.domain.stage import Ending
from autor_nb.testing.views import STAGES, FolderView, snapshot, stage_ref


def workspace(folder: Path) -> Path:
    """A small workspace."""
    work = folder / "workspace"
    (work / "notes").mkdir(parents=True)
    (work / "data").mkdir()
    (work / "notes/draft.md").write_text("# Stage 03: Study Design\n")
    (work / "data/a.csv").write_text("x,y\n1,2\n")
    return work


def test_it_is_an_attempt_view(tmp_path: Path) -> None:
    """It has every fact and method of the port."""
    view: AttemptView = FolderView(workspace(tmp_path), stage="03")
    assert stage_ref("03") == view.stage
    assert (1, Ending.FINISHED, "agent") == (view.attempt, view.ending, view.written_by)
    assert "# Stage 03: Study Design\n" == view.draft
    assert {"data/a.csv", "notes/draft.md"} == set(view.files)


def test_files_are_read_and_inspected(tmp_path: Path) -> None:
    """Content, bounded content, and what opening shows; what is not there is a KeyError."""
    view = FolderView(workspace(tmp_path))
    assert b"x,y\n1,2\n" == view.read("data/a.csv")
    assert b"x,y" == view.read("data/a.csv", 3)
    assert 1 == view.inspect("data/a.csv").schema["rows"]
    assert view.inspect("data/a.csv") is view.inspect("data/a.csv")
    for method in (view.read, view.inspect):
        with pytest.raises(KeyError):
            method("data/none.csv")


def test_who_made_a_file_follows_from_before_unless_told(tmp_path: Path) -> None:
    """Unchanged: the person's; new or changed: this attempt's; told: as told."""
    work = workspace(tmp_path)
    before = snapshot(work)
    (work / "data/b.csv").write_text("x\n1\n")
    view = FolderView(work, stage="05", attempt=2, before=before, makers={"notes/draft.md": ("04", 1)})
    assert [None, ("05", 2), ("04", 1), None] == [
        view.made_by(path) for path in ("data/a.csv", "data/b.csv", "notes/draft.md", "none")]


def test_paths_of_the_run_are_confined_to_it(tmp_path: Path) -> None:
    """The workspace's parent is the run; nothing outside it, and nothing empty, counts."""
    work = workspace(tmp_path / "run")
    (tmp_path / "outside.txt").write_text("x")
    (tmp_path / "run/stages").mkdir()
    (work / "out").symlink_to(tmp_path / "outside.txt")
    view = FolderView(work)
    assert view.run_file("workspace/data/a.csv")
    assert not any(map(view.run_file, ("stages", "../outside.txt", "workspace/out", "none", "a\0b")))
    assert "out" not in view.files


def test_every_stage_has_its_name() -> None:
    """Nine stages, numbered in order."""
    assert [f"{n:02d}" for n in range(9)] == list(STAGES)
    assert all(slug.startswith(number) for number, (slug, _) in STAGES.items())
