"""Partitions: which rows are tested in which fold, with classes balanced and related rows kept together."""

from __future__ import annotations

import numpy as np

Split = tuple[np.ndarray, np.ndarray]


def partition(y: np.ndarray, units: np.ndarray, k: int, rng: np.random.Generator, *, stratify: bool) -> np.ndarray:
    """A fold number 0…k−1 per row. Units go whole, largest first, to the fold with fewest rows of their
    class."""
    strata = y if stratify else np.zeros(len(units), dtype=int)
    _, first, inverse, sizes = np.unique(units, return_index=True, return_inverse=True, return_counts=True)
    shuffled = rng.permutation(len(first))
    ordered = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    fold_of_unit = np.empty(len(first), dtype=int)
    total = np.zeros(k, dtype=int)
    per_stratum: dict[int, np.ndarray] = {}
    for unit in ordered:
        loads = per_stratum.setdefault(int(strata[first[unit]]), np.zeros(k, dtype=int))
        fold = int(np.lexsort((total, loads))[0])
        loads[fold] += sizes[unit]
        total[fold] += sizes[unit]
        fold_of_unit[unit] = fold
    return fold_of_unit[inverse]


def splits(
    y: np.ndarray, units: np.ndarray, order: np.ndarray | None, k: int, seed: list[int], *, stratify: bool
) -> list[Split]:
    """(training rows, test rows) of each fold; with `order` every test fold lies after its training rows."""
    if order is not None:
        return _forward(order, k)
    fold = partition(y, units, k, np.random.default_rng(seed), stratify=stratify)
    return [(np.flatnonzero(fold != n), np.flatnonzero(fold == n)) for n in range(k)]


def _forward(order: np.ndarray, k: int) -> list[Split]:
    """Growing training window: k + 1 blocks in time, block n + 1 is tested by what came before. Ties stay
    together."""
    rows = np.argsort(order, kind="stable")
    edges = [round(len(rows) * n / (k + 1)) for n in range(k + 2)]
    cuts = [
        int(np.searchsorted(order[rows], order[rows][edge], side="left")) if edge < len(rows) else edge
        for edge in edges
    ]
    return [
        (np.sort(rows[: cuts[n]]), np.sort(rows[cuts[n] : cuts[n + 1]]))
        for n in range(1, k + 1)
        if cuts[n] > 0 and cuts[n + 1] > cuts[n]
    ]
