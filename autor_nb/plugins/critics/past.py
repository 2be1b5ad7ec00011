"""The loop's history as an optimiser sees it: where in the unit cube each experiment was, and how good."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.knobs import Knobs, find_knobs
from autor_nb.domain.loops.parts import CriticTask, PastExperiment
from autor_nb.plugins.critics.pool import Point
from autor_nb.plugins.critics.ranges import Range

KEPT = ("keep", "advance", "kept")
BROKEN = ("crash", "timeout")
UNTRUSTED = ("tampered",)
# How far below the middle a score may pull, in distances between the middle and the upper quarter.
REACH = 6.0


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """`points` have scores; `taken` are all places tried or refused; `here` and `values` are the incumbent's."""

    points: list[Point]
    taken: list[tuple[float, ...]]
    here: tuple[float, ...]
    values: dict[str, Any]
    crashes: int = 0


def read_past(task: CriticTask, knobs: Knobs, turned: list[Range]) -> Past:
    """Replay the experiments from the baseline's values: a kept one is where the next began."""
    paths = {one.path for one in turned}
    names = _Names(knobs)
    now = {**knobs.values(), **names.of(task.incumbent)}
    values = {**now, **(find_knobs(task.baseline).values() if task.baseline else {})}
    values = {path: values[path] for path in paths}
    places: list[tuple[PastExperiment, tuple[float, ...] | None]] = []
    for past in task.experiments:
        then = {**values, **_only(names.of(past.values or past.change), paths)}
        places.append((past, _units(then, turned)))
        if past.verdict in KEPT:
            values = then
    here = {path: now[path] for path in paths}
    at = tuple(one.to_unit(here[one.path]) or 0.0 for one in turned)
    points, crashes = _points(task, places)
    taken = [units for past, units in places if units is not None and not past.is_baseline and _nameable(past)]
    refused = [_units({**here, **_only(names.of(change), paths)}, turned) for change in task.refused_changes]
    return Past(
        points=points, taken=[*taken, *(units for units in refused if units is not None)], here=at, values=here,
        crashes=crashes,
    )


def _nameable(past: PastExperiment) -> bool:
    """An experiment without named knobs was something else: nothing is known about its place."""
    return bool(past.change or past.values)


def _points(
    task: CriticTask, places: list[tuple[PastExperiment, tuple[float, ...] | None]],
) -> tuple[list[Point], int]:
    """Scores turned so that higher is better; a crash counts as a little worse than the worst that was measured."""
    sign = -1.0 if task.direction == "lower" else 1.0
    measured = [
        sign * past.metric for past, _ in places
        if past.metric is not None and math.isfinite(past.metric) and past.verdict not in (*UNTRUSTED, *BROKEN)
    ]
    if not measured:
        return [], 0
    floor, worst = _floor(measured)
    points, crashes = [], 0
    for past, units in places:
        if units is None or past.verdict in UNTRUSTED or not (past.is_baseline or _nameable(past)):
            continue
        if past.verdict in BROKEN:
            crashes += 1
            points.append(Point(n=past.n, units=units, score=worst))
        elif past.metric is not None and math.isfinite(past.metric):
            points.append(Point(n=past.n, units=units, score=max(floor, sign * past.metric)))
    return points, crashes


def _floor(measured: list[float]) -> tuple[float, float]:
    """Below the floor all scores are alike, so that one diverged run does not flatten everything else."""
    ordered = sorted(measured)
    middle, upper = ordered[len(ordered) // 2], ordered[-max(1, len(ordered) // 4)]
    spread = max(upper - middle, (ordered[-1] - middle) / 3, abs(middle) * 1e-3, 1e-12)
    floor = middle - REACH * spread
    return floor, max(floor, ordered[0] - 0.5 * spread)


def _units(values: dict[str, Any], turned: list[Range]) -> tuple[float, ...] | None:
    units = [one.to_unit(values[one.path]) for one in turned]
    return None if any(unit is None for unit in units) else tuple(unit for unit in units if unit is not None)


def _only(values: dict[str, Any], paths: set[str]) -> dict[str, Any]:
    return {path: value for path, value in values.items() if path in paths}


class _Names:
    """Paths as they were written in ideas → the knobs' own; what is no knob any more is left out."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._known: dict[str, str] = {}

    def of(self, change: dict[str, Any]) -> dict[str, Any]:
        """The same change under the knobs' own paths."""
        return {name: value for path, value in change.items() if (name := self._name(path))}

    def _name(self, path: str) -> str:
        if path not in self._known:
            try:
                self._known[path] = self._knobs.resolve(path).path
            except UsageError:
                self._known[path] = ""
        return self._known[path]
