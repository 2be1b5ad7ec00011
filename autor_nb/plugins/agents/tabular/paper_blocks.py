"""Cells, figures and short names that the sections of a paper share."""

from __future__ import annotations

from autor_nb.domain.document import Block, Figure, Words
from autor_nb.plugins.agents.tabular.paper_facts import (
    Study,
)
from autor_nb.plugins.agents.tabular.paper_prose import (
    Put,
    Run,
    say,
)

DASH: Run = (Words(text="—"),)
TABLED = ("variance", "holdout")  # figures whose numbers stand in a table too: a short paper does without


def words(text: str) -> Run:
    """One cell of words."""
    return (Words(text=text),)


def cell(part: Put) -> Run:
    """Any part as a cell."""
    return words(part) if isinstance(part, str) else part if isinstance(part, tuple) else (part,)


def figures(study: Study, name: str) -> list[Block]:
    """The figure that stage 06 made under that name, with a caption of ours (its own may hold numerals)."""
    captions = {
        "performance": say(
            "Score of every outer fold ({m}), mean of every seed, and overall mean, by family.",
            m=study.metric_title,
        ),
        "differences": say(
            "Mean differences with corrected {l} intervals; the band marks differences that do not matter.",
            l=study.level(),
        ),
        "variance": say("Two kinds of spread: standard deviation of folds within a seed, and of the seeds' means."),
        "permutation": say("Scores after exchanging the targets, and the score observed."),
        "holdout": say("Scores on the locked holdout with bootstrap intervals, beside the cross-validated means."),
        "calibration": say("Calibration: observed frequency against mean predicted probability, out of fold."),
        "importance": say("Permutation importance of columns for the leading family, out of fold."),
        "learning_curve": say("Learning curves: score against the number of training rows."),
        "subgroups": say("Out-of-fold loss by subgroup, with bootstrap intervals."),
    }
    if study.wishes.brief and name in TABLED:
        return []
    for figure in study.figures:
        if figure["name"] == name and study.ledger.has(f"{figure['path']}.png"):
            wide = {"permutation": 0.6, "variance": 0.66, "calibration": 0.6}.get(name, 0.74)
            return [
                Figure(
                    label=f"fig:{name}",
                    path=figure["path"],
                    width=wide,
                    caption=captions.get(name, say("A figure of the analysis.")),
                )
            ]
    return []


def short(study: Study, family: str) -> str:
    """A family's title without what stands in brackets, for narrow tables."""
    return study.title(family).split(" (")[0]


def upper(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]
