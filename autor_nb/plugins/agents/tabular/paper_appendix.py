"""The appendix of a paper: chosen settings, deviations, and the long tables that were asked for."""

from __future__ import annotations

import json

from autor_nb.domain.document import Section, Table
from autor_nb.plugins.agents.tabular.paper_blocks import cell, words
from autor_nb.plugins.agents.tabular.paper_facts import (
    DESIGN,
    PROFILE,
    Study,
)
from autor_nb.plugins.agents.tabular.paper_prose import (
    Put,
    Run,
    code,
    listed,
    para,
    ref,
    say,
)

FOLDS, CHOSEN = "results/folds.csv", "results/chosen_settings.csv"
COLUMNS_SHOWN, FOLDS_SHOWN, FAMILIES_SHOWN = 64, 320, 7


def appendix(study: Study) -> list[Section]:
    """Chosen settings, deviations, and the long tables that were asked for."""
    if not study.wishes.shows("appendix"):
        return []
    sections = [_chosen(study)] if not study.wishes.brief else []
    if study.deviations:
        sections.append(_deviations(study))
    if study.wishes.shows("folds"):
        sections.append(_folds(study))
    if study.wishes.shows("columns"):
        sections.append(_columns(study))
    return sections


def _chosen(study: Study) -> Section:
    """For each family the setting that was chosen most often, and its inner score where it came first."""
    rows = []
    table = study.ledger.load(CHOSEN) if study.ledger.has(CHOSEN) else []
    for family in study.tuned:
        mine = [(place, row) for place, row in enumerate(table) if row["family"] == family]
        if not mine:
            continue
        counted: dict[str, int] = {}
        for _, row in mine:
            counted[row["setting"]] = counted.get(row["setting"], 0) + 1
        often = max(counted, key=lambda text: (counted[text], text))
        place = next(place for place, row in mine if row["setting"] == often)
        score: Put = (
            study.n(CHOSEN, place, "inner_score", format=study.score(study.metric))
            if study.ledger.known(CHOSEN, place, "inner_score")
            else "—"
        )
        rows.append((words(study.title(family)), _setting(often), cell(score)))
    note = say(
        "The inner score is that of the first fold in which the setting was chosen; it is what the setting "
        "was chosen by, and therefore too good. All choices are in {f}.",
        f=code(CHOSEN),
    )
    return Section(
        name="settings",
        title="Chosen settings",
        appendix=True,
        results=True,
        blocks=(
            para(
                say(
                    "{t} shows, for each family, the setting that the inner folds chose most often.",
                    t=ref("tab:settings"),
                )
            ),
            Table(
                label="tab:settings",
                align="llr",
                rows=tuple(rows),
                caption=say("Settings chosen most often."),
                note=note,
                header=(words("Family"), words("Setting"), words("Inner score")),
            ),
        ),
    )


def _setting(text: str) -> Run:
    """A setting as code, `C=38.31`: each piece has a name, as an assignment of a program has."""
    try:
        values = json.loads(text)
    except ValueError:
        return (code(text),)
    if not isinstance(values, dict) or not values:
        return (code("default"),)
    return listed([code(f"{name}={json.dumps(value)}") for name, value in values.items()], last="and")


def _deviations(study: Study) -> Section:
    rows = []
    for key in sorted(study.deviations):
        was: Put = study.n(DESIGN, key) if study.ledger.known(DESIGN, key) else "see the design"
        now: Put = (
            study.n("notes/deviations.json", key)
            if study.ledger.known("notes/deviations.json", key)
            else "see the file"
        )
        rows.append(((code(key),), cell(was), cell(now)))
    return Section(
        name="deviations",
        title="Deviations from the design",
        appendix=True,
        results=True,
        blocks=(
            para(
                say(
                    "After the design was approved, the experiments were changed in the points of {t}.",
                    t=ref("tab:deviations"),
                )
            ),
            Table(
                label="tab:deviations",
                align="lrr",
                rows=tuple(rows),
                caption=say("Deviations from the design."),
                header=(words("Setting"), words("Design"), words("Experiments")),
            ),
        ),
    )


