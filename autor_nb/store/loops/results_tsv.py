"""`results.tsv`: five columns that other tools read; the one writer and the one reader, which undo each other.

Nothing is quoted, since half of the readers split at tabs and the other half take a quote that opens a field for
the start of a quoted one. What would break a line or open a quote is written with a picture of the control
character (␉ ␊ ␍) or, escaped by ␛, by its number; files of other tools hold none of these and are read as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from autor_nb.domain.errors import StoreError
from autor_nb.domain.loops.record import Record, finite, known_status, numbered
from autor_nb.store.loops import foreign_text
from autor_nb.store.loops.history import SHOWN, BadLine
from autor_nb.store.system_errors import what_happened, what_mends

COMMIT = ("commit", "hash", "short_hash")
STATUS = ("status", "verdict", "result")
DESCRIPTION = ("description", "summary", "message", "hypothesis")
_PICTURES = {"\t": "␉", "\n": "␊", "\r": "␍"}
_BACK = {picture: char for char, picture in _PICTURES.items()}
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff␛␉␊␍]|^[\"'=@]")
_ESCAPED = re.compile(r"␛\(([0-9a-f]{1,6})\)|[␉␊␍]")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")


class ResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    commit: str = ""
    metric: float | None = None
    resource: float | None = None
    status: str = ""
    description: str = ""


def escaped(text: str) -> str:
    """The text as it stands in a field."""
    return _UNSAFE.sub(lambda found: _PICTURES.get(found[0]) or f"␛({ord(found[0]):x})", text)


def plain(field: str) -> str:
    """What `escaped` was given; a field of another writer as it is."""
    return _ESCAPED.sub(_unescaped, field)


def _unescaped(found: re.Match[str]) -> str:
    if found[1] is None:
        return _BACK[found[0]]
    number = int(found[1], 16)
    return chr(number) if number < 0x110000 else found[0]


def lines(rows: Iterable[ResultRow], metric: str, *, crash_as_zero: bool = False) -> Iterator[str]:
    """The table as text, line by line; `crash_as_zero` writes 0.000000 where a crash has no metric."""
    yield "\t".join(("commit", escaped(metric) or "metric", "resource", "status", "description")) + "\n"
    for row in rows:
        zero = crash_as_zero and row.status == "crash"
        value = "0.000000" if zero else _text(row.metric)
        yield "\t".join(
            (escaped(row.commit), value, _text(row.resource), escaped(row.status), escaped(row.description))
        ) + "\n"


def _text(value: float | None) -> str:
    return "" if value is None or finite(value) is None else repr(float(value))


def of_record(record: Record) -> ResultRow:
    """The line of a record."""
    return ResultRow(
        commit=record.short_hash or record.hash[:7],
        metric=None if record.status == "crash" else record.metric,
        resource=record.resource,
        status=record.status,
        description=record.summary or record.hypothesis,
    )


class Results(msgspec.Struct, kw_only=True):
    """A table as it was read: the name of its metric column, its rows, and the lines that are none."""

    metric: str = "metric"
    rows: list[ResultRow] = []
    bad: list[BadLine] = []

    def records(self) -> list[Record]:
        """The rows as records; the first, if it is called so, is the baseline."""
        return list(numbered(_records(self.rows)))


def read(path: Path, metric: str = "") -> Results:
    """A table, ours or another tool's; `metric` names its column where it is not the second."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Results()
    except OSError as error:
        raise StoreError(
            what_happened(error, str(path)), what_mends(error, str(path), "read it again"), path=str(path)
        ) from error
    return parse(content, metric)


def parse(table: bytes | str, metric: str = "") -> Results:
    """The table in a text, or in the bytes of a file."""
    found = Results(rows=[], bad=[])
    columns: _Columns | None = None
    offset = 0
    content = table.encode("utf-8", "surrogatepass") if isinstance(table, str) else table
    for line in foreign_text.lines(content):
        bare = foreign_text.decoded(line).removesuffix("\r")
        if not bare.strip():
            pass
        elif columns is None:
            columns = _Columns(bare.split("\t"), metric)
            found.metric = columns.metric_name
            if columns.headless:
                _take(bare, columns, offset, found)
        else:
            _take(bare, columns, offset, found)
        offset += len(line) + 1
    return found


