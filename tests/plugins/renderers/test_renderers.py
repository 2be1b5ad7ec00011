"""Both renderers on one manuscript: sources that hold everything, and a PDF with text, figures and fonts."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import msgspec
import pypdfium2
import pypdfium2.raw as raw
import pytest
from paper_sample import NUMBERS, make_workspace, sample, words

from autor_nb import registry
from autor_nb.domain.document import Cite, Document, Figure, Number, Paragraph, Ref, Section
from autor_nb.plugins.renderers import program
from autor_nb.plugins.renderers.latex import venue_style
from autor_nb.store.venues import find_venue

BOTH = pytest.mark.parametrize("name", ["latex", "typst"])


def built(name: str, workspace: Path, venue: str = "report", document: Document | None = None) -> tuple[Any, Path]:
    """The result of a build, and where the PDF is."""
    renderer = registry.create("renderers", name)
    renderer.render(document or sample(), find_venue(venue), workspace / "writing")
    pdf = workspace / "artifacts" / f"{name}.pdf"
    return renderer.build(workspace / "writing", pdf), pdf


def text_of(pdf: Path) -> str:
    """All text of a PDF, on one line."""
    document = pypdfium2.PdfDocument(pdf)
    text = " ".join(page.get_textpage().get_text_bounded() for page in document)
    document.close()
    return " ".join(text.replace("\ufffe", "-").split())


def inside(pdf: Path) -> tuple[list[bool], int]:
    """Whether the font of each piece of text is embedded, and how many pictures there are."""
    document = pypdfium2.PdfDocument(pdf)
    fonts, pictures = [], 0
    for page in document:
        for thing in page.get_objects(max_depth=4):
            if thing.type == raw.FPDF_PAGEOBJ_TEXT:
                fonts.append(raw.FPDFFont_GetIsEmbedded(raw.FPDFTextObj_GetFont(thing.raw)) == 1)
            pictures += thing.type == raw.FPDF_PAGEOBJ_IMAGE
    document.close()
    return fonts, pictures


@BOTH
@pytest.mark.parametrize("venue", ["report", "neurips_2025", "ieee_journal", "nature"])
def test_a_paper_is_built_for_every_family(name: str, venue: str, tmp_path: Path) -> None:
    """The PDF has the notice, every number, hostile text as text, figures, and only embedded fonts."""
    result, pdf = built(name, make_workspace(tmp_path / "w"), venue)
    assert result.ok, result.log
    text = text_of(pdf)
    assert "Made without a language model" in text
    for _, _, shown in NUMBERS.values():
        assert shown.lstrip("-") in text
    assert "/etc/passwd" in text and "root:" not in text
    assert "Figure 2" in text and "Table 3" in text and "References" in text and "[?" not in text
    assert "Inference&error,100%" in re.sub(r"[^\w&,%]", "", text)  # hyphenation may cut words
    fonts, pictures = inside(pdf)
    assert fonts and all(fonts) and pictures >= 2


@BOTH
def test_the_same_sources_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    """Neither place nor time gets into the PDF or the log."""
    first, one = built(name, make_workspace(tmp_path / "a"))
    second, two = built(name, make_workspace(tmp_path / "some" / "other" / "b"))
    assert hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(two.read_bytes()).digest()
    assert first.log == second.log and str(tmp_path) not in first.log


@BOTH
def test_a_missing_figure_number_label_or_key_is_shown_and_stops_nothing(name: str, tmp_path: Path) -> None:
    """What is missing is printed in its place, so that a reader sees it."""
    document = Document(title=(words("T"),), authors=(), date="", notice=(), abstract=(words("A."),), sections=(
        Section(name="s", title="S", blocks=(
            Paragraph(content=(words("x"), Number(name="none"), Ref(label="nowhere"), Cite(keys=("odd", "unknown_k")))),
            Figure(label="f", path="figures/absent", caption=(words("c"),)),
            Figure(label="g", path="../../../etc/hostname", caption=(words("c"),)),
        )),))
    result, pdf = built(name, make_workspace(tmp_path / "w"), document=document)
    assert result.ok, result.log
    text = text_of(pdf)
    assert "none" in text and "nowhere" in text and "Figure file missing: figures/absent" in text


@BOTH
def test_a_figure_that_is_a_link_out_of_the_workspace_is_not_read(name: str, tmp_path: Path) -> None:
    """A link to a file outside counts as missing."""
    workspace = make_workspace(tmp_path / "w")
    outside = tmp_path / "secret.png"
    (workspace / "figures" / "one.png").rename(outside)
    for suffix in (".png", ".pdf"):
        (workspace / "figures" / f"one{suffix}").unlink(missing_ok=True)
        (workspace / "figures" / f"one{suffix}").symlink_to(outside)
    result, pdf = built(name, workspace)
    assert result.ok, result.log
    assert "Figure file missing: figures/one" in text_of(pdf)


@BOTH
def test_sources_that_do_not_compile_give_a_log_and_no_pdf(name: str, tmp_path: Path) -> None:
    """A broken main file is a failed build that names the error; nothing is raised, no PDF appears."""
    workspace = make_workspace(tmp_path / "w")
    main = workspace / "writing" / ("main.tex" if name == "latex" else "main.typ")
    main.write_text("\\documentclass{article}\\begin{document}\\nonsense\\end{document}" if name == "latex" else "#nonsense()")
    pdf = workspace / "artifacts" / "p.pdf"
    result = registry.create("renderers", name).build(workspace / "writing", pdf)
    assert not result.ok and "nonsense" in result.log and not pdf.exists()


def test_tex_can_read_nothing_outside_and_run_nothing(tmp_path: Path) -> None:
    """Absolute and upward paths are refused, shell commands are not run, a latexmkrc is not read."""
    workspace = make_workspace(tmp_path / "w")
    secret = tmp_path / "secret.tex"
    secret.write_text("THESECRET")
    mark = tmp_path / "mark"
    (workspace / "writing" / "latexmkrc").write_text(f"system('touch {mark}');")
    (workspace / "writing" / "main.tex").write_text(
        "\\documentclass{article}\\begin{document}Hello \\immediate\\write18{touch " + str(mark) + "}"
        "\\IfFileExists{" + str(secret) + "}{\\input{" + str(secret) + "}}{absolute refused}"
        "\\IfFileExists{../../../secret}{\\input{../../../secret}}{upward refused}\\end{document}")
    pdf = tmp_path / "p.pdf"
    result = registry.create("renderers", "latex").build(workspace / "writing", pdf)
    assert not mark.exists()
    assert not pdf.exists() or "THESECRET" not in text_of(pdf)
    assert "THESECRET" not in result.log


def test_a_hand_written_main_finds_figures_beside_writing(tmp_path: Path) -> None:
    """`../figures/x`, as people write it, works in the locked build too."""
    workspace = make_workspace(tmp_path / "w")
    (workspace / "writing" / "main.tex").write_text(
        "\\documentclass{article}\\usepackage{graphicx}\\begin{document}Hi "
        "\\includegraphics[width=2cm]{../figures/one.png}\\end{document}")
    result = registry.create("renderers", "latex").build(workspace / "writing", tmp_path / "p.pdf")
    assert result.ok, result.log


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    """The limit ends the whole group, and what was said until then is kept."""
    ran = program.run(["sh", "-c", "echo begun; sleep 600 & sleep 600"], tmp_path, timeout_s=0.5, environment={})
    assert ran.code is None and "begun" in ran.output


def test_a_venues_own_style_is_used_where_it_lies(tmp_path: Path) -> None:
    """A style in writing/ is loaded instead of our class, and never copied anywhere."""
    workspace = make_workspace(tmp_path / "w")
    writing = workspace / "writing"
    assert venue_style("neurips_2025", writing) == ""
    (writing / "neurips_2025.sty").write_text("\\ProvidesPackage{neurips_2025}\\RequirePackage{natbib}\n")
    result, _ = built("latex", workspace, "neurips_2025")
    assert result.ok, result.log
    main = (writing / "main.tex").read_text()
    assert main.startswith("% AutoR venue: neurips_2025\n") and "\\usepackage{neurips_2025}" in main
    assert not (writing / "autor-conference.cls").exists()


def test_sections_of_an_earlier_document_go_and_a_persons_stay(tmp_path: Path) -> None:
    """Rendering again leaves no section behind that the document lost, and touches no foreign file."""
    workspace = make_workspace(tmp_path / "w")
    renderer, venue, writing = registry.create("renderers", "latex"), find_venue("report"), workspace / "writing"
    renderer.render(sample(), venue, writing)
    (writing / "sections" / "mine.tex").write_text("Mine.")
    document = sample()
    renderer.render(msgspec.structs.replace(document, sections=document.sections[:1]), venue, writing)
    assert ["intro.tex", "mine.tex"] == sorted(path.name for path in (writing / "sections").iterdir())


def test_every_number_is_one_macro_with_its_name_behind(tmp_path: Path) -> None:
    """numbers.tex tells each entry's macro, value and name."""
    workspace = make_workspace(tmp_path / "w")
    registry.create("renderers", "latex").render(sample(), find_venue("report"), workspace / "writing")
    source = (workspace / "writing" / "numbers.tex").read_text()
    found = re.findall(r"\\newcommand\{\\(num[A-Za-z]+)\}\{(.*)\} % (.+)", source)
    assert {name: shown for name, (_, _, shown) in NUMBERS.items()} == {n: v.replace("\\%", "%") for _, v, n in found}
