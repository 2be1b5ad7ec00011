"""The locked rows, and what became of the hypotheses."""

from __future__ import annotations

from typing import Any

from autor_nb.domain.document import Section, Table
from autor_nb.plugins.agents.tabular.paper_blocks import cell, figures, upper, words
from autor_nb.plugins.agents.tabular.paper_facts import (
    HOLDOUT,
    TESTS,
    Study,
)
from autor_nb.plugins.agents.tabular.paper_prose import (
    Put,
    Run,
    code,
    has_numeral,
    para,
    ref,
    say,
)


def holdout(study: Study) -> Section | None:
    """The locked rows, or nothing where there are none."""
    if not study.holdout["rows"]:
        return None
    chosen = study.holdout["selected"]
    place = ("families", chosen, study.metric)
    spec = study.score(study.metric)
    return Section(
        name="holdout",
        title="Holdout",
        results=True,
        blocks=(
            para(
                say(
                    "The {k} rows set aside were scored with the settings chosen on the training part.",
                    k=study.n(HOLDOUT, "rows"),
                ),
                _opened(study),
                say(
                    "{b}, selected before, reaches {v} ({l} interval {ci}; {t}).",
                    b=upper(study.name(chosen)),
                    v=study.n(HOLDOUT, *place, "estimate", format=spec),
                    l=study.level(),
                    ci=study.interval(HOLDOUT, *place, signed=False),
                    t=ref("tab:holdout"),
                ),
                _agreement(study, chosen),
                say("The other families are shown for completeness; nothing was chosen by them."),
            ),
            _holdout_table(study),
            *figures(study, "holdout"),
        ),
    )


def _opened(study: Study) -> Run:
    if study.opened == 1:
        return say("They were opened once.")
    return say(
        "They were opened {k}, counted over all attempts of this study, also those that were redone or rolled back: "
        "these are no longer the scores of untouched rows.",
        k=study.opened_often(),
    )


def _agreement(study: Study, chosen: str) -> Run:
    """Whether cross-validation and the locked rows agree."""
    held = study.holdout["families"][chosen].get(study.metric, {})
    known = all(isinstance(held.get(k), int | float) for k in ("ci_low", "ci_high"))
    mean = study.summary["families"][chosen]["metrics"][study.metric]["mean"]
    inside = known and held["ci_low"] <= mean <= held["ci_high"]
    if not known:
        return say("They give no interval for it, so that agreement cannot be judged.")
    if inside and any(t["test"] == "holdout" and t["outcome"] == "undecided" for t in study.tests):
        return say(
            "The cross-validated mean of {v} lies within that interval, but the interval is too wide for this to "
            "confirm anything.",
            v=study.cv(chosen),
        )
    if inside:
        return say("The cross-validated mean of {v} lies within that interval.", v=study.cv(chosen))
    return say(
        "The cross-validated mean of {v} lies outside that interval: on these rows the family does not "
        "score as cross-validation said, and the difference is reported, not explained away.",
        v=study.cv(chosen),
    )


def _holdout_table(study: Study) -> Table:
    spec = study.score(study.metric)
    rows = tuple(
        (
            words(study.title(f)),
            cell(study.cv(f)),
            cell(study.n(HOLDOUT, "families", f, study.metric, "estimate", format=spec)),
            study.interval(HOLDOUT, "families", f, study.metric, signed=False),
        )
        for f in study.families
        if study.ledger.known(HOLDOUT, "families", f, study.metric, "estimate")
    )
    return Table(
        label="tab:holdout",
        align="lrrr",
        rows=rows,
        header=(
            words("Family"),
            words("Cross-validated"),
            words("Holdout"),
            say("{l} interval", l=study.level()),
        ),
        caption=say("{m} on the locked holdout, beside the cross-validated mean.", m=upper(study.metric_title)),
    )


def hypotheses(study: Study) -> Section:
    """What was claimed beforehand, and what became of it."""
    rows = []
    for place, test in enumerate(study.tests):
        estimate: Put = "—"
        if study.ledger.known(TESTS, "tests", place, "estimate"):
            estimate = study.n(
                TESTS, "tests", place, "estimate", format="z.4g" if test["test"] != "importance" else "g"
            )
        outcome = words(test["outcome"])
        if test["test"] == "holdout" and study.opened > 1:
            outcome = say("{o} (rows opened {k})", o=outcome, k=study.opened_often())
        rows.append((words(test["id"]), statement(study, place, test), cell(estimate), outcome))
    return Section(
        name="hypotheses",
        title="Hypotheses and their outcomes",
        results=True,
        blocks=(
            para(
                say(
                    "The hypotheses were written down from the training part before the experiments and "
                    "frozen by their hash; since then only their outcomes were added ({t}). “Undecided” and "
                    "“not supported” are different: the first says that the data do not tell.",
                    t=ref("tab:hypotheses"),
                )
            ),
            Table(
                label="tab:hypotheses",
                align="llrl",
                rows=tuple(rows),
                caption=say("Hypotheses, estimates and outcomes."),
                header=(words("Id"), words("Statement"), words("Estimate"), words("Outcome")),
            ),
        ),
    )


def statement(study: Study, place: int, test: dict[str, Any]) -> Run:
    """A hypothesis in words, with its threshold as a number."""
    if not has_numeral(test["statement"]):
        return words(test["statement"])
    limit: Put = (
        study.n(TESTS, "tests", place, "threshold", format="g")
        if study.ledger.known(TESTS, "tests", place, "threshold")
        else "the smallest difference that matters"
    )
    theory = test["id"].startswith("T")
    texts = {
        "signal": say("The usable columns carry information about {t} on this data set.", t=study.target)
        if theory
        else say(
            "At least one tuned family predicts {t} better than the baseline by more than {x}.",
            t=study.target,
            x=limit,
        ),
        "nonlinear": say(
            "At least one family that is not linear is better than every linear one by more than {x}.",
            x=limit,
        ),
        "seeds": say("The seed alone moves the best family's mean by less than {x}.", x=limit),
        "holdout": say("The cross-validated mean of the selected family lies within the holdout's bootstrap interval."),
        "importance": say("The column most associated with the target is among the most important ones."),
        "calibration": say("The calibration slope of the best family is close to one."),
        "subgroup": say("The leading family loses no more in one subgroup than in another."),
    }
    return texts.get(test["test"], say("See {f}.", f=code("notes/hypothesis_manifest.json")))
