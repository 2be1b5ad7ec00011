"""The commit that a person's repository stands at, read from its files: git itself takes as long as a whole record."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from autor_nb.domain.errors import StoreError
from autor_nb.store.loops.git import Git

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REFS_DEEP = 8


def head_of(project: Path) -> str:
    """The hash of HEAD; empty where there is no repository or no commit."""
    here = project.resolve()
    for folder in (here, *here.parents):
        place = folder / ".git"
        if place.exists():
            with contextlib.suppress(OSError, UnicodeDecodeError):
                if found := _resolved(_git_dir(place)):
                    return found
            break
    else:
        return ""
    with contextlib.suppress(StoreError):  # another layout (reftable): git knows
        return Git(here, named=False).commit_of("HEAD") or ""
    return ""


def _git_dir(place: Path) -> Path:
    """A worktree's or a submodule's `.git` is a file that says where."""
    if place.is_dir():
        return place
    said = place.read_text(encoding="utf-8").strip().removeprefix("gitdir:").strip()
    return (place.parent / said).resolve()


def _resolved(git_dir: Path) -> str:
    common = git_dir
    with contextlib.suppress(FileNotFoundError):
        common = (git_dir / (git_dir / "commondir").read_text(encoding="utf-8").strip()).resolve()
    said = (git_dir / "HEAD").read_text(encoding="utf-8").strip()
    for _ in range(_REFS_DEEP):
        if _SHA.fullmatch(said):
            return said
        if not said.startswith("ref: refs/") or ".." in said:
            return ""
        said = _ref(common, said.removeprefix("ref: "))
    return ""


def _ref(common: Path, name: str) -> str:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return (common / name).read_text(encoding="utf-8").strip()
    with contextlib.suppress(FileNotFoundError):
        for line in (common / "packed-refs").read_text(encoding="utf-8").splitlines():
            sha, _, ref = line.partition(" ")
            if ref == name:
                return sha
    return ""
