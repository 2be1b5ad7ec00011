"""The words of a study: metrics, model families and extra analyses by key, and what people call them."""

from __future__ import annotations

METRICS: dict[str, tuple[str, ...]] = {
    "binary": ("roc_auc", "average_precision", "accuracy", "balanced_accuracy", "f1", "log_loss", "brier"),
    "multiclass": ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "roc_auc"),
    "regression": ("rmse", "mae", "r2", "median_ae"),
}
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "rmse", "mae", "median_ae"})
PRIMARY = {"binary": "roc_auc", "multiclass": "balanced_accuracy", "regression": "rmse"}
PERFECT = {
    "roc_auc": 1.0,
    "average_precision": 1.0,
    "accuracy": 1.0,
    "balanced_accuracy": 1.0,
    "f1": 1.0,
    "macro_f1": 1.0,
    "r2": 1.0,
    "log_loss": 0.0,
    "brier": 0.0,
    "rmse": 0.0,
    "mae": 0.0,
    "median_ae": 0.0,
}
METRIC_TITLES = {
    "roc_auc": "area under the ROC curve",
    "average_precision": "average precision",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1 score",
    "macro_f1": "macro-averaged F1",
    "log_loss": "logarithmic loss",
    "brier": "Brier score",
    "rmse": "root mean squared error",
    "mae": "mean absolute error",
    "r2": "coefficient of determination",
    "median_ae": "median absolute error",
}
METRIC_NAMES = {
    "roc_auc": ("roc auc", "auc", "auroc", "roc_auc", "area under the roc curve"),
    "average_precision": ("average precision", "average_precision", "auprc", "pr auc", "aucpr"),
    "balanced_accuracy": ("balanced accuracy", "balanced_accuracy"),
    "accuracy": ("accuracy",),
    "macro_f1": ("macro f1", "macro_f1", "macro-f1", "macro-averaged f1"),
    "f1": ("f1 score", "f1-score", "f1"),
    "log_loss": (
        "log loss",
        "logloss",
        "log-loss",
        "log_loss",
        "cross entropy",
        "cross-entropy",
        "logarithmic loss",
    ),
    "brier": ("brier score", "brier"),
    "rmse": ("rmse", "root mean squared error", "root mean square error"),
    "mae": ("mae", "mean absolute error"),
    "median_ae": ("median_ae", "median absolute error"),
    "r2": ("r2", "r²", "r-squared", "r squared", "coefficient of determination"),
}
CLASSIFY = (
    "logistic",
    "svm",
    "forest",
    "boosting",
    "knn",
    "naive_bayes",
    "extra_trees",
    "tree",
    "elastic_net",
    "gaussian_process",
)
REGRESS = (
    "ridge",
    "svm",
    "forest",
    "boosting",
    "knn",
    "elastic_net",
    "extra_trees",
    "tree",
    "gaussian_process",
)
FAMILIES = {"binary": CLASSIFY, "multiclass": CLASSIFY, "regression": REGRESS}
FAMILY_TITLES = {
    "baseline": "Baseline",
    "logistic": "Logistic regression (L2)",
    "ridge": "Ridge regression",
    "elastic_net": "Elastic net",
    "svm": "Support vector machine (RBF)",
    "forest": "Random forest",
    "boosting": "Gradient boosting",
    "extra_trees": "Extremely randomised trees",
    "tree": "Decision tree",
    "knn": "Nearest neighbours",
    "naive_bayes": "Gaussian naive Bayes",
    "gaussian_process": "Gaussian process (RBF)",
}
FAMILY_NAMES = {
    "extra_trees": ("extra trees", "extra_trees", "extremely randomised trees", "extremely randomized trees"),
    "elastic_net": ("elastic net", "elastic_net", "elasticnet", "lasso"),
    "svm": (
        "support vector machines",
        "support vector machine",
        "support vectors",
        "support vector",
        "svm",
        "svc",
        "svr",
    ),
    "forest": ("random forests", "random forest", "random_forest", "forest"),
    "boosting": (
        "gradient boosting",
        "boosted trees",
        "gradient boosted trees",
        "boosting",
        "xgboost",
        "gbm",
        "lightgbm",
    ),
    "knn": (
        "nearest neighbours",
        "nearest neighbors",
        "nearest neighbour",
        "nearest neighbor",
        "k-nn",
        "knn",
        "k nearest",
    ),
    "naive_bayes": ("naive bayes", "naive_bayes", "bayes"),
    "gaussian_process": ("gaussian process", "gaussian_process", "gaussian processes"),
    "tree": ("decision tree", "single tree", "cart", "tree"),
    "logistic": ("logistic regression", "logistic"),
    "ridge": ("ridge regression", "ridge"),
}
LINEAR = frozenset({"logistic", "ridge", "elastic_net", "naive_bayes"})
SLOW = {"svm": 10_000, "gaussian_process": 1_500}  # rows above which a family's exact fit costs too much
EXTRAS = {
    "calibration": "calibration of the predicted probabilities",
    "importance": "permutation importance of columns",
    "learning_curve": "learning curves",
}
EXTRA_NAMES = {
    "calibration": ("calibration", "calibrated", "reliability"),
    "importance": (
        "feature importance",
        "permutation importance",
        "importance",
        "importances",
        "important columns",
        "important features",
    ),
    "learning_curve": ("learning curve", "learning curves", "learning_curve", "more data"),
}


def default_families(task: str, rows: int) -> list[str]:
    """The four tuned families of a study that named none: one linear, three that are not."""
    linear = "ridge" if task == "regression" else "logistic"
    third = "svm" if rows <= SLOW["svm"] else "extra_trees"
    return [linear, third, "forest", "boosting"]


WIDEST_SHARE, WIDEST_OF_BASELINE = 0.2, 0.25


def widest(metric: str, baseline: float | None) -> float | None:
    """The width beyond which an interval of a metric is too wide to confirm anything by holding it: a fifth of the
    scale of a share, a quarter of the baseline's error; None where that is not known."""
    if PERFECT[metric] == 1.0:
        return WIDEST_SHARE
    return WIDEST_OF_BASELINE * abs(baseline) if baseline else None


def lower_is_better(metric: str) -> bool:
    """Whether a smaller value is better."""
    return metric in LOWER_IS_BETTER
