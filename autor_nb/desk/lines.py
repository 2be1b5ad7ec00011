"""The raw log's lines, read by whole lines in bounded memory, and what can be told of one without decoding it."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from typing import IO, Any

import msgspec

from autor_nb.desk.cards import KINDS
from autor_nb.record.units import seconds_between

LINE_CAP = 1 << 20
BUFFER = 1 << 18
OPEN_CALLS = 2_000
Key = tuple[bytes, int]  # the stage's slug, the attempt's number
Head = tuple[Key, bytes, bytes]  # whose line it is, its kind, its time

# As `store.rawlog.RawLog` writes them; a line in another order is decoded instead.
_HEAD = re.compile(rb'\{"at":"([^"\\]{0,40})","stage":"([^"\\]{1,200})","attempt":(\d{1,9}),"type":"(\w{1,40})"')
_MARK = re.compile(rb'"id":"((?:[^"\\]|\\.){1,300})"\}\s*$')
_MARK_WITHIN = 340
_KINDS = {name.encode() for name in KINDS}


def whole_lines(stream: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """(line, its bytes) up to the last line's end; one longer than any of ours comes as nothing with its bytes."""
    while line := stream.readline(LINE_CAP):
        if line.endswith(b"\n"):
            yield line, len(line)
            continue
        size = len(line)
        while len(line) == LINE_CAP and (line := stream.readline(LINE_CAP)):
            size += len(line)
            if line.endswith(b"\n"):
                break
        if not line.endswith(b"\n"):
            return  # torn, or still being written
        yield b"", size


def head_of(line: bytes) -> Head | None:
    """Whose line it is and what kind; None if it is no event of an agent."""
    found = _HEAD.match(line)
    if found is not None:
        at, stage, attempt, kind = found.groups()
        return (stage, int(attempt)), kind, at
    said = decoded(line)
    if said is None or not isinstance(said.get("attempt"), int):
        return None
    stage, kind, at = (str(said.get(name, "")).encode("utf-8", "replace") for name in ("stage", "type", "at"))
    return (stage, said["attempt"]), kind, at


def is_shown(kind: bytes) -> bool:
    """Whether an event of that kind is a card."""
    return kind in _KINDS


def decoded(line: bytes) -> dict[str, Any] | None:
    """The line's event; None if it is torn."""
    try:
        said = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return said if isinstance(said, dict) else None


class Calls:
    """Which calls wait for their results, and since when; the oldest are forgotten when there are too many."""

    def __init__(self) -> None:
        self._open: OrderedDict[bytes, bytes] = OrderedDict()

    def began(self, kind: bytes, line: bytes, at: bytes) -> bytes:
        """Take an event in; for a result, when its call began (empty if that is not known)."""
        if kind not in (b"tool_call", b"tool_result"):
            return b""
        found = _MARK.search(line, max(0, len(line) - _MARK_WITHIN))
        if found is None:
            return b""
        mark = found.group(1)
        if kind == b"tool_result":
            return self._open.pop(mark, b"")
        self._open[mark] = at
        if len(self._open) > OPEN_CALLS:
            self._open.popitem(last=False)
        return b""


def took(began: bytes, event: dict[str, Any]) -> float | None:
    """Seconds from the call to its result."""
    if not began:
        return None
    seconds = seconds_between(began.decode("ascii", "replace"), str(event.get("at", "")))
    return None if seconds is None else round(max(0.0, seconds), 3)
