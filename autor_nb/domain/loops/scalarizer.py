"""The port `Scalarizer`: several metrics into one score, or routes for the gate, on scales frozen at the baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.case import Route
from autor_nb.domain.loops.config import Guard, MetricSpec
from autor_nb.domain.loops.gate import score_of
from autor_nb.domain.loops.gate_options import GateOptions

PENALTY = 10.0


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """What was fixed once at the baseline and is an event: four numbers a metric, in the metrics' order.

    All are scores (higher is better; a time as −log). `scale` is above 0. Nothing later in the loop changes them,
    or else a candidate could be judged by a ruler that it has bent.
    """

    names: tuple[str, ...]
    baseline: tuple[float, ...]
    ideal: tuple[float, ...]
    nadir: tuple[float, ...]
    scale: tuple[float, ...]


@runtime_checkable
class Scalarizer(Protocol):
    """Made by `registry.load("scalarizers", name)(metrics, **options)`; UsageError for options that are wrong."""

    name: str
    metrics: tuple[MetricSpec, ...]
    options: dict[str, Any]
    asks_of_each: bool
    """Whether `routes` will ask something of single metrics, which not every gate can judge."""

    def freeze(self, baseline: Sequence[Mapping[str, float]]) -> Frozen:
        """Fix the scales from the values of the baseline's fresh runs (name → value as it was printed)."""
        ...

    def score(self, values: Mapping[str, float | None], frozen: Frozen) -> float | None:
        """One number, higher is better, without unit; None if a metric is missing or not finite."""
        ...

    def vector(self, values: Mapping[str, float | None]) -> tuple[float, ...] | None:
        """The single scores in the metrics' order, for `Pair.candidate_scores` and its like."""
        ...

    def routes(self, frozen: Frozen) -> tuple[Route, ...]:
        """The ways to a keep; empty when the score alone decides."""
        ...


