"""The t e-process, its two-sample form, its confidence sequence and the budget of a session: arithmetic only.

Scores are turned so that higher is better; a difference is candidate minus incumbent in the units of the score.
An e-value has no unit: under "no improvement" its mean is at most 1 whenever one stops, so that it reaches 1/α
with probability at most α. σ is the SD of one run and never needs to be known. Half-normal mixture over the effect,
right-Haar over the scale (for the two-sided form see Wang & Ramdas, arXiv 2310.03722).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from autor_nb.domain.loops.student import log_cdf

PRIOR_SCALE = 0.25
HORIZON_MOST = 20
_LOG_2 = math.log(2.0)
_LARGEST = 690.0


def log_e(differences: tuple[float, ...], squares: float = 0.0, pairs: int = 0, c2: float = PRIOR_SCALE) -> float:
    """ln E of the one-sided paired test of "mean ≤ 0", for (n,) differences; 0 for none, or when all are 0.

    `squares` and `pairs` are Y and m of the calibration: the sum of squares of m differences of known mean 0.
    ValueError for a difference that is not finite, for negative `squares` or `pairs`, for c2 ≤ 0.
    """
    return _log_e(tuple(differences), squares, pairs, c2)


@lru_cache(maxsize=8192)
def _log_e(differences: tuple[float, ...], squares: float, pairs: int, c2: float) -> float:
    n = len(differences)
    if squares < 0 or pairs < 0 or not c2 > 0:
        raise ValueError(f"squares, pairs and c2 must not be negative: {squares}, {pairs}, {c2}")
    if not n:
        return 0.0
    scale = max(max(differences), -min(differences), math.sqrt(squares / pairs) if pairs else 0.0)
    if not math.isfinite(scale) or not math.isfinite(sum(differences) / scale if scale else 0.0):
        raise ValueError("a difference is not a finite number")
    if scale == 0.0:
        return 0.0
    scaled = [difference / scale for difference in differences]
    mean = sum(scaled) / n
    spread = sum((value - mean) ** 2 for value in scaled)
    return _log_mixture(mean * math.sqrt(n), spread + squares / scale / scale, n, n + pairs, c2)


def _log_mixture(z: float, spread: float, weight: float, degrees: int, c2: float) -> float:
    """ln E of an effect z (times √weight) over what is left unexplained, `spread`, both in one free unit.

    Written so that nothing is subtracted: R = spread + z²c²/(weight + c²) cannot fall below 0 by rounding.
    """
    shrink = c2 / (weight + c2)
    total = spread + z * z
    if total <= 0.0:
        return 0.0
    rest = spread + z * z * shrink
    t = z * math.sqrt((1.0 - shrink) * degrees / rest)
    return _LOG_2 + log_cdf(t, degrees) + 0.5 * math.log(shrink) + 0.5 * degrees * math.log(total / rest)


def log_e_two_sample(candidate: Sequence[float], incumbent: Sequence[float], c2: float = PRIOR_SCALE) -> float:
    """ln E of "the candidate's mean is not above the incumbent's", for (n,) and (k,) independent runs.

    n_e = kn/(k + n) takes the place of n, k + n − 1 = ν + 1 that of N. 0 while either side is empty, while there
    are fewer than three runs, or when nothing varies and nothing differs.
    """
    n, k = len(candidate), len(incumbent)
    if not n or not k or n + k < 3:
        return 0.0
    scale = max(map(abs, (*candidate, *incumbent)))
    middle = sum(value / k for value in incumbent)
    if not math.isfinite(middle) or not math.isfinite(scale):
        raise ValueError("a score is not a finite number")
    ours, theirs = [value - middle for value in candidate], [value - middle for value in incumbent]
    scale = max(map(abs, (*ours, *theirs)))
    if scale == 0.0:
        return 0.0
    ours, theirs = [value / scale for value in ours], [value / scale for value in theirs]
    mean, base = sum(ours) / n, sum(theirs) / k
    spread = sum((value - mean) ** 2 for value in ours) + sum((value - base) ** 2 for value in theirs)
    weight = k * n / (k + n)
    return _log_mixture((mean - base) * math.sqrt(weight), spread, weight, k + n - 1, c2)


def e_value(log: float) -> float:
    """E from its logarithm, held below the largest float so that it can be written down."""
    return math.exp(min(log, _LARGEST))


def calibrated(differences: tuple[float, ...], calibration: Sequence[float], c2: float = PRIOR_SCALE) -> float:
    """ln(½E(0) + ½E(Y, m)): the mixture that a calibrated gate reads, never without E(0) ≥ 20 for a keep."""
    plain = log_e(differences, c2=c2)
    if not calibration:
        return plain
    other = log_e(differences, math.fsum(value * value for value in calibration), len(calibration), c2)
    high, low = max(plain, other), min(plain, other)
    return high + math.log1p(math.exp(low - high)) - _LOG_2


def confidence(
    differences: Sequence[float], a: float = 0.05, squares: float = 0.0, pairs: int = 0, c2: float = PRIOR_SCALE
) -> tuple[float, float]:
    """The time-uniform 1 − a interval of the mean difference, in the score's units; (−inf, inf) while it is infinite.

    It may be looked at after every pair, for ever, and still covers the true mean with probability 1 − a.
    ValueError unless 0 < a < 1.
    """
    if not 0 < a < 1:
        raise ValueError(f"a must lie between 0 and 1: {a}")
    n = len(differences)
    if not n:
        return -math.inf, math.inf
    mean = math.fsum(differences) / n
    variance = math.fsum((value - mean) ** 2 for value in differences) / n
    half = half_width(n, variance, a, squares, pairs, c2)
    return mean - half, mean + half


def half_width(
    n: int, variance: float, a: float = 0.05, squares: float = 0.0, pairs: int = 0, c2: float = PRIOR_SCALE
) -> float:
    """Half of that interval, of n values with this population variance; infinite while there are too few."""
    kappa = -math.expm1(math.log(a * a * c2 / (n + c2)) / (n + pairs))
    room = n / (n + c2) - kappa
    return math.sqrt(kappa * (variance + squares / n) / room) if room > 0 else math.inf


def gamma(t: int, horizon: int | None = None) -> float | None:
    """The t-th confirm's share of the session's error budget (t from 1); None past a known horizon.

    Without a horizon 2.352/((t + 10)·ln²(t + 10)), which sums to 1 over all t; with one 1/H for each of H confirms.
    """
    if t < 1:
        raise ValueError(f"confirms are counted from 1: {t}")
    if horizon is not None:
        return 1.0 / horizon if t <= horizon else None
    return 2.352 / ((t + 10) * math.log(t + 10) ** 2)


def alpha_at(alpha: float, confirms: int, keeps: int, horizon: int | None = None) -> float | None:
    """α_t = α·γ_t·(keeps + 1) of a candidate that `confirms` others preceded (e-LOND); None when it is spent."""
    share = gamma(confirms + 1, horizon)
    return None if share is None else alpha * share * (keeps + 1)
