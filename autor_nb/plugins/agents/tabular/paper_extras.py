"""Results beside the comparison: other metrics, calibration, importance, learning curves, subgroups."""

from __future__ import annotations

from autor_nb.domain.document import Block, Table
from autor_nb.plugins.agents.tabular.paper_blocks import cell, figures, short, words
from autor_nb.plugins.agents.tabular.paper_facts import (
    SHORT,
    Study,
)
from autor_nb.plugins.agents.tabular.paper_prose import (
    cite,
    code,
    listed,
    para,
    ref,
    say,
)
from autor_nb.plugins.agents.tabular.vocabulary import METRIC_TITLES

CALIBRATION = "results/calibration.json"


def secondary_table(study: Study) -> Table:
    """Means of every metric but the primary one."""
    metrics = [m for m in study.design["metrics"] if m != study.metric][:6]
    rows = tuple((words(short(study, f)), *(cell(study.cv(f, "mean", m)) for m in metrics)) for f in study.families)
    return Table(
        label="tab:secondary",
        align="l" + "r" * len(metrics),
        rows=rows,
        header=(words("Family"), *(words(SHORT.get(m, m)) for m in metrics)),
        caption=say(
            "Means of the other metrics over all folds and seeds: {l}.",
            l=listed([METRIC_TITLES.get(m, m) for m in metrics]),
        ),
    )


def extras(study: Study) -> list[Block]:
    """Whatever analyses were asked for and made."""
    blocks: list[Block] = []
    if study.ledger.has(CALIBRATION) and study.wishes.shows("calibration"):
        blocks += _calibration(study)
    if study.ledger.has("results/importance.csv"):
        blocks += _importance(study)
    if figures(study, "learning_curve"):
        blocks += [
            para(
                say(
                    "{f} shows how the score grows with the number of training rows.",
                    f=ref("fig:learning_curve"),
                )
            ),
            *figures(study, "learning_curve"),
        ]
    if figures(study, "subgroups"):
        blocks += [
            para(
                say(
                    "{f} splits the out-of-fold loss by subgroups. These are descriptions: subgroups are "
                    "small, and none was named before the experiments.",
                    f=ref("fig:subgroups"),
                )
            ),
            *figures(study, "subgroups"),
        ]
    return blocks


def _importance(study: Study) -> list[Block]:
    file = "results/importance.csv"
    ranked = sorted(enumerate(study.ledger.load(file)), key=lambda pair: float(pair[1]["rank"]))[:8]
    rows = tuple(
        (
            cell(code(row["column"], 40)),
            cell(study.n(file, place, "mean", format=".3g")),
            cell(study.n(file, place, "sd", format=".2g") if study.ledger.known(file, place, "sd") else "—"),
        )
        for place, row in ranked
    )
    return [
        para(
            say(
                "How much {b} relies on a column is measured by exchanging that column's values out of "
                "fold{c}. It is a statement about the model, not about causes ({t}).",
                b=study.name(study.best),
                t=ref("tab:importance"),
                c=cite(*study.cited("Breiman2001")),
            )
        ),
        Table(
            label="tab:importance",
            align="lrr",
            rows=rows,
            caption=say("The columns that the leading family relies on most."),
            header=(words("Column"), words("Loss of score"), words("SD")),
        ),
        *figures(study, "importance"),
    ]


def _calibration(study: Study) -> list[Block]:
    found = study.ledger.load(CALIBRATION)
    keys = [k for k in found if study.ledger.known(CALIBRATION, k, "slope")]
    rows = tuple(
        (
            words(study.title(k)),
            *(cell(study.n(CALIBRATION, k, what, format="z.3f")) for what in ("brier", "slope", "intercept", "ece")),
        )
        for k in keys
    )
    return [
        para(
            say(
                "Calibration was assessed on out-of-fold probabilities of the first seed{c}: a slope of one "
                "and an intercept of zero would be perfect ({t}).",
                t=ref("tab:calibration"),
                c=cite(*study.cited("Brier1950")),
            )
        ),
        Table(
            label="tab:calibration",
            align="lrrrr",
            rows=rows,
            caption=say("Calibration of predicted probabilities."),
            header=tuple(words(t) for t in ("Family", "Brier score", "Slope", "Intercept", "Calibration error")),
        ),
        *figures(study, "calibration"),
    ]
