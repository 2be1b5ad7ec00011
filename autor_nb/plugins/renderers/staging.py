"""A scratch copy of a paper's sources to build in, so that a build writes nothing beside the text and reads
nothing outside the workspace; links are never followed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdfium2

from autor_nb.plugins.renderers.bib_sources import cleaned
from autor_nb.store.bibliography import read_bibliography

GRAPHICS = (".pdf", ".png", ".jpg", ".jpeg", ".svg", ".eps")
_SOURCES = (".tex", ".typ", ".sty", ".cls", ".bst", ".bib", ".bbl", ".json", ".csv", ".txt", *GRAPHICS)
_FILE_CAP = 64 * 1024 * 1024
_UP = re.compile(r"([{,]\s*)(?:\./)?\.\./(?=[A-Za-z])")


def stage(writing: Path, target: Path, *, special: Callable[[str], str]) -> list[str]:
    """Copy `writing` to `target` and the workspace's graphics to `target`, or beside it for Typst's root.

    In .tex files `../figures/x` becomes `figures/x`, because TeX may not read above its folder here.
    .bib files are written cleaned, with `special` making odd characters printable. Answers with notes.
    """
    notes: list[str] = []
    for source in _files(writing):
        relative = source.relative_to(writing)
        place = target / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix.lower() == ".bib":
            bibliography = read_bibliography(source.read_bytes())
            place.write_text(cleaned(bibliography, special), encoding="utf-8")
            notes += [f"{relative.as_posix()}: passed over, {problem}" for problem in bibliography.problems[:20]]
        elif source.suffix.lower() == ".tex":
            place.write_bytes(_UP.sub(r"\1", source.read_bytes().decode("utf-8", "replace")).encode())
        else:
            shutil.copyfile(source, place)
    return notes


def stage_graphics(workspace: Path, target: Path) -> None:
    """Copy the graphics of the workspace's figures and results."""
    for name in ("figures", "results"):
        for source in _files(workspace / name):
            if source.suffix.lower() in GRAPHICS:
                place = target / name / source.relative_to(workspace / name)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, place)


def _files(folder: Path) -> Iterator[Path]:
    """Regular source files, never links, hidden ones or another program's settings."""
    for place, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if name.startswith(".") or path.suffix.lower() not in _SOURCES or path.is_symlink():
                continue
            if path.is_file() and path.stat().st_size <= _FILE_CAP:
                yield path


def pages_of(pdf: Path) -> int:
    """The number of pages if the PDF opens and its pages can be read, else 0."""
    try:
        document = pypdfium2.PdfDocument(pdf)
        try:
            for page in document:
                page.close()
            return len(document)
        finally:
            document.close()
    except Exception:  # whatever a broken file does to the parser, it is not a PDF that opens
        return 0
