"""The paper's form: each way to be wrong is refused by its own Check, and odd but valid papers pass."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import matplotlib
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autor_nb.domain.artifact import FileEntry, Inspection
from autor_nb.domain.check import Check
from autor_nb.domain.stage import Ending, StageRef
from autor_nb.domain.venue import Venue
from autor_nb.plugins.checks.paper import LOG, MAIN, PDF, PaperChecker
from autor_nb.plugins.checks.paper_pdf import read_pdf
from autor_nb.store.venues import find_venue

SECTION = "writing/sections/intro.tex"
BIB = "writing/references.bib"
LINE = "A line of the paper's own text, long enough to be counted as text."


def pdf_of(pages: list[list[str]]) -> bytes:
    """A real PDF with these lines on its pages."""
    import io

    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    stream = io.BytesIO()
    with matplotlib.rc_context({"pdf.fonttype": 42}), PdfPages(stream) as book:
        for lines in pages:
            figure = Figure(figsize=(6, 8))
            for number, line in enumerate(lines):
                figure.text(0.05, 0.95 - 0.05 * number, line, fontsize=7)
            book.savefig(figure)
    return stream.getvalue()


def log_of(pdf: bytes) -> str:
    """The log of a build that made it."""
    return (f"AutoR build log\nvenue: report\n\nrenderer: latex (its program is here): built\n$ latexmk\n\n"
            f"result: ok\npdf: {PDF} sha256={hashlib.sha256(pdf).hexdigest()}\n")


GOOD_PDF = pdf_of([[LINE] * 3, [LINE] * 2 + ["References", "Holm, 1979."]])


def good() -> dict[str, bytes]:
    """The files of a good paper."""
    files = {
        MAIN: "% AutoR venue: report\n\\documentclass{autor-report}\n\\begin{document}\n\\input{sections/intro}\n\\end{document}\n",
        SECTION: "\\section{Introduction}\nText with \\citep{holm}.\n",
        BIB: "@article{holm, title={T}, author={Holm, S.}, year={1979}}\n",
        LOG: log_of(GOOD_PDF),
    }
    return {**{path: text.encode() for path, text in files.items()}, PDF: GOOD_PDF}


class FilesView:
    """An attempt that consists of these files."""

    stage = StageRef(number="07", slug="07_writing", title="Writing")
    attempt = 1
    goal = "goal"
    draft: str | None = None
    ending = Ending.FINISHED
    detail = ""
    written_by = "agent"
    before: Mapping[str, FileEntry] = {}
    frozen_hypotheses = ""

    def __init__(self, contents: dict[str, bytes], venue: Venue | None) -> None:
        self.contents, self.venue = contents, venue
        self.files: Mapping[str, FileEntry] = {
            path: FileEntry(path=path, size_bytes=len(raw), sha256=hashlib.sha256(raw).hexdigest())
            for path, raw in contents.items()
        }

    def read(self, path: str, limit: int | None = None) -> bytes:
        """The content."""
        return self.contents[path][:limit]

    def inspect(self, path: str) -> Inspection:
        """Unused by this checker's rules."""
        return Inspection(kind="binary")

    def made_by(self, path: str) -> tuple[str, int] | None:
        """This attempt."""
        return ("07", 1) if path in self.contents else None

    def run_file(self, path: str) -> bool:
        """Whether it is there."""
        return path in self.contents


def failing(files: dict[str, bytes], venue: Venue | None = None) -> dict[str, Check]:
    """The failing Checks by their short id; each has what to do."""
    found = {check.id: check for check in PaperChecker().check(FilesView(files, venue or find_venue("report")))}
    assert len(found) == 6
    assert all(check.remedy for check in found.values() if not check.passed)
    return {id.removeprefix("paper."): check for id, check in found.items() if not check.passed}


def test_a_good_paper_passes() -> None:
    """Nothing is found."""
    assert {} == failing(good())


@pytest.mark.parametrize(("path", "content", "ids"), [
    (MAIN, None, {"venue", "sections"}),
    (MAIN, b"", {"venue", "sections"}),
    (MAIN, b"\xff\xfe\x00", {"venue", "sections"}),
    (MAIN, b"% AutoR venue: jmlr\n\\input{sections/intro}", {"venue"}),
    (MAIN, b"%% AutoR venue: report\n\\input{sections/intro}", {"venue"}),
    (MAIN, b"% AutoR venue: report\n% AutoR venue: jmlr\n\\input{sections/intro}", {"venue"}),
    (MAIN, b"% AutoR venue: report2\n\\input{sections/intro}", {"venue"}),
    (MAIN, b"% AutoR venue: report\n%\\input{sections/intro}\n", {"sections"}),
    (MAIN, b"% AutoR venue: report\n\\input{sections/intro}\\input{sections/gone}\n", {"sections"}),
    (SECTION, None, {"sections", "citations"}),
    (SECTION, b"", {"sections", "citations"}),
    (SECTION, b"\\section{Introduction}\n\\label{x}\n% only a comment\n", {"sections", "citations"}),
    (SECTION, b"Text \\citet{ghost} and \\citep{holm}.", {"citations"}),
    (SECTION, b"Text \\cite[p.~1]{holm,ghost}.", {"citations"}),
    (BIB, None, {"citations"}),
    (BIB, b"", {"citations"}),
    (BIB, b"\xff\xfe@article{holm", {"citations"}),
    (PDF, None, {"pdf", "pages", "build_log"}),
    (PDF, b"", {"pdf", "pages", "build_log"}),
    (PDF, b"%PDF-1.4 and nothing else", {"pdf", "pages", "build_log"}),
    (PDF, GOOD_PDF[:-200], {"pdf", "pages", "build_log"}),
    (PDF, b"not a pdf", {"pdf", "pages", "build_log"}),
    (LOG, None, {"build_log"}),
    (LOG, b"", {"build_log"}),
    (LOG, b"it worked, trust me", {"build_log"}),
    (LOG, b"AutoR build log\nrenderer: latex (x): built\nresult: ok\npdf: artifacts/paper.pdf sha256=0\n", {"build_log"}),
    (LOG, log_of(GOOD_PDF).replace("result: ok", "result: failed").encode(), {"build_log"}),
])
def test_each_fault_is_refused_by_its_own_check(path: str, content: bytes | None, ids: set[str]) -> None:
    """One file made wrong fails the Checks that are about it, and no other."""
    files = good()
    files.pop(path)
    if content is not None:
        files[path] = content
    assert ids == set(failing(files))


