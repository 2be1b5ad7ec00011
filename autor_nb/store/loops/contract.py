"""What a trial must leave as it is: content, kind, mode and identity of files, sealed before and looked at after.

Every content is hashed, both times: times can be forged. What was changed and put back shows by inode and change time,
which a program cannot set.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autor_nb.domain.loops.globs import matches

READ_WHOLE = 64 << 20  # of a larger file its ends are read, with size, inode and change time
FILES_MOST = 20_000
_END = 4 << 20
_SKIPPED = {".git", "__pycache__"}


@dataclass(frozen=True)
class Sealed:
    """One file as it was: kind, mode, target, content (`sha256`), and what no program can set (`identity`)."""

    kind: str
    mode: int
    size: int
    sha256: str
    identity: tuple[int, int]
    target: str = ""


@dataclass(frozen=True)
class Contract:
    """Files by the name that people know them by; `notes` says what could not be read whole."""

    files: dict[str, Sealed]
    roots: tuple[tuple[str, Path], ...]
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """One hash of it all, for the log."""
        rows = sorted((name, one.kind, one.mode, one.sha256, one.target) for name, one in self.files.items())
        return hashlib.sha256(repr(rows).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Broken:
    """One file that is not as it was, and how, in words."""

    name: str
    how: str


def seal(roots: Iterable[tuple[str, Path]]) -> Contract:
    """Seal files and folders, each under the name that it is to be called by."""
    kept = tuple(roots)
    files: dict[str, Sealed] = {}
    notes: list[str] = []
    for name, path in kept:
        for inner, place in _within(name, path):
            if len(files) >= FILES_MOST:
                notes.append(f"only {FILES_MOST} files of the contract are watched; {name} holds more")
                break
            files[inner] = _sealed(place)
            if files[inner].size > READ_WHOLE and files[inner].kind == "file":
                notes.append(f"{inner} is larger than {READ_WHOLE >> 20} MiB: its ends, size and identity are watched")
    return Contract(files, kept, tuple(notes))


def readonly_roots(tree: Path, held: Iterable[str], globs: Sequence[str]) -> list[tuple[str, Path]]:
    """The files of a commit (`held`) that the globs mean, as roots of a contract."""
    return [(path, tree / path) for path in held if matches(path, globs)]


def broken(contract: Contract, *, strict: bool = True) -> list[Broken]:
    """What is not as it was sealed; with `strict` also what was changed and put back."""
    now = seal(contract.roots).files
    found: list[Broken] = []
    for name, was in contract.files.items():
        how = _how(was, now.get(name, _GONE), strict)
        if how:
            found.append(Broken(name, how))
    found += [Broken(name, "is new") for name in now if name not in contract.files]
    return found


_GONE = Sealed("nothing", 0, 0, "", (0, 0))


def _how(was: Sealed, now: Sealed, strict: bool) -> str:
    if was.kind != now.kind:
        if now.kind == "nothing":
            return "was removed"
        if was.kind == "nothing":
            return "was made"
        return f"was a {was.kind} and is a {now.kind}" + (f" to {now.target}" if now.target else "")
    if was.target != now.target:
        return f"leads to {now.target} and led to {was.target}"
    if was.sha256 != now.sha256 or was.size != now.size:
        return f"has another content ({was.sha256[:8]} → {now.sha256[:8]})"
    if was.mode != now.mode:
        return f"has another mode ({was.mode:o} → {now.mode:o})"
    if strict and was.identity != now.identity:
        return "was changed and put back"
    return ""


def _within(name: str, path: Path) -> Iterable[tuple[str, Path]]:
    yield name, path
    if not path.is_dir():
        return
    for folder, folders, files in os.walk(path):  # a link to a folder within is sealed as a link
        links = [one for one in folders if (Path(folder) / one).is_symlink()]
        folders[:] = sorted(one for one in folders if one not in _SKIPPED and one not in links)
        for one in sorted((*files, *links)):
            place = Path(folder, one)
            yield f"{name}/{place.relative_to(path).as_posix()}", place


def _sealed(path: Path) -> Sealed:
    try:
        facts = path.lstat()
        target = os.fspath(path.readlink()) if stat.S_ISLNK(facts.st_mode) else ""
        mode = stat.S_IMODE(facts.st_mode)
        if target:
            content = _content(path.stat(), path) if path.is_file() else ""
            return Sealed("link", mode, 0, content, (facts.st_ino, facts.st_ctime_ns), target)
        if stat.S_ISDIR(facts.st_mode):
            return Sealed("folder", mode, 0, "", (0, 0))
        if not stat.S_ISREG(facts.st_mode):
            return Sealed("device", mode, 0, "", (facts.st_ino, 0))
        return Sealed("file", mode, facts.st_size, _content(facts, path), (facts.st_ino, facts.st_ctime_ns))
    except OSError as error:
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return _GONE
        return Sealed("file that cannot be read", 0, 0, "", (0, 0), error.strerror or "")


def _content(facts: os.stat_result, path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        if facts.st_size > READ_WHOLE:
            digest.update(stream.read(_END))
            stream.seek(-_END, os.SEEK_END)
            digest.update(stream.read(_END) + f"{facts.st_size} {facts.st_ino} {facts.st_ctime_ns}".encode())
            return digest.hexdigest()
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
