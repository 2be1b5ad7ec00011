"""Many finished variants at once, and folds that are not independent: Benjamini–Hochberg, e-BH, Nadeau–Bengio."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.student import upper


def benjamini_hochberg(p: Sequence[float], q: float = 0.05) -> tuple[int, ...]:
    """Places of the rejected hypotheses of (m,) p-values: the k smallest, k the largest with p₍k₎ ≤ kq/m.

    Among them at most a share q is false on average, for independent or positively dependent p-values.
    UsageError for a p-value outside 0…1 or a q outside 0…1.
    """
    _share(q)
    if any(not 0 <= value <= 1 for value in p):
        raise UsageError("A p-value lies outside 0…1.", "Give p-values, not statistics.")
    ranked = sorted(range(len(p)), key=lambda place: p[place])
    most = max((k for k, place in enumerate(ranked, 1) if p[place] <= k * q / len(p)), default=0)
    return tuple(sorted(ranked[:most]))


def e_benjamini_hochberg(e: Sequence[float], q: float = 0.05) -> tuple[int, ...]:
    """The same for (m,) e-values under any dependence: k is the largest with e₍k₎ ≥ m/(kq), largest first.

    UsageError for an e-value that is negative or not a number.
    """
    _share(q)
    if any(not value >= 0 for value in e):
        raise UsageError("An e-value is negative or not a number.", "Give e-values, not their logarithms.")
    ranked = sorted(range(len(e)), key=lambda place: -e[place])
    most = max((k for k, place in enumerate(ranked, 1) if e[place] >= len(e) / (k * q)), default=0)
    return tuple(sorted(ranked[:most]))


class FoldTest(msgspec.Struct, frozen=True, kw_only=True):
    """A corrected t-test over folds; `p_value` is one-sided, of "not better"."""

    t: float
    degrees: int
    p_value: float
    mean: float


def nadeau_bengio(differences: Sequence[float], test_size: int, train_size: int) -> FoldTest:
    """t = d̄ / sqrt((1/J + n_test/n_train)·s²) with J − 1 degrees of freedom, for (J,) differences of score a fold.

    UsageError for fewer than two folds, sizes below 1, or differences that do not vary.
    """
    folds = len(differences)
    if folds < 2 or test_size < 1 or train_size < 1:
        raise UsageError(f"{folds} folds of {test_size} tested and {train_size} trained examples cannot be compared.",
                         "Give two or more folds and the sizes of their parts.")
    mean = math.fsum(differences) / folds
    variance = math.fsum((value - mean) ** 2 for value in differences) / (folds - 1)
    if not variance > 0 or not math.isfinite(variance):
        raise UsageError("The folds' differences do not vary, or are not finite.", "Compare on more or other folds.")
    t = mean / math.sqrt((1 / folds + test_size / train_size) * variance)
    return FoldTest(t=t, degrees=folds - 1, p_value=upper(t, folds - 1), mean=mean)


def _share(q: float) -> None:
    if not 0 < q < 1:
        raise UsageError(f"q is {q!r}; it must lie between 0 and 1.", "Write q = 0.05.")
