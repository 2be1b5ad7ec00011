"""Weighted Chebyshev: the metric that is farthest from its ideal decides, so that no gain hides a loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autor_nb.domain.loops.config import MetricSpec
from autor_nb.domain.loops.scalarizer import Frozen, Metrics


class WeightedChebyshev(Metrics):
    """Options: weights (as in weighted_sum), ideal and nadir (tables metric → value as printed)."""

    name = "weighted_chebyshev"

    def __init__(self, metrics: Sequence[MetricSpec], **options: Any) -> None:
        super().__init__(metrics, options)
        self.weight = self.weights()
        ideal, nadir = self.numbers("ideal"), self.numbers("nadir")
        self.given.finish()
        self.options = {"weights": dict(zip(self.places, self.weight, strict=True)), "ideal": ideal, "nadir": nadir}

    def score(self, values: Mapping[str, float | None], frozen: Frozen) -> float | None:
        """−max w·(ideal − score)/(ideal − nadir): 0 at the ideal, lower the farther the worst metric is from it."""
        scores = self.vector(values)
        if scores is None:
            return None
        rows = zip(self.weight, scores, frozen.ideal, frozen.nadir, strict=True)
        return -max(weight * (ideal - score) / (ideal - nadir) for weight, score, ideal, nadir in rows)
