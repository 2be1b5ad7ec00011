"""The Typst renderer: main.typ with looks of our own; compiled by the `typst` wheel in its own process."""

from __future__ import annotations

import importlib.util
import re
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from autor_nb.domain.document import Document
from autor_nb.domain.ports import BuildResult
from autor_nb.domain.venue import Venue
from autor_nb.plugins.renderers.manuscript import file_stems, read_manuscript, visible
from autor_nb.plugins.renderers.program import run
from autor_nb.plugins.renderers.staging import pages_of, stage, stage_graphics
from autor_nb.plugins.renderers.typst_sources import TypstSource
from autor_nb.plugins.renderers.typst_text import comment, literal
from autor_nb.store.atomic import write_bytes, write_text
from autor_nb.store.venues import CLASSES

INSTALL = 'pip install "autor-nb[study]"'
LOOK = "autor-paper.typ"
TIMEOUT_S = 60.0
_STYLES = {"author-year": "apa", "numeric": "ieee", "superscript": "nature"}
# Letters that the fonts inside the wheel lack; only then are the machine's own fonts looked at.
_BEYOND = re.compile("[\u0530-\u1cff\u2c00-\ud7ff\uf900-\ufdff\ufe30-\uffef\U00010000-\U000dffff]")
_PROGRAM = """
import sys, typst
try:
    typst.compile("writing/main.typ", output="paper.pdf", root=".", ignore_system_fonts=sys.argv[1] == "own",
                  package_path="packages", package_cache_path="packages")
except Exception as error:
    print(f"{type(error).__name__}: {error}")
    for name in ("diagnostic", "hints", "trace"):
        detail = getattr(error, name, None)
        if detail:
            print(f"{name}: {detail}")
    sys.exit(1)
"""


class TypstRenderer:
    """Writes Typst sources and compiles them."""

    name = "typst"

    def unavailable(self) -> str:
        """Why nothing can be compiled here, or an empty string."""
        return "" if importlib.util.find_spec("typst") else f"the typst package is not installed: {INSTALL}"

    def render(self, document: Document, venue: Venue, folder: Path) -> list[Path]:
        """Write main.typ and the file with our looks."""
        manuscript = read_manuscript(document, folder)
        source = TypstSource(manuscript, wide=venue.family == "journal", pdf=_reads_pdf())
        write_text(folder / "main.typ", _main(source, venue), durable=False)
        write_bytes(folder / LOOK, (CLASSES / LOOK).read_bytes(), durable=False)
        return [folder / "main.typ", folder / LOOK]

    def build(self, folder: Path, pdf: Path) -> BuildResult:
        """Compile `folder`/main.typ into `pdf` in a scratch copy, by a process that may hang or die."""
        reason = self.unavailable()
        if reason:
            return BuildResult(ok=False, log=f"typst was not run: {reason}\n")
        if not (folder / "main.typ").is_file():
            return BuildResult(ok=False, log="typst was not run: there is no main.typ\n")
        with tempfile.TemporaryDirectory(prefix="autor-typst-") as scratch:
            place = Path(scratch).resolve()
            (place / "packages").mkdir()
            stage_graphics(folder.parent, place)
            notes = stage(folder, place / "writing", special=_bib_character)
            return _compile(place, pdf, notes)


def _compile(place: Path, pdf: Path, notes: list[str]) -> BuildResult:
    sources = "".join(
        path.read_text(encoding="utf-8", errors="replace")
        for path in sorted((place / "writing").glob("*.[tb]*"))
        if path.suffix in (".typ", ".bib")
    )
    fonts = "system" if _BEYOND.search(sources) else "own"
    ran = run([sys.executable, "-I", "-c", _PROGRAM, fonts], place, timeout_s=TIMEOUT_S, environment={})
    made = place / "paper.pdf"
    pages = pages_of(made) if made.is_file() else 0
    ok = ran.code == 0 and pages > 0
    if ok:
        write_bytes(pdf, made.read_bytes())
    ending = f"took longer than {TIMEOUT_S:.0f} s and was ended" if ran.code is None else f"exit code {ran.code}"
    log = [
        f"typst {_version()}: compile writing/main.typ --root . (fonts: {fonts})",
        *notes,
        ending,
        f"pages: {pages}",
        "",
        ran.output.replace(str(place), "<build>").strip(),
    ]
    return BuildResult(ok=ok, log="\n".join(log) + "\n", pdf=str(pdf) if ok else "")


def _main(source: TypstSource, venue: Venue) -> str:
    manuscript = source.manuscript
    document = manuscript.document
    notice = f"[{source.inline(document.notice)}]" if document.notice else "none"
    lines = [
        f"// AutoR venue: {venue.key}",
        "// Made from document.json, and made again at every build.",
        f"#import {literal(LOOK)}: *",
        source.numbers(),
        (
            "#let num(name) = { let shown = numbers.at(name)\n"
            '  if shown.starts-with("-") { "\\u{2212}" + shown.slice(1) } else { shown } }'
        ),
        f"// {comment(venue.display_name)}",
        f"#show: paper.with({literal(venue.family)},",
        f"  title: [{source.inline(document.title)}],",
        f"  plain-title: {literal(manuscript.plain(document.title))},",
        f"  authors: {_array(document.authors)},",
        f"  date: {literal(document.date)},",
        f"  notice: {notice},",
        f"  abstract: [{source.inline(document.abstract)}],",
        f"  keywords: {_array(document.keywords)},",
        ")",
        "",
    ]
    stems = file_stems(section.name for section in document.sections)
    parts = list(zip(document.sections, stems, strict=True))
    lines += [f"// {stem}\n{source.section(section)}" for section, stem in parts if not section.appendix]
    if manuscript.cited:
        style = _STYLES.get(venue.citation_style, "apa")
        name = Path(document.bibliography).name
        lines.append(f'#bibliography({literal(name)}, style: {literal(style)}, title: "References")\n')
    appendix = [f"// {stem}\n{source.section(section)}" for section, stem in parts if section.appendix]
    if appendix:
        lines += ["#show: appendix\n", *appendix]
    return "\n".join(lines)


def _array(texts: tuple[str, ...]) -> str:
    return "(" + "".join(f"{literal(text)}, " for text in texts) + ")"


def _reads_pdf() -> bool:
    numbers = re.findall(r"\d+", _version())[:2]
    return len(numbers) == 2 and (int(numbers[0]), int(numbers[1])) >= (0, 14)


def _version() -> str:
    try:
        return version("typst")
    except PackageNotFoundError:
        return ""


def _bib_character(c: str) -> str:
    return visible(c)
