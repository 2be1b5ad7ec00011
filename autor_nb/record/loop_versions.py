"""The code of a loop's experiments: which commit a name means, and what two of them differ in.

The loop's own clone is asked first, then the person's repository, which holds every experiment under `refs/autor/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.domain.loops.state import LoopState
from autor_nb.store.loops import history, making, publishing
from autor_nb.store.loops.clone import repository_of
from autor_nb.store.loops.git import Git
from autor_nb.store.loops.layout import LoopFolder

NAMES = ("base", "baseline", "head", "confirmed", "best")
DIFF_CAP = 4 << 20
_NUMBER = re.compile(r"#?(\d{1,9})")
_SHA = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True)
class Version:
    """A commit of the loop: as it was asked for, its experiment's number if it has one, and where it lies."""

    asked: str
    commit: str
    n: int | None
    git: Git

    @property
    def called(self) -> str:
        """`experiment 12 (3f2a91c)`."""
        name = f"experiment {self.n}" if self.n is not None else self.asked
        return f"{name} ({self.commit[:8]})"


def repositories(loop: LoopFolder) -> Iterator[Git]:
    """Where commits may lie: the clone, then the person's repository."""
    clone = repository_of(loop.clone)
    if clone.is_dir():
        yield Git(clone)
    try:
        yield Git(making.find_source(loop.project).git_dir)
    except (UsageError, StoreError):
        return


def version(loop: LoopFolder, state: LoopState, name: str) -> Version:
    """What a name means: a number, `base`, `head`, `confirmed`, `best`, or the beginning of a commit's id."""
    plain = name.strip().lower()
    number = _NUMBER.fullmatch(plain)
    n, commit = _named(state, plain)
    if number is not None:
        n, commit = int(number[1]), ""
        commit = _commit_of_number(loop, state, n)
    if not commit:
        if not _SHA.fullmatch(plain) or (number is not None and len(plain) < 7):
            known = f"Numbers 0 to {state.next_n - 1}, " if state.next_n else ""
            raise UsageError(
                f"{name!r} names no experiment of loop {loop.name} that has a commit.",
                f"{known}{', '.join(NAMES)}, or a commit; `autor loop log {loop.name} --all` lists them.",
            )
        n, commit = None, plain
    for git in repositories(loop):
        found = git.commit_of(commit) or (git.commit_of(publishing.ref_of(loop.name, n)) if n is not None else None)
        if found:
            return Version(name, found, n, git)
    raise UsageError(
        f"The code of {name!r} ({commit[:12]}) is neither in loop {loop.name}'s clone nor in {loop.project}.",
        "Fetch the branch that has it: what was recorded from outside names a commit, and brings no code."
        if loop.clone.exists()
        else f"`autor loop start {loop.name} --iterations 20` makes the clone again from what is kept.",
    )


def _named(state: LoopState, name: str) -> tuple[int | None, str]:
    match name:
        case "base" | "baseline":
            return state.baseline_n, state.base
        case "head":
            return state.head_n, state.head
        case "confirmed":
            return state.confirmed_n, state.confirmed_head
        case "best":
            return state.best_n, state.best_commit
    return None, ""


def _commit_of_number(loop: LoopFolder, state: LoopState, n: int) -> str:
    if n == state.baseline_n:
        return state.base
    known = next((row.commit for row in reversed(state.recent) if row.n == n), "")
    if known:
        return known
    record = history.find(loop.experiments, n)
    if record is not None and record.hash:
        return record.hash
    for git in repositories(loop):
        found = git.commit_of(publishing.ref_of(loop.name, n))
        if found:
            return found
    return ""


def parent(of: Version) -> Version:
    """What it was made from."""
    commit = of.git.commit_of(f"{of.commit}^")
    if commit is None:
        raise UsageError(f"{of.called} was made from nothing.", "Name two: `autor loop diff A B`.")
    return Version("what it was made from", commit, None, of.git)


def difference(a: Version, b: Version) -> str:
    """The diff as text, cut where it is longer than anybody reads."""
    said = _both(a, b).run(
        "diff-tree", "-r", "-p", "--no-color", "--no-ext-diff", "--no-textconv", "-M", a.commit, b.commit, "--"
    )
    text = said[:DIFF_CAP].decode("utf-8", "replace")
    return text + (f"\n… {len(said) - DIFF_CAP:,} more bytes\n" if len(said) > DIFF_CAP else "")


def files_changed(a: Version, b: Version) -> list[tuple[str, int | None, int | None]]:
    """(path, lines added, lines removed) by file; None where it is binary."""
    said = _both(a, b).run("diff-tree", "-r", "--numstat", "--no-renames", "-z", a.commit, b.commit)
    rows = [row.decode("utf-8", "replace").split("\t", 2) for row in said.split(b"\0") if row]
    return [(path, None if more == "-" else int(more), None if less == "-" else int(less)) for more, less, path in rows]


def _both(a: Version, b: Version) -> Git:
    """A repository that holds both."""
    for git in (b.git, a.git):
        if git.commit_of(a.commit) and git.commit_of(b.commit):
            return git
    raise UsageError(
        f"{a.called} and {b.called} lie in different repositories.", "Compare each with its own parent: give one name."
    )


def relative(path: Path, project: Path) -> str:
    """A path as a person in the project writes it."""
    return str(path.relative_to(project)) if path.is_relative_to(project) else str(path)