def _folds(study: Study) -> Section:
    table = study.ledger.load(FOLDS)
    places: dict[tuple[str, str], dict[str, int]] = {}
    for place, row in enumerate(table):
        places.setdefault((row["seed"], row["fold"]), {})[row["family"]] = place
    spec = study.score(study.metric)
    rows = []
    for by_family in list(places.values())[:FOLDS_SHOWN]:
        first = next(iter(by_family.values()))
        cells = [
            cell(
                study.n(FOLDS, by_family[f], study.metric, format=spec)
                if f in by_family and study.ledger.known(FOLDS, by_family[f], study.metric)
                else "—"
            )
            for f in study.families[:FAMILIES_SHOWN]
        ]
        rows.append((cell(study.n(FOLDS, first, "seed")), cell(study.n(FOLDS, first, "fold")), *cells))
    heads = [words(_narrow(study.title(f))) for f in study.families[:FAMILIES_SHOWN]]
    return Section(
        name="folds",
        title="Scores of every fold",
        appendix=True,
        results=True,
        blocks=(
            para(
                say(
                    "{t} gives {m} for every seed and outer fold, from {f}.",
                    t=ref("tab:folds"),
                    m=study.metric_title,
                    f=code(FOLDS),
                )
            ),
            Table(
                label="tab:folds",
                align="rr" + "r" * len(heads),
                rows=tuple(rows),
                header=(words("Seed"), words("Fold"), *heads),
                caption=say("{m} of every outer fold.", m=study.metric_title[:1].upper() + study.metric_title[1:]),
            ),
        ),
    )


def _narrow(title: str) -> str:
    """A family's title short enough to head one of many columns."""
    short = {
        "Logistic regression": "Logistic",
        "Support vector machine": "SVM",
        "Random forest": "Forest",
        "Gradient boosting": "Boosting",
        "Ridge regression": "Ridge",
        "Extremely randomised trees": "Extra trees",
        "Nearest neighbours": "k-NN",
        "Gaussian naive Bayes": "Bayes",
        "Gaussian process": "GP",
        "Decision tree": "Tree",
    }
    plain = title.split(" (")[0]
    return short.get(plain, plain)


def _columns(study: Study) -> Section:
    rows = []
    columns = study.profile["columns"]
    for place, column in enumerate(columns[:COLUMNS_SHOWN]):
        share = study.ledger.percent(PROFILE, "columns", place, "missing_share", digits=1)
        middle: Put = (
            study.n(PROFILE, "columns", place, "median", format=".4g")
            if study.ledger.known(PROFILE, "columns", place, "median")
            else "—"
        )
        tie: Put = (
            study.n(PROFILE, "columns", place, "association", format="z.2f")
            if study.ledger.known(PROFILE, "columns", place, "association")
            else "—"
        )
        rows.append(
            (
                (code(column["name"], 30),),
                words(column["kind"]),
                cell(share),
                cell(study.n(PROFILE, "columns", place, "distinct")),
                cell(middle),
                cell(tie),
            )
        )
    more = say("The first columns only; all are in {f}.", f=code(PROFILE)) if len(columns) > COLUMNS_SHOWN else ()
    return Section(
        name="columns",
        title="Columns of the training part",
        appendix=True,
        results=True,
        blocks=(
            para(
                say(
                    "{t} describes the columns of the training part; the holdout was not looked at.",
                    t=ref("tab:columns"),
                )
            ),
            Table(
                label="tab:columns",
                align="llrrrr",
                rows=tuple(rows),
                note=more,
                caption=say("Columns: share of missing values, distinct values, median, association with the target."),
                header=tuple(words(t) for t in ("Column", "Kind", "Missing", "Distinct", "Median", "Association")),
            ),
        ),
    )
