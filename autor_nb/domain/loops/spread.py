"""Scores added one by one: how many, their mean, and how far apart they are."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from autor_nb.domain.loops.eprocess import half_width


class Spread(msgspec.Struct):
    """How many scores, their mean, and the sum of squares about it, added to one by one."""

    runs: int = 0
    mean: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, scores: Iterable[float]) -> Spread:
        """All of these."""
        found = cls()
        for score in scores:
            found.add(score)
        return found

    def add(self, score: float) -> None:
        """One score more."""
        self.runs += 1
        apart = score - self.mean
        self.mean += apart / self.runs
        self.squares += apart * (score - self.mean)

    @property
    def half(self) -> float:
        """Half of the time-uniform 95 % interval of the mean; infinite while there are too few."""
        return half_width(self.runs, self.squares / self.runs) if self.runs else math.inf
