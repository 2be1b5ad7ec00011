"""Model families: what each is called, how a setting of it is built, and its space of settings."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

Setting = dict[str, Any]
TREES = 100


@dataclass(frozen=True)
class Context:
    """What building a model may depend on besides its setting."""

    task: str
    seed: int
    columns: int
    rows: int

    @property
    def classify(self) -> bool:
        """Whether classes are predicted."""
        return self.task != "regression"


@dataclass(frozen=True)
class Family:
    """`space` maps each axis to (function of u in 0…1); `build` makes an unfitted model of one setting."""

    title: str
    space: dict[str, Callable[[float], Any]]
    build: Callable[[Setting, Context], Any]


def power(low: float, high: float) -> Callable[[float], float]:
    """10 to a power between `low` and `high`."""
    return lambda u: float(f"{10 ** (low + (high - low) * u):.4g}")


def whole(low: float, high: float) -> Callable[[float], int]:
    """A whole number between `low` and `high`, evenly on a logarithmic scale."""
    return lambda u: round(low * (high / low) ** u)


def between(low: float, high: float) -> Callable[[float], float]:
    """A number between `low` and `high`."""
    return lambda u: round(low + (high - low) * u, 4)


def settings(family: Family, count: int) -> list[Setting]:
    """`count` settings spread evenly over the family's space; every family of a study gets the same count."""
    axes = list(family.space.items())
    if len(axes) == 1:
        name, axis = axes[0]
        return [{name: axis((n + 0.5) / count)} for n in range(count)]
    # An additive recurrence (powers of the plastic-number kind) fills a box evenly for any count.
    root = 2.0
    for _ in range(60):
        root = (1 + root) ** (1 / (len(axes) + 1))
    return [
        {name: axis((0.5 + (n + 1) * root ** -(d + 1)) % 1.0) for d, (name, axis) in enumerate(axes)}
        for n in range(count)
    ]


def _linear(s: Setting, c: Context) -> Any:
    return LogisticRegression(C=s["C"], max_iter=3000)


def _ridge(s: Setting, c: Context) -> Any:
    return Ridge(alpha=s["alpha"])


def _elastic(s: Setting, c: Context) -> Any:
    if c.classify:
        return SGDClassifier(
            loss="log_loss",
            penalty="elasticnet",
            alpha=s["alpha"] / 30,
            l1_ratio=s["l1_ratio"],
            max_iter=2000,
            tol=1e-4,
            random_state=c.seed,
        )
    return _scaled(ElasticNet(alpha=s["alpha"], l1_ratio=s["l1_ratio"], max_iter=20000))


def _svm(s: Setting, c: Context) -> Any:
    gamma = s["gamma"] / max(1, c.columns)
    if c.classify:
        return CalibratedClassifierCV(SVC(C=s["C"], gamma=gamma), ensemble=False, cv=3)
    return _scaled(SVR(C=s["C"], gamma=gamma, epsilon=0.1))


def _forest(s: Setting, c: Context) -> Any:
    make = RandomForestClassifier if c.classify else RandomForestRegressor
    return make(n_estimators=TREES, n_jobs=1, random_state=c.seed, **s)


def _extra(s: Setting, c: Context) -> Any:
    make = ExtraTreesClassifier if c.classify else ExtraTreesRegressor
    return make(n_estimators=TREES, n_jobs=1, random_state=c.seed, **s)


def _tree(s: Setting, c: Context) -> Any:
    make = DecisionTreeClassifier if c.classify else DecisionTreeRegressor
    return make(random_state=c.seed, **s)


def _boosting(s: Setting, c: Context) -> Any:
    make = HistGradientBoostingClassifier if c.classify else HistGradientBoostingRegressor
    leaf = max(2, min(20, c.rows // 20))
    return make(max_iter=60, early_stopping=False, min_samples_leaf=leaf, random_state=c.seed, **s)


def _neighbours(s: Setting, c: Context) -> Any:
    make = KNeighborsClassifier if c.classify else KNeighborsRegressor
    return make(
        n_neighbors=max(1, min(s["n_neighbors"], c.rows // 2)),
        weights="distance" if s["weighted"] else "uniform",
    )


def _bayes(s: Setting, c: Context) -> Any:
    return GaussianNB(var_smoothing=s["var_smoothing"])


def _gaussian_process(s: Setting, c: Context) -> Any:
    length = s["length"] * math.sqrt(max(1, c.columns))
    if c.classify:
        return GaussianProcessClassifier(RBF(length), optimizer=None, random_state=c.seed)
    return GaussianProcessRegressor(
        RBF(length) + WhiteKernel(s["noise"]), optimizer=None, normalize_y=True, random_state=c.seed
    )


def _scaled(model: Any) -> Any:
    """A regressor whose setting means the same for every unit of the target."""
    return TransformedTargetRegressor(model, transformer=StandardScaler())


_TREES = {"max_features": between(0.1, 0.7), "min_samples_leaf": whole(1, 10)}
FAMILIES: dict[str, Family] = {
    "logistic": Family("Logistic regression (L2)", {"C": power(-3, 2)}, _linear),
    "ridge": Family("Ridge regression", {"alpha": power(-2, 4)}, _ridge),
    "elastic_net": Family("Elastic net", {"alpha": power(-3, 0.3), "l1_ratio": between(0.05, 1.0)}, _elastic),
    "svm": Family("Support vector machine (RBF)", {"C": power(-1, 2), "gamma": power(-1.5, 0.7)}, _svm),
    "forest": Family("Random forest", _TREES, _forest),
    "boosting": Family(
        "Gradient boosting", {"learning_rate": power(-1.7, -0.4), "max_leaf_nodes": whole(3, 31)}, _boosting
    ),
    "extra_trees": Family("Extremely randomised trees", _TREES, _extra),
    "tree": Family("Decision tree", {"max_depth": whole(2, 12), "min_samples_leaf": whole(1, 20)}, _tree),
    "knn": Family("Nearest neighbours", {"n_neighbors": whole(1, 50), "weighted": lambda u: u >= 0.5}, _neighbours),
    "naive_bayes": Family("Gaussian naive Bayes", {"var_smoothing": power(-9, 0)}, _bayes),
    "gaussian_process": Family(
        "Gaussian process (RBF)", {"length": power(-0.7, 1), "noise": power(-2, 0.3)}, _gaussian_process
    ),
}
BASELINE_TITLE = {True: "Baseline (class frequencies)", False: "Baseline (training mean)"}


def baseline(context: Context) -> Any:
    """The model that knows the target's distribution and no column."""
    return DummyClassifier(strategy="prior") if context.classify else DummyRegressor(strategy="mean")


def title(key: str, task: str) -> str:
    """What a family is called."""
    return BASELINE_TITLE[task != "regression"] if key == "baseline" else FAMILIES[key].title
