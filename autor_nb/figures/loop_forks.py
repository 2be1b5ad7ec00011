"""Forks of one loop side by side: the best of each, re-measured, and its difference to the loop they came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autor_nb.domain.loops.course import Course
from autor_nb.figures.loop_forest import Difference, Forest
from autor_nb.figures.loop_words import half_in_metric, numbers


class Fork(NamedTuple):
    """One loop of the family. A difference is there only where both were run on common fresh seeds."""

    name: str
    course: Course
    change: float | None = None
    low: float | None = None
    high: float | None = None
    compared: bool = False


def forks(family: Sequence[Fork], name: str = "Forks") -> Forest:
    """The first of the family is the one that the others are compared with."""
    main = family[0].course
    places, scale = numbers(main), main.scale
    rows = []
    for at, fork in enumerate(family):
        now = fork.course.now
        half = half_in_metric(scale, now.mean, now.half)[2]
        best = f"{places.value(scale.metric(now.mean))} {places.plus_minus(half)}" if now.runs else "not measured"
        counted = f"{max(0, len(fork.course.experiments) - 1):,} experiments"
        kind = "keep" if not at else "discard"
        if not at:
            rows.append(
                Difference(fork.name, kind, None, before=best, after=f"{counted}; the reference of the comparison")
            )
        elif fork.compared:
            rows.append(Difference(fork.name, kind, fork.change, fork.low, fork.high, True, best, counted))
        else:
            rows.append(Difference(fork.name, kind, None, before=best, after=f"{counted}; on no common seeds yet"))
    return Forest(
        name=name,
        title=f"Δ to {family[0].name} on common fresh seeds",
        rows=tuple(rows),
        lower=not scale.higher,
        numbers=places,
    )
