"""Scores of predictions: probabilities for classes, values for regression."""

from __future__ import annotations

import numpy as np
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
    if name in ("roc_auc", "average_precision"):
        if len(np.unique(truth)) < 2:
            return float("nan")
        return float(sk.roc_auc_score(truth, p) if name == "roc_auc" else sk.average_precision_score(truth, p))
    if name == "log_loss":
        return float(sk.log_loss(truth, p, labels=[0, 1]))
    if name == "brier":
        return float(np.mean((truth - p) ** 2))
    label = (p >= 0.5).astype(int)
    if name == "f1":
        return float(sk.f1_score(truth, label, zero_division=0))
    if name == "balanced_accuracy":
        return _balanced(truth, label)
    return float(np.mean(truth == label))


def _multiclass(name: str, truth: np.ndarray, proba: np.ndarray, classes: int) -> float:
    proba = np.clip(proba, CLIP, 1 - CLIP)
    proba = proba / proba.sum(axis=1, keepdims=True)
    labels = list(range(classes))
    if name == "log_loss":
        return float(sk.log_loss(truth, proba, labels=labels))
    if name == "roc_auc":
        if len(np.unique(truth)) < classes:
            return float("nan")
        return float(sk.roc_auc_score(truth, proba, multi_class="ovr", average="macro", labels=labels))
    label = proba.argmax(axis=1)
    if name == "macro_f1":
        return float(sk.f1_score(truth, label, labels=labels, average="macro", zero_division=0))
    if name == "balanced_accuracy":
        return _balanced(truth, label)
    return float(np.mean(truth == label))


def _balanced(truth: np.ndarray, label: np.ndarray) -> float:
    return float(np.mean([np.mean(label[truth == k] == k) for k in np.unique(truth)]))


_REGRESSION = {
    "rmse": lambda t, p: np.sqrt(np.mean((t - p) ** 2)),
    "mae": lambda t, p: np.mean(np.abs(t - p)),
    "median_ae": lambda t, p: np.median(np.abs(t - p)),
    "r2": lambda t, p: sk.r2_score(t, p) if len(t) > 1 else float("nan"),
}
