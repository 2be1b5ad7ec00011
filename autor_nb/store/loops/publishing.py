"""Giving the person's repository what a loop made: objects and refs under `autor/`, many at a time, nothing else.

Nothing is checked out, no hook runs, no log of refs is written; saying it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autor_nb.domain.errors import UsageError
from autor_nb.store.loops.clone import Clone
from autor_nb.store.loops.git import Git, end_left

KNOWN = "refs/autor/published"


@dataclass(frozen=True)
class Published:
    """What the person's repository now holds; `note` says why the branch was left where it was."""

    refs: int
    branch: str
    note: str = ""


def ref_of(loop: str, number: int) -> str:
    """Where experiment `number` of a loop is kept."""
    return f"refs/autor/{loop}/{number}"


def publish(clone: Clone, git_dir: Path, numbered: Mapping[int, str], kept: str | None = None) -> Published:
    """Give the repository these experiments (number → commit) and, if said, the loop's branch at `kept`.

    UsageError if the branch there holds commits that are not the loop's.
    """
    person = Git(git_dir)
    wanted = {ref_of(clone.loop, number): sha for number, sha in numbered.items()}
    note = ""
    if kept is not None:
        if clone.branch in _checked_out(person):
            note = f"{clone.branch.removeprefix('refs/heads/')} is checked out in your tree and was left where it is"
            wanted[f"refs/autor/{clone.loop}/head"] = kept
        else:
            _refuse_foreign(clone, person, kept)
            wanted[clone.branch] = kept
    _send(clone, person, sorted(set(wanted.values())))
    lines = "".join(f"update {ref} {sha}\n" for ref, sha in wanted.items())
    if lines:
        _unlock(git_dir, wanted)
        person.run("update-ref", "--stdin", stdin=lines.encode("ascii"))
    if kept is not None and not note:
        clone.git.run("update-ref", KNOWN, kept)
    return Published(len(wanted), clone.branch, note)


def _unlock(git_dir: Path, refs: Iterable[str]) -> None:
    """Remove what a killed call left on refs that only the loop writes."""
    pointer = git_dir / "commondir"
    home = (git_dir / pointer.read_text(encoding="utf-8").strip()) if pointer.is_file() else git_dir
    left = [lock for ref in refs if (lock := home / f"{ref}.lock").exists()]
    if left:
        end_left(git_dir)
        for lock in left:
            lock.unlink(missing_ok=True)


def published(git_dir: Path, loop: str) -> dict[int, str]:
    """Every experiment that the repository holds, by number."""
    prefix = f"refs/autor/{loop}/"
    said = Git(git_dir).run("for-each-ref", "--format=%(refname) %(objectname)", prefix).decode("utf-8", "replace")
    rows = [line.removeprefix(prefix).split(" ") for line in said.splitlines()]
    return {int(name): sha for name, sha in rows if name.isdigit()}


def known_head(git_dir: Path, loop: str) -> str | None:
    """Where the repository has the loop's head: on its branch, or beside it while that is checked out."""
    person, branch = Git(git_dir), f"refs/heads/autor/{loop}"
    return person.commit_of(f"refs/autor/{loop}/head" if branch in _checked_out(person) else branch)


def _send(clone: Clone, person: Git, commits: list[str]) -> None:
    """Objects of these commits that are not there yet; those that a commit came from are taken as known."""
    asked = "".join(f"{sha}\n" for sha in commits).encode("ascii")
    said = person.run("cat-file", "--batch-check=%(objecttype)", stdin=asked).decode("ascii", "replace").splitlines()
    missing = [sha for sha, kind in zip(commits, said, strict=True) if kind != "commit"]
    if not missing:
        return
    tips = person.run("for-each-ref", "--format=%(objectname)", clone.branch).decode("ascii").split()
    known = [clone.git.line("rev-parse", KNOWN)] if clone.git.commit_of(KNOWN) else tips
    without = "".join(f"^{sha}\n" for sha in known if clone.git.commit_of(sha))
    wanted = "".join(f"{sha}\n" for sha in missing) + without
    pack = clone.git.run("pack-objects", "--revs", "--stdout", "--quiet", stdin=wanted.encode("ascii"))
    person.run("unpack-objects", "-q", stdin=pack)


def _checked_out(person: Git) -> set[str]:
    said = person.run("worktree", "list", "--porcelain", "-z").decode("utf-8", "surrogateescape")
    return {line.removeprefix("branch ") for line in said.split("\0") if line.startswith("branch ")}


def _refuse_foreign(clone: Clone, person: Git, kept: str) -> None:
    code, said = person.call("rev-parse", "--verify", "--quiet", clone.branch, codes=(0, 1))
    there = said.decode("ascii").strip()
    if code or there == kept or clone.git.commit_of(KNOWN) == there:
        return
    if clone.git.commit_of(there) is not None:
        code, _ = clone.git.call("merge-base", "--is-ancestor", there, kept, codes=(0, 1, 128))
        if code == 0:
            return
    name = clone.branch.removeprefix("refs/heads/")
    raise UsageError(
        f"Branch {name} of your repository holds commits that are not loop {clone.loop}'s.",
        f"Rename it (`git branch -m {name} …`), or give the loop another name.",
    )
