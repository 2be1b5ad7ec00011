"""The index of a workspace: every file with size and hash, read again only when the file changed.

A file is taken as unchanged when size, modification and status-change time and inode are the same; the
status-change time cannot be set back by a program. What opening a file showed is kept by content hash.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from autor_nb.domain.artifact import FileEntry, Inspection
from autor_nb.store.atomic import write_bytes
from autor_nb.store.inspection import hash_and_inspect, inspect_file
from autor_nb.store.layout import RunFolder


class _Seen(msgspec.Struct, array_like=True):
    """What was known of a path when it was last read."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    sha256: str


class _Cache(msgspec.Struct):
    seen: dict[str, _Seen] = {}
    inspections: dict[str, Inspection] = {}


class ArtifactIndex:
    """Files of one run's workspace."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self._cache_path = run.operator_state / "file_index.json"
        self._cache = self._load()
        self._dirty = False
        self.files: dict[str, FileEntry] = {}

    def scan(self) -> dict[str, FileEntry]:
        """The files as they are now (a fresh mapping); links and devices are passed over."""
        seen: dict[str, _Seen] = {}
        files: dict[str, FileEntry] = {}
        old_files = self.files
        for path, source, status in _walk(self.run.workspace):
            old = self._cache.seen.get(path)
            if old is not None and _same(old, status):
                seen[path] = old
                entry = old_files.get(path)
                if entry is None or entry.sha256 != old.sha256:
                    entry = FileEntry(path=path, size_bytes=old.size, sha256=old.sha256)
                files[path] = entry
                continue
            try:
                sha256, size, inspection = hash_and_inspect(source)
            except OSError:
                continue  # it went away, or cannot be read: it is not there
            self._cache.inspections[_inspection_key(sha256, path)] = inspection
            seen[path] = _Seen(size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, sha256)
            files[path] = FileEntry(path=path, size_bytes=size, sha256=sha256)
            self._dirty = True
        self._dirty = self._dirty or len(seen) != len(self._cache.seen)
        self._cache.seen = seen
        self.files = files
        return files

    def inspect(self, entry: FileEntry, source: Path | None = None) -> Inspection:
        """What opening that content shows; `source` is where it lies if not in the workspace."""
        key = _inspection_key(entry.sha256, entry.path)
        known = self._cache.inspections.get(key)
        if known is None:
            known = inspect_file(source or self.run.workspace / entry.path, Path(entry.path).name)
            self._cache.inspections[key] = known
            self._dirty = True
        return known

    def known(self, entry: FileEntry) -> Inspection | None:
        """What opening that content showed when it was last opened; None if nobody remembers."""
        return self._cache.inspections.get(_inspection_key(entry.sha256, entry.path))

    def is_current(self, entry: FileEntry) -> bool:
        """Whether the workspace holds that very content at that path now."""
        seen = self._cache.seen.get(entry.path)
        if seen is None or seen.sha256 != entry.sha256:
            return False
        try:
            return _same(seen, (self.run.workspace / entry.path).lstat())
        except OSError:
            return False

    def save(self) -> None:
        """Keep what was read for the next process; the cache may be deleted at any time."""
        if self._dirty:
            write_bytes(self._cache_path, msgspec.json.encode(self._cache), durable=False)
            self._dirty = False

    def _load(self) -> _Cache:
        try:
            return msgspec.json.decode(self._cache_path.read_bytes(), type=_Cache)
        except (OSError, msgspec.DecodeError):
            return _Cache()


def _inspection_key(sha256: str, path: str) -> str:
    """Content and suffix decide what opening shows."""
    return f"{sha256}{os.path.splitext(path)[1].lower()}"  # noqa: PTH122 - 5,000 paths a scan


def _same(seen: _Seen, status: os.stat_result) -> bool:
    return (
        seen.mtime_ns == status.st_mtime_ns
        and seen.ctime_ns == status.st_ctime_ns
        and seen.size == status.st_size
        and seen.inode == status.st_ino
    )


def _walk(folder: Path) -> Iterator[tuple[str, Path, os.stat_result]]:
    """(relative path, place, status) of every regular file; undecodable names come with escapes."""
    pending = [(os.fspath(folder), "")]
    while pending:
        place, prefix = pending.pop()
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name == "__pycache__" or (entry.name.endswith(".tmp") and entry.name.startswith(".")):
                continue
            name = prefix + entry.name.encode("utf-8", "backslashreplace").decode()
            if entry.is_dir(follow_symlinks=False):
                pending.append((entry.path, name + "/"))
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode):
                yield name, Path(entry.path), status
