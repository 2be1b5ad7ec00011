"""The weighted sum of relative gains: cheap to read, blind to the dents of a trade-off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autor_nb.domain.loops.config import MetricSpec
from autor_nb.domain.loops.scalarizer import Frozen, Metrics


class WeightedSum(Metrics):
    """Options: weights (a table metric → weight of at least 0; 1 unless said)."""

    name = "weighted_sum"

    def __init__(self, metrics: Sequence[MetricSpec], **options: Any) -> None:
        super().__init__(metrics, options)
        self.weight = self.weights()
        self.given.finish()
        self.options = {"weights": dict(zip(self.places, self.weight, strict=True))}

    def score(self, values: Mapping[str, float | None], frozen: Frozen) -> float | None:
        """Σ w·(score − baseline)/scale: 0 at the baseline."""
        scores = self.vector(values)
        if scores is None:
            return None
        rows = zip(self.weight, scores, frozen.baseline, frozen.scale, strict=True)
        return sum(weight * (score - base) / scale for weight, score, base, scale in rows)
