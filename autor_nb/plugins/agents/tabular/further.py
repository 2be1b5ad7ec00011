"""Analyses of the out-of-fold predictions beside the comparison: calibration and subgroups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.statistics import percentile
from autor_nb.plugins.agents.tabular.study.data import to_levels, to_numbers

BINS = 10
RESAMPLES = 300
LEVELS = 8


def predictions(session: Session) -> pd.DataFrame:
    """results/predictions.csv of the first seed."""
    table = pd.read_csv(session.path("results/predictions.csv"), keep_default_na=False, na_values=[""])
    first: pd.DataFrame = table[table["seed"] == table["seed"].min()].reset_index(drop=True)
    return first


def calibration(table: pd.DataFrame, families: list[str]) -> dict[str, Any]:
    """Brier score, slope and intercept of the recalibration, expected calibration error and bins, per
    family."""
    from sklearn.linear_model import LogisticRegression

    truth = table["truth"].to_numpy(dtype=int)
    found: dict[str, Any] = {}
    for family in families:
        p = np.clip(table[family].to_numpy(dtype=float), 1e-6, 1 - 1e-6)
        logit = np.log(p / (1 - p)).reshape(-1, 1)
        model = LogisticRegression(C=1e6, max_iter=1000).fit(logit, truth)
        edges = np.linspace(0, 1, BINS + 1)
        place = np.minimum((p * BINS).astype(int), BINS - 1)
        bins = [
            {
                "from": round(float(edges[n]), 3),
                "to": round(float(edges[n + 1]), 3),
                "n": int((place == n).sum()),
                "mean_predicted": float(f"{p[place == n].mean():.8g}"),
                "observed": float(f"{truth[place == n].mean():.8g}"),
            }
            for n in range(BINS)
            if (place == n).any()
        ]
        error = sum(b["n"] * abs(b["mean_predicted"] - b["observed"]) for b in bins) / len(p)
        found[family] = {
            "brier": float(f"{np.mean((truth - p) ** 2):.8g}"),
            "slope": float(f"{model.coef_[0, 0]:.6g}"),
            "intercept": float(f"{model.intercept_[0]:.6g}"),
            "ece": float(f"{error:.8g}"),
            "bins": bins,
        }
    return found


def subgroup_rows(
    session: Session, table: pd.DataFrame, column: str, families: list[str], task: str, seed: int
) -> list[list[Any]]:
    """(column, level, rows, family, metric, estimate, interval) per level of a column (halves of a numeric
    one)."""
    train = pd.read_csv(session.path("data/train.csv"), dtype=str, keep_default_na=False)
    cells = train[column].iloc[table["row"].to_numpy()].reset_index(drop=True)
    profile = next(c for c in session.read_json("data/profile.json")["columns"] if c["name"] == column)
    if profile["kind"] == "numeric":
        numbers = to_numbers(cells, profile["decimal"])
        middle = profile["median"]
        levels = pd.Series(
            np.where(
                numbers.isna(),
                "(missing)",
                np.where(numbers <= middle, f"at most {middle:g}", f"above {middle:g}"),
            )
        )
    else:
        levels = to_levels(cells)
    metric, loss = _row_loss(task)
    rows: list[list[Any]] = []
    for level in levels.value_counts().sort_index().sort_values(ascending=False, kind="stable").index[:LEVELS]:
        chosen = (levels == level).to_numpy()
        for family in families:
            values = loss(table["truth"][chosen], table[family][chosen])
            rng = np.random.default_rng([seed, 53])
            drawn = [float(np.mean(values[rng.integers(0, len(values), len(values))])) for _ in range(RESAMPLES)]
            low, high = percentile(drawn) if len(values) > 1 else (None, None)
            rows.append([column, level, int(chosen.sum()), family, metric, float(np.mean(values)), low, high])
    return rows


def _row_loss(task: str) -> tuple[str, Any]:
    """A loss that each row has of its own, so that every level can be scored whatever classes it holds."""
    if task == "regression":
        return "mae", lambda t, p: np.abs(t.to_numpy(dtype=float) - p.to_numpy(dtype=float))
    if task == "binary":
        return "brier", lambda t, p: (t.to_numpy(dtype=float) - p.to_numpy(dtype=float)) ** 2
    return "error_rate", lambda t, p: (t.astype(str).to_numpy() != p.astype(str).to_numpy()).astype(float)
