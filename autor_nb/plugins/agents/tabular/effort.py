"""What a study takes: time from rows, columns, families and repetitions, and room on the disk; rough, and said so.

The seconds of a single fit were measured once, per family and size, on one processor of an ordinary computer. A busy
or slow computer takes a multiple.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from autor_nb.plugins.agents.tabular import targets
from autor_nb.plugins.agents.tabular.plan import Plan
from autor_nb.plugins.agents.tabular.units import MISSING
from autor_nb.plugins.agents.tabular.vocabulary import default_families

PROCESSES = 4  # as many as code/run.py uses at most
STAGES_S = 60.0  # eight stages with their notebooks, figures and the paper
FIT_S = 0.003  # preparing columns and scoring, for any family
RUN_BYTES = 10_000_000  # notebooks, figures, paper and bundle of a small study
COPIES = 6  # of the data: as supplied, its parts, the release, and what is kept of each by hash
CELL_BYTES = 12
LEVELS = 20
DEFAULTS = Plan()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The settings on which the time depends; without families the default ones are compared."""

    families: tuple[str, ...] = ()
    seeds: int = DEFAULTS.seeds
    outer_folds: int = DEFAULTS.outer_folds
    inner_folds: int = DEFAULTS.inner_folds
    settings: int = DEFAULTS.settings


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate: seconds of waiting, fits, bytes on the disk."""

    seconds: float
    fits: int
    disk_bytes: int

    @property
    def text(self) -> str:
        """The estimate as a sentence."""
        minutes = self.seconds / 60
        time = f"{self.seconds:.0f} s" if self.seconds < 100 else f"{minutes:.0f} min"
        time = f"{minutes / 60:.1f} h" if minutes >= 100 else time
        return (
            f"Estimated from rows, columns and families: about {time} for {self.fits} fits on {processes()} "
            f"processors, and {self.disk_bytes / 1e6:.0f} MB of disk; a busy computer takes longer."
        )


def processes() -> int:
    """How many fits run at once."""
    return max(1, min(PROCESSES, os.cpu_count() or 1))


def estimate(rows: int, columns: int, classes: int, asked: Asked) -> Effort:
    """What a table of that size takes; `classes` is 1 for numbers."""
    task = "regression" if classes == 1 else "binary" if classes == 2 else "multiclass"
    families = asked.families or tuple(default_families(task, rows))
    each = asked.seeds * asked.outer_folds * (asked.settings * asked.inner_folds + 1)
    fitted = int(rows * 0.8 * (asked.outer_folds - 1) / asked.outer_folds)
    work = sum(each * fit_seconds(family, fitted, columns, classes) for family in families)
    tests = (DEFAULTS.permutations + 1) * asked.outer_folds
    work += tests * fit_seconds("logistic", min(fitted, 4000), columns, classes)
    # The holdout is scored by one process: each family is tuned once more, on all training rows.
    final = (asked.settings * asked.inner_folds + 1) * sum(
        fit_seconds(family, int(rows * 0.8), columns, classes) for family in families
    )
    predictions = rows * asked.seeds * (len(families) + 4) * CELL_BYTES * 2
    return Effort(
        seconds=round(STAGES_S + work / processes() + final, 1),
        fits=each * len(families),
        disk_bytes=RUN_BYTES + rows * (columns + 1) * CELL_BYTES * COPIES + predictions,
    )


def fit_seconds(family: str, rows: int, columns: int, classes: int) -> float:
    """Seconds of one fit and prediction on one processor."""
    cells, many = rows * columns, classes if classes > 2 else 1
    model = {
        "forest": 0.045 + 1.3e-5 * cells,
        "extra_trees": 0.04 + 4e-6 * cells,
        "boosting": many * (0.014 + 1e-6 * cells),
        "svm": 0.005 + 6e-8 * rows**2,
        "gaussian_process": many * (0.002 + 4e-10 * rows**3),
        "elastic_net": many * (0.001 + 4e-7 * cells),
        "tree": 0.001 + 3e-7 * cells,
    }.get(family, 0.002 + 1e-7 * cells)
    return FIT_S + model


def width(columns: Mapping[str, Sequence[str]], target: str) -> int:
    """Columns after coding: one per number, one per level of text, none for what names rows or has one value."""
    total = 0
    for name, cells in columns.items():
        counts = Counter(cell.strip() for cell in cells if cell.strip().lower() not in MISSING)
        if name == target or len(counts) < 2:
            continue
        if targets.is_numeric(counts):
            total += 1
        elif len(counts) <= max(50, len(cells) / 2):
            total += min(len(counts), LEVELS)
    return max(total, 1)
