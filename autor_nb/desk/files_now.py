"""The files of an attempt that is at work: the workspace as it is now, one file at a time and never beyond it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from autor_nb.desk import files
from autor_nb.domain.artifact import FileEntry, Inspection
from autor_nb.domain.errors import StoreError
from autor_nb.store.inspection import inspect_file
from autor_nb.store.layout import RunFolder


class Readable(Protocol):
    """What previews need of an attempt."""

    @property
    def files(self) -> Mapping[str, FileEntry]:
        """The files that it has, by path."""
        ...

    def place(self, path: str) -> Path:
        """Where the file can be read."""
        ...

    def read(self, path: str, limit: int | None = None) -> bytes:
        """Its content, at most `limit` bytes."""
        ...

    def inspect(self, path: str) -> Inspection:
        """What opening it shows."""
        ...

    def known(self, path: str) -> Inspection | None:
        """The same if somebody remembers."""
        ...


def entry_of(run: RunFolder, before: files.Files, path: str) -> FileEntry | None:
    """The file of that name as it is now; None if it is no regular file inside the workspace."""
    known = files.found(before, path)
    return FilesNow(run).files.get(known.path if known is not None else path)


class FilesNow(Mapping[str, FileEntry]):
    """The workspace, read when asked; content that an agent is writing may be half there."""

    def __init__(self, run: RunFolder) -> None:
        self.root = run.workspace

    @property
    def files(self) -> Mapping[str, FileEntry]:
        """Itself: entries are looked up one by one."""
        return self

    def __getitem__(self, path: str) -> FileEntry:
        try:
            return FileEntry(path=path, size_bytes=self.place(path).stat().st_size, sha256="")
        except (StoreError, OSError) as error:
            raise KeyError(path) from error

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def place(self, path: str) -> Path:
        """A regular file inside the workspace, links not followed; StoreError for anything else."""
        try:
            place = self.root / path
            inside = place.resolve(strict=True) == self.root.resolve() / path
            if path and inside and stat.S_ISREG(place.lstat().st_mode):
                return place
        except (OSError, ValueError, RuntimeError) as error:
            raise StoreError(f"{path} cannot be read.", path=path) from error
        raise StoreError(f"{path} is no file of the workspace.", path=path)

    def read(self, path: str, limit: int | None = None) -> bytes:
        """What it holds now; a pipe put in its place meanwhile is not waited on."""
        handle = os.open(self.place(path), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise StoreError(f"{path} is no file any more.", path=path)
            return stream.read() if limit is None else stream.read(limit)

    def inspect(self, path: str) -> Inspection:
        """What opening it shows now."""
        return inspect_file(self.place(path), path)

    def known(self, path: str) -> Inspection | None:
        """Nobody has looked yet."""
        return None