def test_a_pdf_without_text_is_refused() -> None:
    """Pages of pictures are no paper."""
    blank = pdf_of([[], []])
    assert {"pdf"} == set(failing({**good(), PDF: blank, LOG: log_of(blank).encode()}))


@pytest.mark.parametrize(("limit", "counted", "pages", "fits"), [
    (2, False, [[LINE], [LINE], ["References", "a"], ["more"]], True),
    (2, False, [[LINE], [LINE], [LINE, "References", "a"]], False),
    (2, True, [[LINE], [LINE], ["References", "a"]], False),
    (3, True, [[LINE], [LINE], ["References", "a"]], True),
    (2, False, [[LINE], [LINE], [LINE]], False),
    (2, False, [[LINE], ["We discuss References in a line."], ["7 References", "a"]], True),
    (1, False, [["Contents", "References"], [LINE], ["References", "a"]], False),
])
def test_pages_are_counted_as_the_venue_counts(limit: int, counted: bool, pages: list[list[str]], fits: bool) -> None:
    """References count or not; the last heading of that name is the one."""
    venue = msgspec.structs.replace(find_venue("report"), page_limit=limit, refs_in_limit=counted)
    pdf = pdf_of(pages)
    found = failing({**good(), PDF: pdf, LOG: log_of(pdf).encode()}, venue)
    assert fits == ("pages" not in found)


@pytest.mark.parametrize("files", [
    {MAIN: b"% AutoR venue: report\r\n\\documentclass{x}\r\n\\input{sections/intro.tex}\r\n"},
    {MAIN: b"\\documentclass{x}\n% AutoR venue: report   \n\\input{ sections/intro }\n"},
    {SECTION: "\\section{Einführung}\nÜber λ und \\Citet*{holm}, 5\\% % \\cite{ghost}\n".encode()},
    {SECTION: b"\\input{sections/deep/part}", "writing/sections/deep/part.tex": b"Text \\cite{ holm }."},
    {SECTION: b"Text.", "writing/other.tex": b"never taken in \\cite{ghost}", MAIN: b"% AutoR venue: report\n\\input{sections/intro}\\nocite{*}\\cite{holm}"},
    {BIB: b"% comment\n@string{j = \"J\"}\n@article{holm, title={T}, journal=j}\n@article{holm, title={twice}}\n"},
    {"writing/extra.bib": b"@misc{more, title={x}}", SECTION: b"Text \\cite{more,holm}."},
])
def test_odd_but_valid_papers_pass(files: dict[str, bytes]) -> None:
    """Line ends, spaces, Unicode, nested inputs, comments, several bibliographies."""
    assert {} == failing({**good(), **files})


def test_a_venues_style_stands_for_its_name() -> None:
    """The class or package that the venue names is as good as the comment; a comment of it is not."""
    venue = find_venue("ieee_journal")
    loads = b"\\documentclass[journal]{IEEEtran}\n\\input{sections/intro}\n"
    assert {} == failing({**good(), MAIN: loads}, venue)
    assert {"venue"} == set(failing({**good(), MAIN: b"%" + loads}, venue))


def test_a_paper_without_citations_is_a_warning() -> None:
    """Nothing cited is no reason to stop, but a person should know."""
    found = failing({**good(), SECTION: b"Text."})
    assert {"citations"} == set(found) and not found["citations"].blocks


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from([MAIN, SECTION, BIB, PDF, LOG]), st.binary(max_size=200)))
def test_no_content_makes_it_raise(files: dict[str, bytes]) -> None:
    """Any bytes anywhere give six answers."""
    assert failing({**good(), **files}) is not None
    assert failing(files)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(GOOD_PDF) - 1), st.binary(min_size=1, max_size=30))
def test_a_damaged_pdf_never_makes_it_raise(at: int, junk: bytes) -> None:
    """Bytes overwritten anywhere: it opens, or says that it does not."""
    damaged = GOOD_PDF[:at] + junk + GOOD_PDF[at + len(junk):]
    read = read_pdf(damaged)
    assert read is not None and (read.pages or read.error)
