"""The smallest difference that matters (ROPE half-width) when nobody named one: a stated rule per metric."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from autor_nb.plugins.agents.tabular.columns import decimal_of
from autor_nb.plugins.agents.tabular.plan import Plan
from autor_nb.plugins.agents.tabular.study.data import to_numbers

OF_SCALE = 0.02
OF_LOSS = 0.05
SHARE = 0.01


def default_rope(plan: Plan, train: Path) -> tuple[float, str]:
    """(half-width, the rule in words), from the metric and the target in the training part."""
    values = pd.read_csv(train, dtype=str, keep_default_na=False, usecols=[plan.target])[plan.target].str.strip()
    if plan.metric in ("rmse", "mae", "median_ae"):
        scale = float(to_numbers(values, decimal_of(values)).std(ddof=1))
        return _round(OF_SCALE * scale), f"{OF_SCALE:.0%} of the target's standard deviation in the training part"
    shares = values.value_counts(normalize=True).to_numpy()
    if plan.metric == "log_loss":
        return _round(
            OF_LOSS * float(-(shares * np.log(shares)).sum())
        ), f"{OF_LOSS:.0%} of the loss of class frequencies alone"
    if plan.metric == "brier":
        return _round(
            OF_LOSS * float(shares[0] * (1 - shares[0]))
        ), f"{OF_LOSS:.0%} of the loss of class frequencies alone"
    return SHARE, "one hundredth of the metric's scale, a convention that a person may replace"


def _round(value: float) -> float:
    return max(float(f"{value:.3g}"), 1e-9)
