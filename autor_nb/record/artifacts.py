"""Files of an attempt with sizes, hashes and previews: what it made or changed first, the rest counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autor_nb.domain.artifact import FileEntry, Inspection
from autor_nb.record.markup import (
    NOTHING,
    Shown,
    Words,
    caption,
    code,
    details,
    glyph,
    muted,
    one_line,
    stack,
    words,
)
from autor_nb.record.previews import Previewer
from autor_nb.record.tables import table
from autor_nb.record.units import count_words, size_words

if TYPE_CHECKING:
    from autor_nb.record.attempt import AttemptRecord

PREVIEWED = 40
LISTED = 300
_FIRST = ("results", "figures", "writing", "artifacts", "reviews", "data", "literature", "code", "notes")


def artifacts(record: AttemptRecord) -> Shown:
    """The table of files."""
    files, before = record.view.files, record.view.before
    if not files:
        return glyph("info", "The workspace is empty.")
    made = [entry for path, entry in files.items() if path not in before or before[path].sha256 != entry.sha256]
    made.sort(key=lambda entry: (_rank(entry.path), entry.path))
    kept = sorted(
        (entry for path, entry in files.items() if path in before and before[path].sha256 == entry.sha256),
        key=lambda entry: (_rank(entry.path), entry.path),
    )
    gone = sorted(set(before) - set(files))
    head = (
        f"{count_words(len(made), 'file')} new or changed in this attempt, {len(kept):,} as they were, "
        f"{len(gone):,} removed; {size_words(sum(entry.size_bytes for entry in files.values()))} in all."
    )
    previewer = Previewer(record.view)
    rows = [_row(record, entry, previewer) for entry in made[:PREVIEWED]]
    blocks: list[Words] = [caption(head)]
    if rows:
        blocks.insert(
            0,
            table(
                ["File", "Content", "Size", "sha256", f"Attempt {record.attempt.attempt}", "Preview"],
                rows,
                "llrlll",
            ),
        )
    if len(made) > PREVIEWED:
        blocks.append(_listed(record, f"{len(made) - PREVIEWED:,} more new or changed", made[PREVIEWED:]))
    if kept:
        blocks.append(_listed(record, f"{count_words(len(kept), 'file')} as before", kept))
    if gone:
        names = stack(*(code(one_line(path, 200)) for path in gone[:LISTED]))
        blocks.append(details(f"{count_words(len(gone), 'file')} removed", names, text=True))
    return stack(*blocks)


def _rank(path: str) -> int:
    top = path.split("/", 1)[0]
    return _FIRST.index(top) if top in _FIRST else len(_FIRST)


def _row(record: AttemptRecord, entry: FileEntry, previewer: Previewer) -> list[Words]:
    inspection = record.view.inspect(entry.path)
    said = "new" if entry.path not in record.view.before else "changed"
    return [
        code(one_line(entry.path, 120)),
        content_words(inspection),
        size_words(entry.size_bytes),
        code(entry.sha256[:8]),
        said,
        previewer.preview(entry, inspection),
    ]


def _listed(record: AttemptRecord, title: str, entries: list[FileEntry]) -> Shown:
    rows: list[list[Words]] = []
    for entry in entries[:LISTED]:
        made = record.view.made_by(entry.path)
        rows.append(
            [
                code(one_line(entry.path, 120)),
                size_words(entry.size_bytes),
                code(entry.sha256[:8]),
                f"stage {made[0]}, attempt {made[1]}" if made else "supplied",
            ]
        )
    more = f" (the first {LISTED} of them)" if len(entries) > LISTED else ""
    return details(title + more, table(["File", "Size", "sha256", "Made by"], rows, "lrll"))


def content_words(inspection: Inspection) -> Shown:
    """What is in a file, in a few words."""
    if inspection.error:
        return glyph("warning", one_line(inspection.error, 120))
    if inspection.empty:
        return glyph("warning", "empty")
    schema = inspection.schema
    parts: list[str] = []
    for key, one, many in (
        ("rows", "row", "rows"),
        ("columns", "column", "columns"),
        ("keys", "key", "keys"),
        ("items", "item", "items"),
        ("pages", "page", "pages"),
        ("lines", "line", "lines"),
    ):
        value = schema.get(key)
        count = len(value) if isinstance(value, list | tuple | dict) else value
        if isinstance(count, int) and not isinstance(count, bool):
            parts.append(count_words(count, one, many))
    if isinstance(schema.get("width"), int) and isinstance(schema.get("height"), int):
        parts.append(f"{schema['width']} × {schema['height']} pixels")
    kind = {
        "json": "JSON",
        "jsonl": "JSON lines",
        "pdf": "PDF",
        "yaml": "YAML",
        "zip": "zip",
        "python": "Python",
    }
    named = kind.get(inspection.kind, inspection.kind)
    if inspection.kind == "table" and parts:
        return words(", ".join(parts))
    return words(", ".join([named, *parts])) if named or parts else muted(NOTHING)
