"""The result files: written in one order and with one number format, so that the same study gives the same
bytes."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .data import Part
from .design import Design
from .evaluate import FoldResult
from .families import title

PREDICTION_ROWS = 60_000


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A CSV file; floats with ten significant digits, what is not finite as an empty field."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_field(value) for value in row] for row in rows)


def write_json(path: Path, value: Any) -> None:
    """A JSON file; floats with ten significant digits, what is not finite as null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(finite(value), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def finite(value: Any) -> Any:
    """The same structure with plain rounded numbers."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.10g}") if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def _field(value: Any) -> Any:
    if isinstance(value, (float, np.floating)):
        return f"{value:.10g}" if math.isfinite(value) else ""
    return "" if value is None else value


def write_folds(folder: Path, results: list[FoldResult], design: Design) -> None:
    """folds.csv, chosen_settings.csv, failures.json."""
    write_csv(
        folder / "folds.csv",
        ["family", "seed", "fold", "n_train", "n_test", *design.metrics],
        (
            [r.family, r.seed, r.fold, r.train_rows, len(r.test_rows), *(r.scores[m] for m in design.metrics)]
            for r in results
        ),
    )
    write_csv(
        folder / "chosen_settings.csv",
        ["family", "seed", "fold", "inner_score", "setting"],
        ([r.family, r.seed, r.fold, r.inner_score, json.dumps(r.setting)] for r in results if r.family != "baseline"),
    )
    seen = {(r.family, r.seed, r.fold, what): r.problems.count(what) for r in results for what in r.problems}
    write_json(
        folder / "failures.json",
        [
            {
                "family": family,
                "seed": seed,
                "fold": fold,
                "what": f"{what} ({count} times)" if count > 1 else what,
            }
            for (family, seed, fold, what), count in seen.items()
        ],
    )


def write_predictions(folder: Path, results: list[FoldResult], part: Part, design: Design) -> None:
    """predictions.csv: out of fold, a row per seed and row; the first seed only when that would be very
    long."""
    families = list(dict.fromkeys(r.family for r in results))
    seeds = design.seeds if len(design.seeds) * len(part.y) <= PREDICTION_ROWS else design.seeds[:1]
    cells: dict[tuple[int, int], dict[str, Any]] = {}
    for r in results:
        if r.seed in seeds and r.predicted is not None:
            for row, value in zip(r.test_rows.tolist(), _compact(r.predicted, design), strict=True):
                cells.setdefault((r.seed, row), {"fold": r.fold})[r.family] = value
    names = design.classes if design.task == "multiclass" else None
    write_csv(
        folder / "predictions.csv",
        ["seed", "row", "fold", "truth", *families],
        (
            [
                seed,
                row,
                cell["fold"],
                names[int(part.y[row])] if names else part.y[row].item(),
                *(cell.get(family) for family in families),
            ]
            for (seed, row), cell in sorted(cells.items())
        ),
    )


def _compact(predicted: np.ndarray, design: Design) -> list[Any]:
    if design.task == "multiclass":
        return [design.classes[k] for k in predicted.argmax(axis=1)]
    return [float(f"{value:.6g}") for value in (predicted if predicted.ndim == 1 else predicted[:, 1])]


def summary(results: list[FoldResult], part: Part, design: Design) -> dict[str, Any]:
    """summary.json: means with both variances apart, of folds within a seed and of seeds' means."""
    families: dict[str, Any] = {}
    for key in dict.fromkeys(r.family for r in results):
        mine = [r for r in results if r.family == key]
        families[key] = {
            "title": title(key, design.task),
            "tuned": key != "baseline",
            "metrics": {metric: spread(mine, metric, design.seeds) for metric in design.metrics},
        }
    means = {key: families[key]["metrics"][design.metric]["mean"] for key in design.family_keys}
    ranked = [key for key, mean in means.items() if mean is not None and math.isfinite(mean)]
    best = min(ranked, key=lambda k: means[k] if design.lower_is_better else -means[k]) if ranked else None
    return {
        "dataset": design.dataset,
        "task": design.task,
        "metric": design.metric,
        "direction": "lower" if design.lower_is_better else "higher",
        "rope": design.rope,
        "rows": len(part.y),
        "columns": part.x.shape[1],
        "seeds": len(design.seeds),
        "outer_folds": design.outer_folds,
        "inner_folds": design.inner_folds,
        "settings_per_family": design.settings_per_family,
        "J": len({(r.seed, r.fold) for r in results}),
        "best": best,
        "families": families,
    }


def spread(mine: list[FoldResult], metric: str, seeds: list[int]) -> dict[str, float | None]:
    """Mean, root mean square of the folds' SD within a seed, SD of the seeds' means, and range."""
    by_seed = [[r.scores[metric] for r in mine if r.seed == seed and math.isfinite(r.scores[metric])] for seed in seeds]
    by_seed = [values for values in by_seed if values]
    if not by_seed:
        return dict.fromkeys(("mean", "sd_folds", "sd_seeds", "min", "max"))
    means = [float(np.mean(values)) for values in by_seed]
    within = [float(np.var(values, ddof=1)) for values in by_seed if len(values) > 1]
    flat = [value for values in by_seed for value in values]
    return {
        "mean": float(np.mean(means)),
        "sd_folds": math.sqrt(float(np.mean(within))) if within else None,
        "sd_seeds": float(np.std(means, ddof=1)) if len(means) > 1 else None,
        "min": min(flat),
        "max": max(flat),
    }
