"""Reading tables without holding them: CSV and TSV in one pass of chunks, Parquet by its own index.

Rows are counted as Python's csv module counts them (a quote opens only at the start of a field, a newline
inside quotes is data, blank lines are no rows), but on whole chunks: numbers of bytes, not Python objects.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable
from typing import Any, BinaryIO

from autor_nb.domain.artifact import Inspection
from autor_nb.store.contents import MANY, Unreadable, names, one_line, refuse_binary

CHUNK = 1 << 20
_HEADER_LIMIT = 1 << 20
_RAGGED_LIMIT = 4 << 20
_WORTH_ARRAYS = 1 << 18


def inspect_delimited(
    stream: BinaryIO, size: int, delimiter: str, seen: Callable[[bytes], object] | None = None
) -> Inspection:
    """Read a delimited text once; every chunk is also handed to `seen` (a hash), whatever is found in it."""
    reader: _Reader | None = None
    problem = ""
    while chunk := stream.read(CHUNK):
        if seen is not None:
            seen(chunk)
        if problem:
            continue
        try:
            reader = reader or _Reader(chunk, delimiter)
            reader.feed(chunk)
        except Unreadable as error:
            problem = str(error)
        if problem and seen is None:
            break
    if problem:
        return Inspection(kind="table", error=problem)
    if reader is None:
        return Inspection(kind="table", schema={"columns": [], "rows": 0}, empty=True)
    try:
        return reader.finish()
    except Unreadable as error:
        return Inspection(kind="table", error=str(error))


class _Reader:
    """The state of one pass over a delimited text."""

    def __init__(self, head: bytes, delimiter: str) -> None:
        refuse_binary(head)
        self.head = head.removeprefix(codecs.BOM_UTF8)[:_HEADER_LIMIT]
        self.terminator = b"\r" if b"\r" in head and b"\n" not in head else b"\n"
        self.delimiter = _delimiter(self.head, delimiter)
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.encoding = "utf-8"
        self.whole = io.BytesIO()
        self.length = 0
        self.lines = LineCounter(self.delimiter.encode(), self.terminator)

    def feed(self, chunk: bytes) -> None:
        """Take the next chunk."""
        if self.length == 0:
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        if b"\0" in chunk:
            raise Unreadable("it holds NUL bytes, so it is not text")
        if self.encoding == "utf-8" and not (chunk.isascii() and not self.decoder.getstate()[0]):
            try:
                self.decoder.decode(chunk)
            except UnicodeDecodeError:
                self.encoding = "latin-1"
        if self.length <= _RAGGED_LIMIT:
            self.whole.write(chunk)
        self.length += len(chunk)
        self.lines.feed(chunk)

    def finish(self) -> Inspection:
        """What the whole text showed."""
        if self.encoding == "utf-8":
            try:
                self.decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                self.encoding = "latin-1"
        rows = self.lines.finish()
        columns = self._columns()
        schema: dict[str, Any] = {"columns": names(columns), "rows": max(rows - 1, 0)}
        if len(columns) > MANY:
            schema["column_count"] = len(columns)
        if self.encoding != "utf-8":
            schema["encoding"] = self.encoding
        if self.delimiter not in (",", "\t"):
            schema["delimiter"] = self.delimiter
        ragged = self._ragged(len(columns)) if self.length <= _RAGGED_LIMIT else 0
        if ragged:
            schema["ragged_rows"] = ragged
        return Inspection(kind="table", schema=schema, empty=rows < 2)

    def _columns(self) -> list[str]:
        text = self.head.decode(self.encoding, "replace")
        try:
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter):
                if row:
                    return row
        except csv.Error as error:
            raise Unreadable(f"its header cannot be read: {one_line(error)}") from error
        return []

    def _ragged(self, width: int) -> int:
        text = self.whole.getvalue().decode(self.encoding, "replace")
        try:
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter)
            return sum(1 for row in rows if row and len(row) != width)
        except csv.Error:
            return 0  # a field longer than the csv module takes; the rows were counted without it


def _delimiter(head: bytes, promised: str) -> str:
    """The promised delimiter if the header has it, else the commonest other one there."""
    header = re.sub(rb'"[^"]*"', b"", re.split(rb"[\r\n]", head.lstrip(b"\r\n"), maxsplit=1)[0])
    if promised.encode() in header:
        return promised
    best = max((",", ";", "\t", "|"), key=lambda mark: header.count(mark.encode()))
    return best if best.encode() in header else promised


class LineCounter:
    """Counts the records of a delimited text chunk by chunk.

    Quotes are taken by whole runs of them. A run of an even length changes nothing: outside it opens and closes
    a field or is text, inside it is escaped quotes. One of an odd length closes a quoted field; outside, it opens
    one at the start of a field and is text anywhere else. So after any run the state is the parity of the odd
    runs at starts of fields since the last odd run elsewhere, which arrays find without looking at each.
    """

    def __init__(self, delimiter: bytes, terminator: bytes = b"\n") -> None:
        self.terminator = terminator
        self.rows = 0
        self.quoted = False
        # The run of quotes at the end of what was read, which may go on, and whether it is at a field's start.
        self.run = 0
        self.run_opens = False
        # As if two line ends stood before the text: then a first blank line is blank, a first quote opens.
        self.tail = terminator * 2
        self.position = 0
        self._opening = delimiter + terminator + b"\r"
        self._special = re.compile(b'"+|' + re.escape(terminator))

    def feed(self, chunk: bytes) -> None:
        """Take the next chunk."""
        if not chunk:
            return
        if self.run and not chunk.startswith(b'"'):
            self._end_run()
        if not self.quoted and not self.run and b'"' not in chunk and not self._has_blank_line(chunk):
            self.rows += chunk.count(self.terminator)
        elif len(chunk) < _WORTH_ARRAYS:
            self._feed_matches(chunk)
        else:
            self._feed_arrays(chunk)
        self.tail = (self.tail + chunk[-2:])[-2:]
        self.position += len(chunk)

    def finish(self) -> int:
        """The number of records, the header among them; Unreadable if a quote was never closed."""
        self._end_run()
        if self.quoted:
            raise Unreadable("a quote is opened and never closed (the table ends inside quotes)")
        last_is_open = self.tail[-1:] != self.terminator and not (
            self.tail[-1:] == b"\r" and self.tail[:1] == self.terminator
        )
        return self.rows + (1 if self.position and last_is_open else 0)

    def _end_run(self) -> None:
        if self.run & 1:
            self.quoted = self.run_opens and not self.quoted
        self.run = 0

    def _has_blank_line(self, chunk: bytes) -> bool:
        ends = self.terminator
        seam = self.tail[-1:] == ends and chunk.startswith((ends, b"\r" + ends))
        seam = seam or (self.tail == ends + b"\r" and chunk.startswith(ends))
        return seam or ends * 2 in chunk or ends + b"\r" + ends in chunk

    def _feed_matches(self, chunk: bytes) -> None:
        """Count by looking at every run of quotes and every line end."""
        text, offset = self.tail + chunk, len(self.tail)
        blank_before = self.terminator + b"\r"
        for match in self._special.finditer(text, offset):
            at = match.start()
            if text[at] == 34:
                if not self.run:
                    self.run_opens = text[at - 1] in self._opening
                self.run += match.end() - at
                if match.end() < len(text):
                    self._end_run()
            elif not self.quoted and text[at - 1] != self.terminator[0] and text[at - 2 : at] != blank_before:
                self.rows += 1

    def _feed_arrays(self, chunk: bytes) -> None:
        """Count the same by arrays."""
        import numpy as np

        text, offset = np.frombuffer(self.tail + chunk, dtype=np.uint8), len(self.tail)
        ends = np.flatnonzero(text[offset:] == self.terminator[0]) + offset
        quotes = np.flatnonzero(text[offset:] == 34) + offset
        quoted = self.quoted
        if len(quotes):
            opens, first = self._odd_runs(text, quotes)
            toggles = np.cumsum(opens, dtype=np.int32) + np.int32(quoted)
            states = (toggles - np.maximum.accumulate(toggles * ~opens)) & 1
            if len(states):
                self.quoted = bool(states[-1])
            ends = ends[np.concatenate(([quoted], states))[np.searchsorted(first, ends)] == 0]
        elif quoted:
            return
        before, second = text[ends - 1], text[ends - 2]
        blank = (before == self.terminator[0]) | ((before == 13) & (second == self.terminator[0]))
        self.rows += len(ends) - int(np.count_nonzero(blank))

    def _odd_runs(self, text: Any, quotes: Any) -> tuple[Any, Any]:
        """Whether each run of an odd length is at a field's start, and where it begins; one at the end is kept."""
        import numpy as np

        begins = np.flatnonzero(np.concatenate(([True], np.diff(quotes) != 1)))
        first, lengths = quotes[begins], np.diff(begins, append=len(quotes))
        at_start = np.zeros(256, dtype=bool)
        at_start[list(self._opening)] = True
        opens = at_start[text[first - 1]]
        if self.run:  # it goes on here
            lengths[0], opens[0], self.run = lengths[0] + self.run, self.run_opens, 0
        if quotes[-1] == len(text) - 1:
            self.run, self.run_opens = int(lengths[-1]), bool(opens[-1])
            first, lengths, opens = first[:-1], lengths[:-1], opens[:-1]
        odd = (lengths & 1) == 1
        return (opens, first) if odd.all() else (opens[odd], first[odd])


def inspect_parquet(stream: BinaryIO, size: int) -> Inspection:
    """Read a Parquet file's index, and its data as far as that is cheap."""
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise Unreadable('reading Parquet needs pyarrow: pip install "autor-nb[parquet]"') from error
    file = parquet.ParquetFile(stream)
    columns = list(file.schema_arrow.names)
    for number, _ in enumerate(file.iter_batches(batch_size=65_536)):
        if number >= 15:
            break
    schema: dict[str, Any] = {"columns": names(columns), "rows": file.metadata.num_rows}
    if len(columns) > MANY:
        schema["column_count"] = len(columns)
    return Inspection(kind="table", schema=schema, empty=file.metadata.num_rows == 0 or not columns)
