"""What an engine's process says on stderr, kept in worker.log: which of it is the newest's, and what it broke off by.

Every start writes a line of its own first, so that a fault is never taken for that of a later engine: one that was
killed says nothing behind its line, one that broke off says why.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

from autor_nb.store.layout import Workplace

BROKE_OFF = "The engine broke off: "
_START = b"== an engine is started, "
_TRACEBACK = "Traceback (most recent call last):"
_READ = 64 * 1024


def path_of(place: Workplace) -> Path:
    """Where it lies."""
    return place.operator_state / "worker.log"


def begin(stream: BinaryIO, at: str) -> None:
    """Write the line of a start; a full disk takes none, and hinders no start."""
    with contextlib.suppress(OSError):
        stream.write(_START + at.encode() + b" ==\n")
        stream.flush()


def said(place: Workplace) -> str:
    """What was said since the newest start, from the end of the log."""
    try:
        with path_of(place).open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _READ))
            text = stream.read()
    except OSError:
        return ""
    before, found, after = text.rpartition(_START)
    newest = after.partition(b"\n")[2] if found else before or after
    return newest.decode("utf-8", "replace").strip()


def broke_off_by(place: Workplace) -> str:
    """The fault that ended the newest engine, on one line; empty if it was killed, or ended as it should."""
    text = said(place)
    told = [line for line in text.splitlines() if line.startswith(BROKE_OFF)]
    if told:
        return told[-1].removeprefix(BROKE_OFF)
    if _TRACEBACK not in text:
        return ""
    inner = [line for line in text.rpartition(_TRACEBACK)[2].splitlines() if line.strip() and not line[0].isspace()]
    return inner[0] if inner else "It wrote a traceback that does not end."
