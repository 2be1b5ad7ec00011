"""Typst literals, cleaned bibliographies, and what a missing package says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st
from paper_sample import make_workspace, sample

from autor_nb import registry
from autor_nb.domain.document import NumberEntry
from autor_nb.plugins.renderers.bib_sources import cleaned
from autor_nb.plugins.renderers.manuscript import file_stems, formatted, safe_label, visible
from autor_nb.plugins.renderers.typst_text import literal
from autor_nb.store.bibliography import cited_keys, read_bibliography
from autor_nb.store.venues import find_venue


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_a_literal_is_read_back_by_typst_as_the_text(text: str) -> None:
    """No text ends its literal: Typst finds one string and nothing behind it."""
    source = f"#metadata({literal(text)}) <it>"
    found = typst.query(source.encode(), "<it>", field="value", one=True)
    assert visible(text) == json.loads(found)


def test_markup_in_words_is_not_markup() -> None:
    """Quotes and backslashes are escaped, nothing else needs to be."""
    assert literal('a"b\\c#d') == '"a\\"b\\\\c#d"'


@pytest.mark.parametrize(("value", "spec", "expected"), [
    (0.5, ".2f", "0.50"), (12569, ",d", "12,569"), (0.5, "d", "0.5"), (1, "nonsense", "1"), (0.25, "9999.2f", "0.25"),
])
def test_a_number_is_shown_by_its_format_or_exactly(value: float, spec: str, expected: str) -> None:
    """A format that does not fit the value does not lose it."""
    assert expected == formatted(NumberEntry(value=value, file="f", pointer="/p", format=spec))


def test_names_become_unique_and_safe() -> None:
    """Section files and labels keep plain names, and others cannot leave the folder or clash."""
    assert ["intro", "etc_passwd", "intro_3", "section"] == file_stems(["intro", "../etc/passwd", "intro", "∆"])
    assert safe_label("fig:roc") == "fig:roc"
    assert safe_label("a b") != safe_label("a_b") != safe_label("a%b")


BAD_BIB = """@article{ok, title={A & B_c 100% #1 $x_1$}, year={2020}}
@article{ok, title={twice}}
@misc{brace, title={a } b}, note={\\
@book{two words, title={x}}
@misc{money, title={costs $5}, year=2021, month=jan, url={http://h/a_b%20c}}
"""


def test_a_bad_bibliography_is_cleaned_for_both_programs(tmp_path: Path) -> None:
    """Broken and double entries are passed over and reported; what is left compiles."""
    read = read_bibliography(BAD_BIB.encode() + b"\xff\xfe")
    assert "ok" in read.keys and "two words" not in read.keys and read.problems
    text = cleaned(read, str)
    assert r"A \& B\_c 100\% \#1 $x_1$" in text
    for name in ("latex", "typst"):
        workspace = make_workspace(tmp_path / name)
        (workspace / "writing/references.bib").write_bytes(BAD_BIB.replace("{ok", "{odd").encode())
        renderer = registry.create("renderers", name)
        renderer.render(sample(), find_venue("report"), workspace / "writing")
        result = renderer.build(workspace / "writing", tmp_path / f"{name}.pdf")
        assert result.ok, result.log
        assert "references.bib: passed over" in result.log


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_no_bibliography_breaks_the_reader(content: bytes | str) -> None:
    """Whatever a file holds, reading answers."""
    read = read_bibliography(content)
    assert all(not re.search(r"[\s{}%\\]", key) for key in read.keys)


def test_cited_keys_are_found_in_every_form_but_not_in_comments() -> None:
    """The natbib and biblatex commands, options, lists, and escaped percent signs."""
    tex = r"\cite{a} \citep[see][p.~1]{b, c} \citet*{d} \parencite{e} 5\% \nocite{f} % \cite{no}" + "\n\\Citet{g} \\mycite{no2}"
    assert ["a", "b", "c", "d", "e", "f", "g"] == cited_keys(tex)


def test_without_tex_the_reason_names_the_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a machine without TeX the renderer still writes sources, and says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    renderer = registry.create("renderers", "latex")
    assert "apt-get install" in renderer.unavailable() and "texlive-latex-recommended" in renderer.unavailable()
    workspace = make_workspace(tmp_path / "w")
    assert renderer.render(sample(), find_venue("report"), workspace / "writing")
    result = renderer.build(workspace / "writing", tmp_path / "p.pdf")
    assert not result.ok and "apt-get install" in result.log
