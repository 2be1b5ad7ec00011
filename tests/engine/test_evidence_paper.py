"""The engine's own build of the paper and its report on citations."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from evidence_story import context, loaded, make_run, put
from PIL import Image

from autor_nb.domain.document import Cite, Document, Math, Paragraph, Section, Words
from autor_nb.engine.evidence import TABLE, citation_verification, paper_build, write_all
from autor_nb.plugins.checks.paper import PaperChecker
from autor_nb.store.bibliography import BibEntry
from autor_nb.store.layout import RunFolder

BIB = "@article{holm, title={A test}, author={Holm, S.}, year={1979}, journal={J}}\n"


def document(math: str = "x", typst: str = "x") -> Document:
    """A paper of two paragraphs."""
    text = (Words(text="Words that fill a line. " * 30), Math(latex=math, typst=typst), Cite(keys=("holm",)))
    return Document(title=(Words(text="T"),), authors=("A",), date="2025", notice=(Words(text="Notice."),),
                    abstract=text, sections=(Section(name="intro", title="Introduction", blocks=(Paragraph(content=text),)),))


def paper_run(tmp_path: Path, paper: Document | None) -> RunFolder:
    """A run whose agent has left that paper."""
    run = make_run(tmp_path)
    put(run.workspace, "writing/references.bib", BIB)
    put(run.workspace, "writing/numbers.json", {})
    if paper is not None:
        put(run.workspace, "writing/document.json", msgspec.json.encode(paper))
    return run


def checks(run: RunFolder) -> dict[str, Any]:
    """The paper's Checks by id."""
    return {check.id: check for check in PaperChecker().check(context(run, "07").view)}


def log_of(run: RunFolder) -> str:
    """The build log."""
    return (run.workspace / "artifacts/build_log.txt").read_text(encoding="utf-8")


def test_the_paper_is_built_from_the_document_and_every_check_passes(tmp_path: Path) -> None:
    """From document.json alone: sources, PDF and a log with its hash."""
    run = paper_run(tmp_path, document())
    wrote = paper_build.write(context(run, "07"))
    pdf = run.workspace / "artifacts/paper.pdf"
    assert {"artifacts/paper.pdf", "artifacts/build_log.txt", "writing/main.tex"} <= set(wrote)
    assert f"pdf: artifacts/paper.pdf sha256={hashlib.sha256(pdf.read_bytes()).hexdigest()}" in log_of(run)
    assert "renderer: latex" in log_of(run)
    assert [] == [check.id for check in checks(run).values() if not check.passed]


def test_without_tex_typst_builds_and_the_log_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without TeX gets the LaTeX sources and a PDF all the same."""
    run = paper_run(tmp_path, document())
    monkeypatch.setenv("PATH", str(tmp_path))
    paper_build.write(context(run, "07"))
    log = log_of(run)
    assert "latexmk and pdflatex and bibtex not found" in log and "renderer: typst" in log and "result: ok" in log
    assert (run.workspace / "writing/main.tex").is_file()
    assert [] == [check.id for check in checks(run).values() if not check.passed]


def test_a_latex_build_that_fails_falls_back_to_typst(tmp_path: Path) -> None:
    """LaTeX that does not compile is in the log, with its error, above the build that worked."""
    run = paper_run(tmp_path, document(math=r"\nosuchcommand"))
    paper_build.write(context(run, "07"))
    log = log_of(run)
    assert "nosuchcommand" in log and "renderer: latex (its program is here): failed" in log
    assert "renderer: typst (its program is here): built" in log
    assert checks(run)["paper.build_log"].passed


def test_when_nothing_builds_there_is_no_pdf_and_the_checks_say_what_to_mend(tmp_path: Path) -> None:
    """An earlier build's PDF does not pass for this attempt's."""
    run = paper_run(tmp_path, document())
    paper_build.write(context(run, "07"))
    put(run.workspace, "writing/document.json", msgspec.json.encode(document(math=r"\nosuch", typst="nosuch()")))
    paper_build.write(context(run, "07"))
    assert not (run.workspace / "artifacts/paper.pdf").exists()
    assert "result: failed" in log_of(run)
    failing = checks(run)
    for name in ("paper.pdf", "paper.pages", "paper.build_log"):
        assert not failing[name].passed and failing[name].remedy


@pytest.mark.parametrize("model", [b"", b"{", b"[]", b"\xff\xfe", b'{"title": 3}', b"[" * 100_000])
def test_a_broken_document_model_is_told_and_never_raises(model: bytes, tmp_path: Path) -> None:
    """The log names the file, and what to write."""
    run = paper_run(tmp_path, None)
    put(run.workspace, "writing/document.json", model)
    assert [] == write_all(["paper_build"], context(run, "07"))
    assert "document.json cannot be used" in log_of(run) and "to mend:" in log_of(run)


def test_hand_written_latex_is_built_and_not_overwritten(tmp_path: Path) -> None:
    """A main.tex without our line is a person's or an agent's own."""
    run = paper_run(tmp_path, document())
    own = "% AutoR venue: report\n\\documentclass{article}\\begin{document}Mine own words.\\end{document}\n"
    put(run.workspace, "writing/main.tex", own)
    paper_build.write(context(run, "07"))
    assert (run.workspace / "writing/main.tex").read_text() == own
    assert "renderer: latex (its program is here): built" in log_of(run)


def test_without_document_and_without_tex_the_log_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be built, and it says so."""
    run = paper_run(tmp_path, None)
    put(run.workspace, "writing/main.tex", "\\documentclass{article}\\begin{document}x\\end{document}")
    monkeypatch.setenv("PATH", str(tmp_path))
    paper_build.write(context(run, "07"))
    assert "apt-get install" in log_of(run) and "result: failed" in log_of(run)


