"""Nested cross-validation of one family on one outer fold: tune inside, refit, predict the rows left out."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .data import Part, preparation
from .design import Design
from .families import FAMILIES, Context, Setting, baseline, settings
from .folds import Split, splits
from .metrics import score


@dataclass
class FoldResult:
    """What one family did on one outer fold of one seed."""

    family: str
    seed: int
    fold: int
    train_rows: int
    test_rows: np.ndarray
    scores: dict[str, float] = field(default_factory=dict)
    predicted: np.ndarray | None = None
    setting: Setting = field(default_factory=dict)
    inner_score: float | None = None
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


def outer_splits(part: Part, design: Design, seed: int) -> list[Split]:
    """The outer folds of one seed."""
    return splits(
        part.y,
        part.units,
        part.order,
        design.outer_folds,
        [design.seed, seed, 1],
        stratify=design.task != "regression",
    )


def inner_splits(part: Part, rows: np.ndarray, design: Design, seed: int) -> list[Split]:
    """Inner folds over `rows`, as positions within `rows`."""
    order = None if part.order is None else part.order[rows]
    return splits(
        part.y[rows],
        part.units[rows],
        order,
        design.inner_folds,
        [design.seed, seed, 2],
        stratify=design.task != "regression",
    )


def predict(model: Any, x: np.ndarray, design: Design) -> np.ndarray:
    """Values, or probabilities with one column per class of the design (also those a fold did not hold)."""
    if design.task == "regression":
        return np.asarray(model.predict(x), dtype=float)
    proba = model.predict_proba(x)
    full = np.zeros((len(x), max(2, len(design.classes))))
    full[:, np.asarray(model.classes_, dtype=int)] = proba
    return full


def fit(key: str, setting: Setting, x: np.ndarray, y: np.ndarray, design: Design, seed: int) -> tuple[Any, list[str]]:
    """A fitted model and what it warned of."""
    context = Context(task=design.task, seed=seed, columns=x.shape[1], rows=len(x))
    model = baseline(context) if key == "baseline" else FAMILIES[key].build(setting, context)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(x, y)
    said = {w.category.__name__ for w in caught if "Convergence" in w.category.__name__}
    return model, sorted(said)


def tune(key: str, part: Part, rows: np.ndarray, design: Design, seed: int) -> tuple[Setting, float | None, list[str]]:
    """The setting with the best mean inner score; the first of equals, so that ties are settled the same
    way."""
    candidates = settings(FAMILIES[key], design.settings_per_family)
    totals: list[list[float]] = [[] for _ in candidates]
    problems: list[str] = []
    for train, test in inner_splits(part, rows, design, seed):
        prepare = preparation(design)
        x_train = prepare.fit_transform(part.x.iloc[rows[train]])
        x_test = prepare.transform(part.x.iloc[rows[test]])
        for n, setting in enumerate(candidates):
            try:
                model, said = fit(key, setting, x_train, part.y[rows[train]], design, seed)
                value = score(
                    design.task,
                    part.y[rows[test]],
                    predict(model, x_test, design),
                    [design.metric],
                    len(design.classes),
                )[design.metric]
                problems += [f"{what} while tuning" for what in said]
            except ValueError as error:
                value = float("nan")
                problems.append(f"{setting}: {error}")
            totals[n].append(value)
    means = [
        float(np.mean(kept)) if (kept := [v for v in values if np.isfinite(v)]) else float("nan") for values in totals
    ]
    best = None
    for n, mean in enumerate(means):
        if np.isfinite(mean) and (best is None or design.better(mean, means[best])):
            best = n
    if best is None:
        return candidates[0], None, [*problems, "no setting could be scored; the first was used"]
    return candidates[best], means[best], problems


def run_fold(key: str, part: Part, design: Design, seed: int, fold: int) -> FoldResult:
    """One family, one seed, one outer fold."""
    begun = time.perf_counter()
    train, test = outer_splits(part, design, seed)[fold]
    result = FoldResult(key, seed, fold, len(train), test)
    if key != "baseline":
        result.setting, result.inner_score, result.problems = tune(key, part, train, design, seed)
    prepare = preparation(design)
    x_train = prepare.fit_transform(part.x.iloc[train])
    try:
        model, said = fit(key, result.setting, x_train, part.y[train], design, seed)
        result.problems += said
        result.predicted = predict(model, prepare.transform(part.x.iloc[test]), design)
        result.scores = score(design.task, part.y[test], result.predicted, design.metrics, len(design.classes))
    except ValueError as error:
        result.problems.append(f"the refit failed: {error}")
        result.scores = dict.fromkeys(design.metrics, float("nan"))
    result.seconds = time.perf_counter() - begun
    return result
