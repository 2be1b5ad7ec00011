"""Student's t distribution for whole degrees of freedom, in logarithms and without scipy: faces ask it too."""

from __future__ import annotations

import math
from functools import lru_cache

_SERIES_FROM = -2.0
_TINY = 1e-300


def log_cdf(t: float, degrees: int) -> float:
    """ln P(T ≤ t) for `degrees` ≥ 1; relative error below 1e-12 in both tails, −inf at t = −inf.

    Above −2 the finite sum for whole degrees (Abramowitz & Stegun 26.7.3–4); below it the continued fraction of
    the incomplete beta function (26.5.8), because there the sum would lose what it subtracts.
    """
    if t == -math.inf:
        return -math.inf
    return math.log(_central(t, degrees)) if t > _SERIES_FROM else _log_tail(t, degrees)


def cdf(t: float, degrees: int) -> float:
    """P(T ≤ t)."""
    return math.exp(log_cdf(t, degrees))


def upper(t: float, degrees: int) -> float:
    """P(T ≥ t), the one-sided p-value of a t statistic."""
    return math.exp(log_cdf(-t, degrees))


def _central(t: float, degrees: int) -> float:
    """P(T ≤ t) by the finite sum; absolute error about 1e-16."""
    theta = math.atan(t / math.sqrt(degrees))
    sine, square = math.sin(theta), degrees / (degrees + t * t)
    if degrees % 2:
        term = math.sqrt(square)
        total = term if degrees > 1 else 0.0
        for k in range(2, degrees - 2, 2):
            term *= square * k / (k + 1)
            total += term
        return 0.5 + (theta + sine * total) / math.pi
    term = total = 1.0
    for k in range(1, degrees - 2, 2):
        term *= square * k / (k + 1)
        total += term
    return 0.5 + 0.5 * sine * total


@lru_cache(maxsize=1024)
def _log_factor(degrees: int) -> float:
    """−ln(2 a B(a, ½)) with a = degrees / 2."""
    a = degrees / 2
    return math.lgamma(a + 0.5) - math.lgamma(a) - 0.5 * math.log(math.pi) - math.log(2 * a)


def _log_tail(t: float, degrees: int) -> float:
    """ln P(T ≤ t) for t ≤ −2, by Lentz's way through the continued fraction."""
    a, b = degrees / 2, 0.5
    ratio = t * t / degrees
    if math.isinf(ratio):
        return -math.inf
    x = 1.0 / (1.0 + ratio)
    c, d = 1.0, 1.0 / max(1.0 - (a + b) * x / (a + 1.0), _TINY)
    h = d
    for m in range(1, 500):
        for factor in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                       -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1.0 / ((1.0 + factor * d) or _TINY)
            c = (1.0 + factor / c) or _TINY
            h *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    log_x = -math.log1p(ratio)
    return _log_factor(degrees) + a * log_x + b * (math.log(ratio) + log_x) + math.log(h)
