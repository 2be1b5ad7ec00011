"""The clone that a loop owns: candidates are committed, tried and thrown away here, never in the person's repository.

`path` is the tree that commands run in; its repository lies beside it (`path` + ".git"), so that a sandbox can give a
trial the tree without giving it the history. The person's repository is only ever read, and given objects and refs
under `refs/autor/` and `refs/heads/autor/`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.domain.loops.globs import matches
from autor_nb.store.loops import index as _index
from autor_nb.store.loops.commits import Commits
from autor_nb.store.loops.git import Git, end_left
from autor_nb.store.loops.objects import Objects

CANDIDATE = "refs/autor/candidate"
READY = "autor-ready"
LAID = "autor-laid"


@dataclass(frozen=True)
class Changes:
    """What was changed since the last checkout: what a candidate may hold, and what it may not."""

    mutable: tuple[str, ...] = ()
    other: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A committed candidate; `other` was changed too and is not in it."""

    sha: str
    parent: str
    paths: tuple[str, ...]
    other: tuple[str, ...] = ()


class Clone(Commits):
    """A clone that was made (`making.make`). `prefix` is the project's folder within its repository ("" = the top).

    `mutable` and `linked` are relative to the top of the repository.
    """

    def __init__(
        self,
        path: Path,
        source: Path,
        *,
        loop: str,
        mutable: Sequence[str],
        linked: Iterable[str] = (),
        prefix: str = "",
    ) -> None:
        self.path, self.source, self.loop, self.prefix = path, source, loop, prefix
        self.mutable, self.linked = tuple(mutable), frozenset(linked)
        self.repo = repository_of(path)
        super().__init__(Git(self.repo, path))
        self.objects = Objects(self.repo / "objects", "sha256" if _is_sha256(self.repo) else "sha1")
        self._index_path = self.repo / "index"
        self._config = config_text(path, self.repo)
        self._pointer = f"gitdir: ../{self.repo.name}\n"
        self._known: _index.Index | None = None
        self.before_checkout: Callable[[], None] = lambda: None
        self.lent = False  # to a run, since the last checkout

    # ------------------------------------------------------------------------------------------ where it stands

    @property
    def cwd(self) -> Path:
        """Where the command runs: the project's folder in the tree."""
        return self.path / self.prefix if self.prefix else self.path

    @property
    def branch(self) -> str:
        """The ref of what was kept."""
        return f"refs/heads/autor/{self.loop}"

    @property
    def ready(self) -> bool:
        """Whether it was made to its end."""
        return (self.repo / READY).is_file() and self.path.is_dir()

    @property
    def hash_name(self) -> str:
        """The hash that the repository names objects by."""
        return self.objects.hash_name

    def head(self) -> str:
        """The commit that lies in the tree."""
        return (self.repo / "HEAD").read_text(encoding="ascii").strip()

    def kept(self) -> str | None:
        """The commit that the loop's branch is at."""
        return self.git.commit_of(self.branch)

    # ------------------------------------------------------------------------------------------ the tree

    def changes(self) -> Changes:
        """What was changed since the last checkout; ignored new files are no change."""
        return self._sorted(self._difference())

    def tracked(self) -> tuple[str, ...]:
        """Every path of the commit that lies in the tree."""
        if self._known is None:
            self._difference()
        return tuple(self._known.entries) if self._known is not None else ()

    def left_by_trial(self) -> _index.Difference:
        """How the tree differs from its commit, ignored files and all."""
        return self._difference()

    def _sorted(self, found: _index.Difference) -> Changes:
        touched = {*found.changed, *found.removed, *found.new}
        if found.new:
            touched -= self._ignored(found.new)
        mutable = {path for path in touched if matches(path, self.mutable) and self._may_hold(path)}
        return Changes(tuple(sorted(mutable)), tuple(sorted(touched - mutable)))

    def _may_hold(self, path: str) -> bool:
        """A link is no content of its own: it is not committed where a file was meant."""
        return not (self.path / path).is_symlink()

    def _ignored(self, paths: list[str]) -> set[str]:
        listed = "\0".join(paths).encode("utf-8", "surrogateescape")
        code, said = self.git.call("check-ignore", "-z", "--stdin", stdin=listed + b"\0", codes=(0, 1))
        return {os.fsdecode(path) for path in said.split(b"\0") if path} if code == 0 else set()

    def _difference(self) -> _index.Difference:
        index = self._index()
        if index is None:  # somebody else wrote the index (a coder's `git add`): asked anew from the commit
            self._index_path.unlink(missing_ok=True)
            self.git.run("read-tree", "--reset", self.head())
            self.git.run("update-index", "-q", "--refresh", codes=(0, 1))
            index = self._read_index()
            if index is None:
                raise StoreError(f"The index of {self.path} cannot be read.", "`autor loop start` makes it anew.")
        return _index.difference(self.path, index, self.linked, self.hash_name)

    def _read_index(self) -> _index.Index | None:
        self._known = _index.read(self._index_path, 32 if self.hash_name == "sha256" else 20)
        return self._known

    def _index(self) -> _index.Index | None:
        """The index as this object last left it; None if it was written by anybody else since."""
        self._mend_fixed()
        if self._known is None:
            return None
        found = _index.read(self._index_path, 32 if self.hash_name == "sha256" else 20, self._known)
        return found if found is self._known else None

    def checkout(self, sha: str) -> None:
        """Make the tree exactly that commit's: what differs is restored, what does not belong is removed."""
        self.before_checkout()
        index = self._index()
        if index is None:
            self._index_path.unlink(missing_ok=True)
            self._restore(sha, [])
            found = self._difference()
            if found.strays:
                self._restore(sha, found.strays)
            return
        found = _index.difference(self.path, index, self.linked, self.hash_name)
        if found or self.head() != sha:
            self._restore(sha, found.strays)

    def _restore(self, sha: str, strays: Sequence[str]) -> None:
        for stray in strays:
            remove(self.path / stray)
        self.git.run("read-tree", "--reset", "-u", sha)
        self._set_head(sha)
        self._read_index()

    def rest_on(self, sha: str) -> None:
        """Take what somebody committed in the tree as an edit of that commit: the files stay as they are."""
        if self.head() != sha:
            self._set_head(sha)
            self._known = None

    def laid(self) -> str:
        """The commit that was last laid out here, whatever anybody has committed since; "" if that is not known."""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            sha = (self.repo / LAID).read_text(encoding="ascii").strip()
            return sha if self.git.commit_of(sha) else ""
        return ""

    def _set_head(self, sha: str) -> None:
        (self.repo / LAID).write_text(sha + "\n", encoding="ascii")
        beside = self.repo / "HEAD.autor"
        beside.write_text(sha + "\n", encoding="ascii")
        beside.replace(self.repo / "HEAD")

    def _mend_fixed(self) -> None:
        """The clone's own small files, as they were made: a trial may have written a filter or a hook into them."""
        for path, wanted in ((self.repo / "config", self._config), (self.path / ".git", self._pointer)):
            try:
                if not path.is_symlink() and path.read_text(encoding="utf-8") == wanted:
                    continue
            except (OSError, UnicodeDecodeError):
                pass
            remove(path)
            path.write_text(wanted, encoding="utf-8")

    # ------------------------------------------------------------------------------------------ commits

    def commit_candidate(self, message: str, onto: str = "") -> Candidate:
        """Commit what was changed of the mutable files, on the commit that lies in the tree, and check that out.

        `onto` is that commit; what a coder has committed on it by itself counts as its edit. What else was changed is
        named in `other`, and gone from the tree. UsageError if no mutable file was changed.
        """
        if onto:
            self.rest_on(onto)
        found = self._difference()
        changes = self._sorted(found)
        parent = self.head()
        if not changes.mutable:
            beyond = f" ({', '.join(changes.other[:5])} changed, but is not mutable)" if changes.other else ""
            raise UsageError(
                f"Nothing of what loop {self.loop} may change was changed{beyond}.",
                f"Mutable: {', '.join(self.mutable)}. Edit there, in {self.cwd}.",
            )
        paths, tree = self._tree_of(changes.mutable)
        if not paths:
            raise UsageError(
                f"The edit of {', '.join(changes.mutable[:5])} leaves the content as it was.", "Change something in it."
            )
        sha = self.objects.commit(tree, parent, message, int(time.time()))
        self._restore(sha, found.strays)
        return Candidate(sha, parent, paths, changes.other)

    def _tree_of(self, changed: Sequence[str]) -> tuple[tuple[str, ...], str]:
        """(paths whose content or mode differs, the tree with them)."""
        assert self._known is not None
        before = {path: (entry.mode, entry.sha) for path, entry in self._known.entries.items()}
        files = [path for path in changed if (self.path / path).is_file()]
        entries = {path: held for path, held in before.items() if path not in changed}
        entries |= dict(zip(files, self._blobs(files), strict=True))
        for path in files:  # a file where a folder was, or the other way round
            for other in [name for name in entries if name.startswith(path + "/") or path.startswith(name + "/")]:
                del entries[other]
        paths = tuple(sorted(path for path in {*before, *entries} if before.get(path) != entries.get(path)))
        return paths, self.objects.tree(entries, paths) if paths else ""

    def _blobs(self, files: Sequence[str]) -> list[tuple[int, str]]:
        """Mode and object of every file as it lies there."""
        assert self._known is not None
        modes = [0o100755 if (self.path / path).stat().st_mode & 0o100 else 0o100644 for path in files]
        if self._known.has_attributes and files:  # line ends may be converted: git knows how
            listed = "".join(f"{_line(path)}\n" for path in files).encode("utf-8", "surrogateescape")
            said = self.git.run("hash-object", "-w", "--stdin-paths", stdin=listed)
            return list(zip(modes, said.decode("ascii").split(), strict=True))
        return [(mode, self.objects.put("blob", (self.path / path).read_bytes()))
                for mode, path in zip(modes, files, strict=True)]  # fmt: skip

    def adopt(self, sha: str) -> None:
        """Put the loop's branch at that commit (in the clone; `publishing.publish` tells the person's repository)."""
        self.git.run("update-ref", self.branch, sha)

    # ------------------------------------------------------------------------------------------ after a crash

    def repair(self, expected_head: str) -> tuple[str, ...]:
        """Bring it to that commit after a kill at any point; says in words what was mended."""
        mended: list[str] = []
        end_left(self.repo)
        for lock in (*self.repo.glob("*.lock"), *self.repo.glob("refs/**/*.lock")):
            lock.unlink(missing_ok=True)
            mended.append(f"removed the left {lock.relative_to(self.repo).as_posix()}")
        self.write_fixed()
        if not self.has(expected_head):
            raise StoreError(
                f"Commit {expected_head[:12]} is not whole in the clone {self.path}.",
                "Delete the clone; it is made again from your repository.",
                path=str(self.path),
            )
        branch = self.kept()
        if branch != expected_head:
            self.adopt(expected_head)
            mended.append(f"put {self.branch} back to {expected_head[:12]}")
        before = self._read_head()
        self._known = None
        self.checkout(expected_head)
        (self.repo / LAID).write_text(expected_head + "\n", encoding="ascii")
        if before != expected_head:
            mended.append(f"put the tree back to {expected_head[:12]}")
        return tuple(mended)

    def _read_head(self) -> str:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return self.head()
        return ""

    def write_fixed(self) -> None:
        """What a trial could have touched of the repository's own small files."""
        self._mend_fixed()
        (self.repo / "info").mkdir(exist_ok=True)
        (self.repo / "info" / "exclude").write_text(
            "".join(f"/{_escaped(path)}\n" for path in sorted(self.linked)), encoding="utf-8"
        )
        for name in ("attributes", "grafts"):
            (self.repo / "info" / name).unlink(missing_ok=True)


