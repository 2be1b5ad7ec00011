"""One objective under bounds: a hard bound must be shown to hold, a soft one costs 10 × its relative excess."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from autor_nb.domain.loops.case import Requirement, Route
from autor_nb.domain.loops.config import MetricSpec
from autor_nb.domain.loops.scalarizer import PENALTY, Frozen, Metrics


class Constrained(Metrics):
    """Options: objective (a metric; the first unless said), hard, soft, tolerances (tables metric → value as printed).

    A bound is the most of a lower-is-better metric and the least of a higher-is-better one. A hard one asks the gate
    for evidence that the candidate's mean is within bound + tolerance (0 unless said), beside that of a gain.
    """

    name = "constrained"

    def __init__(self, metrics: Sequence[MetricSpec], **options: Any) -> None:
        super().__init__(metrics, options)
        self.objective = self.given.choice("objective", tuple(self.places), self.metrics[0].name)
        self.hard, self.soft = self.numbers("hard"), self.numbers("soft")
        self.asks_of_each = bool(self.hard)
        self.tolerances = self.numbers("tolerances", low=0.0)
        self.given.finish()
        for key, bounds in (("hard", self.hard), ("soft", self.soft)):
            for name, bound in bounds.items():
                if name == self.objective:
                    self.given.wrong(f"{key}.{name}", "bounds the objective itself.", "Bound the other metrics.")
                self.turned(name, bound)
        if not self.hard and not self.soft:
            self.given.wrong("hard", "and soft are both empty.", "Write hard = { size_kb = 100 } or soft = { … }.")
        self.options = {
            "objective": self.objective, "hard": self.hard, "soft": self.soft, "tolerances": self.tolerances,
        }

    def score(self, values: Mapping[str, float | None], frozen: Frozen) -> float | None:
        """The objective's relative gain minus 10 × the relative excess over every soft bound."""
        scores = self.vector(values)
        if scores is None:
            return None
        place = self.places[self.objective]
        gain = (scores[place] - frozen.baseline[place]) / frozen.scale[place]
        return gain - PENALTY * sum(self._excess(name, scores[self.places[name]], frozen) for name in self.soft)

    def _excess(self, name: str, score: float, frozen: Frozen) -> float:
        """By how much of itself the bound is exceeded; 0 within it. A bound of 0 is measured by the frozen scale."""
        place, short = self.places[name], self.turned(name, self.soft[name]) - score
        if short <= 0:
            return 0.0
        if self.metrics[place].time_like:
            return math.expm1(min(short, 690.0))
        return short / (abs(self.soft[name]) or frozen.scale[place])

    def routes(self, frozen: Frozen) -> tuple[Route, ...]:
        """With hard bounds one route: each shown to hold, and a gain in the score."""
        if not self.hard:
            return ()
        bounds = tuple(
            Requirement(metric=self.places[name], bound=self.turned(name, bound),
                        margin=self.tolerances.get(name, 0.0), name=name)
            for name, bound in self.hard.items()
        )
        return ((*bounds, Requirement(name=self.objective)),)
