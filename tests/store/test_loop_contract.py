"""A contract sees every way in which a file can be made another, and says which."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from autor_nb.store.loops import contract


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """An evaluator, a folder with a file and a link, and a place for what is not there yet."""
    (tmp_path / "data/deep").mkdir(parents=True)
    (tmp_path / "evaluate.py").write_text("loss = 1\n", encoding="utf-8")
    (tmp_path / "other.py").write_text("loss = 0\n", encoding="utf-8")
    (tmp_path / "data/deep/rows.csv").write_text("1\n", encoding="utf-8")
    (tmp_path / "data/link").symlink_to("deep/rows.csv")
    return tmp_path


def sealed(files: Path) -> contract.Contract:
    """The contract of all that."""
    return contract.seal([(name, files / name) for name in ("evaluate.py", "data", "autor.toml")])


def _same_size_and_time(files: Path) -> None:
    path, old = files / "evaluate.py", (files / "evaluate.py").stat()
    path.write_text("loss = 9\n", encoding="utf-8")
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))


def _put_back(files: Path) -> None:
    path, old = files / "evaluate.py", (files / "evaluate.py").stat()
    path.write_text("loss = 9\n", encoding="utf-8")
    path.write_text("loss = 1\n", encoding="utf-8")
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))


def _swapped(files: Path) -> None:
    (files / "evaluate.py").rename(files / "kept.py")
    (files / "evaluate.py").symlink_to("other.py")


def _swapped_for_itself(files: Path) -> None:
    (files / "evaluate.py").rename(files / "kept.py")
    (files / "evaluate.py").symlink_to("kept.py")


def _led_elsewhere(files: Path) -> None:
    (files / "data/link").unlink()
    (files / "data/link").symlink_to("../other.py")


CHANGES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "content": (lambda at: (at / "evaluate.py").write_text("x", encoding="utf-8"), "evaluate.py", "another content"),
    "content of one size at one time": (_same_size_and_time, "evaluate.py", "another content"),
    "changed and put back": (_put_back, "evaluate.py", "changed and put back"),
    "a link to another file": (_swapped, "evaluate.py", "was a file and is a link to other.py"),
    "a link to itself, moved": (_swapped_for_itself, "evaluate.py", "was a file and is a link to kept.py"),
    "a link led elsewhere": (_led_elsewhere, "data/link", "leads to ../other.py"),
    "removed": (lambda at: (at / "data/deep/rows.csv").unlink(), "data/deep/rows.csv", "was removed"),
    "made": (lambda at: (at / "autor.toml").write_text("", encoding="utf-8"), "autor.toml", "was made"),
    "a new file in a folder": (lambda at: (at / "data/new").write_text("", encoding="utf-8"), "data/new", "is new"),
    "mode": (lambda at: (at / "evaluate.py").chmod(0o777), "evaluate.py", "another mode"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_is_seen_and_named(files: Path, name: str) -> None:
    """The file that was changed is named, with how."""
    change, path, how = CHANGES[name]
    before = sealed(files)
    assert [] == contract.broken(before)
    change(files)
    found = {one.name: one.how for one in contract.broken(before)}
    assert how in found[path]
    assert name in ("changed and put back", "mode") or before.digest != sealed(files).digest


def test_reading_is_no_change(files: Path) -> None:
    """A file that was only read is as it was, whatever its access time says."""
    before = sealed(files)
    (files / "evaluate.py").read_text(encoding="utf-8")
    assert [] == contract.broken(before)
    assert before.digest == sealed(files).digest


def test_a_huge_file_is_watched_by_its_ends_and_identity(files: Path) -> None:
    """A change in its middle shows by the change time; the contract says that it was not read whole."""
    huge = files / "data/huge.bin"
    with huge.open("wb") as stream:
        stream.truncate(contract.READ_WHOLE + 10)
    before = sealed(files)
    assert any("data/huge.bin is larger" in note for note in before.notes)
    with huge.open("r+b") as stream:
        stream.seek(contract.READ_WHOLE // 2)
        stream.write(b"x")
    assert ["data/huge.bin"] == [one.name for one in contract.broken(before)]
