"""Ridge regression on random waves. This file is what the loop may change."""

import numpy as np

PARAMS = {
    "waves": 700,  # range: 20 .. 800
    "wavelength": 0.4,  # range: 0.2 .. 5 log
    "ridge": 1e-3,  # range: 1e-6 .. 10 log
    "precision": "float64",  # choices: float64, float32
    "bias": True,
}


def fit(x, y, seed):
    """The arrays that make up the model."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(PARAMS["precision"])
    directions = (rng.normal(0, 1 / PARAMS["wavelength"], (x.shape[1], PARAMS["waves"]))).astype(kind)
    phases = rng.uniform(0, 2 * np.pi, PARAMS["waves"]).astype(kind)
    mean = np.asarray(y.mean() if PARAMS["bias"] else 0.0, dtype=kind)
    features = np.cos(x.astype(kind) @ directions + phases).astype(np.float64)
    inner = features.T @ features + PARAMS["ridge"] * len(x) / 100 * np.eye(PARAMS["waves"])
    weights = np.linalg.solve(inner, features.T @ (y - float(mean))).astype(kind)
    return directions, phases, weights, mean


def predict(fitted, x):
    """The values at the points."""
    directions, phases, weights, mean = fitted
    return np.cos(x.astype(directions.dtype) @ directions + phases) @ weights + mean
