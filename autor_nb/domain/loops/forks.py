"""Forks side by side: what is asked about them, what each run gave, and what common fresh seeds show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from autor_nb.domain.loops.batches import benjamini_hochberg, e_benjamini_hochberg
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.eprocess import confidence, e_value, log_e
from autor_nb.domain.loops.gate import AUDIT_BAR, AUDIT_PAIRS
from autor_nb.domain.loops.student import upper

SEEDS = 6
Interval = tuple[float | None, float | None]


class _Noun(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the nouns."""


class Variant(_Noun, frozen=True, kw_only=True):
    """What a loop came to: its head."""

    loop: str
    commit: str
    n: int = 0


class ForkRun(_Noun, frozen=True, kw_only=True):
    """One run of a comparison, a merge or a measurement of contention; `side` says of what."""

    side: str
    at: int
    of: int
    seed: int
    value: float | None = None
    reason: str = ""
    duration_s: float = 0.0


class CompareRequest(_Noun, frozen=True, kw_only=True):
    """Variants and the commit that all of them began from, on `seeds` common fresh seeds."""

    project: str
    base: str
    variants: tuple[Variant, ...]
    config: LoopConfig
    frozen_scales: dict[str, Any] = {}
    seeds: int = SEEDS
    first_seed: int = 1
    q: float = 0.05


class VariantRow(_Noun, frozen=True, kw_only=True):
    """One variant against the base. Differences are of scores (higher is better), one a seed; a bound None is infinite.

    `why_not`: why it has no rank. `better_e` and `better_p`: among the rejected of e-BH, of Benjamini–Hochberg.
    """

    loop: str
    commit: str
    n: int = 0
    differences: tuple[float, ...] = ()
    metrics: tuple[float | None, ...] = ()
    mean: float | None = None
    interval: Interval | None = None
    e_value: float | None = None
    p_value: float | None = None
    better_e: bool = False
    better_p: bool = False
    why_not: str = ""


class CompareReport(_Noun, frozen=True, kw_only=True):
    """The rows, best first; those without a rank last."""

    request: CompareRequest
    rows: tuple[VariantRow, ...] = ()
    base_metrics: tuple[float | None, ...] = ()
    seeds: tuple[int, ...] = ()
    interrupted: bool = False
    at: str = ""

    @property
    def moved(self) -> bool:
        """Whether any variant kept something, so that there is anything to compare with the base."""
        return any(one.commit != self.request.base for one in self.request.variants)

    @property
    def best(self) -> VariantRow | None:
        """The one that is better than the base on average by most, if any is."""
        first = self.rows[0] if self.rows and not self.interrupted else None
        return first if first is not None and first.mean is not None and first.mean > 0 else None


KEPT_NOTHING = "it kept nothing: its head is the common base"


def nothing_kept(request: CompareRequest) -> CompareReport:
    """The answer where every head is the common base: no run could tell them apart, so none is made."""
    rows = (VariantRow(loop=one.loop, commit=one.commit, n=one.n, why_not=KEPT_NOTHING) for one in request.variants)
    return CompareReport(request=request, rows=tuple(rows))


def ranked(rows: Sequence[VariantRow], q: float) -> tuple[VariantRow, ...]:
    """With intervals, e-values and both corrections over all rows that have differences, best mean first."""
    whole = [_tested(row) for row in rows if not row.why_not]
    rest = [row for row in rows if row.why_not]
    by_e = e_benjamini_hochberg([row.e_value or 0.0 for row in whole], q) if whole else ()
    by_p = benjamini_hochberg([1.0 if row.p_value is None else row.p_value for row in whole], q) if whole else ()
    judged = [
        msgspec.structs.replace(row, better_e=at in by_e, better_p=at in by_p) for at, row in enumerate(whole)
    ]
    return (*sorted(judged, key=lambda row: -(row.mean or 0.0)), *rest)


def _tested(row: VariantRow) -> VariantRow:
    d = row.differences
    low, high = confidence(d)
    return msgspec.structs.replace(
        row,
        mean=math.fsum(d) / len(d),
        interval=(low if math.isfinite(low) else None, high if math.isfinite(high) else None),
        e_value=e_value(log_e(d)),
        p_value=_p_value(d),
    )


def _p_value(d: Sequence[float]) -> float:
    """One-sided, of "not better", by the paired t-test; differences that do not vary show nothing."""
    mean = math.fsum(d) / len(d)
    variance = math.fsum((value - mean) ** 2 for value in d) / (len(d) - 1) if len(d) > 1 else 0.0
    return upper(mean / math.sqrt(variance / len(d)), len(d) - 1) if variance > 0 else 1.0


class Audited(_Noun, frozen=True, kw_only=True):
    """One audit: a commit against another on fresh pairs; differences and bounds are of scores."""

    better: bool
    reason: str
    pairs: int = 0
    e_value: float | None = None
    mean: float | None = None
    interval: Interval | None = None
    scores: tuple[float, ...] = ()
    metrics: tuple[float, ...] = ()
    before_metrics: tuple[float, ...] = ()
    bar: float = AUDIT_BAR
    interrupted: bool = False


class MergeRequest(_Noun, frozen=True, kw_only=True):
    """Take the best of `fork` over into `loop`, whose head is `head`, if fresh pairs confirm it."""

    project: str
    loop: str
    head: str
    fork: str
    commit: str
    config: LoopConfig
    frozen_scales: dict[str, Any] = {}
    pairs: int = AUDIT_PAIRS
    first_seed: int = 1
    coin: int = 0


class MergeReport(_Noun, frozen=True, kw_only=True):
    """How far it came. `merged` is the commit that may be adopted; without it nothing was changed anywhere.

    `stage`: fork (its confirmation failed) · conflict · result (that of the merge failed) · done · interrupted.
    """

    request: MergeRequest
    stage: str
    merged: str = ""
    fast: bool = False
    conflicts: tuple[str, ...] = ()
    confirmed: Audited | None = None
    result: Audited | None = None


class ContentionRequest(_Noun, frozen=True, kw_only=True):
    """How much slower a run is while `together` − 1 others run."""

    project: str
    commit: str
    config: LoopConfig
    together: int
    rounds: int = 3
    first_seed: int = 1


class ContentionReport(_Noun, frozen=True, kw_only=True):
    """Seconds of each run; `reason` where nothing could be measured."""

    together: int
    alone_s: tuple[float, ...] = ()
    together_s: tuple[float, ...] = ()
    reason: str = ""

    @property
    def factor(self) -> float | None:
        """How many times as long a run takes beside the others, by the medians."""
        alone, beside = _median(self.alone_s), _median(self.together_s)
        return beside / alone if alone and beside else None


def _median(values: Sequence[float]) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
