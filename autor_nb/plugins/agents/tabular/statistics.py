"""The study's arithmetic: corrected intervals of differences, Holm's procedure, verdicts against the ROPE,
power."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from scipy import stats

LEVEL = 0.95


class Difference(msgspec.Struct, kw_only=True):
    """A mean difference over J folds with its corrected standard error and interval."""

    mean: float
    se: float
    df: int
    ci_low: float
    ci_high: float

    def p(self, null: float = 0.0) -> float:
        """Two-sided p-value for a mean difference of `null`."""
        return 2 * min(self.p_above(null), self.p_below(null))

    def p_above(self, null: float) -> float:
        """One-sided p-value against "not above `null`"."""
        if self.se == 0:
            return 0.0 if self.mean > null else 1.0 if self.mean < null else 0.5
        return float(stats.t.sf((self.mean - null) / self.se, self.df))

    def p_below(self, null: float) -> float:
        """One-sided p-value against "not below `null`"."""
        if self.se == 0:
            return 0.0 if self.mean < null else 1.0 if self.mean > null else 0.5
        return float(stats.t.cdf((self.mean - null) / self.se, self.df))

    def p_beyond(self, rope: float) -> float:
        """p-value against "the size is at most `rope`", in the direction observed, doubled for both
        directions."""
        return min(1.0, 2 * (self.p_above(rope) if self.mean > 0 else self.p_below(-rope)))

    def p_equal(self, rope: float) -> float:
        """Two one-sided tests against "the size is at least `rope`", doubled to match the 95 % interval."""
        return min(1.0, 2 * max(self.p_above(-rope), self.p_below(rope)))


def nadeau_bengio(differences: Sequence[float], test_train_ratio: float, level: float = LEVEL) -> Difference:
    """Corrected resampled t interval: variance (1/J + n_test/n_train)·s², J − 1 degrees of freedom."""
    d = np.asarray(differences, dtype=float)
    count = len(d)
    if count < 2:
        raise ValueError("A difference needs at least two folds.")
    mean = float(d.mean())
    spread = float(d.var(ddof=1))
    # A spread of rounding errors only is none: all folds agree.
    spread = 0.0 if spread < (1e-12 * max(1.0, abs(mean))) ** 2 else spread
    se = math.sqrt((1 / count + test_train_ratio) * spread)
    half = float(stats.t.ppf(0.5 + level / 2, count - 1)) * se
    return Difference(mean=mean, se=se, df=count - 1, ci_low=mean - half, ci_high=mean + half)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given."""
    order = sorted(range(len(p_values)), key=lambda n: p_values[n])
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, n in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[n]))
        adjusted[n] = running
    return adjusted


def saturated(scores: Sequence[float], perfect: float, rope: float) -> bool:
    """Whether scores leave no room for a difference that matters: mean within the ROPE of perfect, or most
    perfect."""
    s = np.asarray(scores, dtype=float)
    return bool(abs(float(s.mean()) - perfect) < rope or np.mean(np.abs(s - perfect) < 1e-12) >= 0.5)


def verdict(difference: Difference, rope: float, beyond: float, equal: float, alpha: float = 1 - LEVEL) -> str:
    """`a better`, `b better`, `practically equal` or `undecided`, from the Holm-adjusted tests against the
    ROPE."""
    if beyond <= alpha and abs(difference.mean) > rope:
        return "a better" if difference.mean > 0 else "b better"
    return "practically equal" if equal <= alpha else "undecided"


def detectable(sd: float, folds: int, test_train_ratio: float, power: float = 0.8, alpha: float = 1 - LEVEL) -> float:
    """Smallest true difference found with `power`, by the normal-shift approximation of the corrected
    t-test."""
    if folds < 2:
        return math.inf
    se = math.sqrt(1 / folds + test_train_ratio) * sd
    df = folds - 1
    return float((stats.t.ppf(1 - alpha / 2, df) + stats.t.ppf(power, df)) * se)


def percentile(values: Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """A percentile interval."""
    low, high = np.quantile(np.asarray(values, dtype=float), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
