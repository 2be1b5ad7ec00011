"""A file of an attempt, as it was then, in little: the head of a table or text, a picture, a PDF's first pages."""

from __future__ import annotations

import base64
import csv
import io
import threading
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import msgspec

from autor_nb.desk import clean, files, files_now
from autor_nb.desk.attempt import chosen
from autor_nb.desk.files_now import Readable
from autor_nb.domain.artifact import FileEntry, Inspection
from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.domain.state import AttemptState, RunState
from autor_nb.record.units import count_words, size_words
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.layout import RunFolder
from autor_nb.store.view import StoredAttempt

ROWS, COLUMNS, CELL_CHARS = 5, 8, 60
HEAD_BYTES = 64 * 1024
LINES, LINE_CHARS, TEXT_CHARS = 24, 240, 4_000
WHOLE_BYTES = 2_000_000
OPENED_BYTES = 24_000_000
PARQUET_BYTES = 64_000_000
PIXELS = 24_000_000
PICTURE_WIDTHS = (640, 400, 240)
PICTURE_BYTES = 300_000
PDF_PAGES = 2
Preview = dict[str, Any]

# One at a time: PDFium is not made for threads, and only one picture is ever open.
one_at_a_time = threading.Lock()


def preview(run: RunFolder, state: RunState, stage: str, attempt: int, path: str) -> Preview:
    """A Preview of the file's content as of the attempt; what cannot be shown says why."""
    of, this = chosen(state, stage, attempt)
    after = files.around(run, this)[1]
    entry = files.found(after, path) if this.ended_at else files_now.entry_of(run, after, path)
    if entry is None:
        raise UsageError(
            f"Stage {of.ref.number}, attempt {attempt}, has no file {clean.path(path[:300])}.",
            "The list of files shows those it has.",
        )
    with one_at_a_time:
        made = _made(_view(run, state, this, after), entry)
    return {"path": clean.path(entry.path), **made}


def _view(run: RunFolder, state: RunState, attempt: AttemptState, after: files.Files) -> Readable:
    """What is read: the versions of then; of an attempt at work, the workspace as it is."""
    if not attempt.ended_at:
        return files_now.FilesNow(run)
    return StoredAttempt(run, state, attempt, index=ArtifactIndex(run), made={}, files=after)


def _made(view: Readable, entry: FileEntry) -> Preview:
    if not entry.size_bytes:
        return _none("It is empty.")
    try:
        return _BY_KIND.get(files.kind_of(entry.path), _binary)(view, entry)
    except StoreError as error:
        return _none(f"This version was not kept. {error.suggestion}".strip())
    except (OSError, KeyError):
        return _none("It cannot be read any more.")


def _none(text: str) -> Preview:
    return {"kind": "none", "text": text}


def _known(view: Readable, entry: FileEntry) -> Inspection:
    """What the engine saw when it opened the file; a large one is not opened again for that."""
    found = view.known(entry.path)
    if found is None and entry.size_bytes <= WHOLE_BYTES:
        found = view.inspect(entry.path)
    return found or Inspection(kind="binary")


# ---------------------------------------------------------------------------------------------- tables


def _table(view: Readable, entry: FileEntry) -> Preview:
    known = _known(view, entry)
    if entry.path.lower().endswith(".parquet"):
        head, rows = _parquet(view, entry)
    else:
        head, rows = _delimited(view.read(entry.path, HEAD_BYTES), entry, known)
    if not head:
        return _text(view, entry) if not entry.path.lower().endswith(".parquet") else _none(_why(known, "no table"))
    columns, count = known.schema.get("column_count") or len(head), known.schema.get("rows")
    many = f"{len(rows)} of {count_words(count, 'row')}" if isinstance(count, int) else f"the first {len(rows)} rows"
    return {
        "kind": "table",
        "head": [_cell(name) for name in head[:COLUMNS]],
        "rows": [[_cell(text) for text in row[:COLUMNS]] for row in rows],
        "foot": f"{many} · {count_words(columns, 'column')} · {size_words(entry.size_bytes)}",
    }


def _cell(text: str) -> str:
    return clean.line(text, CELL_CHARS)


def _delimited(content: bytes, entry: FileEntry, known: Inspection) -> tuple[list[str], list[list[str]]]:
    if b"\0" in content:
        return [], []
    if len(content) < entry.size_bytes:
        content = content[: content.rfind(b"\n") + 1] or content
    encoding = str(known.schema.get("encoding", "utf-8-sig"))
    promised = "\t" if entry.path.lower().endswith(".tsv") else ","
    lines = io.StringIO(content.decode(encoding if encoding == "latin-1" else "utf-8-sig", "replace"), newline="")
    rows: list[list[str]] = []
    try:
        for row in csv.reader(lines, delimiter=str(known.schema.get("delimiter", promised))[:1]):
            if row:
                rows.append(row)
            if len(rows) > ROWS:
                break
    except csv.Error:
        pass  # a field longer than any table of ours has: what came before it is shown
    if not rows:
        return [], []
    width = len(rows[0])
    return rows[0], [row[:width] + [""] * (width - len(row)) for row in rows[1:]]


def _parquet(view: Readable, entry: FileEntry) -> tuple[list[str], list[list[str]]]:
    if entry.size_bytes > PARQUET_BYTES:
        return [], []
    try:
        import pyarrow.parquet as parquet

        file = parquet.ParquetFile(view.place(entry.path))
        names = list(file.schema_arrow.names)
        batch = next(file.iter_batches(batch_size=ROWS, columns=names[:COLUMNS]), None)
        rows = [] if batch is None else [[_said(cell) for cell in row.values()] for row in batch.to_pylist()]
    except Exception:  # without pyarrow, or hostile content: then there is no table to show
        return [], []
    return names, rows


