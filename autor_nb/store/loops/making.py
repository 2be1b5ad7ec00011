"""Making the clone of a loop: hard-linked objects, one base commit, perhaps the uncommitted edits, and linked inputs.

It is made beside and renamed, so that a half-made clone is never taken for one; the person's repository is only read.
"""

from __future__ import annotations

import errno
import glob
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.domain.loops.globs import matches
from autor_nb.store.loops import snapshot
from autor_nb.store.loops.clone import READY, Clone, config_text, remove, repository_of
from autor_nb.store.loops.git import Git


@dataclass(frozen=True)
class Source:
    """The person's repository around a project folder."""

    top: Path
    git_dir: Path
    objects: Path
    prefix: str
    branch: str
    head: str

    @property
    def git(self) -> Git:
        """Calls of git on it that change nothing."""
        return Git(self.git_dir, self.top)


@dataclass(frozen=True)
class Made:
    """A clone as it was made: `base` is the person's commit, `head` that or the snapshot of the edits on it."""

    clone: Clone
    base: str
    head: str
    notes: tuple[str, ...] = ()
    snapshot_paths: tuple[str, ...] = ()


def find_source(project: Path) -> Source:
    """The repository that a project lies in; UsageError where there is none or it has no commit."""
    project = project.resolve()
    here = Git(project, named=False)
    code, said = here.call(
        "rev-parse", "--show-toplevel", "--absolute-git-dir", "--git-path", "objects", codes=(0, 128)
    )
    if code:
        raise UsageError(
            f"{project} is in no git repository.", "`git init`, `git add` what belongs to it, and `git commit`, once."
        )
    top, git_dir, objects = (Path(os.fsdecode(line)) for line in said.splitlines())
    objects = objects if objects.is_absolute() else (project / objects).resolve()
    git = Git(git_dir, top)
    head = git.commit_of("HEAD")
    if head is None:
        raise UsageError(
            f"The repository {top} has no commit yet.", "`git add` what belongs to it and `git commit`, once."
        )
    code, name = git.call("symbolic-ref", "--quiet", "HEAD", codes=(0, 1))
    branch = os.fsdecode(name).strip() if code == 0 else ""
    prefix = "" if project == top.resolve() else project.relative_to(top.resolve()).as_posix()
    return Source(top.resolve(), git_dir, objects, prefix, branch, head)


def make(
    path: Path,
    source: Source,
    *,
    loop: str,
    mutable: Sequence[str],
    link: Sequence[str] = (),
    base: str = "HEAD",
    include_uncommitted: bool = False,
) -> Made:
    """Make the clone anew (what a killed one left is removed first); refused where a whole clone is already.

    `mutable` and `link` are relative to the project's folder.
    """
    commit = source.git.commit_of(base)
    if commit is None:
        raise UsageError(f"{base!r} is no commit of {source.top}.", "`git log` shows the commits.")
    repo = repository_of(path)
    if (repo / READY).exists() and path.exists():
        raise UsageError(f"{path} is a clone already.", "Remove it, or go on with it.")
    remove(path)
    remove(repo)
    path.mkdir(parents=True)
    notes = _repository(repo, path, source, commit)
    clone = Clone(path, source.top, loop=loop, mutable=within(source.prefix, mutable), prefix=source.prefix, linked=())
    clone.write_fixed()
    head, paths = commit, tuple[str, ...]()
    if include_uncommitted:
        head, paths = snapshot.take(clone, source.git_dir, source.top, commit)
    elif dirty := snapshot.changed(source.git_dir, source.top):
        notes.append(
            f"{len(dirty)} uncommitted change{'s' if len(dirty) > 1 else ''} ({_some(dirty)}) "
            "are not in the clone; include_uncommitted = true takes them along"
        )
    clone.adopt(head)
    clone.checkout(head)
    clone = open_clone(path, source, loop=loop, mutable=mutable, link=link)
    notes += link_inputs(clone)
    clone.write_fixed()
    notes += _odd(clone, source, head)
    (repo / READY).write_text("", encoding="utf-8")
    clone.checkout(head)
    return Made(clone, commit, head, tuple(notes), paths)


def open_clone(path: Path, source: Source, *, loop: str, mutable: Sequence[str], link: Sequence[str] = ()) -> Clone:
    """The clone as it is; the linked inputs are found again from their globs."""
    return Clone(
        path,
        source.top,
        loop=loop,
        mutable=within(source.prefix, mutable),
        linked=linked_paths(path, source, link),
        prefix=source.prefix,
    )


def within(prefix: str, globs: Sequence[str]) -> tuple[str, ...]:
    """Globs of a project's folder as globs of its repository."""
    signs = [("!" if one.startswith("!") else "", one.removeprefix("!").removeprefix("./")) for one in globs]
    return tuple(f"{sign}{glob.escape(prefix)}/{one}" if prefix else sign + one for sign, one in signs)


