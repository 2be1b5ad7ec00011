"""Differences between families from results/folds.csv: corrected intervals, Holm, verdicts against the
ROPE, ceilings."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np

from autor_nb.plugins.agents.tabular import statistics
from autor_nb.plugins.agents.tabular.vocabulary import FAMILY_TITLES, METRIC_TITLES, PERFECT, lower_is_better

CEILING = "ceiling: no comparison claimed"
METHOD = (
    "Nadeau–Bengio corrected resampled t: variance (1/J + n_test/n_train) times the sample variance of "
    "the J paired fold "
    "differences, J - 1 degrees of freedom. p and p_holm test a difference of zero; a verdict needs the "
    "Holm-adjusted "
    "test against the ROPE: beyond it for better, inside it (two one-sided tests) for practically equal."
)


class Folds:
    """Scores per family on the same folds, in one order; by time, seeds are averaged, for they share their
    folds."""

    def __init__(self, path: Path, metric: str, by_time: bool) -> None:
        cells: dict[str, dict[tuple[int, int], float]] = {}
        ratios: dict[tuple[int, int], float] = {}
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                key = (int(row["seed"]), int(row["fold"]))
                cells.setdefault(row["family"], {})[key] = float(row[metric]) if row[metric] else math.nan
                ratios[key] = int(row["n_test"]) / int(row["n_train"])
        self.families = list(cells)
        self.ratio = float(np.mean(list(ratios.values())))
        keys = sorted(ratios)
        self.scores = {f: np.array([cells[f].get(key, math.nan) for key in keys]) for f in cells}
        if by_time:
            numbers = np.array([fold for _, fold in keys])
            self.scores = {
                f: np.array([s[numbers == n].mean() for n in sorted(set(numbers))]) for f, s in self.scores.items()
            }

    def paired(self, a: str, b: str, lower: bool) -> np.ndarray:
        """Differences in favour of `a` on the folds where both have a score."""
        d = self.scores[a] - self.scores[b]
        d = d[np.isfinite(d)]
        oriented: np.ndarray = -d if lower else d
        return oriented

    def finite(self, family: str) -> np.ndarray:
        """The family's scores, without folds that could not be scored."""
        s = self.scores[family]
        finite: np.ndarray = s[np.isfinite(s)]
        return finite


def compare(folds: Folds, design: dict[str, Any], metric: str, rope: float) -> dict[str, Any]:
    """All comparisons of the design by one metric."""
    lower = lower_is_better(metric)
    perfect = PERFECT[metric]
    full = [
        f
        for f in folds.families
        if f != "baseline" and len(folds.finite(f)) and statistics.saturated(folds.finite(f).tolist(), perfect, rope)
    ]
    pairs = [
        (a, b)
        for a, b in design["comparisons"]
        if a in folds.families and b in folds.families and len(folds.paired(a, b, lower)) > 1
    ]
    found = [statistics.nadeau_bengio(folds.paired(a, b, lower).tolist(), folds.ratio) for a, b in pairs]
    p_holm = statistics.holm([d.p() for d in found])
    beyond = statistics.holm([d.p_beyond(rope) for d in found])
    equal = statistics.holm([d.p_equal(rope) for d in found])
    items = []
    for (a, b), d, ph, pb, pe in zip(pairs, found, p_holm, beyond, equal, strict=True):
        judged = "ceiling" if a in full and b in full else statistics.verdict(d, rope, pb, pe)
        items.append(
            {
                "a": a,
                "b": b,
                "difference": d.mean,
                "ci_low": d.ci_low,
                "ci_high": d.ci_high,
                "se": d.se,
                "p": d.p(),
                "p_holm": ph,
                "p_beyond_rope_holm": pb,
                "p_equal_holm": pe,
                "verdict": judged,
                "sentence": sentence(a, b, metric, d, judged),
            }
        )
    count = max((len(folds.paired(a, b, lower)) for a, b in pairs), default=0)
    ceiling = len(full) >= 2
    return {
        "metric": metric,
        "direction": "lower" if lower else "higher",
        "rope": rope,
        "level": statistics.LEVEL,
        "J": count,
        "df": count - 1,
        "test_train_ratio": folds.ratio,
        "ceiling": ceiling,
        "saturated": full,
        "ceiling_text": _ceiling_text(full, metric, rope) if ceiling else "",
        "method": METHOD,
        "comparisons": items,
    }


def _ceiling_text(full: list[str], metric: str, rope: float) -> str:
    names = ", ".join(FAMILY_TITLES[f] for f in full)
    return (
        f"{CEILING[0].upper()}{CEILING[1:]} among {names}: their mean {METRIC_TITLES[metric]} is within "
        f"{rope:.4g} of a perfect score, or half of "
        "their folds are perfect, so this metric leaves no room to tell them apart."
    )


def sentence(a: str, b: str, metric: str, d: statistics.Difference, judged: str) -> str:
    """One comparison in words, interval first, claiming nothing beyond this data set."""
    name = METRIC_TITLES[metric]
    span = f"{d.mean:+.4f} (95 % interval {d.ci_low:+.4f} to {d.ci_high:+.4f})"
    first, second = FAMILY_TITLES[a], FAMILY_TITLES[b]
    said = {
        "a better": f"{first} was better than {second} by more than the smallest effect that matters",
        "b better": f"{second} was better than {first} by more than the smallest effect that matters",
        "practically equal": f"{first} and {second} were practically equal",
        "undecided": f"whether {first} and {second} differ by an amount that matters is undecided",
        "ceiling": f"{CEILING} between {first} and {second}",
    }[judged]
    return f"On this data set, {said}: difference in {name} {span} in favour of {first}."


def secondary_rope(metric: str, design: dict[str, Any], folds: Folds) -> float:
    """What matters for a secondary metric: the primary's if of its kind, else one fiftieth of the
    baseline's score or 0.01."""
    kinds = ({"rmse", "mae", "median_ae"}, {"log_loss"}, {"brier"})
    for kind in kinds:
        if metric in kind:
            if design["metric"] in kind:
                return float(design["rope"])
            return 0.02 * abs(float(np.mean(folds.finite("baseline"))))
    return float(design["rope"]) if design["metric"] not in set().union(*kinds) else 0.01
