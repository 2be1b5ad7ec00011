"""The paper as a form: venue, sections, bibliography, PDF, length and build; not what it says."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from autor_nb.domain.check import Check, Severity, failed, passed
from autor_nb.domain.ports import AttemptView
from autor_nb.domain.venue import Venue
from autor_nb.plugins.checks.paper_pdf import PdfText, read_pdf
from autor_nb.store.bibliography import Bibliography, cited_keys, read_bibliography, without_comments

MAIN, PDF, LOG = "writing/main.tex", "artifacts/paper.pdf", "artifacts/build_log.txt"
HEAD = "AutoR build log"
TEXT_CAP, PDF_CAP = 8 << 20, 256 << 20
_TITLES = {
    "venue": "The manuscript is of the run's venue",
    "sections": "The manuscript's sections are there and not empty",
    "citations": "Every cited key is defined in the bibliography",
    "pdf": "The compiled PDF opens and has text",
    "pages": "The paper keeps to the venue's page limit",
    "build_log": "The PDF was built here, and the log says how",
}
_INPUT = re.compile(r"\\(?:input|include|subfile)\s*\{\s*([^{}]+?)\s*\}")


class PaperChecker:
    """Judges writing/ and the built paper."""

    name = "paper"

    def check(self, view: AttemptView) -> Iterable[Check]:
        """Six Checks, each about one thing."""
        main = _text(view, MAIN)
        sources = dict(_sources(view))
        pdf = read_pdf(_bytes(view, PDF, PDF_CAP))
        yield _venue(main, view.venue)
        yield _sections(view, sources)
        yield _citations(view, sources)
        yield _pdf(pdf)
        yield _pages(pdf, view.venue)
        yield _build_log(view)


def _bytes(view: AttemptView, path: str, limit: int) -> bytes | None:
    """The file's content, or None where there is none that can be read."""
    try:
        return view.read(path, limit)
    except Exception:  # not there, not kept, or a disk that fails: for a rule it is all the same
        return None


def _text(view: AttemptView, path: str) -> str | None:
    raw = _bytes(view, path, TEXT_CAP)
    return None if raw is None else raw.decode("utf-8", "replace").replace("\r\n", "\n")


def _sources(view: AttemptView) -> Iterator[tuple[str, str]]:
    """(path, text) of every LaTeX source that is the paper's: main.tex, sections, and what they take in."""
    todo = [MAIN, *sorted(path for path in view.files if re.fullmatch(r"writing/sections/.+\.tex", path))]
    seen: set[str] = set()
    while todo and len(seen) < 500:
        path = todo.pop(0)
        if path in seen:
            continue
        seen.add(path)
        text = _text(view, path)
        if text is None:
            continue
        yield path, text
        for name in _INPUT.findall(without_comments(text)):
            joined = posixpath.normpath(posixpath.join("writing", name))
            todo += [found for found in (joined, f"{joined}.tex") if found in view.files and found.endswith(".tex")]


# ------------------------------------------------------------------------------------------------ venue


def _fail(what: str, remedy: str, subject: str, detail: str) -> Check:
    return failed(f"paper.{what}", _TITLES[what], remedy, subject=subject, detail=detail)


def _pass(what: str, subject: str, detail: str) -> Check:
    return passed(f"paper.{what}", _TITLES[what], subject=subject, detail=detail)


def _venue(main: str | None, venue: Venue | None) -> Check:
    key = venue.key if venue else "report"
    remedy = f"Let the line '% AutoR venue: {key}' stand alone in {MAIN}, or load the venue's own style there."
    if main is None or not main.strip():
        return _fail(
            "venue",
            f"Write {MAIN}, or writing/document.json from which it is made.",
            MAIN,
            "It is not there." if main is None else "It is empty.",
        )
    named = re.findall(r"^% AutoR venue: (\S+)[ \t]*$", main, re.MULTILINE)
    if named == [key]:
        return _pass("venue", MAIN, f"It names the venue {key}.")
    package = venue.style_package if venue else ""
    loads = re.findall(
        r"\\(?:documentclass|usepackage|RequirePackage)\s*(?:\[[^\]]*\])?\s*\{([^{}]*)\}",
        without_comments(main),
    )
    if not named and package and any(package == one.strip() for names in loads for one in names.split(",")):
        return _pass("venue", MAIN, f"It loads {package}, the style of {key}.")
    found = f"It names {', '.join(named[:5])}." if named else "It names no venue."
    return _fail("venue", remedy, MAIN, f"{found} The run's venue is {key}.")


def _sections(view: AttemptView, sources: dict[str, str]) -> Check:
    remedy = "Write each section into writing/sections/<name>.tex and take it into main.tex with \\input."
    paths = [path for path in sources if path.startswith("writing/sections/")]
    every = [path for path in view.files if re.fullmatch(r"writing/sections/.+\.tex", path)]
    if not every:
        return _fail("sections", remedy, "writing/sections", "There are no sections.")
    empty = [path for path in every if not _prose(sources.get(path, ""))]
    if empty:
        return _fail("sections", remedy, empty[0], f"Without text: {', '.join(sorted(empty)[:10])}.")
    main = without_comments(sources.get(MAIN, ""))
    wanted = [name for name in _INPUT.findall(main) if posixpath.normpath(name).startswith("sections/")]
    missing = [name for name in wanted if not {f"writing/{name}", f"writing/{name}.tex"} & set(view.files)]
    if missing:
        return _fail("sections", remedy, MAIN, f"It takes in sections that are not there: {', '.join(missing[:10])}.")
    if not wanted:
        return _fail("sections", remedy, MAIN, "It takes in none of the sections.")
    return _pass("sections", "writing/sections", f"{len(paths)} sections with text.")


