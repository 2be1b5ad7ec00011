"""Files of a workspace as they lie on disk now, read without ever following a link."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

CHUNK = 1 << 20
_JSON_CAP = 64 << 20


def files_under(root: Path, folder: str) -> Iterator[tuple[str, int]]:
    """(path in `root`, size) of every regular file below, sorted; no caches, no half-written ones."""
    if any((root / part).is_symlink() for part in (folder, *map(str, Path(folder).parents))):
        return
    for place, folders, names in os.walk(root / folder, followlinks=False):
        folders[:] = sorted(name for name in folders if name != "__pycache__" and not (Path(place) / name).is_symlink())
        for name in sorted(names):
            if (name.startswith(".") and name.endswith(".tmp")) or name.endswith(".pyc"):
                continue
            path = Path(place) / name
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                yield path.relative_to(root).as_posix(), status.st_size


def opened(path: Path) -> BinaryIO:
    """The regular file at `path` for reading; OSError if its name is a link."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hex, read in pieces; an empty string if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with opened(path) as stream:
            while piece := stream.read(CHUNK):
                digest.update(piece)
    except OSError:
        return ""
    return digest.hexdigest()


def content(path: Path, limit: int = _JSON_CAP) -> bytes:
    """At most `limit` bytes of a regular file; empty if it cannot be read."""
    try:
        with opened(path) as stream:
            return stream.read(limit) if stat.S_ISREG(os.fstat(stream.fileno()).st_mode) else b""
    except OSError:
        return b""


def read_json(path: Path) -> Any:
    """What a JSON file holds, or None if there is none that parses."""
    try:
        return json.loads(content(path))
    except (ValueError, RecursionError):
        return None


def encoded(value: Any) -> str:
    """JSON as every evidence file is written: readable, in our key order, no NaN."""
    return json.dumps(finite(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def finite(value: Any) -> Any:
    """The value with NaN and infinities as text, since JSON has no word for them."""
    if isinstance(value, float) and value - value != 0:
        return str(value)
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
