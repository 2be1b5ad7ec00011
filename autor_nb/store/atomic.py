"""Replacing a file so that a reader sees the old or the new whole, never a half, also after a power cut.

What is replaced is written beside, flushed to disk, renamed over the old one, and the folder is synced.
This costs two disk flushes (1–5 ms each): files that can be made again from others pass `durable=False`.
Nothing that grows by appending belongs here (see `eventlog`).
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from autor_nb.domain.errors import StoreError


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace `path` by `content`; raises StoreError, with the old content untouched, if that is impossible."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as stream:
            stream.write(content)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        beside.replace(path)
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):  # not there, or its folder is none
            beside.unlink()
        raise StoreError(
            f"Cannot write {path}: {error.strerror or error}.",
            "Free some space or mend the permissions, then resume.",
            path=str(path),
        ) from error


def write_text(path: Path, content: str, *, durable: bool = True) -> None:
    """Replace `path` by `content` in UTF-8, with lines as they are; a lone surrogate becomes `?`."""
    write_bytes(path, content.encode("utf-8", "replace"), durable=durable)
