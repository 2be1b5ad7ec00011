"""`experiments.jsonl`: one record a line, written whole, read in blocks; a line that is none is set aside and told.

The file is a view that can be made again from the log, or another tool's own; nothing here is ever fatal.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from autor_nb.domain.errors import BugError, StoreError
from autor_nb.domain.loops.record import Record, Row, finite, known_status
from autor_nb.store import surrogates
from autor_nb.store.atomic import write_bytes
from autor_nb.store.system_errors import what_happened, what_mends

__all__ = [
    "BadLine", "History", "Record", "Row", "append", "encode", "find", "read", "rows", "set_aside", "tail", "write",
]

BLOCK = 1 << 20
LINE_CAP = 1 << 20
SHOWN = 120
_decoders: dict[type, msgspec.json.Decoder[Any]] = {kind: msgspec.json.Decoder(kind) for kind in (Record, Row)}
_any = msgspec.json.Decoder(dict[str, Any])
R = TypeVar("R", Record, Row)


@dataclass(frozen=True)
class BadLine:
    """A line that is no record: where it is, how it begins, and what is wrong with it."""

    offset: int
    text: str
    why: str


@dataclass
class History(Generic[R]):
    """What a file held, and what of it could not be read."""

    records: list[R] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)


def encode(record: Record) -> bytes:
    """The record as a line; a number that is not finite is a bug of the caller, an undecodable name is escaped."""
    for name in ("metric", "delta", "e_value", "alpha_t", "duration_s", "resource", "cost_usd"):
        value = getattr(record, name)
        if value is not None and finite(value) is None:
            raise BugError(f"The record of experiment {record.run} cannot hold {name} = {value}.")
    if record.interval is not None and any(end is not None and finite(end) is None for end in record.interval):
        raise BugError(f"The record of experiment {record.run} cannot hold interval = {record.interval}.")
    return surrogates.encode(record) + b"\n"


def write(path: Path, records: list[Record]) -> None:
    """Replace the file by these records."""
    write_bytes(path, b"".join(map(encode, records)), durable=False)


def append(path: Path, record: Record) -> None:
    """Add one line with a single write; a torn last line is ended first, so that it takes no other with it.

    The caller holds the loop's lock.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            line = (b"\n" if torn else b"") + encode(record)
            if os.write(handle, line) != len(line):
                raise OSError(28, "No space left on device", str(path))
        finally:
            os.close(handle)
    except OSError as error:
        raise StoreError(
            what_happened(error, str(path)), what_mends(error, str(path), "record it again"), path=str(path)
        ) from error


def read(path: Path) -> History[Record]:
    """All of it; a file that is not there is an empty history."""
    history: History[Record] = History()
    history.records.extend(rows(path, Record, history.bad.append))
    return history


def rows(path: Path, kind: type[R], bad: Callable[[BadLine], object] = lambda line: None) -> Iterator[R]:
    """The records one by one, as `kind` (`Row` is fast and small); memory does not grow with the file."""
    offset = 0
    for block in _blocks(path):
        yield from _decode(block, offset, kind, bad)
        offset += len(block)


def tail(path: Path, count: int, bad: Callable[[BadLine], object] = lambda line: None) -> list[Record]:
    """The last `count` records, oldest first, read from the end of the file."""
    found: list[Record] = []
    try:
        with path.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            rest = b""
            while end > 0 and len(found) < count:
                size = min(end, 1 << 16)
                end -= size
                stream.seek(end)
                rest = stream.read(size) + rest
                cut = 0 if end == 0 else rest.find(b"\n") + 1
                if end and not cut:
                    if len(rest) > 64 * LINE_CAP:
                        bad(BadLine(end, _shown(rest), "it is too long for a record"))
                        rest = b""
                    continue
                found = list(_decode(rest[cut:], end + cut, Record, bad)) + found
                rest = rest[:cut]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(path, error) from error
    return found[-count:] if count > 0 else []


def find(path: Path, run: int) -> Record | None:
    """The record with that number (the last, where several claim it); only lines that may be it are decoded."""
    found: Record | None = None
    needle = re.compile(rb'"run"\s*:\s*%d\b' % run)
    for block in _blocks(path):
        for match in needle.finditer(block):
            begin = block.rfind(b"\n", 0, match.start()) + 1
            end = block.find(b"\n", match.end())
            for record in _decode(block[begin : end if end >= 0 else len(block)], 0, Record, lambda line: None):
                found = record if record.run == run else found
    return found


def set_aside(path: Path) -> int:
    """Move the lines that are no records into `<name>.rejected` beside the file; answers how many there were."""
    good: list[bytes] = []
    bad: list[bytes] = []
    for block in _blocks(path):
        for line in block.splitlines(keepends=True):
            found: list[BadLine] = []
            list(_decode(line, 0, Record, found.append))
            (bad if found else good).append(line)
    if bad:
        rejected = path.with_name(path.name + ".rejected")
        earlier = rejected.read_bytes() if rejected.exists() else b""
        write_bytes(rejected, earlier + b"".join(line.rstrip(b"\n") + b"\n" for line in bad))
        write_bytes(path, b"".join(good))
    return len(bad)


def _blocks(path: Path) -> Iterator[bytes]:
    """The file in pieces of whole lines; the last may be torn."""
    try:
        with path.open("rb") as stream:
            rest = b""
            while block := stream.read(BLOCK):
                cut = block.rfind(b"\n") + 1
                if not cut:
                    rest += block
                    continue
                yield rest + block[:cut]
                rest = block[cut:]
            if rest:
                yield rest
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unreadable(path, error) from error


def _decode(block: bytes, offset: int, kind: type[R], bad: Callable[[BadLine], object]) -> Iterator[R]:
    decoder: msgspec.json.Decoder[R] = _decoders[kind]
    try:
        found: list[R] = decoder.decode_lines(block)
    except (msgspec.DecodeError, ValueError, RecursionError):
        found = list(_one_by_one(block, offset, decoder, bad))
    for record in found:
        status = record.status
        if status in _CANONICAL:
            yield record
        else:
            yield msgspec.structs.replace(record, status=known_status(status) or status)


_CANONICAL = frozenset({"baseline", "keep", "discard", "crash", ""})


def _one_by_one(
    block: bytes, offset: int, decoder: msgspec.json.Decoder[R], bad: Callable[[BadLine], object]
) -> Iterator[R]:
    for line in block.split(b"\n"):
        try:
            if line.strip():
                yield decoder.decode(line)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            bad(BadLine(offset, _shown(line), _why(line, error)))
        offset += len(line) + 1


def _why(line: bytes, error: Exception) -> str:
    if len(line) > LINE_CAP:
        return "it is too long for a record"
    try:
        _any.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return "it is no whole JSON object (torn or overwritten)"
    return f"it is no record: {error}"


def _shown(line: bytes) -> str:
    text = line[:SHOWN].decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "·" for char in text) + ("…" if len(line) > SHOWN else "")


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        what_happened(error, str(path)), what_mends(error, str(path), "ask again"), path=str(path)
    )
