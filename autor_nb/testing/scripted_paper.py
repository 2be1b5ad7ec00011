"""The `scripted` agent's paper: one of everything that a document may hold."""

from __future__ import annotations

import json
from pathlib import Path

from autor_nb.domain.document import (
    Cite,
    Document,
    Figure,
    Inline,
    Number,
    NumberEntry,
    Paragraph,
    Ref,
    Section,
    Table,
    Words,
)

FILE = "results/summary.json"


def numbers(work: Path) -> dict[str, NumberEntry]:
    """Every number of the paper, read where it stands."""
    summary = json.loads((work / FILE).read_text())
    return {
        "meanscore": NumberEntry(value=summary["mean"], file=FILE, pointer="/mean", format=".3f"),
        "seedcount": NumberEntry(value=summary["seeds"], file=FILE, pointer="/seeds", format="d"),
    }


def _words(*texts: str) -> tuple[Inline, ...]:
    return tuple(Words(text=text) for text in texts)


def document(title: str, attempt: int) -> Document:
    """The paper."""
    sentence = (
        Words(text="The mean score over "),
        Number(name="seedcount"),
        Words(text=" seeds is "),
        Number(name="meanscore"),
        Words(text=" (see "),
        Ref(label="tab:scores"),
        Words(text=")."),
    )
    table = Table(
        label="tab:scores",
        caption=_words("Scores."),
        align="lr",
        header=(_words("quantity"), _words("value")),
        rows=((_words("mean"), (Number(name="meanscore"),)),),
    )
    figure = Figure(label="fig:score", path="figures/score_0", caption=_words("Scores by seed."), width=0.4)
    methods = (Words(text="Folds are not independent "), Cite(keys=("nadeau2003",)), Words(text="."))
    draft = "first" if attempt == 1 else "later"
    return Document(
        title=_words(title),
        authors=("autor_nb, scripted agent",),
        date="2026",
        notice=_words(f"Made by a script, without a language model; a {draft} draft."),
        abstract=sentence,
        sections=(
            Section(name="methods", title="Methods", blocks=(Paragraph(content=methods),)),
            Section(name="results", title="Results", blocks=(Paragraph(content=sentence), table, figure), results=True),
        ),
    )
