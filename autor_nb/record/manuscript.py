"""The paper as its pages: what a reader would hold, beside the numbers that it may state."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from autor_nb.record.gallery import Picture
from autor_nb.record.markup import (
    Several,
    Shown,
    Words,
    caption,
    code,
    details,
    glyph,
    one_line,
    pre,
    shown,
    stack,
    words,
)
from autor_nb.record.previews import pdf_pages
from autor_nb.record.readings import content, object_of, text_of
from autor_nb.record.tables import table
from autor_nb.record.units import count_words, number_words, size_words

if TYPE_CHECKING:
    from autor_nb.record.attempt import AttemptRecord
    from autor_nb.store.view import StoredAttempt

PAGES = 12
WIDTH = 900
BYTES = 64 * 1024 * 1024
NUMBERS = 300
_FIRST = ("artifacts/paper.pdf", "writing/paper.pdf", "writing/main.pdf")


def manuscript(record: AttemptRecord) -> Shown | Several:
    """The pages of the paper's PDF."""
    path = paper_path(record.view)
    log = text_of(record.view, "artifacts/build_log.txt")
    build = details("Build log", pre(log[-20_000:], height=True)) if log else shown("")
    if path is None:
        return stack(glyph("warning", "There is no PDF of the paper."), build)
    found = content(record.view, path, BYTES)
    pages, count = pdf_pages(found, PAGES, WIDTH) if found is not None else ([b""], 0)
    size = record.view.files[path].size_bytes
    if not count or not pages[0]:
        return stack(code(path) + shown(" ") + glyph("fail", "cannot be opened as a PDF"), build)
    head = code(path) + words(
        f", {count_words(count, 'page')}, {size_words(size)}, sha256 {record.view.files[path].sha256[:8]}"
    )
    parts: list[Any] = [caption(head)]
    parts += [Picture(png, f"[page {index} of {count}]") for index, png in enumerate(pages, 1)]
    if count > len(pages):
        parts.append(caption(f"{count_words(count - len(pages), 'more page')} are in the file."))
    parts.append(stack(_numbers(record.view), build))
    return Several(tuple(parts))


def paper_path(view: StoredAttempt) -> str | None:
    """The paper's PDF among the attempt's files."""
    known = next((path for path in _FIRST if path in view.files), None)
    if known is not None:
        return known
    others = [path for path in view.files if path.endswith(".pdf") and path.startswith(("artifacts/", "writing/"))]
    return min(others, key=lambda path: (len(PurePosixPath(path).parts), path), default=None)


def _numbers(view: StoredAttempt) -> Shown:
    entries = [
        (name, entry) for name, entry in object_of(view, "writing/numbers.json").items() if isinstance(entry, dict)
    ]
    if not entries:
        return shown("")
    rows: list[list[Words]] = [
        [
            code(one_line(name, 60)),
            number_words(entry.get("value"), 6),
            code(one_line(str(entry.get("file", "")), 80)),
            code(one_line(str(entry.get("pointer", "")), 100)),
        ]
        for name, entry in entries[:NUMBERS]
    ]
    return details(
        f"{count_words(len(entries), 'number')} that the text may state, and where each was read",
        table(["Name", "Value", "File", "Pointer"], rows, "lrll"),
    )
