"""The loop's figures: one picture by both drawings, a text twin that says the same, bounded for long loops."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from autor_nb.domain.loops.course import Course, Scale, course_of
from autor_nb.domain.loops.record import Record
from autor_nb.figures.as_plotly import to_plotly
from autor_nb.figures.as_png import to_png
from autor_nb.figures.loop_calibration import calibration
from autor_nb.figures.loop_convergence import MOST_MARKS, apart, convergence
from autor_nb.figures.loop_evidence import evidence
from autor_nb.figures.loop_experiments import experiments
from autor_nb.figures.loop_forks import Fork, forks
from autor_nb.figures.loop_words import Numbers, numbers
from autor_nb.store.loops.course_file import CourseFile
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.testing.loop_story import char_lm, long_loop


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The story of 34."""
    return CourseFile(char_lm(LoopFolder(tmp_path_factory.mktemp("figures") / "autor_loops" / "char-lm"))).read()


def every(course: Course) -> dict[str, Any]:
    """All figures of a course."""
    return {
        "convergence": convergence(course, "Convergence", "val_loss", course.at_work),
        "evidence": evidence(course, 33, [(1, 0.02), (2, 0.01)], -0.04),
        "calibration": calibration(course),
        "experiments": experiments(course),
        "forks": forks([Fork("main", course), Fork("b", course, 0.086, 0.037, None, True), Fork("c", course)]),
    }


def test_every_figure_is_drawn_live_and_kept_and_told_in_text(course: Course) -> None:
    """Plotly's JSON, a PNG, lines of text; none of them empty."""
    for name, figure in every(course).items():
        assert to_png(figure).startswith(b"\x89PNG"), name
        assert to_plotly(figure)["data"], name
        assert 3 <= len(figure.text().splitlines()), name


def test_figures_of_a_loop_without_experiments_say_so() -> None:
    """Nothing to draw is a sentence, in all drawings."""
    for name, figure in every(Course()).items():
        if name != "forks":
            assert " yet." in figure.text(), name
        assert to_png(figure).startswith(b"\x89PNG") and "data" in to_plotly(figure), name


def test_the_verdicts_differ_by_shape_and_the_levels_by_line(course: Course) -> None:
    """Disc, ring, diamond, cross, slashed square, target; solid and dashed lines."""
    scene = convergence(course, "Convergence", "val_loss", course.at_work).scene()
    assert {"disc", "ring", "open_diamond", "cross", "square", "slash", "open_down"} <= {
        dot.shape for dot in scene.dots
    }
    assert {True, False} == {line.dashed for line in scene.lines if line.stepped}
    assert any("± 2 SD" in word.text for word in scene.words) and any("one run" in word.text for word in scene.words)


def test_the_evidence_has_its_bar_its_futility_line_and_no_interval_after_two_pairs(course: Course) -> None:
    """E is read after whole blocks; [−∞, +∞] stands in the text twin."""
    figure = evidence(course, 33)
    words = [word.text for word in figure.scene().words]
    assert "keep at E ≥ 40" in words and "futile below ½" in words
    assert [2, 4, 6, 8] == [look.pairs for look in figure.looks]
    assert "[−∞, +∞]" in figure.text() and 0.1 == figure.e_span[0]
    assert "one pair" not in words and "expected by the critic" not in words
    told = evidence(course, 33, [(1, 0.02)], -0.04).scene().words
    assert {"one pair", "expected by the critic"} <= {word.text for word in told}


def test_calibration_tells_a_critic_that_hopes_too_much(course: Course) -> None:
    """Means over all ideas with a value; one-run differences are marked as such."""
    figure = calibration(course)
    assert figure.total == len([one for one in course.experiments if one.expected is not None and one.valid])
    assert "Too hopeful by" in figure.sentence and {True, False} == {hope.fresh for hope in figure.hopes}


def test_a_long_loop_stays_light(tmp_path: Path) -> None:
    """Marks, tracks and points are bounded, so the figure is small; kept ones are all there."""
    course = CourseFile(long_loop(LoopFolder(tmp_path / "autor_loops" / "long"), 3000)).read()
    figure = convergence(course, "Convergence", "val_loss")
    assert MOST_MARKS >= len(figure.marks) and 200_000 > len(json.dumps(to_plotly(figure)))
    kept = {one.n for one in course.experiments if one.verdict == "keep"}
    assert kept <= {mark.n for mark in figure.marks}


def test_numbers_carry_the_decimals_of_the_noise_one_sign_and_true_minus(course: Course) -> None:
    """Two digits of the SD; changes signed; infinite ends written out; a time's change as a share."""
    assert 3 == numbers(course).decimals
    say = Numbers(3, Scale())
    assert ["2.028", "−0.035", "+0.012", "0.000"] == [say.value(2.0281), *map(say.change, (-0.035, 0.012, -0.0001))]
    assert ("[−∞, +0.004]", "± ∞", "± 0.016") == (
        say.interval(None, 0.004),
        say.plus_minus(None),
        say.plus_minus(0.0161),
    )
    assert "−3.5 %" == Numbers(3, Scale(time_like=True)).change(-0.035)


def test_a_recorded_history_draws_what_it_has() -> None:
    """No level is claimed for runs that nobody measured again."""
    records = [Record(run=n, metric=2.0 - n / 10, delta=-0.1 if n else None, status="keep" if n else "baseline")
               for n in range(4)]  # fmt: skip
    figure = convergence(course_of(records, Scale()), "Convergence", "loss")
    assert (None, ()) == (figure.best, figure.levels) and [0, 1, 2, 3] == [n for n, _ in figure.recorded]
    assert "re-measured" not in figure.text()


def test_the_words_at_the_end_of_the_curves_never_lie_on_one_another() -> None:
    """Whichever way is better, and however near the best recorded, the re-measured and the baseline are."""
    at = [("a", 10.0), ("b", 10.0), ("c", 12.0), ("d", 90.0)]
    placed = apart([(height, word, False) for word, height in at])
    heights = [height for height, _, _ in placed]
    assert all(later - sooner >= 15 for sooner, later in pairwise(heights))
    assert ["a", "b", "c", "d"] == [word for _, word, _ in placed] and (10.0, 90.0) == (heights[0], heights[-1])
