"""Analyses beside the comparison: permutation importance and learning curves, on the training part only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .data import Part, preparation
from .design import Design
from .evaluate import fit, outer_splits, predict
from .families import Setting
from .metrics import score

REPEATS = 3
SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)


def _score(model: Any, prepare: Any, part: Part, rows: np.ndarray, design: Design, x: Any = None) -> float:
    x = part.x.iloc[rows] if x is None else x
    return score(
        design.task,
        part.y[rows],
        predict(model, prepare.transform(x), design),
        [design.metric],
        len(design.classes),
    )[design.metric]


def importance(key: str, setting: Setting, part: Part, design: Design, fold: int) -> list[float]:
    """Loss of score on an outer test fold when a column's values are exchanged, per column (positive: it
    matters)."""
    train, test = outer_splits(part, design, design.seeds[0])[fold]
    prepare = preparation(design)
    model, _ = fit(key, setting, prepare.fit_transform(part.x.iloc[train]), part.y[train], design, design.seeds[0])
    whole = _score(model, prepare, part, test, design)
    sign = -1.0 if design.lower_is_better else 1.0
    lost = []
    for n, column in enumerate(part.x.columns):
        values = []
        for repeat in range(REPEATS):
            rng = np.random.default_rng([design.seed, 31, fold, n, repeat])
            x = part.x.iloc[test].copy()
            x[column] = x[column].to_numpy()[rng.permutation(len(test))]
            values.append(sign * (whole - _score(model, prepare, part, test, design, x)))
        lost.append(float(np.mean(values)))
    return lost


def importance_rows(per_fold: list[list[float]], design: Design) -> list[list[Any]]:
    """(column, mean, SD over folds, rank), the most important first."""
    table = np.array(per_fold)
    means = table.mean(axis=0)
    spread = table.std(axis=0, ddof=1) if len(table) > 1 else np.full(len(means), math.nan)
    ranked = np.argsort(-means, kind="stable")
    return [
        [design.columns[n]["name"], float(means[n]), float(spread[n]), rank]
        for rank, n in enumerate(ranked.tolist(), 1)
    ]


def learning_curve(key: str, setting: Setting, part: Part, design: Design, fold: int) -> list[list[Any]]:
    """Score on an outer test fold after training on growing shares of its training rows."""
    train, test = outer_splits(part, design, design.seeds[0])[fold]
    shuffled = train if part.order is not None else np.random.default_rng([design.seed, 37, fold]).permutation(train)
    rows: list[list[Any]] = []
    for share in SHARES:
        some = shuffled[-max(10, round(share * len(shuffled))) :]
        if design.task != "regression" and len(np.unique(part.y[some])) < 2:
            continue
        prepare = preparation(design)
        try:
            model, _ = fit(
                key, setting, prepare.fit_transform(part.x.iloc[some]), part.y[some], design, design.seeds[0]
            )
            value = _score(model, prepare, part, test, design)
        except ValueError:
            value = math.nan
        rows.append([key, share, len(some), design.seeds[0], fold, value])
    return rows
