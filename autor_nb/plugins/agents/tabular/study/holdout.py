"""The locked rows, opened: tune on the whole training part, refit, score the holdout with bootstrap
intervals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .data import Part, preparation, read_part
from .design import Design
from .evaluate import fit, predict, tune
from .families import Setting
from .metrics import score

RESAMPLES = 1000
LEVEL = 0.95


def open_holdout(root: Path, design: Design) -> dict[str, Any]:
    """Scores of every family on the holdout; the setting of each is tuned on the training part alone."""
    assert design.holdout is not None
    train, held = read_part(root / design.train, design), read_part(root / design.holdout, design)
    rows = np.arange(len(train.y))
    prepare = preparation(design)
    x_train, x_held = prepare.fit_transform(train.x), prepare.transform(held.x)
    draws = _draws(held, design)
    families: dict[str, Any] = {}
    chosen: dict[str, Setting] = {}
    for key in ["baseline", *design.family_keys]:
        if key != "baseline":
            chosen[key] = tune(key, train, rows, design, design.seeds[0])[0]
        model, _ = fit(key, chosen.get(key, {}), x_train, train.y, design, design.seeds[0])
        families[key] = _with_intervals(held.y, predict(model, x_held, design), draws, design)
    unit = "rows" if len(np.unique(held.units)) == len(held.y) else "groups of rows"
    return {
        "rows": len(held.y),
        "bootstrap": {"resamples": RESAMPLES, "seed": design.seed, "unit": unit},
        "families": families,
        "setting": chosen,
    }


def _draws(held: Part, design: Design) -> list[np.ndarray]:
    """Bootstrap samples of the holdout's rows; related rows are drawn together."""
    rng = np.random.default_rng([design.seed, 41])
    units = [np.flatnonzero(held.units == unit) for unit in np.unique(held.units)]
    if all(len(rows) == 1 for rows in units):
        return [rng.integers(0, len(held.y), len(held.y)) for _ in range(RESAMPLES)]
    return [np.concatenate([units[n] for n in rng.integers(0, len(units), len(units))]) for _ in range(RESAMPLES)]


def _with_intervals(y: np.ndarray, predicted: np.ndarray, draws: list[np.ndarray], design: Design) -> dict[str, Any]:
    point = score(design.task, y, predicted, design.metrics, len(design.classes))
    # The secondary metrics get a percentile interval from fewer draws: they are context, not the claim.
    found: dict[str, Any] = {}
    for metric in design.metrics:
        some = draws if metric == design.metric else draws[:200]
        values = [score(design.task, y[rows], predicted[rows], [metric], len(design.classes))[metric] for rows in some]
        usable = [value for value in values if np.isfinite(value)]
        low, high = np.quantile(usable, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if len(usable) >= 100 else (np.nan, np.nan)
        found[metric] = {"estimate": point[metric], "ci_low": float(low), "ci_high": float(high)}
    return found
