"""The log of a run: one JSON object a line, appended only by who holds the lock, replayed by everybody.

A line is acknowledged once it is flushed to disk. A torn tail, left by a kill in the middle of a write, is cut
before the next append; readers stop at the last whole line. A numbered line of a kind that is not known is one of
a newer version; any other line that is no event is damaged, and says which line it is.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec

from autor_nb.domain.errors import BugError, StoreError
from autor_nb.domain.events import Damaged, Event, RunEvent, Unknown
from autor_nb.store import surrogates

LINE_CAP = 64 * 1024


class Vocabulary:
    """The kinds of events that a log is written in."""

    def __init__(self, union: Any) -> None:
        self.decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(union)
        self.known = frozenset(kind.__struct_config__.tag for kind in get_args(union))


RUN = Vocabulary(RunEvent)


class _Head(msgspec.Struct):
    seq: int = 0
    at: str = ""
    type: str = ""


_head_decoder = msgspec.json.Decoder(_Head)
Logged = Event | Unknown
E = TypeVar("E", bound=Event)


def utc_now() -> str:
    """The time as the log writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class EventLog:
    """The appending end; whoever makes one must hold the run's lock, which `confirm` asks and raises if it is lost."""

    def __init__(self, path: Path, confirm: Callable[[], None] = lambda: None, words: Vocabulary = RUN) -> None:
        self.path, self._confirm = path, confirm
        confirm()
        try:
            self._stream = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            self._cut_torn_tail()
        except OSError as error:
            raise _unwritable(path, error) from error
        self.seq = _last_seq(path, words)
        self._size = os.fstat(self._stream).st_size

    def append(self, event: E) -> E:
        """Write one event and flush it to disk; answers with the event as written, numbered and dated."""
        written = msgspec.structs.replace(event, seq=self.seq + 1, at=event.at or utc_now())
        line = encode(written) + b"\n"
        if len(line) > LINE_CAP:
            raise BugError(f"A {type(event).__name__} event of {len(line):,} bytes does not fit a line of the log.")
        self._confirm()
        size = os.fstat(self._stream).st_size
        try:
            done = os.write(self._stream, line)
            if done != len(line):
                raise OSError(28, "No space left on device")
            os.fsync(self._stream)
        except OSError as error:
            self._cut_to(size)
            raise _unwritable(self.path, error) from error
        self._confirm()  # this machine may have slept since, and what it wrote may be nowhere
        self.seq += 1
        self._size = size + len(line)
        return written

    def is_intact(self) -> bool:
        """Whether the file ends where the last append ended, and is the one that was opened."""
        try:
            here, there = os.fstat(self._stream), self.path.stat()
        except OSError:
            return False
        return here.st_ino == there.st_ino and here.st_size == self._size

    def close(self) -> None:
        """Release the file."""
        os.close(self._stream)

    def _cut_to(self, size: int) -> None:
        try:
            os.ftruncate(self._stream, size)
        except OSError:
            return  # the torn tail is cut by the next engine

    def _cut_torn_tail(self) -> None:
        size = os.fstat(self._stream).st_size
        position = size
        while position > 0:
            start = max(0, position - LINE_CAP)
            block = os.pread(self._stream, position - start, start)
            cut = block.rfind(b"\n")
            if cut >= 0:
                position = start + cut + 1
                break
            position = start
        if position < size:
            os.ftruncate(self._stream, position)
            os.fsync(self._stream)


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"Cannot write the log {path}: {error.strerror}. Nothing that was acknowledged is lost.",
        f"Free some space or mend the permissions, then `autor resume {path.parent.name}`.",
        path=str(path),
    )


def encode(event: Event) -> bytes:
    """One event as JSON without a newline; non-finite numbers are refused, undecodable names escaped."""
    _refuse_non_finite(msgspec.to_builtins(event))
    return surrogates.encode(event)


def _refuse_non_finite(value: Any) -> None:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise BugError(f"A log holds no {value} number.")
    elif isinstance(value, dict):
        for item in value.values():
            _refuse_non_finite(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_non_finite(item)


def decode(line: bytes, number: int = 0, words: Vocabulary = RUN) -> Logged:
    """One line (the `number`th of its log) as an event; whatever it holds, an answer."""
    try:
        event: Logged = words.decoder.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        try:
            head = _head_decoder.decode(line)
        except (msgspec.DecodeError, RecursionError):
            head, reason = _Head(), "is damaged: it is not the JSON of an event"
        else:
            reason = f"is damaged: it is no readable {head.type} event ({error})"
        if head.type and head.type not in words.known and head.seq > 0:
            return Unknown(raw=line, seq=head.seq, at=head.at, type=head.type)
        event = Damaged(raw=line, seq=head.seq, at=head.at, type=head.type, line=number, reason=reason)
    return event


def read(path: Path, offset: int = 0, words: Vocabulary = RUN) -> tuple[list[Logged], int]:
    """Whole lines from `offset` on as events, and the offset behind them; a file that is not there is empty."""
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            content = stream.read()
    except FileNotFoundError:
        return [], offset
    except OSError as error:
        return [Damaged(raw=b"", reason=f"cannot be read: {error.strerror}")], offset
    end = content.rfind(b"\n") + 1
    if not end:
        return [], offset
    content = content[:end]
    try:
        return list(words.decoder.decode_lines(content)), offset + end
    except (msgspec.DecodeError, RecursionError):
        first = _lines_before(path, offset) + 1
        numbered = enumerate(content.split(b"\n"), first)
        return [decode(line, number, words) for number, line in numbered if line.strip()], offset + end


def _lines_before(path: Path, offset: int) -> int:
    with path.open("rb") as stream:
        return stream.read(offset).count(b"\n")


def _last_seq(path: Path, words: Vocabulary) -> int:
    """The highest number in the last lines of the file; lines that hold none are passed over."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        back = LINE_CAP * 2
        while True:
            start = max(0, size - back)
            stream.seek(start)
            for line in reversed(stream.read().split(b"\n")):
                if line.strip() and (seq := decode(line, 0, words).seq):
                    return seq
            if start == 0:
                return 0
            back *= 8
