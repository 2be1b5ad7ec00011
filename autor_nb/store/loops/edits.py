"""Edits of the clone that nobody was waiting for: kept aside in the loop's folder before the tree is put back."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from autor_nb.domain.loops.globs import matches
from autor_nb.store.atomic import write_bytes
from autor_nb.store.eventlog import utc_now
from autor_nb.store.loops.clone import Clone
from autor_nb.store.loops.layout import LoopFolder

ABOUT = "edit.json"
FILES = "files"
SIZE_CAP = 5_000_000
MAX_LOOKED = 20_000


class KeptEdit(msgspec.Struct, frozen=True, kw_only=True):
    """One edit: what these files held, on top of which commit, and whether it is to be put back when waited for."""

    at: str
    base: str
    paths: tuple[str, ...]
    removed: tuple[str, ...] = ()
    pending: bool = False
    taken: bool = False
    place: str = ""


def folder(loop: LoopFolder) -> Path:
    """Where they lie, each in a folder of its own that is named by a number."""
    return loop.path / "edits"


def kept(loop: LoopFolder) -> list[KeptEdit]:
    """All of them, oldest first."""
    found = []
    home = folder(loop)
    names = sorted(path.name for path in home.iterdir() if path.name.isdigit()) if home.is_dir() else []
    for name in names:
        with contextlib.suppress(OSError, msgspec.DecodeError):
            edit = msgspec.json.decode((home / name / ABOUT).read_bytes(), type=KeptEdit)
            found.append(msgspec.structs.replace(edit, place=name))
    return found


def left(clone: Clone) -> dict[str, bytes | None]:
    """Mutable path → what it holds, where that is not what the commit in the tree has; None: it was removed."""
    known = _blobs(clone)
    there = [path for path in sorted({*known, *_new(clone, known)}) if _is_plain(clone.path / path)]
    listed = "".join(f"{path}\n" for path in there).encode("utf-8", "surrogateescape")
    shas = clone.git.run("hash-object", "--stdin-paths", stdin=listed).decode("ascii").split() if there else []
    changed = [path for path, sha in zip(there, shas, strict=True) if known.get(path) != sha]
    found: dict[str, bytes | None] = {path: (clone.path / path).read_bytes() for path in changed}
    return found | {path: None for path in known if not os.path.lexists(clone.path / path)}


def keep(loop: LoopFolder, found: Mapping[str, bytes | None], base: str, *, pending: bool) -> KeptEdit:
    """Write the edit down, once: if it is the newest one's content again, that one is told so."""
    known = kept(loop)
    if known and known[-1].base == base and _content(loop, known[-1]) == dict(found):
        return _write(loop, msgspec.structs.replace(known[-1], pending=pending, taken=False))
    place = f"{int(known[-1].place) + 1 if known else 1:04d}"
    for path, content in found.items():
        if content is not None:
            goal = folder(loop) / place / FILES / path
            goal.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(goal, content)
    edit = KeptEdit(
        at=utc_now(), base=base, paths=tuple(found), pending=pending, place=place,
        removed=tuple(path for path, content in found.items() if content is None),
    )  # fmt: skip
    return _write(loop, edit)


def put_back(loop: LoopFolder, clone: Clone) -> KeptEdit | None:
    """Put the newest edit that waits for it into the tree, if that is as it was then; answers with it."""
    waiting = [edit for edit in kept(loop) if edit.pending and not edit.taken]
    if not waiting or waiting[-1].base != clone.head():
        return None
    for path, content in _content(loop, waiting[-1]).items():
        goal = clone.path / path
        if goal.parent.resolve() != goal.parent or not matches(path, clone.mutable):
            continue  # a link leads elsewhere
        if content is None:
            goal.unlink(missing_ok=True)
            continue
        mode = goal.stat().st_mode & 0o777 if goal.exists() else 0o644
        goal.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(goal, content, durable=False)
        goal.chmod(mode)
    return _write(loop, msgspec.structs.replace(waiting[-1], taken=True))


def _write(loop: LoopFolder, edit: KeptEdit) -> KeptEdit:
    write_bytes(folder(loop) / edit.place / ABOUT, msgspec.json.encode(edit) + b"\n")
    return edit


def _content(loop: LoopFolder, edit: KeptEdit) -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    for path in edit.paths:
        with contextlib.suppress(OSError):
            found[path] = None
            if path not in edit.removed:
                found[path] = (folder(loop) / edit.place / FILES / path).read_bytes()
    return found


def _blobs(clone: Clone) -> dict[str, str]:
    """Mutable path → object, of the commit that lies in the tree."""
    listed = clone.git.run("ls-tree", "-r", "-z", clone.head())
    rows = [os.fsdecode(row).partition("\t") for row in listed.split(b"\0") if row]
    plain = {path: about.split() for about, _, path in rows if matches(path, clone.mutable) and "\n" not in path}
    return {path: sha for path, (mode, _, sha) in plain.items() if mode.startswith("100")}


def _new(clone: Clone, known: Mapping[str, str]) -> list[str]:
    """Files that match and that the commit does not know; what git ignores is nobody's edit."""
    said = clone.git.run("ls-files", "-z", "--others", "--exclude-standard")
    names = [os.fsdecode(name) for name in said.split(b"\0")[:MAX_LOOKED] if name]
    skipped = (".swp", ".tmp", "~")
    new = [name for name in names if name not in known and "\n" not in name and not name.endswith(skipped)]
    return [name for name in new if matches(name, clone.mutable)]


def _is_plain(path: Path) -> bool:
    try:
        return path.is_file() and not path.is_symlink() and path.stat().st_size <= SIZE_CAP
    except OSError:
        return False
