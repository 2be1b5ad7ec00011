"""Bringing a workspace back: nothing is deleted, nothing newer stands in for what is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from autor_nb.engine import restoring
from autor_nb.store import objects
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.layout import RunFolder

CAP = 20


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """An empty workspace."""
    run = RunFolder(tmp_path / "20260101_120000")
    run.path.mkdir()
    run.make()
    return run


def kept(run: RunFolder, **files: str) -> str:
    """Make the workspace hold exactly these files, and keep them as an attempt does (up to the cap)."""
    for path in run.workspace.rglob("*"):
        if path.is_file():
            path.unlink()
    for name, text in files.items():
        (run.workspace / "data" / name).write_text(text)
    return restoring.keep_all(run, ArtifactIndex(run).scan(), CAP)


def there(run: RunFolder) -> dict[str, str]:
    """What the workspace holds."""
    return {path.name: path.read_text() for path in run.workspace.rglob("*") if path.is_file()}


BIG, BIGGER = "old " * 10, "new " * 20


def test_a_newer_file_over_the_cap_makes_room_and_comes_back_with_an_undo(run: RunFolder) -> None:
    """It is moved to the objects, by its hash, and never deleted."""
    before = kept(run, table="small")
    after = kept(run, table=BIGGER, more=BIG)
    assert () == restoring.restore(run, ArtifactIndex(run), before)
    assert {"table": "small"} == there(run)
    assert () == restoring.restore(run, ArtifactIndex(run), after)
    assert {"table": BIGGER, "more": BIG} == there(run)


def test_what_nobody_kept_is_named_and_a_newer_content_does_not_stand_in_for_it(run: RunFolder) -> None:
    """The path is empty; the newer content lies in the objects; doing it again says the same."""
    before = kept(run, table=BIG, small="s")
    kept(run, table=BIGGER, small="s")
    for _ in range(2):
        assert ("data/table",) == restoring.restore(run, ArtifactIndex(run), before)
        assert {"small": "s"} == there(run)
    assert any(path.read_text() == BIGGER for path in run.objects.iterdir())


def test_a_file_over_the_cap_that_did_not_change_stays_where_it_is(run: RunFolder) -> None:
    """Nothing is missing while the workspace still holds that very content."""
    before = kept(run, table=BIG)
    (run.workspace / "data" / "more").write_text("m")
    assert () == restoring.restore(run, ArtifactIndex(run), before)
    assert {"table": BIG} == there(run)
    assert {} != objects.get_files(run, before)