def linked_paths(path: Path, source: Source, link: Sequence[str]) -> frozenset[str]:
    """What of the person's tree the `link` globs mean; what git tracks is never linked.

    UsageError for a glob that leads out of the project.
    """
    if not link:
        return frozenset()
    for one in link:
        if one.startswith(("/", "~")) or ".." in Path(one).parts:
            raise UsageError(f"link {one!r} leads out of the project.", "Name files and folders within it.")
    project = source.top / source.prefix
    found: set[str] = set()
    for one in link:
        found |= {place.relative_to(source.top).as_posix() for place in project.glob(one.rstrip("/") or ".")}
    found.discard(source.prefix or ".")
    tracked = source.git.run("ls-files", "-z")
    held = {os.fsdecode(item) for item in tracked.split(b"\0") if item}
    folders = {parent for item in held for parent in _parents(item)}
    kept = {item for item in found if item not in held and item not in folders}
    return frozenset(item for item in kept if not any(parent in kept for parent in _parents(item)))


def _parents(path: str) -> list[str]:
    found = []
    while path := path.rpartition("/")[0]:
        found.append(path)
    return found


def link_inputs(clone: Clone) -> list[str]:
    """Link the inputs into the tree; a path that a commit holds is left as it is."""
    notes = []
    for name in sorted(clone.linked):
        place = clone.path / name
        if place.is_symlink() and place.readlink() == clone.source / name:
            continue
        if os.path.lexists(place):
            if not place.is_dir() or place.is_symlink() or any(place.iterdir()):
                notes.append(f"{name} is in the commit and was not linked")
                continue
            place.rmdir()  # a submodule's empty folder
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(clone.source / name)
    return notes


def _repository(repo: Path, tree: Path, source: Source, commit: str) -> list[str]:
    """A repository with the source's objects, hard-linked where the file system can."""
    notes: list[str] = []
    for folder in ("objects/info", "objects/pack", "refs/heads", "info"):
        (repo / folder).mkdir(parents=True)
    if len(commit) == 64:
        (repo / "autor-sha256").write_text("", encoding="utf-8")
    (repo / "config").write_text(config_text(tree, repo), encoding="utf-8")
    (repo / "HEAD").write_text(commit + "\n", encoding="ascii")
    if (shallow := source.objects.parent / "shallow").is_file():
        shutil.copyfile(shallow, repo / "shallow")
        notes.append("the repository is a shallow clone: its older history is not there")
    for attempt in (1, 2):  # somebody's `git gc` may move objects while they are linked
        if not _link_objects(source.objects, repo / "objects") and attempt == 1:
            notes.append("the objects were copied: the clone lies on another file system")
        code, _ = Git(repo).call("rev-list", "--objects", "--quiet", "--no-walk", commit, codes=(0, 1, 128))
        if code == 0:
            return notes
    raise StoreError(
        f"Commit {commit[:12]} of {source.top} is not whole: files of it are missing.",
        "`git fsck` names them; a partial clone needs `git fetch --refetch --filter=blob:limit=1t` first.",
        path=str(source.top),
    )


def _link_objects(source: Path, target: Path) -> bool:
    """Whether all could be linked; else some were copied."""
    linked = True
    for folder, _, names in os.walk(source):
        here = target / Path(folder).relative_to(source)
        here.mkdir(exist_ok=True)
        for name in names:
            if name.startswith("tmp_") or name.endswith(".lock"):
                continue
            try:
                if folder == str(source / "info"):
                    _copy_info(source, Path(folder) / name, here / name)
                elif linked:
                    os.link(Path(folder) / name, here / name)
                else:
                    _copy(Path(folder) / name, here / name)
            except FileExistsError:
                continue
            except FileNotFoundError:
                continue  # packed by a `git gc` meanwhile
            except OSError as error:
                if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EACCES, errno.ENOTSUP):
                    raise StoreError(
                        f"Cannot clone {source.parent}: {error.strerror}.", "Free some space.", path=str(target)
                    ) from error
                linked = linked and error.errno == errno.EMLINK
                _copy(Path(folder) / name, here / name)
    return linked


def _copy(source: Path, target: Path) -> None:
    beside = target.with_name(f"tmp_autor_{target.name}")
    shutil.copyfile(source, beside)
    beside.chmod(0o444)
    beside.replace(target)


def _copy_info(source: Path, path: Path, target: Path) -> None:
    """Of the object store's own notes only where else objects lie, by names that hold from here."""
    if path.name == "alternates":
        lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        held = [str((source / line).resolve()) for line in lines if line and not line.startswith("#")]
        target.write_text("".join(f"{line}\n" for line in held), encoding="utf-8", errors="surrogateescape")


def _odd(clone: Clone, source: Source, head: str) -> list[str]:
    """What of the repository a clone cannot have, in words."""
    notes = []
    if not source.branch:
        notes.append(f"the repository is on no branch (detached at {source.head[:12]})")
    listed = clone.git.run("ls-tree", "-r", "-z", head).split(b"\0")
    for row in listed:
        facts, _, name = row.partition(b"\t")
        path = os.fsdecode(name)
        if facts.startswith(b"160000") and path not in clone.linked:
            notes.append(f"submodule {path} is empty in the clone; `link = [{path!r}]` brings it")
        if path.rpartition("/")[2] == ".gitattributes" and b"filter=" in (clone.show(head, path) or b""):
            notes.append(f"{path} names a filter (such as git-lfs), which is not applied in the clone")
    if not any(matches(os.fsdecode(row.partition(b"\t")[2]), clone.mutable) for row in listed if row):
        notes.append(f"no file of the commit is mutable ({', '.join(clone.mutable)})")
    return notes


def _some(paths: Sequence[str]) -> str:
    return ", ".join(paths[:3]) + (" …" if len(paths) > 3 else "")