class _Columns:
    """Which field is what; a table without a header has the usual five."""

    def __init__(self, header: Sequence[str], metric: str) -> None:
        names = [plain(name).strip() for name in header]
        lower = [name.lower() for name in names]
        self.headless = not any(name in lower for name in STATUS)
        if self.headless:
            self.commit, self.metric, self.resource, self.status, self.description = 0, 1, 2, 3, 4
            self.width, self.metric_name = 5, metric or "metric"
            return
        self.width = len(names)
        self.commit = _first(lower, COMMIT, -1)
        self.status = _first(lower, STATUS, -1)
        self.description = _first(lower, DESCRIPTION, -1)
        taken = {self.commit, self.status, self.description}
        free = [n for n in range(len(names)) if n not in taken]
        wanted = [n for n in free if lower[n] in (metric.lower(), "metric")] if metric else []
        self.metric = next(iter(wanted or free), -1)
        self.resource = next((n for n in free if n > self.metric and n not in taken), -1)
        self.metric_name = names[self.metric] if self.metric >= 0 else metric or "metric"


def _first(names: Sequence[str], wanted: Sequence[str], otherwise: int) -> int:
    return next((names.index(name) for name in wanted if name in names), otherwise)


def _take(line: str, columns: _Columns, offset: int, found: Results) -> None:
    """One line: a row, or a bad line."""
    last = columns.description == columns.width - 1
    cells = line.split("\t", columns.width - 1) if last else line.split("\t")
    status = known_status(plain(_cell(cells, columns.status)))
    metric = _metric(_cell(cells, columns.metric))
    why = ""
    if len(cells) < columns.width - (1 if last else 0):
        why = f"it has {len(cells)} fields, not {columns.width}"
    elif status is None:
        why = f"its status is {_cell(cells, columns.status)[:30]!r}"
    elif isinstance(metric, str) and status != "crash":
        why = f"its metric is {metric[:30]!r}, not a finite number"
    if why or status is None:
        found.bad.append(BadLine(offset, line[:SHOWN], why))
        return
    resource = _metric(_cell(cells, columns.resource))
    found.rows.append(ResultRow(
        commit=plain(_cell(cells, columns.commit)),
        metric=None if status == "crash" or isinstance(metric, str) else metric,
        resource=None if isinstance(resource, str) else resource,
        status=status,
        description=plain(_unquoted(_cell(cells, columns.description))),
    ))


def _cell(cells: Sequence[str], index: int) -> str:
    return cells[index] if 0 <= index < len(cells) else ""


def _unquoted(cell: str) -> str:
    """The text of a field that a CSV writer quoted because quotes are in it."""
    inner = cell[1:-1]
    if len(cell) > 3 and cell[0] == cell[-1] == '"' and '""' in inner and '"' not in inner.replace('""', ""):
        return inner.replace('""', '"')
    return cell


def _metric(cell: str) -> float | str | None:
    """The number, None for an empty field, the text itself if it is no finite number."""
    text = cell.strip()
    if text in ("", "-", "NA", "n/a"):
        return None
    if not _NUMBER.fullmatch(text):
        return text
    value = finite(float(text))
    return text if value is None else value


def _records(rows: Sequence[ResultRow]) -> Iterator[Record]:
    named = any(row.status == "baseline" for row in rows)
    for number, row in enumerate(rows):
        first = not named and number == 0 and row.status == "keep" and "baseline" in row.description.lower()
        status = "baseline" if first else row.status
        yield Record(
            run=number, hash=row.commit, short_hash=row.commit[:7], metric=row.metric, status=status,
            verdict="crash" if status == "crash" else "", resource=row.resource, summary=row.description,
        )
