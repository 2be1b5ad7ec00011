"""What a clone's index says lies in its tree, and how the tree as it is differs from that.

git writes the index; this reads it, so that one walk of the tree finds every change, every file that does not belong
there and every empty folder, without asking git once a question.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

_ENTRY = struct.Struct(">10I")
_SUBMODULE = 0o160000
_TICK_NS = 20_000_000  # a change within a clock tick of the index's writing need not show in any time


@dataclass(frozen=True)
class Entry:
    """One file of the index: git's mode, object id, and what the file's own times and size were."""

    mode: int
    sha: str
    times: tuple[int, int, int, int]
    inode: int
    size: int


@dataclass(frozen=True)
class Index:
    """All entries by path, with the time the index was written and the hash of its content."""

    entries: dict[str, Entry]
    written_ns: int
    digest: str

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds a file of it."""
        return frozenset(_folders(self.entries))

    @property
    def has_attributes(self) -> bool:
        """Whether some file may be stored otherwise than it lies in the tree."""
        return any(path == ".gitattributes" or path.endswith("/.gitattributes") for path in self.entries)


@dataclass
class Difference:
    """How a tree differs from its index.

    `new` holds every file and link that the index does not know, `strays` the topmost things (a file, a link, a whole
    folder) that would have to go for the tree to be as the index says.
    """

    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed or self.strays)


def read(path: Path, hash_bytes: int = 20, known: Index | None = None) -> Index | None:
    """The index; `known` if it is that one; None if there is none or it is not one that our git wrote."""
    try:
        content = path.read_bytes()
        written = path.stat().st_mtime_ns
    except OSError:
        return None
    digest = hashlib.sha256(content).hexdigest()
    if known is not None and known.digest == digest:
        return known
    if content[:4] != b"DIRC" or len(content) < 12 or int.from_bytes(content[4:8], "big") not in (2, 3):
        return None
    entries: dict[str, Entry] = {}
    at = 12
    try:
        for _ in range(int.from_bytes(content[8:12], "big")):
            ctime, ctime_ns, mtime, mtime_ns, _, inode, mode, _, _, size = _ENTRY.unpack_from(content, at)
            after = at + 40 + hash_bytes
            flags = int.from_bytes(content[after : after + 2], "big")
            if flags & 0x3000:
                return None  # unmerged
            if flags & 0xC000:
                return None  # "assume unchanged" and other bits that hide a change: not ours
            start = after + 2
            end = content.index(b"\0", start)
            sha = content[at + 40 : after].hex()
            entries[os.fsdecode(content[start:end])] = Entry(mode, sha, (ctime, ctime_ns, mtime, mtime_ns), inode, size)
            at += (end - at) // 8 * 8 + 8
    except (struct.error, ValueError):
        return None
    return Index(entries, written, digest)


def difference(tree: Path, index: Index, linked: frozenset[str], hash_name: str = "sha1") -> Difference:
    """One walk of the tree; `linked` paths and the tree's own `.git` are left out of sight."""
    found = Difference()
    seen: set[str] = set()
    known = index.folders | _folders(linked)
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for item in _listed(tree / folder if folder else tree):
            path = f"{folder}/{item.name}" if folder else item.name
            if path == ".git" or path in linked:
                continue
            entry = index.entries.get(path)
            if entry is not None:
                seen.add(path)
                if not _same(item, entry, index.written_ns, hash_name):
                    found.changed.append(path)
                if item.is_dir(follow_symlinks=False):  # a submodule's, or one that took a file's place
                    waiting.append(path)
                continue
            inside_known = not folder or folder in known or folder in index.entries
            if item.is_dir(follow_symlinks=False):
                waiting.append(path)
                if path not in known and inside_known:
                    found.strays.append(path)
            else:
                found.new.append(path)
                if inside_known:
                    found.strays.append(path)
    found.removed = [path for path in index.entries if path not in seen and path not in linked]
    return found


def _folders(paths: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        while path := path.rpartition("/")[0]:
            if path in found:
                break
            found.add(path)
    return found


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder; one that was closed to us is opened, one nested too deep to be named is left shut."""
    try:
        with os.scandir(folder) as listed:
            return list(listed)
    except PermissionError:
        folder.chmod(0o700)
        with os.scandir(folder) as listed:
            return list(listed)
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR):
            return []
        raise


def _same(item: os.DirEntry[str], entry: Entry, written_ns: int, hash_name: str) -> bool:
    here = item.stat(follow_symlinks=False)
    if entry.mode == _SUBMODULE:
        return stat.S_ISDIR(here.st_mode)  # a submodule: its content is its own
    if _mode(here.st_mode) != entry.mode or here.st_size & 0xFFFFFFFF != entry.size:
        return False
    times = (*divmod(here.st_ctime_ns, 10**9), *divmod(here.st_mtime_ns, 10**9))
    same_times = times == entry.times and here.st_ino & 0xFFFFFFFF == entry.inode
    if same_times and here.st_mtime_ns < written_ns - _TICK_NS and here.st_ctime_ns < written_ns - _TICK_NS:
        return True
    return blob_id(item.path, here, hash_name) == entry.sha


def _mode(mode: int) -> int:
    if stat.S_ISLNK(mode):
        return 0o120000
    if stat.S_ISREG(mode):
        return 0o100755 if mode & stat.S_IXUSR else 0o100644
    return 0


def blob_id(path: str, here: os.stat_result, hash_name: str) -> str:
    """git's object id of a file's or a link's content as it lies there."""
    if stat.S_ISLNK(here.st_mode):
        content = os.fsencode(Path(path).readlink())
        return hashlib.new(hash_name, b"blob %d\0" % len(content) + content).hexdigest()
    digest = hashlib.new(hash_name, b"blob %d\0" % here.st_size)
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
