"""Gradient boosting for the progression of diabetes. This file is what the loop may change."""

from sklearn.ensemble import GradientBoostingRegressor

PARAMS = {
    "loss": "squared_error",  # choices: squared_error, absolute_error, huber
    "learning_rate": 0.4,  # range: 0.005 .. 0.5 log
    "n_estimators": 100,  # range: 20 .. 300
    "max_depth": 5,  # range: 1 .. 8
    "min_samples_leaf": 1,  # range: 1 .. 60
    "subsample": 0.5,  # range: 0.3 .. 1
    "max_features": "all",  # choices: all, sqrt, log2
}


def fit(x, y, seed):
    """A fitted model; it sees the part for fitting only."""
    params = {**PARAMS, "max_features": None if PARAMS["max_features"] == "all" else PARAMS["max_features"]}
    return GradientBoostingRegressor(random_state=seed, **params).fit(x, y)
