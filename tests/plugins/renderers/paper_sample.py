"""A workspace with a manuscript that holds one of everything, and hostile text in every place."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from PIL import Image

from autor_nb.domain.document import (
    Bullets,
    Cite,
    Document,
    Figure,
    Inline,
    Math,
    Number,
    Paragraph,
    Ref,
    Section,
    Table,
    Words,
)

HOSTILE = (
    "\\input{/etc/passwd} \\write18{id} $x_1$ 50% & #1 {a} }{ ^~ _ <b> `code` \"q\" -- --- ?` *s* @k #let x "
    "λ ≤ é ā ḧ ½ ﬁ 漢 \u202eevil\x1b[31m end"
)
NUMBERS = {
    "auc_best": (0.99123, ".3f", "0.991"), "diff": (-0.0123, ".4f", "-0.0123"), "rows": (12569, ",d", "12,569"),
    "share": (0.03, ".1%", "3.0%"), "a_b": (1, "d", "1"), "aB": (2, "d", "2"),
}
BIB = r"""@article{nadeau2003, author={Nadeau, Claude and Bengio, Yoshua}, title={Inference & error, 100%},
  journal={Machine Learning}, year={2003}, doi={10.1023/A:1024068626366}}
@misc{odd, author={李 雷 and Ångström, Ünï}, title={Odd λ $x_1$ name_with}, year={in press}, url={http://a_b/%20#c}}
@article{broken, title={never closed
"""


def words(text: str, style: str = "") -> Words:
    """Plain text."""
    return Words(text=text, style=style)


def sample() -> Document:
    """The document."""
    cells: tuple[tuple[Inline, ...], ...] = ((words("logistic & co"),), (Number(name="auc_best"),))
    return Document(
        title=(words("A study of "), Number(name="rows"), words(" rows & 100% #1")),
        authors=("Ada Ünïcode", HOSTILE), date="2025", keywords=("tables", "folds_"),
        notice=(words("Made without a language model.", "strong"), words(" Numbers are computed.")),
        abstract=(words("The score is "), Number(name="auc_best"), words(", lower by "), Number(name="diff"), words(".")),
        sections=(
            Section(name="intro", title="Introduction", blocks=(
                Paragraph(content=(words(HOSTILE), Cite(keys=("nadeau2003", "odd")), Number(name="share"))),
                Bullets(items=((words("[bracket]"),), (Math(latex=r"\alpha \le 1", typst="alpha <= 1"),))),
                Paragraph(content=(words(HOSTILE, "code"), Ref(label="fig:one"), Ref(label="intro"))),
            )),
            Section(name="Results/../x", title="Results " + HOSTILE, results=True, blocks=(
                Figure(label="fig:one", path="figures/one", caption=(words("A figure " + HOSTILE),)),
                Figure(label="odd label %", path="figures/odd %1 name", caption=(words("Named oddly."),)),
                Table(label="tab:a", caption=(words("Scores."),), align="lr", header=((words("Model"),), (words("Δ"),)),
                      rows=(cells,) * 3, note=(words("A note."),)),
                Table(label="tab:long", caption=(words("Long."),), align="l" + "r" * 9,
                      header=tuple((words(f"c{chr(97 + i)}"),) for i in range(10)),
                      rows=tuple(tuple((Number(name="rows"),) for _ in range(10)) for _ in range(40))),
                Table(label="tab:prose", caption=(words("Limits."),), align="ll", header=((words("a"),), (words("b"),)),
                      rows=(((words("x"),), (words("A sentence that is too long for one line. " * 3),)), ((words("ragged"),),))),
            )),
            Section(name="more", title="More", level=2, appendix=True, blocks=(Paragraph(content=(words("End."),)),)),
        ),
    )


def make_workspace(folder: Path, document: Document | None = None) -> Path:
    """The workspace's folder, with writing/ and figures/."""
    writing = folder / "writing"
    for name in ("writing", "figures"):
        (folder / name).mkdir(parents=True)
    numbers = {
        name: {"value": value, "file": "results/a.json", "pointer": f"/{name}", "format": spec}
        for name, (value, spec, _) in NUMBERS.items()
    }
    (writing / "numbers.json").write_text(json.dumps(numbers), encoding="utf-8")
    (writing / "references.bib").write_text(BIB, encoding="utf-8")
    (writing / "document.json").write_bytes(msgspec.json.encode(document or sample()))
    for name in ("one", "odd %1 name"):
        picture = Image.new("RGB", (200, 120), "navy")
        picture.save(folder / "figures" / f"{name}.png")
        picture.save(folder / "figures" / f"{name}.pdf")
    return folder
