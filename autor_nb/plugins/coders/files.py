"""The mutable files of a clone, read and written without following a link out of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.domain.loops.parts import CoderTask
from autor_nb.store.atomic import write_bytes

MAX_BYTES = 5_000_000


def confined(clone: Path, name: str) -> Path:
    """The path of a mutable file, if it is inside the clone once all links are followed; UsageError otherwise."""
    pure = PurePosixPath(name)
    if not name or "\0" in name or pure.is_absolute() or ".." in pure.parts or pure.parts[:1] == (".git",):
        raise UsageError(f"{name!r} is no path inside the clone.", "Name mutable files relative to the project.")
    path = clone / name
    if not path.resolve().is_relative_to(clone.resolve()):
        raise UsageError(f"{name!r} leads out of the clone through a link.", "Make it a plain file.")
    return path


def read_mutable(task: CoderTask, unreadable_is_absent: bool = False) -> dict[str, str]:
    """Path → text, byte for byte (line ends too). A file that is no UTF-8 text is left out, or an error."""
    texts: dict[str, str] = {}
    for name in task.mutable:
        path = confined(Path(task.clone), name)
        try:
            raw = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
            if raw is not None:
                texts[name] = raw.decode("utf-8")
            elif not unreadable_is_absent:
                raise UsageError(f"{name!r} is larger than {MAX_BYTES:,} bytes.", "Keep data out of mutable files.")
        except UnicodeDecodeError as error:
            if not unreadable_is_absent:
                raise UsageError(f"{name!r} is no UTF-8 text.", "Save it as UTF-8.") from error
        except FileNotFoundError as error:
            raise UsageError(f"The mutable file {name!r} is not in the clone.", "Commit it.") from error
        except OSError as error:
            raise StoreError(f"{name!r} cannot be read: {error.strerror}.", path=str(path)) from error
    return texts


def write_files(clone: Path, texts: Mapping[str, str]) -> None:
    """Replace these files, each whole, keeping its mode."""
    for name, text in texts.items():
        path = confined(clone, name)
        try:
            mode = path.stat().st_mode & 0o777 if path.exists() else None
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, text.encode("utf-8"), durable=False)
            if mode is not None:
                os.chmod(path, mode)  # noqa: PTH101
        except OSError as error:
            raise StoreError(f"{name!r} cannot be written: {error.strerror}.", path=str(path)) from error
