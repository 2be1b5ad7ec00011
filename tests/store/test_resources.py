"""A person's files on their way into a run: bounded by size and number, without tools' folders and links out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autor_nb.domain.errors import UsageError
from autor_nb.store import resources
from autor_nb.store.layout import RunFolder
from autor_nb.store.resources import FILES_CAP, TOTAL_CAP, Supplied


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run's empty folders."""
    run = RunFolder(tmp_path / "runs" / "20260101_120000")
    run.path.mkdir(parents=True)
    run.make()
    return run


def test_more_bytes_than_a_run_takes_in_are_refused_with_both_sizes(tmp_path: Path) -> None:
    """Alone or together; the mend is to name what matters."""
    (tmp_path / "a.csv").write_text("x\n")
    (tmp_path / "big.csv").touch()
    os.truncate(tmp_path / "big.csv", TOTAL_CAP)
    root = tmp_path / "runs"
    resources.check((Supplied(tmp_path / "big.csv"),), root)
    with pytest.raises(UsageError, match=r"a\.csv hold 2 files, 2\.1 GB; a run takes in at most") as raised:
        resources.check((Supplied(tmp_path / "big.csv"), Supplied(tmp_path / "a.csv")), root)
    assert "Name the files that matter" in raised.value.suggestion


def test_more_files_than_a_run_takes_in_are_refused(tmp_path: Path) -> None:
    """One over is too many; folders of tools do not count."""
    folder = tmp_path / "many"
    (folder / "node_modules").mkdir(parents=True)
    for number in range(FILES_CAP):
        (folder / f"{number}.txt").touch()
    (folder / "node_modules" / "one.js").touch()
    resources.check((Supplied(folder),), tmp_path / "runs")
    (folder / "more.txt").touch()
    with pytest.raises(UsageError, match=f"{FILES_CAP + 1:,} files"):
        resources.check((Supplied(folder),), tmp_path / "runs")


def test_tools_folders_and_links_out_stay_outside_and_are_named(tmp_path: Path, run: RunFolder) -> None:
    """What is inside comes in, with its hash; what is not comes with its reason."""
    (tmp_path / "secret.txt").write_text("secret")
    project = tmp_path / "project"
    for name in (".git", "__pycache__", ".venv", "src"):
        (project / name).mkdir(parents=True)
        (project / name / "x.py").write_text("x = 1\n")
    (project / "out.txt").symlink_to(tmp_path / "secret.txt")
    (project / "up").symlink_to(tmp_path)
    (project / "in.py").symlink_to(project / "src" / "x.py")
    supplied = (Supplied(project, "the code"),)
    taken = resources.take_in(run, supplied)
    assert {"workspace/code/project/src/x.py", "workspace/code/project/in.py"} == {item.dest_relative for item in taken}
    assert {"the code"} == {item.description for item in taken}
    assert not any("secret" in path.read_text() for path in run.workspace.rglob("*") if path.is_file())
    told = " ".join(resources.left_out(supplied))
    for name in (".git", "__pycache__", ".venv", "out.txt", "up"):
        assert f"project/{name} (" in told


def test_two_files_of_one_name_are_both_taken_in(tmp_path: Path, run: RunFolder) -> None:
    """The second gets a number before its suffix; contents and hashes differ."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "my.csv").write_text(folder)
    taken = resources.take_in(run, (Supplied(tmp_path / "a" / "my.csv"), Supplied(tmp_path / "b" / "my.csv")))
    assert ["workspace/data/my.csv", "workspace/data/my_2.csv"] == [item.dest_relative for item in taken]
    assert 2 == len({item.sha256 for item in taken})
