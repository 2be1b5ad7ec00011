"""A history as text for other programs: CSV, JSON, JSON Lines and the five-column table, made line by line."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.domain.loops.record import Record
from autor_nb.store.loops import results_tsv
from autor_nb.store.loops.history import encode
from autor_nb.store.system_errors import what_happened, what_mends

FORMS = ("csv", "json", "jsonl", "tsv")
_FIELDS = Record.__struct_fields__


def text(records: Iterable[Record], form: str, *, metric: str = "metric", crash_as_zero: bool = False) -> Iterator[str]:
    """The pieces of the text; UsageError for a form that is none."""
    if form == "csv":
        return _csv(records)
    if form == "json":
        return _json(records)
    if form == "jsonl":
        return (encode(record).decode("utf-8") for record in records)
    if form == "tsv":
        return results_tsv.lines(map(results_tsv.of_record, records), metric, crash_as_zero=crash_as_zero)
    raise UsageError(f"A history cannot be exported as {form!r}.", f"Known: {', '.join(FORMS)}.")


def to_file(path: Path, pieces: Iterable[str]) -> int:
    """Write the pieces to a file through one beside it; answers the number of characters."""
    beside = path.with_name(f".{path.name}.part")
    total = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8", newline="", errors="backslashreplace") as stream:
            for piece in pieces:
                total += stream.write(piece)
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # not there, or its folder is none
            beside.unlink()
        raise StoreError(
            what_happened(error, str(path)), what_mends(error, str(path), "export again"), path=str(path)
        ) from error
    return total


def _csv(records: Iterable[Record]) -> Iterator[str]:
    columns = [name for name in _FIELDS if name != "interval"] + ["interval_low", "interval_high"]
    yield _row(columns)
    for record in records:
        low, high = record.interval or (None, None)
        yield _row([_cell(value) for value in (*(getattr(record, name) for name in columns[:-2]), low, high)])


def _row(cells: Sequence[object]) -> str:
    """One line; written with both characters of a line end, or else a single one in a text would not be quoted."""
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()[:-2] + "\n"


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula is told to be a text."""
    if isinstance(value, str):
        clean = value.replace("\0", "�")
        return f"'{clean}" if clean.startswith(("=", "+", "-", "@", "\t", "\r")) else clean
    return "" if value is None else repr(value) if isinstance(value, float) else value


def _json(records: Iterable[Record]) -> Iterator[str]:
    before = "[\n"
    for record in records:
        yield before + msgspec.json.format(encode(record), indent=0).decode("utf-8").rstrip("\n")
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"