def _prose(tex: str) -> str:
    """What is left of a section without comments, its heading, labels and command names."""
    text = without_comments(tex)
    text = re.sub(r"\\(?:(?:sub)*section\*?|label|ref)\s*\{[^{}]*\}", "", text)
    text = re.sub(r"\\(?:begin|end)\s*\{[^{}]*\}", "", text)
    return re.sub(r"[\s{}]+", "", text)


def _citations(view: AttemptView, sources: dict[str, str]) -> Check:
    remedy = "Add an entry for each key to writing/references.bib, or cite a key that it has."
    bibliography = _bibliography(view)
    cited = [key for key in dict.fromkeys(key for text in sources.values() for key in cited_keys(text)) if key != "*"]
    unknown = [key for key in cited if key not in bibliography.keys]
    problems = (
        f" The bibliography has blocks that cannot be read: {'; '.join(bibliography.problems[:3])}."
        if (bibliography.problems)
        else ""
    )
    if unknown:
        return _fail(
            "citations",
            remedy,
            "writing/references.bib",
            f"Cited but not defined: {', '.join(key[:80] for key in unknown[:10])}.{problems}",
        )
    if not bibliography.entries:
        return _fail(
            "citations",
            "Write writing/references.bib with the works that the paper rests on.",
            "writing/references.bib",
            f"There is no entry in writing/*.bib.{problems}",
        )
    if not cited:
        return failed(
            "paper.citations",
            _TITLES["citations"],
            "Cite the works that the paper rests on.",
            subject=MAIN,
            detail="Nothing is cited.",
            severity=Severity.WARNING,
        )
    return _pass("citations", "writing/references.bib", f"{len(cited)} keys cited, all defined.{problems}")


def _bibliography(view: AttemptView) -> Bibliography:
    read = [
        read_bibliography(_bytes(view, path, TEXT_CAP) or b"")
        for path in sorted(view.files)
        if re.fullmatch(r"writing/.+\.bib", path)
    ]
    return Bibliography(
        entries=tuple(entry for one in read for entry in one.entries),
        problems=tuple(problem for one in read for problem in one.problems),
    )


# -------------------------------------------------------------------------------------------------- PDF


_BUILD = "Mend the errors in artifacts/build_log.txt; the engine builds the paper again in the next attempt."


def _pdf(pdf: PdfText | None) -> Check:
    if pdf is None:
        return _fail("pdf", _BUILD, PDF, "It is not there.")
    if pdf.error:
        return _fail("pdf", _BUILD, PDF, pdf.error)
    letters = sum(len(page.split()) for page in pdf.pages)
    if not pdf.pages or not letters:
        return _fail("pdf", _BUILD, PDF, f"{len(pdf.pages)} pages without any text.")
    return _pass("pdf", PDF, f"{len(pdf.pages)} pages, {letters} words.")


def _pages(pdf: PdfText | None, venue: Venue | None) -> Check:
    limit = venue.page_limit if venue else None
    if pdf is None or pdf.error or not pdf.pages:
        return _fail("pages", _BUILD, PDF, "There are no pages to count.")
    if venue is None or limit is None:
        return _pass("pages", PDF, f"{len(pdf.pages)} pages; the venue has no limit.")
    counted = len(pdf.pages) if venue.refs_in_limit else pdf.before_references
    told = "references counted" if venue.refs_in_limit else "references and what follows not counted"
    detail = f"{counted} pages ({told}), limit {limit} of {venue.display_name}."
    if counted > limit:
        return _fail(
            "pages",
            f"Shorten the paper by {counted - limit} pages, move parts behind the references as "
            "an appendix, or choose another venue.",
            PDF,
            detail,
        )
    return _pass("pages", PDF, detail)


def _build_log(view: AttemptView) -> Check:
    log = _text(view, LOG)
    if log is None or not log.strip():
        return _fail(
            "build_log",
            "Write writing/document.json; the engine builds the paper and its log.",
            LOG,
            "It is not there." if log is None else "It is empty.",
        )
    if log.partition("\n")[0].strip() != HEAD or not re.search(r"^renderer: \w+", log, re.MULTILINE):
        return _fail(
            "build_log",
            f"Leave {LOG} to the engine, which writes it.",
            LOG,
            "It is not a log of our build: it names no renderer.",
        )
    entry = view.files.get(PDF)
    if "\nresult: ok\n" not in log or entry is None:
        return _fail("build_log", _BUILD, LOG, "The build failed: " + _reason(log))
    if f"pdf: {PDF} sha256={entry.sha256}" not in log:
        return _fail(
            "build_log",
            f"Leave {PDF} to the engine, which builds it.",
            PDF,
            "The PDF is not the one that this build made.",
        )
    built = re.findall(r"^renderer: (\w+) .*: built$", log, re.MULTILINE)
    return _pass("build_log", LOG, f"Built by {built[-1] if built else 'our renderer'}.")


def _reason(log: str) -> str:
    """The line that tells most of a failed build."""
    marks = r"(^! .+|^\S+:\d+: .+|^- .+|.*not found.*|.*cannot be used.*|.*[Ee]rror.*)"
    found = re.search(marks, log, re.MULTILINE)
    return " ".join(found.group(0).split())[:300] if found else "see the log."
