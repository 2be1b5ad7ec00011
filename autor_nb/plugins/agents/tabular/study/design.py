"""The study design as the code uses it: `data/design.json`, with deviations laid over it if there are any."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

LOWER_IS_BETTER = frozenset({"log_loss", "brier", "rmse", "mae", "median_ae"})


@dataclass(frozen=True)
class Design:
    """What is compared, on what, and how. Field names are those of design.json."""

    dataset: str
    task: str
    target: str
    positive: str
    classes: list[str]
    metric: str
    metrics: list[str]
    rope: float
    families: list[dict[str, Any]]
    seeds: list[int]
    outer_folds: int
    inner_folds: int
    settings_per_family: int
    fold_scheme: str
    group: str
    time: str
    columns: list[dict[str, Any]]
    permutations: int
    permutation_family: str
    extras: list[str]
    seed: int
    train: str
    holdout: str | None

    @property
    def lower_is_better(self) -> bool:
        """Whether a smaller value of the primary metric is better."""
        return self.metric in LOWER_IS_BETTER

    @property
    def family_keys(self) -> list[str]:
        """The tuned families, in the design's order."""
        return [str(family["key"]) for family in self.families]

    def better(self, a: float, b: float) -> bool:
        """Whether score `a` is strictly better than `b` on the primary metric."""
        return a < b if self.lower_is_better else a > b


def read_design(path: Path, deviations: Path | None = None) -> Design:
    """The design in `path`, with the keys of `deviations` replaced when that file is given."""
    values = json.loads(path.read_text(encoding="utf-8"))
    if deviations is not None and deviations.exists():
        values.update(json.loads(deviations.read_text(encoding="utf-8")))
    return Design(**{field.name: values[field.name] for field in fields(Design)})
