"""What is read of the commits in a loop's clone: files, differences, whether they are whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from autor_nb.store.loops.git import Git


@dataclass(frozen=True)
class LineCount:
    """A file of a diff; None for both where it is binary."""

    path: str
    added: int | None
    removed: int | None


class Commits:
    """The commits of a repository, as far as they are read."""

    def __init__(self, git: Git) -> None:
        self.git = git

    def diff(self, a: str, b: str, paths: Sequence[str] = ()) -> str:
        """The diff of two commits as text."""
        words = ["diff-tree", "-r", "-p", "--no-color", "--no-ext-diff", "--no-textconv", "-M", a, b, "--", *paths]
        return self.git.run(*words).decode("utf-8", "replace")

    def numstat(self, a: str, b: str) -> tuple[LineCount, ...]:
        """Lines added and removed by file."""
        said = self.git.run("diff-tree", "-r", "--numstat", "--no-renames", "-z", a, b)
        rows = [os.fsdecode(row).split("\t", 2) for row in said.split(b"\0") if row]
        return tuple(
            LineCount(path, None if added == "-" else int(added), None if removed == "-" else int(removed))
            for added, removed, path in rows
        )

    def show(self, sha: str, path: str) -> bytes | None:
        """A file as it is in a commit; None if it is not there."""
        code, content = self.git.call("cat-file", "blob", f"{sha}:{path}", codes=(0, 128))
        return content if code == 0 else None

    def files(self, sha: str) -> tuple[str, ...]:
        """Every path of a commit."""
        listed = self.git.run("ls-tree", "-r", "--name-only", "-z", sha)
        return tuple(os.fsdecode(path) for path in listed.split(b"\0") if path)

    def has(self, sha: str) -> bool:
        """Whether a commit is here, with all its files."""
        if self.git.commit_of(sha) is None:
            return False
        code, _ = self.git.call("rev-list", "--objects", "--quiet", "--no-walk", sha, codes=(0, 1, 128))
        return code == 0
