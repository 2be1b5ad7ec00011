"""The newest experiments of a loop, read from the end of its view; the log itself is asked only if the view is gone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from autor_nb.domain.errors import StoreError
from autor_nb.domain.loops.record import STATUSES, Record
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.store.loops import course_file, history
from autor_nb.store.loops.history import BadLine
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.system_errors import what_happened, what_mends

WORDS = tuple(dict.fromkeys((*map(str, Verdict), *STATUSES, "recorded")))
ALL = 1 << 62
BLOCK = 1 << 18
_decoder = msgspec.json.Decoder(Record)


def word_of(record: Record) -> str:
    """What became of it, in one word."""
    if record.status == "baseline":
        return "baseline"
    return record.verdict or record.status


def fits(record: Record, word: str) -> bool:
    """Whether a word tells of it."""
    return word in (word_of(record), record.status) or (word == "recorded" and record.mode == "recorded")


def newest(
    path: Path, count: int, word: str = "", bad: Callable[[BadLine], object] = lambda line: None
) -> list[Record]:
    """The last `count` records that the word tells of, oldest first; no more of the file is read than that takes."""
    if not word:
        return history.tail(path, count, bad)
    needle = re.compile(rb'"(?:status|verdict|mode)"\s*:\s*"%s"' % word.encode("ascii"))
    found: list[Record] = []
    for block in _blocks_from_the_end(path):
        in_block: list[Record] = []
        end = 0
        for match in needle.finditer(block):
            if match.start() >= end:
                begin = block.rfind(b"\n", 0, match.start()) + 1
                end = block.find(b"\n", match.end()) + 1 or len(block)
                record = _decoded(block[begin:end], bad)
                if record is not None and fits(record, word):
                    in_block.append(record)
        found = in_block + found
        if len(found) >= count:
            break
    return found[-count:]


def _blocks_from_the_end(path: Path) -> Iterator[bytes]:
    """Pieces of whole lines, the last first."""
    try:
        with path.open("rb") as stream:
            at, rest = stream.seek(0, os.SEEK_END), b""
            while at > 0:
                size = min(at, BLOCK)
                at -= size
                stream.seek(at)
                rest = stream.read(size) + rest
                cut = rest.find(b"\n") + 1 if at else 0
                if cut or not at:
                    yield rest[cut:]
                    rest = rest[:cut]
    except FileNotFoundError:
        return
    except OSError as error:
        place = str(path)
        raise StoreError(what_happened(error, place), what_mends(error, place, "ask again"), path=place) from error


def _decoded(line: bytes, bad: Callable[[BadLine], object]) -> Record | None:
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        bad(BadLine(0, line[:60].decode("utf-8", "replace"), f"it is no record: {error}"))
        return None


def records(
    loop: LoopFolder, count: int = ALL, word: str = "", bad: Callable[[BadLine], object] = lambda line: None
) -> list[Record]:
    """The newest of a loop; from its log where the view was deleted (an engine makes it again)."""
    if loop.experiments.exists():
        return newest(loop.experiments, count, word, bad)
    return [record for record in from_log(loop) if not word or fits(record, word)][-count:]


def from_log(loop: LoopFolder) -> list[Record]:
    """What the log tells of every experiment, without its seeds and costs."""
    course = course_file.CourseFile(loop).read()
    return [
        Record(
            run=one.n,
            metric=one.metric,
            delta=one.delta,
            status="baseline" if one.verdict == "baseline" else _STATUS.get(one.verdict, one.verdict),
            summary=one.summary,
            timestamp=one.at,
            trials=one.trials,
            verdict="" if one.recorded else "keep" if one.verdict == "baseline" else one.verdict,
            reason=one.reason,
            mode="recorded" if one.recorded else "",
            e_value=one.e_value,
            interval=one.interval,
            duration_s=one.duration_s,
        )
        for one in course.experiments
    ]


_STATUS = {
    "advance": "keep", "timeout": "crash", "tampered": "crash", "inconclusive": "discard", "untested": "discard",
}  # fmt: skip
