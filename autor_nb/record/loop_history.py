"""The newest experiments of a loop, read from the end of its view; the log itself is asked only if the view is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from autor_nb.domain.loops.record import STATUSES, Record
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.store.loops import course_file, history
from autor_nb.store.loops.history import BadLine
from autor_nb.store.loops.layout import LoopFolder

WORDS = tuple(dict.fromkeys((*map(str, Verdict), *STATUSES, "recorded")))
ALL = 1 << 62


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
    depth = max(200, 4 * count)
    while True:
        found: list[BadLine] = []
        read = history.tail(path, depth, found.append)
        chosen = [record for record in read if fits(record, word)]
        if len(chosen) >= count or len(read) < depth:
            for line in found:
                bad(line)
            return chosen[-count:]
        depth *= 8


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
