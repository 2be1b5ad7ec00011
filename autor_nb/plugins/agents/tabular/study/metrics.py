"""Scores of predictions, from probabilities for classes and values for regression; a thousand bootstrap
draws must be cheap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata
from sklearn import metrics as sk

CLIP = 1e-6  # a family that is certain and wrong must not make the logarithmic loss infinite


def score(task: str, truth: np.ndarray, predicted: np.ndarray, wanted: list[str], classes: int = 2) -> dict[str, float]:
    """Every wanted metric; NaN where it is not defined (one class only among the test rows)."""
    if task == "regression":
        return {name: float(_REGRESSION[name](truth, predicted)) for name in wanted}
    if task == "binary":
        return {name: _binary(name, truth, np.clip(predicted[:, 1], CLIP, 1 - CLIP)) for name in wanted}
    return {name: _multiclass(name, truth, predicted, classes) for name in wanted}


def _binary(name: str, truth: np.ndarray, p: np.ndarray) -> float:
    if name == "roc_auc":
        return auc(truth, p)
    if name == "average_precision":
        return float(sk.average_precision_score(truth, p)) if 0 < truth.sum() < len(truth) else float("nan")
    if name == "log_loss":
        return float(-np.mean(np.log(np.where(truth == 1, p, 1 - p))))
    if name == "brier":
        return float(np.mean((truth - p) ** 2))
    label = (p >= 0.5).astype(int)
    if name == "f1":
        return _f1(truth, label, 1)
    if name == "balanced_accuracy":
        return _balanced(truth, label)
    return float(np.mean(truth == label))


def auc(truth: np.ndarray, p: np.ndarray) -> float:
    """Area under the ROC curve as the rank statistic that it is; NaN when only one class is there."""
    positive = int(np.sum(truth == 1))
    negative = len(truth) - positive
    if not positive or not negative:
        return float("nan")
    ranks = rankdata(p)
    return float((ranks[truth == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _multiclass(name: str, truth: np.ndarray, proba: np.ndarray, classes: int) -> float:
    proba = np.clip(proba, CLIP, 1 - CLIP)
    proba = proba / proba.sum(axis=1, keepdims=True)
    if name == "log_loss":
        return float(-np.mean(np.log(proba[np.arange(len(truth)), truth])))
    if name == "roc_auc":
        return float(np.mean([auc((truth == k).astype(int), proba[:, k]) for k in range(classes)]))
    label = proba.argmax(axis=1)
    if name == "macro_f1":
        return float(np.mean([_f1(truth, label, k) for k in range(classes)]))
    if name == "balanced_accuracy":
        return _balanced(truth, label)
    return float(np.mean(truth == label))


def _f1(truth: np.ndarray, label: np.ndarray, positive: int) -> float:
    hit = np.sum((truth == positive) & (label == positive))
    wrong = np.sum((truth == positive) != (label == positive))
    return float(2 * hit / (2 * hit + wrong)) if hit or wrong else 0.0


def _balanced(truth: np.ndarray, label: np.ndarray) -> float:
    return float(np.mean([np.mean(label[truth == k] == k) for k in np.unique(truth)]))


_REGRESSION: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "rmse": lambda t, p: np.sqrt(np.mean((t - p) ** 2)),
    "mae": lambda t, p: np.mean(np.abs(t - p)),
    "median_ae": lambda t, p: np.median(np.abs(t - p)),
    "r2": lambda t, p: 1 - np.sum((t - p) ** 2) / np.sum((t - t.mean()) ** 2) if np.ptp(t) > 0 else float("nan"),
}
