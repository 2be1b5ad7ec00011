"""The data profile: kind, range, gaps and association with the target of every column, from the training
part only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from autor_nb.plugins.agents.tabular.columns import decimal_of, is_missing, kind_of
from autor_nb.plugins.agents.tabular.plan import Plan
from autor_nb.plugins.agents.tabular.study.data import factorized, to_levels, to_numbers

TOP_LEVELS = 10


def profile(plan: Plan, train: Path) -> dict[str, Any]:
    """The content of data/profile.json."""
    table = pd.read_csv(train, dtype=str, keep_default_na=False, encoding="utf-8")
    target = target_values(plan, table)
    columns = [
        describe(table[name], target if name != plan.target else None, plan)
        for name in table.columns
        if name != plan.target
    ]
    about = describe(table[plan.target], None, plan)
    if plan.task != "regression":
        about["classes"] = {
            str(k): int(v) for k, v in table[plan.target].str.strip().value_counts().sort_index().items()
        }
    return {"part": "training", "rows": len(table), "target": about, "columns": columns, **_groups(plan, table)}


def _groups(plan: Plan, table: pd.DataFrame) -> dict[str, Any]:
    """How many groups there are, and how many hold each class; nothing without a group column."""
    if not plan.group:
        return {}
    groups = pd.Series(factorized(table[plan.group]), index=table.index)
    found: dict[str, Any] = {"groups": int(groups.nunique())}
    if plan.task != "regression":
        per_class = groups.groupby(table[plan.target].str.strip()).nunique().sort_index()
        found["class_groups"] = {"classes": {str(name): int(count) for name, count in per_class.items()}}
    return found


def target_values(plan: Plan, table: pd.DataFrame) -> pd.Series:
    """The target as numbers (regression) or as class names."""
    values = table[plan.target]
    return to_numbers(values, decimal_of(values)) if plan.task == "regression" else values.str.strip()


def describe(column: pd.Series, target: pd.Series | None, plan: Plan) -> dict[str, Any]:
    """One column's entry; with `target` also its association with it."""
    missing = is_missing(column)
    present = column[~missing].str.strip()
    kind = kind_of(column, missing)
    about: dict[str, Any] = {
        "name": str(column.name),
        "kind": kind,
        "missing": int(missing.sum()),
        "missing_share": round(float(missing.mean()), 6),
        "distinct": int(present.nunique()),
    }
    if kind == "numeric":
        decimal = decimal_of(present)
        numbers = to_numbers(column, decimal)
        about["decimal"] = decimal
        about["unreadable"] = int((numbers.isna() & ~missing).sum())
        quartiles = numbers.quantile([0.25, 0.5, 0.75]).tolist()
        about |= {
            "min": _r(numbers.min()),
            "q1": _r(quartiles[0]),
            "median": _r(quartiles[1]),
            "q3": _r(quartiles[2]),
            "max": _r(numbers.max()),
            "mean": _r(numbers.mean()),
            "sd": _r(numbers.std(ddof=1)),
        }
    else:
        about["levels"] = {
            str(k): int(v)
            for k, v in present.value_counts()
            .sort_index(kind="stable")
            .sort_values(ascending=False, kind="stable")
            .head(TOP_LEVELS)
            .items()
        }
    if target is not None and kind in ("numeric", "categorical"):
        about["association"], about["association_kind"] = association(
            column, kind, about.get("decimal", "."), target, plan.task
        )
    return about


def association(column: pd.Series, kind: str, decimal: str, target: pd.Series, task: str) -> tuple[float | None, str]:
    """Strength of association in 0…1: |r|, correlation ratio, or Cramér's V; None where it is not defined."""
    if kind == "numeric":
        numbers = to_numbers(column, decimal)
        if task == "regression":
            return _pearson(numbers, target), "|correlation|"
        return _ratio(numbers, target), "correlation ratio"
    levels = to_levels(column)
    if task == "regression":
        return _ratio(target, levels), "correlation ratio"
    return _cramer(levels, target), "Cramér's V"


def _pearson(a: pd.Series, b: pd.Series) -> float | None:
    both = a.notna() & b.notna()
    if both.sum() < 3 or a[both].std() == 0 or b[both].std() == 0:
        return None
    return _r(abs(float(np.corrcoef(a[both], b[both])[0, 1])))


def _ratio(values: pd.Series, by: pd.Series) -> float | None:
    """Square root of the share of variance that lies between the levels of `by`."""
    known = values.notna()
    values, by = values[known], by[known]
    total = float(((values - values.mean()) ** 2).sum())
    if len(values) < 3 or total == 0:
        return None
    means = values.groupby(by).transform("mean")
    return _r(float(np.sqrt(min(1.0, float(((means - values.mean()) ** 2).sum()) / total))))


def _cramer(a: pd.Series, b: pd.Series) -> float | None:
    counts = pd.crosstab(a, b).to_numpy(dtype=float)
    smaller = min(counts.shape) - 1
    if smaller < 1:
        return None
    expected = counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True) / counts.sum()
    chi2 = float(((counts - expected) ** 2 / expected).sum())
    return _r(float(np.sqrt(chi2 / (counts.sum() * smaller))))


def _r(value: Any) -> float | None:
    number = float(value)
    return float(f"{number:.8g}") if np.isfinite(number) else None
