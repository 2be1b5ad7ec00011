"""The uncommitted edits of a repository as a commit of the clone: through an index of its own, nothing is touched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from autor_nb.domain.errors import UsageError
from autor_nb.store.loops.clone import Clone
from autor_nb.store.loops.git import Git

LARGEST_BYTES = 1 << 30
LOOPS = "autor_loops/"


def changed(git_dir: Path, top: Path) -> list[str]:
    """Paths with uncommitted edits: staged, unstaged, untracked and not ignored."""
    git = Git(git_dir, top, person=True)
    words = ("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=all")
    rows = [os.fsdecode(row) for row in git.run(*words).split(b"\0") if row]
    return [row[3:] for row in rows if not _ours(row[3:])]


def take(clone: Clone, git_dir: Path, top: Path, base: str) -> tuple[str, tuple[str, ...]]:
    """(the commit of the edits on `base`, or `base` itself where there are none; their paths).

    UsageError for unsettled conflicts and for more than 1 GiB of untracked files.
    """
    person = Git(git_dir, top, person=True)
    if conflicts := person.run("ls-files", "-z", "--unmerged"):
        name = os.fsdecode(conflicts.split(b"\0")[0]).partition("\t")[2]
        raise UsageError(f"{name} is in an unsettled merge.", "Settle it, or leave uncommitted edits out.")
    untracked = _untracked(person, top)
    index = clone.repo / "snapshot.index"
    own = Git(clone.repo, top)
    try:
        if (git_dir / "index").is_file():
            shutil.copyfile(git_dir / "index", index)
            for shared in git_dir.glob("sharedindex.*"):
                shutil.copyfile(shared, clone.repo / shared.name)
        own.run("update-index", "--no-split-index", "--no-untracked-cache", "--no-fsmonitor", index=index)
        listed = person.run("diff-files", "-z", "--name-only", "--ignore-submodules=all")
        paths = listed + b"".join(os.fsencode(path) + b"\0" for path in untracked)
        own.run("update-index", "--add", "--remove", "-z", "--stdin", stdin=paths, index=index)
        tree = own.line("write-tree", index=index)
    finally:
        index.unlink(missing_ok=True)
        for shared in clone.repo.glob("sharedindex.*"):
            shared.unlink()
    said = own.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", base, tree)
    held = tuple(os.fsdecode(path) for path in said.split(b"\0") if path)
    if not held:
        return base, ()
    message = f"Uncommitted edits on {base[:12]}\n\n" + "".join(f"{path}\n" for path in held[:200])
    sha = own.run("commit-tree", tree, "-p", base, stdin=message.encode("utf-8", "replace")).decode("ascii").strip()
    return sha, held


def _untracked(person: Git, top: Path) -> list[str]:
    listed = person.run("ls-files", "-z", "--others", "--exclude-standard")
    paths = [os.fsdecode(path) for path in listed.split(b"\0") if path]
    kept = [path for path in paths if not path.endswith("/") and not _ours(path)]
    sizes = {path: (top / path).lstat().st_size for path in kept if os.path.lexists(top / path)}
    if sum(sizes.values()) > LARGEST_BYTES:
        largest = max(sizes, key=lambda path: sizes[path])
        raise UsageError(
            f"The untracked files of {top} are {sum(sizes.values()) / 1e9:.1f} GB, the largest {largest}.",
            "Ignore data files (.gitignore) and name them in `link`, or commit them.",
        )
    return list(sizes)


def _ours(path: str) -> bool:
    return path.startswith(LOOPS) or f"/{LOOPS}" in path
