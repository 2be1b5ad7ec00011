"""How well one column alone predicts the target, out of fold on the training part: near one, it may be a leak."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from autor_nb.plugins.agents.tabular.plan import Plan
from autor_nb.plugins.agents.tabular.profiling import target_values
from autor_nb.plugins.agents.tabular.study.data import factorized, to_levels, to_numbers
from autor_nb.plugins.agents.tabular.study.folds import splits

SUSPICIOUS = 0.985  # the best honest column of the bundled sets (breast_cancer, worst perimeter) reaches 0.98
MEASURES = {
    "binary": "area under the ROC curve",
    "multiclass": "balanced accuracy",
    "regression": "share of variance explained",
}
FOLDS = 3
ROWS = 5000
COLUMNS = 200
FEWEST = 30  # rows below which a score near one says little


def suspicious(plan: Plan, table: pd.DataFrame, kinds: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Columns that alone reach SUSPICIOUS, with that score; of very many columns, those most associated."""
    left = {plan.group, plan.time, *plan.drop, *plan.units.get("ids", [])}
    usable = [c for name, c in kinds.items() if name not in left and c["kind"] in ("numeric", "categorical")]
    ranked = sorted(usable, key=lambda c: -(c.get("association") or 0.0))[:COLUMNS]
    if len(table) < FEWEST:
        return {}
    if len(table) > ROWS:
        table = table.iloc[np.sort(np.random.default_rng([plan.seed, 61]).choice(len(table), ROWS, replace=False))]
        table = table.reset_index(drop=True)
    found = {about["name"]: score(plan, table, about) for about in ranked}
    return {name: found[name] for name in kinds if found.get(name, 0.0) >= SUSPICIOUS}


def score(plan: Plan, table: pd.DataFrame, about: dict[str, Any]) -> float:
    """Area under the ROC curve, balanced accuracy or explained variance of predictions by that column alone."""
    y = target_values(plan, table)
    codes = y.to_numpy(dtype=float) if plan.task == "regression" else pd.factorize(y, sort=True)[0]
    groups = factorized(table[plan.group]) if plan.group else np.arange(len(table))
    numeric = about["kind"] == "numeric"
    column = to_numbers(table[about["name"]], about.get("decimal", ".")) if numeric else to_levels(table[about["name"]])
    stratify = plan.task != "regression"
    predicted = np.zeros((len(table), 1 if not stratify else int(codes.max()) + 1))
    for train, test in splits(codes, groups, None, FOLDS, [plan.seed, 67], stratify=stratify):
        if len(train) and len(test):
            predicted[test] = (_by_tree if numeric else _by_level)(column, codes, train, test, plan.task)
    best = _measured(plan.task, codes, predicted)
    if numeric and plan.task != "multiclass":
        known = column.notna().to_numpy()
        best = max(best, _measured(plan.task, codes[known], None, column[known].to_numpy(dtype=float)))
    return round(best, 4)


def _by_tree(column: pd.Series, codes: np.ndarray, train: np.ndarray, test: np.ndarray, task: str) -> np.ndarray:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    x = column.fillna(column.min() - 1).to_numpy(dtype=float).reshape(-1, 1)
    kind = DecisionTreeRegressor if task == "regression" else DecisionTreeClassifier
    model = kind(max_leaf_nodes=64, min_samples_leaf=5, random_state=0).fit(x[train], codes[train])
    if task == "regression":
        return np.asarray(model.predict(x[test])).reshape(-1, 1)
    shares = np.zeros((len(test), int(codes.max()) + 1))
    shares[:, model.classes_.astype(int)] = model.predict_proba(x[test])
    return shares


def _by_level(column: pd.Series, codes: np.ndarray, train: np.ndarray, test: np.ndarray, task: str) -> np.ndarray:
    """Mean (or class shares) of the level in the training rows; of all rows for a level not seen there."""
    values = codes.reshape(-1, 1) if task == "regression" else np.eye(int(codes.max()) + 1)[codes]
    known = pd.DataFrame(values[train]).groupby(column.iloc[train].to_numpy()).mean()
    found = known.reindex(column.iloc[test].to_numpy()).to_numpy()
    return np.where(np.isnan(found), values[train].mean(axis=0), found)


def _measured(task: str, truth: np.ndarray, predicted: np.ndarray | None, raw: np.ndarray | None = None) -> float:
    """The measure of predictions, or of a raw column in its own order (as it is or reversed)."""
    from sklearn.metrics import balanced_accuracy_score, r2_score, roc_auc_score

    if len(np.unique(truth)) < 2 or (raw is not None and len(np.unique(raw)) < 2):
        return 0.0
    if task == "multiclass":
        assert predicted is not None
        return float(balanced_accuracy_score(truth, predicted.argmax(axis=1)))
    if task == "binary":
        area = float(roc_auc_score(truth, predicted[:, 1] if predicted is not None else raw))
        return area if predicted is not None else max(area, 1 - area)
    if predicted is not None:
        return float(r2_score(truth, predicted[:, 0]))
    assert raw is not None
    return float(np.corrcoef(truth, raw)[0, 1] ** 2)
