"""The inbox of a run or a loop: commands arrive whole by rename, in the order in which they were dropped."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.domain.commands import Command, RunCommand
from autor_nb.domain.errors import StoreError
from autor_nb.store.atomic import write_bytes
from autor_nb.store.layout import Workplace

RUN: msgspec.json.Decoder[Any] = msgspec.json.Decoder(RunCommand)


def drop(run: Workplace, command: Command) -> Path:
    """Put a command where the engine will find it."""
    path = run.inbox / f"{time.time_ns():020d}-{command.id}.json"
    write_bytes(path, msgspec.json.encode(command))
    return path


def waiting(run: Workplace, words: msgspec.json.Decoder[Any] = RUN) -> list[tuple[Path, Any]]:
    """Commands that wait, oldest first; what is none of `words` is set aside in `inbox/rejected/`, with its bytes."""
    try:
        names = sorted(entry.name for entry in os.scandir(run.inbox) if _is_command(entry.name))
    except FileNotFoundError:
        return []
    found: list[tuple[Path, Any]] = []
    for name in names:
        path = run.inbox / name
        try:
            found.append((path, words.decode(path.read_bytes())))
        except FileNotFoundError:
            continue
        except (msgspec.DecodeError, RecursionError, OSError):
            reject(run, path)
    return found


def _is_command(name: str) -> bool:
    return name.endswith(".json") and not name.startswith(".")


def is_empty(run: Workplace) -> bool:
    """Whether nothing waits."""
    try:
        return not any(_is_command(entry.name) for entry in os.scandir(run.inbox))
    except FileNotFoundError:
        return True


def reject(run: Workplace, path: Path) -> None:
    """Set a malformed file aside."""
    aside = run.inbox / "rejected"
    try:
        aside.mkdir(exist_ok=True)
        path.replace(aside / path.name)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"Cannot set {path} aside: {error.strerror}.", "Remove it by hand.", path=str(path)) from error


def done(path: Path) -> None:
    """Forget a command whose answer is in the log."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