def test_a_pdf_that_this_build_did_not_make_fails_its_check(tmp_path: Path) -> None:
    """Another PDF put in its place is told by its hash."""
    run = paper_run(tmp_path, document())
    paper_build.write(context(run, "07"))
    Image.new("RGB", (10, 10)).save(run.workspace / "artifacts/paper.pdf")
    found = checks(run)
    assert not found["paper.build_log"].passed and not found["paper.pdf"].passed


# -------------------------------------------------------------------------------------------- citations


def test_offline_no_citation_is_verified(tmp_path: Path) -> None:
    """Every known citation is unreachable, an unknown one is not found, and claims are counted."""
    run = paper_run(tmp_path, None)
    put(run.workspace, "writing/sections/a.tex", "\\citep{holm}\n% \\cite{nobody}\n")
    put(run.workspace, "literature/sources.json", [{"source_id": "S1"}])
    put(run.workspace, "literature/claims.json", [{"claim_id": "C1", "source_ids": ["S1"]}, {"claim_id": "C2", "source_ids": ["S9"]}])
    citation_verification.write(context(run, "07"))
    report = loaded(run, citation_verification.REPORT)
    assert ("unreachable", 1) == (report["overall_status"], report["total_citations"])
    assert [("holm", "unreachable")] == [(c["key"], c["verdict"]) for c in report["citations"]]
    assert {"total_claims": 2, "with_known_source": 1, "without": ["C2"], "ratio": 0.5} == report["claim_coverage"]
    put(run.workspace, "writing/sections/b.tex", "\\cite{ghost}")
    citation_verification.write(context(run, "07"))
    assert loaded(run, citation_verification.REPORT)["overall_status"] == "not_found"


def test_a_register_that_answers_gives_the_verdicts(tmp_path: Path) -> None:
    """The port for online look-ups: one mismatch outweighs everything else."""

    class Register:
        def look_up(self, entry: BibEntry) -> citation_verification.Verdict:
            good = entry.fields["title"] == "A test"
            return citation_verification.Verdict(verdict="verified" if good else "mismatch", source="register")

    run = paper_run(tmp_path, None)
    put(run.workspace, "writing/main.tex", "\\cite{holm}")
    citation_verification.write_with(context(run, "07"), Register())
    assert loaded(run, citation_verification.REPORT)["overall_status"] == "verified"
    put(run.workspace, "writing/references.bib", BIB + "@misc{other, title={B}}")
    put(run.workspace, "writing/main.tex", "\\cite{holm,other}")
    citation_verification.write_with(context(run, "07"), Register())
    assert loaded(run, citation_verification.REPORT)["overall_status"] == "mismatch"


def test_a_writer_that_fails_is_a_note(tmp_path: Path) -> None:
    """The engine goes on, whatever lies in the way, and unknown names are told."""
    run = paper_run(tmp_path, None)
    (run.workspace / "artifacts" / "citation_verification.json").mkdir(parents=True)
    notes = write_all(["citation_verification", "nonsense"], context(run, "07"))
    assert len(notes) == 2 and "citation_verification" in notes[0] and "nonsense" in notes[1]
    assert all(name in notes[1] for name in TABLE)
