"""The course of a loop, read from its log as it grows: the same in pieces as at once, and the same after a mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from autor_nb.domain.loops.course import Scale, course_of
from autor_nb.domain.loops.eprocess import confidence
from autor_nb.domain.loops.record import Record
from autor_nb.domain.loops.spread import Spread
from autor_nb.store.loops.course_file import CourseFile
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.testing.loop_story import char_lm


def story(place: Path) -> LoopFolder:
    """The story of 34."""
    return char_lm(LoopFolder(place / "autor_loops" / "char-lm"))


def test_a_log_read_in_pieces_gives_what_it_gives_at_once(tmp_path: Path) -> None:
    """Cut anywhere, also inside a line."""
    loop = story(tmp_path)
    whole = loop.events.read_bytes()
    at_once = CourseFile(loop).read()
    loop.events.write_bytes(b"")
    reader = CourseFile(loop)
    for end in range(0, len(whole) + 5000, 4999):
        loop.events.write_bytes(whole[: min(end, len(whole))])
        course = reader.read()
    assert at_once.experiments == course.experiments and at_once.steps == course.steps
    assert at_once.tracks == course.tracks and at_once.noise == course.noise
    assert reader.idea(20) == CourseFile(loop).idea(20) or reader.idea(20) is not None


def test_a_log_that_shrank_is_read_anew(tmp_path: Path) -> None:
    """A mended log counts no experiment twice."""
    loop = story(tmp_path)
    reader = CourseFile(loop)
    reader.read()
    lines = loop.events.read_bytes().splitlines(keepends=True)
    loop.events.write_bytes(b"".join(lines[:60]))
    numbers = [one.n for one in reader.read().experiments]
    assert numbers == sorted(set(numbers)) and len(numbers) < 34


def test_the_incumbents_level_is_its_fresh_runs_never_its_screening_run(tmp_path: Path) -> None:
    """After a keep: the winner's confirm runs; from then on with the incumbent's own, by the time-uniform interval."""
    loop = story(tmp_path)
    course = CourseFile(loop).read()
    kept = course.of(27)
    assert kept is not None and kept.fresh is not None and kept.screen is not None
    at_keep = next(step for step in course.steps if step.of == 27)
    assert (kept.fresh.runs, pytest.approx(kept.fresh.mean)) == (at_keep.runs, at_keep.mean)
    assert course.now.runs > at_keep.runs and course.now.half < at_keep.half
    low, high = confidence([1.0, 1.5, 1.2, 0.9, 1.4])
    spread = Spread()
    for value in (1.0, 1.5, 1.2, 0.9, 1.4):
        spread.add(value)
    assert pytest.approx((low, high)) == (spread.mean - spread.half, spread.mean + spread.half)


def test_a_plain_list_of_experiments_is_a_course_without_evidence() -> None:
    """An imported history has recorded scores only, and nothing re-measured."""
    records = [Record(run=0, metric=2.0, status="baseline"), Record(run=1, metric=1.9, delta=-0.1, status="keep")]
    course = course_of(records, Scale())
    assert ["baseline", "keep"] == [one.verdict for one in course.experiments]
    assert [] == course.levels and None is course.noise_sd