def _said(value: Any) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


# -------------------------------------------------------------------------------------------- pictures


def _image(view: Readable, entry: FileEntry) -> Preview:
    from autor_nb.record.previews import thumbnail

    if entry.path.lower().endswith(".svg"):
        return _beside(view, entry)
    known = _known(view, entry)
    if known.error:
        return _none(_why(known, "a picture"))
    width, height = (known.schema.get(side, 0) for side in ("width", "height"))
    if entry.size_bytes > OPENED_BYTES or width * height > PIXELS:
        return _none(f"It is too large to be drawn here ({size_words(entry.size_bytes)}).")
    content = view.read(entry.path, OPENED_BYTES)
    for wide in PICTURE_WIDTHS:
        png = thumbnail(content, wide)
        if not png:
            return _none("It does not open as a picture.")
        if len(png) <= PICTURE_BYTES:
            break
    pixels = f"{width} × {height} pixels · " if width and height else ""
    return {
        "kind": "image",
        "src": _data(png),
        "alt": clean.path(entry.path),
        "foot": pixels + size_words(entry.size_bytes),
    }


def _beside(view: Readable, entry: FileEntry) -> Preview:
    """An SVG is a program of its own: the same figure in another format is shown for it."""
    stem = entry.path[: -len(".svg")]
    for suffix in (".png", ".pdf", ".jpg"):
        other = view.files.get(stem + suffix)
        if other is not None and other.size_bytes:
            made = _made(view, other)
            if made["kind"] != "none":
                return {**made, "foot": f"shown as {clean.path(PurePosixPath(other.path).name)} · {made['foot']}"}
    return _none("An SVG is not drawn here, since it may hold scripts; no PNG or PDF lies beside it.")


def _pdf(view: Readable, entry: FileEntry) -> Preview:
    from autor_nb.record.previews import pdf_pages

    if (known := _known(view, entry)).error:
        return _none(_why(known, "a PDF"))
    if entry.size_bytes > OPENED_BYTES:
        return _none(f"It is too large to be drawn here ({size_words(entry.size_bytes)}).")
    made, count = pdf_pages(view.read(entry.path, OPENED_BYTES), PDF_PAGES, PICTURE_WIDTHS[0])
    pages = [_data(png) for png in made if png and len(png) <= 2 * PICTURE_BYTES]
    if not pages:
        return _none("It does not open as a PDF." if not count else "Its pages cannot be drawn here.")
    shown = f"{len(pages)} of " if len(pages) < count else ""
    return {
        "kind": "pdf",
        "pages": pages,
        "foot": f"{shown}{count_words(count, 'page')} · {size_words(entry.size_bytes)}",
    }


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


# ----------------------------------------------------------------------------------------------- texts


def _text(view: Readable, entry: FileEntry) -> Preview:
    content = view.read(entry.path, HEAD_BYTES)
    return _shown(content, entry, whole=len(content) == entry.size_bytes)


def _json(view: Readable, entry: FileEntry) -> Preview:
    """A document on many lines, whatever its writer did; one a line stays so."""
    lines = entry.path.lower().endswith(("l", ".ndjson"))
    if lines or entry.size_bytes > WHOLE_BYTES:
        return _text(view, entry)
    content = view.read(entry.path, OPENED_BYTES)
    try:
        return _shown(msgspec.json.format(content, indent=1), entry, whole=True)
    except (msgspec.DecodeError, RecursionError):
        return _shown(content, entry, whole=True)


def _notebook(view: Readable, entry: FileEntry) -> Preview:
    """What the first cells say."""
    if entry.size_bytes > 4 * WHOLE_BYTES:
        return _text(view, entry)
    try:
        cells = msgspec.json.decode(view.read(entry.path, OPENED_BYTES))["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell.get("cell_type") in ("code", "markdown")]
    except (msgspec.DecodeError, RecursionError, KeyError, TypeError, AttributeError):
        return _text(view, entry)
    found = _shown("\n\n".join(sources[:LINES]).encode("utf-8", "replace"), entry, whole=True)
    return {**found, "foot": f"{count_words(len(cells), 'cell')} · {size_words(entry.size_bytes)}"}


def _shown(content: bytes, entry: FileEntry, whole: bool) -> Preview:
    if b"\0" in content:
        return _binary_words(entry)
    lines = content.decode("utf-8", "replace").splitlines()
    kept = "\n".join(clean.cut(line.expandtabs(4), LINE_CHARS)[0] for line in lines[:LINES])[:TEXT_CHARS]
    count = count_words(len(lines), "line")
    many = f"the first {LINES} lines" if not whole else f"{LINES} of {count}" if len(lines) > LINES else count
    return {"kind": "text", "text": kept, "foot": f"{many} · {size_words(entry.size_bytes)}"}


def _binary(view: Readable, entry: FileEntry) -> Preview:
    known = _known(view, entry)
    if known.kind == "text":
        return _text(view, entry)
    return _none(f"{_why(known, known.kind)} · {size_words(entry.size_bytes)}")


def _binary_words(entry: FileEntry) -> Preview:
    return _none(f"It is not text · {size_words(entry.size_bytes)}")


def _why(known: Inspection, otherwise: str) -> str:
    if known.error:
        return clean.line(f"It cannot be shown: {known.error}", 300)
    return f"It is {otherwise}, which is not shown here."


_BY_KIND: dict[str, Callable[[Readable, FileEntry], Preview]] = {
    "table": _table,
    "image": _image,
    "pdf": _pdf,
    "json": _json,
    "notebook": _notebook,
    "code": _text,
    "text": _text,
}
