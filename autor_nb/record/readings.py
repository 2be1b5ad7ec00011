"""Reading an attempt's files as any agent may have left them: bounded, and never raising for content."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from autor_nb.domain.errors import AutorError

if TYPE_CHECKING:
    from autor_nb.store.view import StoredAttempt

JSON_BYTES = 8 * 1024 * 1024
TABLE_BYTES = 16 * 1024 * 1024
TABLE_ROWS = 100_000


@dataclass(frozen=True)
class Table:
    """A delimited file: its header and rows of text, all of the header's length."""

    path: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, name: str) -> list[str]:
        """One column's texts."""
        at = self.header.index(name)
        return [row[at] for row in self.rows]


def content(view: StoredAttempt, path: str, limit: int) -> bytes | None:
    """The file's bytes; None if it is not there, not kept, or larger than the limit."""
    entry = view.files.get(path)
    if entry is None or entry.size_bytes > limit:
        return None
    try:
        return view.read(path)
    except (AutorError, OSError, KeyError):
        return None


def json_of(view: StoredAttempt | None, path: str) -> Any:
    """A JSON file's document; None if there is none that can be read."""
    found = content(view, path, JSON_BYTES) if view is not None else None
    if found is None:
        return None
    try:
        return msgspec.json.decode(found)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def object_of(view: StoredAttempt | None, path: str) -> dict[str, Any]:
    """A JSON file's object; an empty one if there is none."""
    found = json_of(view, path)
    return found if isinstance(found, dict) else {}


def text_of(view: StoredAttempt, path: str, limit: int = JSON_BYTES) -> str:
    """A text file; empty if there is none."""
    return (content(view, path, limit) or b"").decode("utf-8", "replace")


def table_of(view: StoredAttempt | None, path: str) -> Table | None:
    """A CSV or TSV file with a header; None if there is none that can be read."""
    found = content(view, path, TABLE_BYTES) if view is not None else None
    if not found:
        return None
    lines = io.StringIO(found.decode("utf-8-sig", "replace"), newline="")
    delimiter = "\t" if path.lower().endswith(".tsv") else ","
    rows: list[tuple[str, ...]] = []
    try:
        reader = csv.reader(lines, delimiter=delimiter)
        header = tuple(next(reader, ()))
        for row in reader:
            if row:
                rows.append(tuple(row[: len(header)]) + ("",) * (len(header) - len(row)))
            if len(rows) >= TABLE_ROWS:
                break
    except csv.Error:
        return None
    return Table(path, header, tuple(rows)) if header and rows else None


def number(value: Any) -> float | None:
    """A finite number, also from text; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def numbers(values: list[str]) -> list[float] | None:
    """All values as numbers; None if one is none."""
    found = [number(value) for value in values]
    return None if any(value is None for value in found) else [value for value in found if value is not None]


def leaves(document: Any, limit: int = 5_000) -> dict[str, float]:
    """Every number in a document by its path, in the document's order."""
    found: dict[str, float] = {}
    for path, value in _walk(document, ""):
        if len(found) >= limit:
            break
        found[path] = value
    return found


def _walk(document: Any, path: str, depth: int = 0) -> Iterator[tuple[str, float]]:
    if depth > 12:
        return
    if isinstance(document, dict):
        for key, item in document.items():
            yield from _walk(item, f"{path} › {key}" if path else str(key), depth + 1)
    elif isinstance(document, list):
        for index, item in enumerate(document):
            yield from _walk(item, f"{path} › {index}" if path else str(index), depth + 1)
    elif (value := None if isinstance(document, str) else number(document)) is not None:
        yield path, value
