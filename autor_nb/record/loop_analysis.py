"""What a loop's experiments come to: by verdict, by knob, the critic's calibration, and the gain over time."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from autor_nb.record.loop_story import Iteration

MOST_KNOBS = 200
_NO_VALUE = ("crash", "timeout", "tampered")


@dataclass
class Group:
    """Some experiments: how many, what they took, and their deltas."""

    count: int = 0
    kept: int = 0
    seconds: float = 0.0
    trials: int = 0
    deltas: list[float] = field(default_factory=list)

    def add(self, one: Iteration) -> None:
        """One more."""
        self.count += 1
        self.kept += one.word in ("keep", "advance")
        if one.ended is not None:
            self.seconds += one.ended.duration_s
            self.trials += one.ended.trials
        if one.delta is not None and one.word not in _NO_VALUE:
            self.deltas.append(one.delta)

    @property
    def median_delta(self) -> float | None:
        """Half of the deltas are below."""
        return statistics.median(self.deltas) if self.deltas else None


@dataclass
class Calibration:
    """What critics expected against what came; `pairs` are (expected, actual)."""

    pairs: list[tuple[float, float]] = field(default_factory=list)

    @property
    def bias(self) -> float | None:
        """Mean of actual minus expected."""
        return math.fsum(got - hoped for hoped, got in self.pairs) / len(self.pairs) if self.pairs else None

    @property
    def right_sign(self) -> float | None:
        """Share of the ideas, among those that hoped for a change, that moved the metric as hoped."""
        hoped = [(a, b) for a, b in self.pairs if a]
        return sum((a < 0) == (b < 0) and b != 0 for a, b in hoped) / len(hoped) if hoped else None

    @property
    def correlation(self) -> float | None:
        """Spearman's rank correlation; None for fewer than five or no spread."""
        if len(self.pairs) < 5:
            return None
        hoped, got = (_ranks(list(side)) for side in zip(*self.pairs, strict=True))
        try:
            return statistics.correlation(hoped, got)
        except statistics.StatisticsError:
            return None


def _ranks(values: list[float]) -> list[float]:
    """Rank of each value; equal ones share theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    at = 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
            end += 1
        for place in order[at : end + 1]:
            ranks[place] = (at + end) / 2
        at = end + 1
    return ranks


@dataclass
class Analysis:
    """All of it, taken in one experiment at a time. `steps` are (n, metric) where the best recorded moved."""

    lower: bool = True
    verdicts: dict[str, Group] = field(default_factory=dict)
    knobs: dict[str, Group] = field(default_factory=dict)
    critics: Counter[str] = field(default_factory=Counter)
    calibration: Calibration = field(default_factory=Calibration)
    steps: list[tuple[int, float]] = field(default_factory=list)
    confirmed: list[tuple[int, float]] = field(default_factory=list)
    refused: int = 0
    again: int = 0
    total: int = 0

    def add(self, one: Iteration) -> None:
        """One experiment more; one that goes on with more pairs is counted once."""
        self.refused += one.refused_total if not one.again else 0
        if one.again:
            self.again += 1
            return
        self.total += 1
        self.verdicts.setdefault(one.word, Group()).add(one)
        if one.proposed is not None:
            self.critics[one.proposed.critic or "a person"] += 1
        for knob in one.idea.change if one.idea is not None else ():
            if knob in self.knobs or len(self.knobs) < MOST_KNOBS:
                self.knobs.setdefault(knob, Group()).add(one)
        if one.idea is not None and one.delta is not None and one.word not in _NO_VALUE:
            self.calibration.pairs.append((one.idea.expected_delta, one.delta))
        self._gain(one)

    def _gain(self, one: Iteration) -> None:
        metric = one.metric
        if metric is None or one.word in _NO_VALUE:
            return
        best = self.steps[-1][1] if self.steps else None
        if best is None or (metric < best if self.lower else metric > best):
            self.steps.append((one.n, metric))
        if one.ended is not None and (one.ended.confirmed or one.ended.baseline):
            self.confirmed.append((one.n, metric))


def analyse(iterations: Iterable[Iteration], lower: bool) -> Analysis:
    """The analysis of all."""
    made = Analysis(lower=lower)
    for one in iterations:
        made.add(one)
    return made


def facts(made: Analysis) -> dict[str, Any]:
    """For programs."""

    def group(one: Group) -> dict[str, Any]:
        return {"count": one.count, "kept": one.kept, "seconds": round(one.seconds, 3), "trials": one.trials,
                "median_delta": one.median_delta}  # fmt: skip

    hopes = made.calibration
    return {
        "experiments": made.total,
        "verdicts": {word: group(one) for word, one in made.verdicts.items()},
        "knobs": {name: group(one) for name, one in made.knobs.items()},
        "critics": dict(made.critics),
        "refused_proposals": made.refused,
        "reopened": made.again,
        "calibration": {"ideas": len(hopes.pairs), "bias": hopes.bias, "right_sign": hopes.right_sign,
                        "rank_correlation": hopes.correlation},
        "best_recorded_over_time": [{"n": n, "metric": metric} for n, metric in made.steps],
        "confirmed_over_time": [{"n": n, "metric": metric} for n, metric in made.confirmed],
    }  # fmt: skip
