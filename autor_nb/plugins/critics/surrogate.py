"""A small Gaussian process over knobs in the unit cube: what a proposal would bring, and how sure that is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular

Array = npt.NDArray[np.float64]
LENGTHS = (0.15, 0.3, 0.6, 1.2)
NOISES = (0.02, 0.1, 0.3, 1.0)
# Two different choices without an order are this far apart.
APART = 0.5


class Surrogate:
    """Half the kernel adds the knobs up, so that steps of one knob teach about all points; half is joint.

    Length scale and noise are those of greatest likelihood on a small grid. Scores: higher is better.
    """

    def __init__(self, points: Array, scores: Array, unordered: npt.NDArray[np.bool_]) -> None:
        self._points, self._unordered = points, unordered
        self._mean = float(np.median(scores))
        self._spread = float(np.std(scores)) or 1.0
        centred = (scores - self._mean) / self._spread
        gaps = self._gaps(points, points)
        best: Any = None
        for length in LENGTHS:
            kernel = _kernel(gaps, length)
            for noise in NOISES:
                lower = cholesky(kernel + (noise + 1e-8) * np.eye(len(points)), lower=True, check_finite=False)
                half = solve_triangular(lower, centred, lower=True, check_finite=False)
                fit = float(half @ half)
                # The overall variance has its best value in closed form; a weak prior holds it near 1.
                scale = (fit + 2.0) / (len(points) + 2.0)
                likelihood = -0.5 * (len(points) + 2) * np.log(scale) - float(np.log(np.diag(lower)).sum())
                if best is None or likelihood > best[0]:
                    best = (likelihood, length, noise, lower, half, scale)
        _, self.length, self.noise, self._lower, half, self._scale = best
        self._weights = solve_triangular(self._lower, half, lower=True, trans=1, check_finite=False)

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the true score at these points."""
        kernel = _kernel(self._gaps(points, self._points), self.length)
        half = solve_triangular(self._lower, kernel.T, lower=True, check_finite=False)
        variance = np.maximum(1e-9, 1.0 - (half**2).sum(axis=0))
        mean = self._mean + self._spread * (kernel @ self._weights)
        return mean, self._spread * np.sqrt(self._scale * variance)

    def noise_sd(self) -> float:
        """The standard deviation of one measurement around the true score, as fitted."""
        return self._spread * float(np.sqrt(self._scale * self.noise))

    def _gaps(self, left: Array, right: Array) -> Array:
        gaps = np.abs(left[:, None, :] - right[None, :, :])
        gaps[:, :, self._unordered] = np.where(gaps[:, :, self._unordered] > 1e-9, APART, 0.0)
        return gaps


def _kernel(gaps: Array, length: float) -> Array:
    squares: Array = np.square(gaps / length)
    single: Array = np.exp(-0.5 * squares).mean(axis=2)
    joint: Array = np.exp(-0.5 * squares.sum(axis=2))
    return 0.5 * single + 0.5 * joint
