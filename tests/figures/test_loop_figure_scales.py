"""The loop's figures where values are tiny, huge, nearly equal or far apart: nothing is cut, nothing crushed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from autor_nb.domain.loops.course import Course, Scale, course_of
from autor_nb.domain.loops.record import Record
from autor_nb.figures.loop_calibration import Calibration, Hope, calibration
from autor_nb.figures.loop_convergence import WIDTH, convergence
from autor_nb.figures.loop_experiments import experiments
from autor_nb.figures.loop_words import Numbers, numbers
from autor_nb.figures.scene import Scene, breadth
from autor_nb.figures.ticks import nice_ticks


def recorded(*metrics: float) -> Course:
    """A history of recorded experiments."""
    return course_of(
        [Record(run=n, metric=metric, delta=metric - metrics[0], status="discard" if n else "baseline", summary="x" * 90)
         for n, metric in enumerate(metrics)], Scale())  # fmt: skip


def boxes(scene: Scene) -> list[tuple[str, float, float, float]]:
    """(text, left, right, height) of every word."""
    found = []
    for word in scene.words:
        wide = breadth(word.text, word.size)
        left = word.x - {"left": 0.0, "center": wide / 2, "right": wide}[word.anchor]
        found.append((word.text, left, left + wide, word.y))
    return found


SIZES: dict[str, tuple[float, ...]] = {
    "tiny": (1.01e-9, 0.98e-9, 1.04e-9), "huge": (1.01e9, 0.98e9, 1.04e9), "nearly": (1000.0000022, 1000.0000019, 1000.0000025),
    "negative": (-2210.0, -2212.5, -2209.0), "usual": (2.244, 2.201, 2.31),
}  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def test_no_number_is_cut_or_lies_on_another(size: str) -> None:
    """Left and right of the plot there is room for them; the columns of the list begin behind each other."""
    course = recorded(*SIZES[size])
    for figure in (convergence(course, "Convergence", "m" * 90), experiments(course), calibration(course)):
        scene = figure.scene()
        placed = boxes(scene)
        assert not [box for box in placed if box[1] < -1 or box[2] > figure.size[0] + 1]
        rows: dict[float, list[Any]] = {}
        for box in placed:
            rows.setdefault(round(box[3], 1), []).append(box)
        for row in rows.values():
            for one, other in pairwise(sorted(row, key=lambda box: box[1])):
                assert one[2] <= other[1] + 2, (one, other)


@pytest.mark.parametrize("size", SIZES)
def test_the_values_of_a_loop_look_different_and_zero_has_no_power(size: str) -> None:
    """Without noise to go by, as many decimals are written as the experiments moved the metric."""
    places = numbers(recorded(*SIZES[size]))
    assert 3 == len({places.value(value) for value in SIZES[size]})
    assert places.change(0.0) == places.change(0.0).rstrip("e") and "e" not in places.change(0.0)
    assert {"+", "−"} == {places.change(places_of)[0] for places_of in (SIZES[size][2] - SIZES[size][0],
                                                                        SIZES[size][1] - SIZES[size][0])}  # fmt: skip


def test_one_power_of_ten_for_all_values_and_none_for_shares() -> None:
    """1.012e−9 ± 0.040e−9, −0.023e−9 [−0.055e−9, +∞]; a time's change stays a share."""
    say = Numbers(3, Scale(), -9)
    assert ("1.012e−9", "± 0.040e−9") == (say.value(1.012e-9), say.plus_minus(4.0e-11))
    assert "[−0.055e−9, +∞]" == say.interval(-5.5e-11, None) and "0.000" == say.change(-1e-14)
    assert ("−2.4 %", "1e12") == (Numbers(4, Scale(time_like=True), -6).change(-0.024), Numbers(3, Scale()).value(1e12))
    assert "−0.03 %" == Numbers(4, Scale(time_like=True), percents=2).change(-0.0003)


def test_one_outlier_does_not_crush_the_others_and_is_said_to_lie_beyond() -> None:
    """A diverged run is at the edge of the axis; kept ones are always within it."""
    figure = convergence(recorded(2.24, 2.2, 2.3, 2.26, 2.21, 1e12), "Convergence", "loss")
    assert figure.span[1] < 3 and "1 mark lies beyond the axis, at its edge" == figure.note
    assert any(figure.note == word.text for word in figure.scene().words)
    assert not [box for box in boxes(figure.scene()) if box[2] > WIDTH + 1]
    assert "" == convergence(recorded(2.24, 2.2, 2.3), "Convergence", "loss").note


def test_a_calibration_keeps_zero_and_its_kept_ones_in_sight() -> None:
    """One wild idea is at the edge; hopes that were met are called so."""
    wild = tuple(Hope(n, "discard", -0.04 + n / 1e4, 0.01 * (n % 3), True) for n in range(12))
    figure = Calibration("c", (*wild, Hope(12, "discard", -0.04, 1e9, False), Hope(13, "keep", -0.04, -0.9, True)),
                         numbers=Numbers(3, Scale()))  # fmt: skip
    (left, right), (low, high) = figure.spans
    assert left < 0 <= right and low < -0.9 and 0 < high < 1
    met = Calibration("c", wild, 12, -0.04, -0.04, numbers=Numbers(3, Scale()))
    assert met.sentence.endswith("As hoped on average.")


@pytest.mark.parametrize("size", [1e-15, 1e-9, 1.0, 1e9])
def test_ticks_are_apart_at_every_size(size: float) -> None:
    """Round numbers, each its own."""
    ticks = nice_ticks(0.9 * size, 1.1 * size, 5)
    assert 3 <= len(set(ticks)) == len(ticks) and all(0.8999 * size <= tick <= 1.1001 * size for tick in ticks)