class Metrics:
    """What every scalarizer does with its metrics; a base of ours, not a part of the port."""

    name = ""
    asks_of_each = False

    def __init__(self, metrics: Sequence[MetricSpec], options: dict[str, Any]) -> None:
        self.metrics = tuple(metrics)
        self.given = GateOptions(f"scalarizer {self.name}", options)
        self.options: dict[str, Any] = {}
        names = [metric.name for metric in self.metrics]
        if len(names) < 2 or len(set(names)) < len(names):
            raise UsageError(f"The scalarizer {self.name} needs two or more metrics of different names, not "
                             f"{', '.join(names) or 'none'}.",
                             "List them under metrics = [{ name = …, direction = … }, …].")
        self.places = {name: place for place, name in enumerate(names)}

    def numbers(self, key: str, *, low: float = -math.inf) -> dict[str, float]:
        """An option that is a table metric → finite number, at least `low`."""
        table = self.given.mapping(key)
        for name, value in table.items():
            if name not in self.places:
                self.given.wrong(f"{key}.{name}", "is none of the loop's metrics.", f"Known: {', '.join(self.places)}.")
            wrong = isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300
            if wrong or value < low:
                self.given.wrong(f"{key}.{name}", f"is {value!r}, not a number"
                                 f"{'' if low == -math.inf else f' of at least {low:g}'}.", "Write an ordinary number.")
        return {name: float(value) for name, value in table.items()}

    def weights(self) -> tuple[float, ...]:
        """The option `weights`, 1 for each metric unless said; at least one is above 0."""
        given = self.numbers("weights", low=0.0)
        weights = tuple(given.get(name, 1.0) for name in self.places)
        if not any(weights):
            self.given.wrong("weights", "are all 0.", "Give at least one metric a weight above 0.")
        return weights

    def turned(self, name: str, value: float) -> float:
        """A value of a metric as a score; UsageError for one that cannot be (a time of 0)."""
        metric = self.metrics[self.places[name]]
        score = score_of(value, higher=metric.direction == "higher", time_like=metric.time_like)
        if score is None:
            raise UsageError(f"The metric {name} cannot be {value!r}.", "Times are above 0, and all numbers finite.")
        return score

    def vector(self, values: Mapping[str, float | None]) -> tuple[float, ...] | None:
        """The single scores in the metrics' order; None if one is missing or not finite."""
        scores: list[float] = []
        for metric in self.metrics:
            value = values.get(metric.name)
            score = None if value is None else score_of(
                value, higher=metric.direction == "higher", time_like=metric.time_like)
            if score is None:
                return None
            scores.append(score)
        return tuple(scores)

    def freeze(self, baseline: Sequence[Mapping[str, float]]) -> Frozen:
        """Baseline: the mean of its runs. Scale: its size (1 for a time, which is a logarithm already).

        Unless the options `ideal` and `nadir` say otherwise the ideal is one scale above the baseline and the nadir
        one below: for an error the ideal is 0.
        """
        rows = [self.vector(run) for run in baseline]
        if not rows or any(row is None for row in rows):
            raise UsageError("The baseline did not give every metric, so that nothing can be frozen.",
                             f"Let the command print all of: {', '.join(self.places)}.")
        means = [math.fsum(row[place] for row in rows if row) / len(rows) for place in range(len(self.metrics))]
        pairs = zip(self.metrics, means, strict=True)
        scale = [1.0 if metric.time_like else abs(mean) or 1.0 for metric, mean in pairs]
        ideal, nadir = self.points("ideal", means, scale, 1.0), self.points("nadir", means, scale, -1.0)
        for name, best, worst in zip(self.places, ideal, nadir, strict=True):
            if not best > worst:
                raise UsageError(f"The scalarizer {self.name}'s ideal of {name} is not better than its nadir.",
                                 "Mind the metric's direction: the ideal is the value to wish for.")
        return Frozen(names=tuple(self.places), baseline=tuple(means), ideal=ideal, nadir=nadir, scale=tuple(scale))

    def points(self, key: str, means: list[float], scale: list[float], sign: float) -> tuple[float, ...]:
        """The ideal or the nadir, in scores."""
        given: dict[str, float] = self.options.get(key, {})
        return tuple(
            self.turned(name, given[name]) if name in given else means[place] + sign * scale[place]
            for name, place in self.places.items()
        )

    def routes(self, frozen: Frozen) -> tuple[Route, ...]:
        """None: the score alone decides."""
        return ()


class Penalised:
    """A scalarizer of one score with the penalties of soft guards: 10 × the relative excess over each of their bounds.

    A bound of 0 is measured by the metric's frozen scale.
    """

    def __init__(self, inner: Scalarizer, guards: Sequence[Guard]) -> None:
        self.inner, self.guards = inner, tuple(guard for guard in guards if guard.soft)
        self.name, self.metrics, self.options = inner.name, inner.metrics, inner.options
        self.asks_of_each = inner.asks_of_each

    def freeze(self, baseline: Sequence[Mapping[str, float]]) -> Frozen:
        """As it does without penalties."""
        return self.inner.freeze(baseline)

    def score(self, values: Mapping[str, float | None], frozen: Frozen) -> float | None:
        """Its score less the penalties; None if a guard's metric is missing too."""
        found = self.inner.score(values, frozen)
        for guard in self.guards:
            value = values.get(guard.metric)
            if found is None or value is None:
                return None
            found -= PENALTY * _excess(guard, value, dict(zip(frozen.names, frozen.scale, strict=True)))
        return found

    def vector(self, values: Mapping[str, float | None]) -> tuple[float, ...] | None:
        """As it does without penalties."""
        return self.inner.vector(values)

    def routes(self, frozen: Frozen) -> tuple[Route, ...]:
        """As it does without penalties."""
        return self.inner.routes(frozen)


def _excess(guard: Guard, value: float, scales: Mapping[str, float]) -> float:
    """By how much of the bound a value is beyond it; 0 within."""
    for bound, short in ((guard.max, value - (guard.max or 0.0)), (guard.min, (guard.min or 0.0) - value)):
        if bound is not None and short > 0:
            return short / (abs(bound) or scales.get(guard.metric, 1.0))
    return 0.0
