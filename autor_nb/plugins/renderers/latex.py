"""The LaTeX renderer: main.tex, sections, number macros and our own classes; built by latexmk, locked in."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from autor_nb.domain.document import Document
from autor_nb.domain.ports import BuildResult
from autor_nb.domain.venue import Venue
from autor_nb.plugins.renderers.latex_sources import LatexSource
from autor_nb.plugins.renderers.latex_text import escaped
from autor_nb.plugins.renderers.manuscript import file_stems, read_manuscript, visible
from autor_nb.plugins.renderers.program import run
from autor_nb.plugins.renderers.staging import pages_of, stage, stage_graphics
from autor_nb.store.atomic import write_bytes, write_text
from autor_nb.store.venues import CLASSES

INSTALL = "apt-get install --no-install-recommends latexmk texlive-latex-recommended texlive-fonts-recommended"
MADE = "% Made from document.json, and made again when it changes; delete this line to write LaTeX by hand."
TIMEOUT_S = 120.0
EPOCH = "315532800"  # 1980-01-01: no build depends on when it ran
_OPTIONS = ("-norc", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error")


class LatexRenderer:
    """Writes LaTeX sources and compiles them."""

    name = "latex"

    def unavailable(self) -> str:
        """Why nothing can be compiled here, or an empty string."""
        missing = [program for program in ("latexmk", "pdflatex", "bibtex") if shutil.which(program) is None]
        return f"{' and '.join(missing)} not found; install TeX: {INSTALL}" if missing else ""

    def render(self, document: Document, venue: Venue, folder: Path) -> list[Path]:
        """Write main.tex, sections/*.tex, numbers.tex and the class files."""
        manuscript = read_manuscript(document, folder)
        style = venue_style(venue.style_package, folder)
        source = LatexSource(manuscript, wide=venue.family == "journal" or bool(style))
        stems = file_stems(section.name for section in document.sections)
        texts = {folder / "numbers.tex": source.numbers()}
        for section, stem in zip(document.sections, stems, strict=True):
            texts[folder / "sections" / f"{stem}.tex"] = f"{MADE}\n{source.section(section)}"
        texts[folder / "main.tex"] = _main(source, venue, style, stems)
        _remove_old_sections(folder / "sections", set(texts))
        for path, text in texts.items():
            write_text(path, text, durable=False)
        copies = _class_files(venue, style)
        for name in copies:
            write_bytes(folder / name, (CLASSES / name).read_bytes(), durable=False)
        return [*texts, *(folder / name for name in copies)]

    def build(self, folder: Path, pdf: Path) -> BuildResult:
        """Compile `folder`/main.tex into `pdf` in a scratch copy, without shell escape or paths upward."""
        reason = self.unavailable()
        if reason:
            return BuildResult(ok=False, log=f"latexmk was not run: {reason}\n")
        if not (folder / "main.tex").is_file():
            return BuildResult(ok=False, log="latexmk was not run: there is no main.tex\n")
        with tempfile.TemporaryDirectory(prefix="autor-latex-") as scratch:
            place = Path(scratch).resolve()
            stage_graphics(folder.parent, place)
            notes = stage(folder, place, special=_bib_character)
            return _compile(place, pdf, notes)


def _compile(place: Path, pdf: Path, notes: list[str]) -> BuildResult:
    # Named for pdflatex itself, so that not even the restricted escape of a default installation is left.
    command = ["latexmk", *_OPTIONS, "-pdflatex=pdflatex -no-shell-escape %O %S", "main.tex"]
    environment = {
        "SOURCE_DATE_EPOCH": EPOCH,
        "FORCE_SOURCE_DATE": "1",
        "openin_any": "p",
        "openout_any": "p",
        "shell_escape": "f",
        "TEXMFOUTPUT": "",
        "max_print_line": "1000",
    }
    ran = run(command, place, timeout_s=TIMEOUT_S, environment=environment)
    made = place / "main.pdf"
    pages = pages_of(made) if made.is_file() else 0
    ok = ran.code == 0 and pages > 0
    if ok:
        write_bytes(pdf, made.read_bytes())
    ending = f"took longer than {TIMEOUT_S:.0f} s and was ended" if ran.code is None else f"exit code {ran.code}"
    log = [f"$ {shlex.join(command)}", *notes, ending, f"pages: {pages}", "", _readable(ran.output, place)]
    tex_log = place / "main.log"
    if not ok and tex_log.is_file() and not tex_log.is_symlink():
        log += ["", "main.log, its errors:", _errors(tex_log.read_bytes().decode("utf-8", "replace"), place)]
    return BuildResult(ok=ok, log="\n".join(log) + "\n", pdf=str(pdf) if ok else "")


def _main(source: LatexSource, venue: Venue, style: str, stems: list[str]) -> str:
    manuscript = source.manuscript
    document = manuscript.document
    authors = r" \and ".join(escaped(author) for author in document.authors)
    lines = [
        f"% AutoR venue: {venue.key}",
        MADE,
        *_class_lines(venue, style),
        r"\input{numbers}",
        (
            rf"\hypersetup{{pdftitle={{{escaped(manuscript.plain(document.title))}}},"
            rf"pdfauthor={{{escaped(', '.join(document.authors))}}}}}"
        ),
        rf"\title{{{source.inline(document.title)}}}",
        rf"\author{{{authors}}}",
        rf"\date{{{escaped(document.date)}}}",
        "",
        r"\begin{document}",
        r"\maketitle",
    ]
    if document.notice:
        lines += [r"\begin{autornotice}", source.inline(document.notice), r"\end{autornotice}"]
    lines += [r"\begin{abstract}", source.inline(document.abstract), r"\end{abstract}"]
    if document.keywords:
        lines.append(rf"\autorkeywords{{{'; '.join(escaped(word) for word in document.keywords)}}}")
    lines.append("")
    sections = list(zip(document.sections, stems, strict=True))
    lines += [rf"\input{{sections/{stem}}}" for section, stem in sections if not section.appendix]
    if manuscript.cited:
        lines += [
            "",
            rf"\bibliographystyle{{{_bib_style(venue, manuscript.folder)}}}",
            rf"\bibliography{{{Path(document.bibliography).stem}}}",
        ]
    if any(section.appendix for section in document.sections):
        lines += ["", r"\appendix"]
        lines += [rf"\input{{sections/{stem}}}" for section, stem in sections if section.appendix]
    return "\n".join([*lines, r"\end{document}", ""])


def _class_lines(venue: Venue, style: str) -> list[str]:
    match style:
        case "cls":
            lines = [rf"\documentclass{{{venue.style_package}}}"]
        case "sty":
            lines = [r"\documentclass{article}", rf"\usepackage{{{venue.style_package}}}"]
        case _:
            lines = [rf"\documentclass{{autor-{venue.family}}}"]
    cite = {"numeric": "numbers,square,sort&compress", "superscript": "super,sort&compress"}
    options = cite.get(venue.citation_style, "authoryear,round")
    return [*lines, r"\usepackage{autor-paper}", rf"\setcitestyle{{{options}}}"]


def _class_files(venue: Venue, style: str) -> list[str]:
    return ["autor-paper.sty"] if style else [f"autor-{venue.family}.cls", "autor-paper.sty"]


def venue_style(package: str, folder: Path) -> str:
    """`cls` or `sty` if the venue's own style lies in `folder` or is installed here, else an empty string."""
    if not package:
        return ""
    for suffix in ("cls", "sty"):
        if (folder / f"{package}.{suffix}").is_file() or installed(f"{package}.{suffix}"):
            return suffix
    return ""


def _bib_style(venue: Venue, folder: Path) -> str:
    if (folder / f"{venue.bib_style}.bst").is_file() or installed(f"{venue.bib_style}.bst"):
        return venue.bib_style
    return "plainnat" if venue.citation_style == "author-year" else "unsrtnat"


@lru_cache(maxsize=64)
def installed(name: str) -> bool:
    """Whether TeX finds a file of that name by itself."""
    program = shutil.which("kpsewhich")
    if program is None:
        return False
    try:
        found = subprocess.run(
            [program, name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            cwd=os.sep,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return found.returncode == 0 and bool(found.stdout.strip())


def _remove_old_sections(folder: Path, keep: set[Path]) -> None:
    """Sections that an earlier document had; a file without our line is a person's or an agent's."""
    for path in folder.glob("*.tex"):
        if path not in keep and path.is_file() and path.read_bytes()[: len(MADE)] == MADE.encode():
            path.unlink()


def _bib_character(c: str) -> str:
    return "{" + escaped(c) + "}" if visible(c) else ""


def _readable(text: str, place: Path) -> str:
    """The program's words without our scratch folder, timings and control characters."""
    text = text.replace(str(place), "<build>")
    lines = [re.sub(r"[^\x20-\x7e\u00a0-\uffff]", " ", line).rstrip() for line in text.splitlines()]
    return "\n".join(line for line in lines if not re.search(r"Processing took|Run number", line))


def _errors(text: str, place: Path) -> str:
    lines = _readable(text, place).splitlines()
    marked = [i for i, line in enumerate(lines) if line.startswith("!") or re.match(r"\S+?:\d+: ", line)]
    shown = sorted({j for i in marked[:10] for j in range(i, min(i + 6, len(lines)))})
    return "\n".join(lines[i] for i in shown) or "\n".join(lines[-30:])
