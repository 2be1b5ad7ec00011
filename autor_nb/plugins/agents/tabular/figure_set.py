"""Which figures a study gets, with the captions that the paper uses (`notes/figures.json`)."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np

from autor_nb.plugins.agents.tabular import drawing
from autor_nb.plugins.agents.tabular.comparing import Folds
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.vocabulary import FAMILY_TITLES, METRIC_TITLES

ALWAYS = (
    "performance",
    "differences",
    "variance",
    "permutation",
    "holdout",
    "calibration",
    "importance",
    "learning_curve",
    "subgroups",
)


class FigureSet:
    """Draws into figures/ and keeps what was drawn."""

    def __init__(self, session: Session, design: dict[str, Any]) -> None:
        self.session, self.design = session, design
        self.folder = session.path("figures")
        self.metric = METRIC_TITLES[design["metric"]]
        self.drawn: list[dict[str, str]] = []
        for name in ALWAYS:
            for suffix in ("png", "pdf"):
                (self.folder / f"{name}.{suffix}").unlink(missing_ok=True)

    def keep(self, name: str, title: str, caption: str) -> None:
        """Remember a drawn figure and name its files."""
        self.drawn.append(
            {
                "name": name,
                "path": f"figures/{name}",
                "label": f"fig:{name}",
                "title": title,
                "caption": caption,
            }
        )
        self.session.made(f"figures/{name}.png", title)
        self.session.made(f"figures/{name}.pdf", f"{title}, for print")

    def draw(
        self, summary: dict[str, Any], comparisons: dict[str, Any], holdout: dict[str, Any]
    ) -> list[dict[str, str]]:
        """The figures every study has, and those its extra analyses call for."""
        # The baseline lies so far off that it would press all differences into a line: it is in the tables.
        families = [f for f in summary["families"] if f != "baseline"]
        base = summary["families"]["baseline"]["metrics"][self.design["metric"]]["mean"]
        pairs = [i for i in comparisons["comparisons"] if "baseline" not in (i["a"], i["b"])]
        folds = Folds(self.session.path("results/folds.csv"), self.design["metric"], False)
        seeds = _seed_means(self.session, self.design["metric"])
        drawing.performance(
            families,
            FAMILY_TITLES,
            {f: folds.finite(f).tolist() for f in families},
            seeds,
            self.metric,
            base,
            self.folder,
        )
        self.keep(
            "performance",
            "Scores of every fold",
            "Score of every outer fold, mean of every seed, and overall mean, per tuned family.",
        )
        drawing.differences(pairs, FAMILY_TITLES, comparisons["rope"], self.metric, self.folder)
        self.keep(
            "differences",
            "Differences between families",
            "Mean differences with corrected 95 % intervals; the band marks "
            "differences smaller than the smallest effect that matters. Comparisons with the baseline are "
            "in the table.",
        )
        spreads = {f: v["metrics"][self.design["metric"]] for f, v in summary["families"].items() if f != "baseline"}
        drawing.variance(families, FAMILY_TITLES, spreads, self.metric, self.folder)
        self.keep(
            "variance",
            "Two kinds of spread",
            "Standard deviation of folds within a seed (resampling) beside that of the seeds' means (seed).",
        )
        self._tests(families, summary, holdout)
        self._extras()
        self.session.write_json("notes/figures.json", self.drawn)
        return self.drawn

    def _tests(self, families: list[str], summary: dict[str, Any], holdout: dict[str, Any]) -> None:
        if self.session.exists("results/permutation.json"):
            found = self.session.read_json("results/permutation.json")
            drawing.permutation(found, self.metric, FAMILY_TITLES[found["family"]], self.folder)
            self.keep(
                "permutation",
                "Permutation test",
                "Scores after exchanging the targets, and the score observed.",
            )
        if holdout["rows"]:
            metric = self.design["metric"]
            drawing.holdout(
                families,
                FAMILY_TITLES,
                {f: v[metric] for f, v in holdout["families"].items() if f in families},
                {f: v["metrics"][metric]["mean"] for f, v in summary["families"].items()},
                self.metric,
                self.folder,
            )
            self.keep(
                "holdout",
                "The locked rows",
                "Scores on the holdout with bootstrap intervals beside cross-validated means.",
            )

    def _extras(self) -> None:
        session = self.session
        if session.exists("results/calibration.json"):
            drawing.calibration(session.read_json("results/calibration.json"), FAMILY_TITLES, self.folder)
            self.keep(
                "calibration",
                "Calibration",
                "Observed frequencies against mean predicted probabilities, out of fold.",
            )
        if session.exists("results/importance.csv"):
            drawing.importance(_rows(session, "results/importance.csv"), self.metric, self.folder)
            self.keep(
                "importance",
                "Importance of columns",
                "Loss of score when one column's values are exchanged, out of fold.",
            )
        if session.exists("results/learning_curve.csv"):
            drawing.learning_curve(_curves(session, self.design["metric"]), FAMILY_TITLES, self.metric, self.folder)
            self.keep(
                "learning_curve",
                "Learning curves",
                "Mean score on outer folds against the number of training rows.",
            )
        if session.exists("results/subgroups.csv"):
            rows = [
                [
                    r["column"],
                    r["level"],
                    r["rows"],
                    r["family"],
                    r["metric"],
                    float(r["estimate"]),
                    float(r["ci_low"]) if r["ci_low"] else None,
                    float(r["ci_high"]) if r["ci_high"] else None,
                ]
                for r in _rows(session, "results/subgroups.csv")
            ]
            drawing.subgroups(rows, FAMILY_TITLES, self.folder)
            self.keep(
                "subgroups",
                "Subgroups",
                "Out-of-fold loss by subgroup with bootstrap intervals; exploratory.",
            )


def _rows(session: Session, path: str) -> list[dict[str, str]]:
    with session.path(path).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _seed_means(session: Session, metric: str) -> dict[str, list[float]]:
    cells: dict[str, dict[str, list[float]]] = {}
    for row in _rows(session, "results/folds.csv"):
        if row[metric]:
            cells.setdefault(row["family"], {}).setdefault(row["seed"], []).append(float(row[metric]))
    return {family: [float(np.mean(values)) for values in seeds.values()] for family, seeds in cells.items()}


def _curves(session: Session, metric: str) -> dict[str, list[tuple[float, float]]]:
    cells: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for row in _rows(session, "results/learning_curve.csv"):
        if row[metric]:
            cells.setdefault(row["family"], {}).setdefault(row["share"], []).append(
                (float(row["n_train"]), float(row[metric]))
            )
    return {
        family: [
            (float(np.mean([n for n, _ in points])), float(np.mean([s for _, s in points])))
            for points in shares.values()
        ]
        for family, shares in cells.items()
    }
