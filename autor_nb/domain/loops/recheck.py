"""Is a recorded gain real: what is asked, what each run gave, what follows from the pairs, and that in a sentence."""

from __future__ import annotations

import math

import msgspec

from autor_nb.domain.loops.config import MetricSpec
from autor_nb.domain.loops.eprocess import confidence
from autor_nb.domain.loops.gate import AUDIT_BAR, AUDIT_PAIRS


class _Noun(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the nouns."""


class RecheckRequest(_Noun, frozen=True, kw_only=True):
    """Two commits of the repository around `project`; the recorded metrics are what somebody's history says."""

    project: str
    baseline: str
    final: str
    command: str | tuple[str, ...]
    metric: MetricSpec
    recorded_baseline: float | None = None
    recorded_final: float | None = None
    link: tuple[str, ...] = ()
    pairs: int = AUDIT_PAIRS
    seed_env: str = "AUTOR_SEED"
    first_seed: int = 1
    coin: int = 0
    timeout_s: float = 600.0

    @property
    def recorded(self) -> float | None:
        """The recorded change, final minus baseline (of a time the ratio minus 1)."""
        return change(self.metric, self.recorded_baseline, self.recorded_final)


class RecheckRun(_Noun, frozen=True, kw_only=True):
    """One run; pair 0 is the warm-up. `side`: baseline · final."""

    pair: int
    of: int
    side: str
    seed: int
    value: float | None
    reason: str = ""
    duration_s: float = 0.0


class RecheckPair(_Noun, frozen=True, kw_only=True):
    """Both on one new seed, in that order (AB: the final one first); void where the machine slept or one gave none.

    Of a time they are medians of runs that were made in turn.
    """

    seed: int
    order: str
    baseline: float | None
    final: float | None
    slept: bool = False


class RecheckReport(_Noun, frozen=True, kw_only=True):
    """What is known; `better` only if the one test says so. `mean` and `interval` are of the score (higher = better).

    A bound of None is infinite.
    """

    request: RecheckRequest
    runs: tuple[RecheckRun, ...] = ()
    pairs: tuple[RecheckPair, ...] = ()
    better: bool = False
    reason: str = ""
    e_value: float | None = None
    bar: float = AUDIT_BAR
    mean: float | None = None
    interval: tuple[float | None, float | None] | None = None
    seed_ignored: bool = False
    interrupted: bool = False
    notes: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[float, ...]:
        """Final minus baseline in the metric's own direction, of every pair that has both (a time: ratio minus 1)."""
        found = (change(self.request.metric, pair.baseline, pair.final) for pair in self.pairs if not pair.slept)
        return tuple(value for value in found if value is not None)

    @property
    def change(self) -> tuple[float, float | None, float | None] | None:
        """(mean, low, high) of the change, as in `changes`."""
        if self.mean is None:
            return None
        low, high = self.interval or (None, None)
        return in_unit(self.request.metric, self.mean, low, high)


def change(metric: MetricSpec, before: float | None, after: float | None) -> float | None:
    """How the metric changed: a difference, of a time the ratio minus 1."""
    if before is None or after is None or (metric.time_like and (before <= 0 or after <= 0)):
        return None
    return after / before - 1 if metric.time_like else after - before


def in_unit(
    metric: MetricSpec, mean: float, low: float | None, high: float | None
) -> tuple[float, float | None, float | None]:
    """A mean difference of scores and its bounds as changes of the metric."""
    turned = (0.0 - mean, None if high is None else 0.0 - high, None if low is None else 0.0 - low)
    ours = turned if metric.direction == "lower" else (mean, low, high)
    if not metric.time_like:
        return ours
    middle, bottom, top = (None if value is None else math.expm1(value) for value in ours)
    assert middle is not None
    return middle, bottom, top


def sequence(scores: tuple[float, ...], metric: MetricSpec) -> tuple[tuple[float, float | None, float | None], ...]:
    """(mean, low, high) of the change after each pair: the confidence sequence, which may be looked at at any time."""
    found = []
    for count in range(1, len(scores) + 1):
        low, high = confidence(scores[:count])
        bounds = (low if math.isfinite(low) else None, high if math.isfinite(high) else None)
        found.append(in_unit(metric, math.fsum(scores[:count]) / count, *bounds))
    return tuple(found)
