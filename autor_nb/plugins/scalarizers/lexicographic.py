"""Lexicographic with tolerances: a later metric counts only where all earlier ones are as good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autor_nb.domain.loops.case import Requirement, Route
from autor_nb.domain.loops.config import MetricSpec
from autor_nb.domain.loops.scalarizer import Frozen, Metrics


class Lexicographic(Metrics):
    """Options: order (metric names, first matters most; as listed unless said), tolerances (metric → above 0).

    A tolerance is in the metric's own units (of a time: of its logarithm, .05 is about 5 %). Every metric but the
    last in order needs one: with none, "not worse" can never be shown of a number that has noise.
    """

    name = "lexicographic"
    asks_of_each = True

    def __init__(self, metrics: Sequence[MetricSpec], **options: Any) -> None:
        super().__init__(metrics, options)
        self.order = self.given.words("order", tuple(self.places))
        if sorted(self.order) != sorted(self.places):
            self.given.wrong("order", f"is {', '.join(self.order)}.", f"Name each once: {', '.join(self.places)}.")
        self.tolerances = self.numbers("tolerances", low=0.0)
        self.given.finish()
        for name in self.order[:-1]:
            if not self.tolerances.get(name):
                self.given.wrong(f"tolerances.{name}", "is missing or 0.", "Say how much worse still counts as equal.")
        self.options = {"order": list(self.order), "tolerances": self.tolerances}

    def score(self, values: Mapping[str, float | None], frozen: Frozen) -> float | None:
        """The first metric's relative gain, for pictures; the gate judges by the routes."""
        scores = self.vector(values)
        place = self.places[self.order[0]]
        return None if scores is None else (scores[place] - frozen.baseline[place]) / frozen.scale[place]

    def routes(self, frozen: Frozen) -> tuple[Route, ...]:
        """One route a metric: not worse on all before it, better on it. Each is tested at α_t over their number."""
        found: list[Route] = []
        for rank, name in enumerate(self.order):
            before = tuple(
                Requirement(metric=self.places[earlier], margin=self.tolerances[earlier], name=earlier)
                for earlier in self.order[:rank]
            )
            found.append((*before, Requirement(metric=self.places[name], name=name)))
        return tuple(found)
