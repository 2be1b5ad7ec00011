"""What an attempt found: its results as tables, its figures as pictures, its files by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import msgspec

from autor_nb.desk import clean, files
from autor_nb.domain.errors import AutorError
from autor_nb.domain.state import AttemptState
from autor_nb.export.parts import meta, note, section
from autor_nb.export.source import Opened, Source
from autor_nb.record import folds, gallery
from autor_nb.record.markup import NOTHING, Shown, Words, bold, code, details, stack, words
from autor_nb.record.readings import json_of, leaves, table_of
from autor_nb.record.tables import table
from autor_nb.record.units import count_words, number_words, size_words

TABLES, ROWS, COLUMNS, CELL = 6, 12, 8, 80
NUMBERS = 40
FIGURES = 12
FILES = 150


def guarded(what: str, make: Callable[[], Shown]) -> Shown:
    """The part, or in its place why it cannot be shown: a report is of what is there."""
    try:
        return make()
    except (AutorError, OSError, LookupError, msgspec.DecodeError) as error:
        reason = error.message if isinstance(error, AutorError) else str(error)
        return note(f"{what} cannot be shown: {clean.line(reason, 300)}", "warn")


def around(source: Source, attempt: AttemptState) -> tuple[files.Files, files.Files]:
    """The files before the stage and after the attempt: one that only mended a word keeps what the others made."""
    stage = source.state.stage(attempt.stage)
    first = stage.attempts[0] if stage else attempt
    return files.around(source.run, first)[0], files.around(source.run, attempt)[1]


def changed(source: Source, attempt: AttemptState) -> list[str]:
    """Paths that the stage made or changed up to this attempt."""
    before, after = around(source, attempt)
    return sorted(path for path, entry in after.items() if files.tag_of(entry, before))


def results(source: Source, attempt: AttemptState) -> Shown:
    """Tables under results/ that are new or changed, and the numbers of its JSON documents, folded."""
    paths = [path for path in changed(source, attempt) if path.startswith("results/")]
    paths = [path for path in paths if path != "results/experiment_manifest.json"]
    if not paths:
        return NOTHING
    opened = source.opened(attempt)
    blocks: list[Words] = []
    read = folds.results(opened.view)
    if read is not None and read.path in paths:
        figure = folds.folds_figure(opened)
        blocks += [_strip(source, figure), folds.folds(opened)]
    tables = [path for path in paths if path.lower().endswith((".csv", ".tsv"))]
    blocks += [_table(opened, path, folded=bool(blocks)) for path in tables[:TABLES]]
    blocks += [_numbers(opened, path) for path in paths if path.lower().endswith(".json")][: 2 * TABLES]
    if len(tables) > TABLES:
        blocks.append(meta(f"{len(tables) - TABLES} more tables are among the files."))
    return section("Results", *blocks, level=3)


def _strip(source: Source, figure: Any) -> Shown:
    from autor_nb.figures import Drawn
    from autor_nb.figures.as_png import to_png

    parts = getattr(figure, "parts", ())
    if not parts or not isinstance(parts[0], Drawn):
        return NOTHING
    drawn = parts[0].figure
    return source.album.drawn(lambda width: to_png(drawn), drawn.name, parts[1] if len(parts) > 1 else "", drawn.text())


def _table(opened: Opened, path: str, folded: bool) -> Shown:
    found = table_of(opened.view, path)
    if found is None:
        return meta(f"{clean.path(path)} does not open as a table.")
    head = [clean.line(name, 40) for name in found.header[:COLUMNS]]
    rows: list[list[Words]] = [[_cell(cell) for cell in row[:COLUMNS]] for row in found.rows[:ROWS]]
    said = f"{count_words(len(found.rows), 'row')}, {count_words(len(found.header), 'column')}"
    title = stack(bold(code(clean.path(path))) + words(f" {said}"))
    more = len(found.rows) > ROWS or len(found.header) > COLUMNS
    rest = meta(f"The first {len(rows)} rows and {len(head)} columns are shown.") if more else NOTHING
    body = stack(table(head, rows), rest)
    return details(title, body, text=True) if folded else stack(title, body)


def _cell(text: str) -> str:
    said = clean.line(text, CELL)
    try:
        return number_words(float(said), 5) if "." in said and len(said) > 8 else said
    except ValueError:
        return said


def _numbers(opened: Opened, path: str) -> Shown:
    found = leaves(json_of(opened.view, path), 5_000)
    if not found:
        return NOTHING
    rows: list[list[Words]] = [
        [clean.line(name, 160), number_words(int(value) if value.is_integer() else value, 5)]
        for name, value in list(found.items())[:NUMBERS]
    ]
    title = code(clean.path(path)) + words(f" {count_words(len(found), 'number')}")
    rest = meta(f"The first {len(rows)} are shown.") if len(found) > len(rows) else NOTHING
    return details(title, stack(table(["Number", "Value"], rows, "lr"), rest))


def figures(source: Source, attempt: AttemptState) -> Shown:
    """Figures that are new or changed, each once, whatever its formats."""
    made = set(changed(source, attempt))
    if not any(path.startswith("figures/") for path in made):
        return NOTHING
    view = source.opened(attempt).view
    found = {stem: path for stem, path in gallery.stems(view).items() if path in made}
    said = gallery.captions(view)
    ordered = [stem for stem in said if stem in found] + [stem for stem in found if stem not in said]
    shown = []
    for stem in ordered[:FIGURES]:
        title, caption = said.get(stem, ("", ""))
        path = found[stem]
        name = clean.line(title, 120) or clean.path(PurePosixPath(stem).name)
        below = stack(bold(name), words(clean.line(caption, 800)) if caption else NOTHING, code(clean.path(path)))
        shown.append(source.album.drawn(_drawing(view, path), name, below))
    source.album.left_out += [clean.path(found[stem]) for stem in ordered[FIGURES:]]
    more = meta(f"{len(ordered) - FIGURES} more are among the files.") if len(ordered) > FIGURES else NOTHING
    return section("Figures", *shown, more, level=3)


def _drawing(view: Any, path: str) -> Callable[[int], bytes]:
    return lambda width: gallery.drawn(view, path, width)


def listed(source: Source, attempt: AttemptState) -> Shown:
    """The files that the stage made or changed up to this attempt."""
    if not attempt.ended_at:
        return NOTHING
    before, after = around(source, attempt)
    every = [file for file in files.listed(before, after) if file["tag"]]
    if not every:
        return meta("No file was made or changed in this stage.")
    rows: list[list[Words]] = [
        [code(file["path"]), file["tag"].lower(), size_words(file["size_bytes"])] for file in every[:FILES]
    ]
    rest = meta(f"{len(every) - FILES} more are left out.") if len(every) > FILES else NOTHING
    title = f"{count_words(len(every), 'file')} new or changed in this stage, of {len(after):,}"
    return details(title, stack(table(["File", "", "Size"], rows, "llr"), rest))