def repository_of(path: Path) -> Path:
    """Where the repository of a clone's tree lies."""
    return path.with_name(path.name + ".git")


def config_text(path: Path, repo: Path) -> str:
    """The settings of a clone: written by us whole, so that a change of them shows."""
    form = "sha256" if _is_sha256(repo) else ""
    where = _quoted(f"../{path.name}")
    head = "[core]\n\trepositoryformatversion = 1\n" + (f"[extensions]\n\tobjectformat = {form}\n" if form else "")
    return head + (
        "[core]\n\tbare = false\n\tfilemode = true\n\tsymlinks = true\n\tlogallrefupdates = false\n"
        f"\tworktree = {where}\n\thooksPath = /dev/null\n\tfsync = none\n\tautocrlf = false\n"
        "[index]\n\tversion = 2\n\tskipHash = false\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n"
        "[commit]\n\tgpgSign = false\n[user]\n\tname = autor\n\temail = autor@localhost\n"
        "[feature]\n\tmanyFiles = false\n"
    )


def _is_sha256(repo: Path) -> bool:
    return (repo / "autor-sha256").is_file()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _line(path: str) -> str:
    """A path as git reads it from a line."""
    return _quoted(path) if any(char in path for char in '"\\\n') else path


def _escaped(path: str) -> str:
    return "".join("\\" + char if char in "\\*?[#! " else char for char in path)


def remove(path: Path) -> None:
    """Remove a file, a link (never what it points to) or a folder with all in it, closed or too deep as it may be."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except (OSError, RecursionError) as error:
        if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.ENOSPC):
            raise _kept(path, str(error.strerror)) from error
        for folder in (path.parent, path):
            with contextlib.suppress(OSError):
                if not folder.is_symlink():
                    folder.chmod(0o700)
        subprocess.run(["chmod", "-R", "u+rwX", "--", str(path)], capture_output=True)
        subprocess.run(["rm", "-rf", "--", str(path)], capture_output=True)
        if os.path.lexists(path):
            raise _kept(path, str(error)) from error


def _kept(path: Path, why: str) -> StoreError:
    return StoreError(f"Cannot remove {path}: {why}.", "Mend its permissions, then go on.", path=str(path))
