"""A permutation test: is there any signal at all, whatever the family?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .data import Part, preparation
from .design import Design
from .evaluate import fit, outer_splits, predict
from .families import FAMILIES, settings
from .metrics import score

ROWS = 4000
Prepared = list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]


def scheme(part: Part, design: Design) -> tuple[str, str]:
    """(key, words) of how targets are exchanged, so that only what the null allows is exchanged."""
    if design.time:
        return "shift", "targets are shifted in time by a random number of rows"
    if design.group:
        constant = all(len(np.unique(part.y[part.units == unit])) == 1 for unit in np.unique(part.units))
        if constant:
            return "groups", "targets are exchanged between whole groups"
        return "within", "targets are exchanged within groups only"
    return "rows", "targets are exchanged between rows"


def permuted(key: str, part: Part, rng: np.random.Generator) -> np.ndarray:
    """One draw of the targets under the null hypothesis."""
    y = part.y
    if key == "shift" and part.order is not None:
        rows = np.argsort(part.order, kind="stable")
        drawn = np.empty_like(y)
        drawn[rows] = np.roll(y[rows], int(rng.integers(1, len(y))))
        return drawn
    if key == "groups":
        names, inverse = np.unique(part.units, return_inverse=True)
        first = np.array([y[part.units == name][0] for name in names])
        return rng.permutation(first)[inverse]
    if key == "within":
        drawn = y.copy()
        for name in np.unique(part.units):
            rows = np.flatnonzero(part.units == name)
            drawn[rows] = y[rng.permutation(rows)]
        return drawn
    return rng.permutation(y)


def prepared(part: Part, design: Design) -> Prepared:
    """Each outer fold of the first seed: columns prepared (without looking at the target), its rows."""
    found = []
    for train, test in outer_splits(part, design, design.seeds[0]):
        prepare = preparation(design)
        x_train = prepare.fit_transform(part.x.iloc[train])
        found.append((x_train, prepare.transform(part.x.iloc[test]), train, test))
    return found


def mean_score(folds: Prepared, y: np.ndarray, design: Design) -> float:
    """The mean over folds of the primary metric of the test's family at the middle of its settings."""
    key = design.permutation_family
    spread = settings(FAMILIES[key], 3)
    values = []
    for x_train, x_test, train, test in folds:
        try:
            model, _ = fit(key, spread[1], x_train, y[train], design, design.seeds[0])
        except ValueError:
            continue  # a permuted training fold may hold one class only
        values.append(
            score(design.task, y[test], predict(model, x_test, design), [design.metric], len(design.classes))[
                design.metric
            ]
        )
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("nan")


def subset(part: Part, design: Design) -> Part:
    """At most ROWS rows (the last in time, or whole units drawn at random), to bound the time of the test."""
    if len(part.y) <= ROWS:
        return part
    if part.order is not None:
        keep = np.sort(np.argsort(part.order, kind="stable")[-ROWS:])
    else:
        units = np.random.default_rng([design.seed, 11]).permutation(np.unique(part.units))
        rank = np.empty(len(units), dtype=int)
        rank[units] = np.arange(len(units))
        keep = np.sort(np.argsort(rank[part.units], kind="stable")[:ROWS])
    order = None if part.order is None else part.order[keep]
    return Part(part.x.iloc[keep].reset_index(drop=True), part.y[keep], part.units[keep], order)


def one(n: int, part: Part, folds: Prepared, key: str, design: Design) -> float:
    """The score of the n-th permutation (0 is the observed order)."""
    y = part.y if n == 0 else permuted(key, part, np.random.default_rng([design.seed, 7919, n]))
    return mean_score(folds, y, design)


def summary(values: Iterable[float], part: Part, design: Design) -> dict[str, Any]:
    """The test's result from the observed score (first) and those under permutation."""
    observed, *null = [float(value) for value in values]
    usable = [value for value in null if np.isfinite(value)]
    sign = -1.0 if design.lower_is_better else 1.0
    # A tie counts against the finding; 1e-12 keeps rounding from deciding.
    reached = sum(sign * value >= sign * observed - 1e-12 for value in usable)
    words: Callable[[], str] = lambda: scheme(part, design)[1]  # noqa: E731
    return {
        "family": design.permutation_family,
        "metric": design.metric,
        "scheme": words(),
        "rows": len(part.y),
        "observed": observed,
        "permutations": len(usable),
        "at_least_as_good": reached,
        "p": (1 + reached) / (1 + len(usable)),
        "null_mean": float(np.mean(usable)),
        "null_sd": float(np.std(usable, ddof=1)),
        "null_q95": float(np.quantile([sign * value for value in usable], 0.95) * sign),
        "null": usable,
        "text": f"{len(usable)} permutations ({words()}); p = (1 + b) / (1 + B) with b = {reached}.",
    }
