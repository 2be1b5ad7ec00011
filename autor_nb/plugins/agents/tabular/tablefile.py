"""Table files as they come: encoding, delimiter and header found out, cells kept as the text they are."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.domain.errors import UsageError

SUFFIXES = (".csv", ".tsv", ".parquet")
SAMPLE = 256 * 1024
DELIMITERS = (",", ";", "\t", "|")


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """How a table file is written, and its columns' names (made unique; an empty one gets a name)."""

    names: tuple[str, ...]
    encoding: str = "utf-8"
    delimiter: str = ","
    notes: tuple[str, ...] = ()


def read_header(path: Path) -> Header:
    """Look at the beginning of a file; raises UsageError for what is no table."""
    if path.suffix.lower() == ".parquet":
        return _parquet_header(path)
    try:
        with path.open("rb") as stream:
            sample = stream.read(SAMPLE)
            whole = not stream.read(1)
    except OSError as error:
        raise UsageError(
            f"Cannot read {path.name}: {error.strerror}.", "Check the path and its permissions."
        ) from error
    if not sample.strip():
        raise UsageError(f"{path.name} is empty.", "Give a table with a header line and rows.")
    if b"\x00" in sample and not sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"{path.name} is not a text table (it holds zero bytes).", "Give a CSV, TSV or Parquet file.")
    encoding = find_encoding(path, sample)
    text = sample.decode(encoding, "replace")
    if not whole:
        text = text[: text.rfind("\n") + 1] or text
    delimiter, notes = find_delimiter(text, path.suffix.lower())
    names, named = unique_names(next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), []))
    if encoding not in ("utf-8", "utf-8-sig"):
        notes.append(f"{path.name} is not UTF-8; it was read as {encoding}.")
    if len(names) < 2:
        raise UsageError(
            f"{path.name} has one column only, as far as the delimiters , ; tab | show.",
            "A study needs a target and at least one other column; check the file's delimiter.",
        )
    return Header(names=names, encoding=encoding, delimiter=delimiter, notes=(*notes, *named))


def find_encoding(path: Path, sample: bytes) -> str:
    """UTF-8 if the whole file decodes as such, UTF-16 by its mark, else Windows' Latin-1."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    found = "utf-8-sig" if sample.startswith(b"\xef\xbb\xbf") else "utf-8"
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            while stream.read(1 << 20):
                pass
    except UnicodeDecodeError:
        try:
            sample.decode("cp1252")
        except UnicodeDecodeError:
            return "latin-1"
        return "cp1252"
    return found


def find_delimiter(text: str, suffix: str) -> tuple[str, list[str]]:
    """The delimiter that splits most lines into the same number (≥ 2) of fields; a note when two would do."""
    lines = text.splitlines()[:200]
    scores: dict[str, float] = {}
    for delimiter in DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter) if row)
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        if width >= 2:
            scores[delimiter] = count / sum(widths.values()) + min(width, 50) / 1000
    if not scores:
        return ("\t" if suffix == ".tsv" else ","), []
    ranked = sorted(scores, key=lambda d: (-scores[d], DELIMITERS.index(d)))
    best = "\t" if suffix == ".tsv" and "\t" in scores else ranked[0]
    words = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
    close = [d for d in ranked if d != best and scores[d] > scores[best] - 0.2]
    if close:
        return best, [
            f"The delimiter was taken to be a {words[best]} (a {words[close[0]]} would split most lines too)."
        ]
    return best, [] if best == "," else [f"The delimiter is a {words[best]}."]


def unique_names(header: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Names made unique, in order; what had to be changed, in words."""
    names: list[str] = []
    notes: list[str] = []
    for n, name in enumerate(header, 1):
        wanted = " ".join(str(name).split()) or f"column {n}"
        unique, count = wanted, 1
        while unique in names:
            count += 1
            unique = f"{wanted} ({count})"
        if not str(name).strip():
            notes.append(f"Column {n} has no name; it is called {unique!r}.")
        elif count > 1:
            notes.append(f"Two columns are named {wanted!r}; the later one is called {unique!r}.")
        names.append(unique)
    return tuple(names), notes


def read_rows(path: Path, header: Header, limit: int | None = None) -> tuple[list[list[str]], list[str]]:
    """All rows (at most `limit`) as text; rows shorter than the header are filled, longer ones cut, and both are
    said."""
    if path.suffix.lower() == ".parquet":
        return _parquet_rows(path)[:limit], []
    width = len(header.names)
    short = long = 0
    rows: list[list[str]] = []
    csv.field_size_limit(1 << 26)
    with path.open(encoding=header.encoding, newline="") as stream:
        reader = csv.reader((line.replace("\x00", "") for line in stream), delimiter=header.delimiter)
        next(reader, None)
        for row in reader:
            if not row or (len(row) == 1 and not row[0].strip()):
                continue
            if len(rows) == limit:
                break
            if len(row) != width:
                short, long = short + (len(row) < width), long + (len(row) > width)
                row = (row + [""] * width)[:width]
            rows.append([" ".join(cell.split()) if "\n" in cell or "\r" in cell else cell for cell in row])
    notes = [f"{short} rows had fewer fields than the header; the rest was taken as missing."] if short else []
    notes += [f"{long} rows had more fields than the header; the surplus was cut."] if long else []
    return rows, notes


def _parquet(path: Path) -> Any:
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise UsageError(
            f"{path.name} is a Parquet file, and pyarrow is not installed.",
            'Install it: pip install "autor-nb[parquet]"',
        ) from error
    try:
        return parquet.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path.name} cannot be read as Parquet: {error}", "Check the file.") from error


def _parquet_header(path: Path) -> Header:
    names, notes = unique_names(_parquet(path).schema_arrow.names)
    if len(names) < 2:
        raise UsageError(f"{path.name} has fewer than two columns.", "A study needs a target and another column.")
    return Header(names=names, encoding="parquet", delimiter="", notes=tuple(notes))


def _parquet_rows(path: Path) -> list[list[str]]:
    table = _parquet(path).read()
    columns = [["" if v is None or v != v else str(v) for v in column.to_pylist()] for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]
