"""What a loop found, on disk: written whole, read back as it was, and never lost to one bad line."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import os
import time
import tracemalloc
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autor_nb.domain.errors import BugError, StoreError, UsageError
from autor_nb.domain.loops.record import Record, Row, known_status, numbered, status_of
from autor_nb.store.loops import history, history_text, results_tsv
from autor_nb.store.loops.results_tsv import ResultRow

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=60)
NASTY = st.sampled_from(['"', '""', "'", "\t", "\n", "\r\n", "␉", "␛", "␛(41)", "\\n", "\x00", "\x85", "\u2028", "=1+1", " x "])
TEXT = st.lists(ANY_TEXT | NASTY, max_size=4).map("".join)
NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False)
ROWS = st.lists(st.builds(
    ResultRow, commit=TEXT, metric=NUMBER, resource=NUMBER, status=st.sampled_from(["baseline", "keep", "discard"]), description=TEXT,
), max_size=6)
CLEAN = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
RECORDS = st.lists(st.builds(
    Record, run=st.integers(0, 10**6), hash=CLEAN, metric=NUMBER, delta=NUMBER,
    status=st.sampled_from(["baseline", "keep", "discard", "crash"]), summary=CLEAN, hypothesis=CLEAN, e_value=NUMBER,
    interval=st.none() | st.tuples(NUMBER, NUMBER), seed=st.none() | st.integers(0, 2**63 - 1), verdict=CLEAN,
), max_size=8)


def some(count: int) -> list[Record]:
    """Plain records, one like the other."""
    return [Record(run=n, metric=1 + n / 7, status="discard", summary=f"try {n}", reason="not better") for n in range(count)]


# -------------------------------------------------------------------------------------------------- results.tsv


@settings(deadline=None)
@given(rows=ROWS, metric=CLEAN)
def test_a_table_reads_back_as_it_was_written(rows: list[ResultRow], metric: str) -> None:
    """Quotes, tabs, line ends, surrogates and formulas included: one row in, one row out."""
    text = "".join(results_tsv.lines(rows, metric))
    found = results_tsv.parse(text)
    assert rows == found.rows
    assert [] == found.bad


@settings(deadline=None)
@given(rows=ROWS)
def test_any_other_reader_sees_the_same_number_of_rows_and_fields(rows: list[ResultRow]) -> None:
    """One that splits at tabs, and one that knows quotes: no description swallows what follows it."""
    text = "".join(results_tsv.lines(rows, "loss"))
    split = [line.split("\t") for line in text.splitlines()]
    quoted = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))
    assert split == quoted
    assert [5] * (len(rows) + 1) == [len(fields) for fields in split]


def test_a_crash_has_no_metric_in_ours_and_a_zero_only_where_it_was_asked_for() -> None:
    """A zero would be the best result there is when lower is better."""
    row = ResultRow(commit="abc", metric=None, status="crash", description="boom")
    assert "abc\t\t\tcrash\tboom\n" == list(results_tsv.lines([row], "loss"))[1]
    zero = "".join(results_tsv.lines([row], "loss", crash_as_zero=True))
    assert "abc\t0.000000\t\tcrash\tboom\n" == zero.splitlines(keepends=True)[1]
    assert [row] == results_tsv.parse(zero).rows


def test_the_words_of_other_tools_are_read_as_ours() -> None:
    """kept, discarded, CRASH; a word that is no status is a bad line, not a guess."""
    table = "commit\tval_bpb\tmemory_gb\tstatus\tdescription\na\t1.5\t44.0\tkept\tbaseline\nb\t1.4\t44.0\tDISCARDED\tx\nc\t0.000000\t0.0\tCRASH\ty\nd\t1\t1\tmaybe\tz\n"
    found = results_tsv.parse(table)
    assert ("val_bpb", ["keep", "discard", "crash"]) == (found.metric, [row.status for row in found.rows])
    assert [1.5, 1.4, None] == [row.metric for row in found.rows]
    assert ["its status is 'maybe'"] == [line.why for line in found.bad]
    assert [("baseline", None), ("discard", -0.10000000000000009), ("crash", None)] == [
        (record.status, record.delta) for record in found.records()
    ]


def test_a_description_keeps_its_quotes_and_tabs_from_a_tool_that_writes_them_bare() -> None:
    """Everything behind the fourth tab is the description; a quote in it is a quote."""
    found = results_tsv.parse('commit\tm\tresource\tstatus\tdescription\na\t1\t\tkeep\t"use" 2\topt\nb\t2\t\tkeep\tnext\n')
    assert ['"use" 2\topt', "next"] == [row.description for row in found.rows]


def test_a_description_that_a_csv_writer_quoted_is_unquoted() -> None:
    """Only where doubled quotes show that it was quoted."""
    found = results_tsv.parse('commit\tm\tresource\tstatus\tdescription\na\t1\t\tkeep\t"say ""hi"""\nb\t1\t\tkeep\t"hi"\n')
    assert ['say "hi"', '"hi"'] == [row.description for row in found.rows]


@pytest.mark.parametrize(("line", "why"), [
    ("a\t1\tkeep", "fields"), ("a\tnan\t\tkeep\tx", "finite"), ("a\t-inf\t\tkeep\tx", "finite"), ("a\t1,234\t\tkeep\tx", "finite"),
    ("a\t1e999\t\tkeep\tx", "finite"), ("garbage", "fields"), ("a\t1\t\t\tx", "status"),
])
def test_a_line_that_is_no_row_is_told_and_the_rest_is_read(line: str, why: str) -> None:
    """It costs nothing but itself."""
    found = results_tsv.parse(f"commit\tm\tresource\tstatus\tdescription\n{line}\nb\t2\t\tkeep\tok\n")
    assert [2.0] == [row.metric for row in found.rows]
    assert 1 == len(found.bad) and why in found.bad[0].why


def test_columns_are_found_by_name_and_without_a_header_by_place() -> None:
    """Another order, a column more, a file that begins with a row."""
    other = results_tsv.parse("iteration\tstatus\tcommit\tloss\tnote\tdescription\n0\tkeep\tabc\t3\tn\tok\n", "loss")
    assert [("abc", 3.0, "ok")] == [(row.commit, row.metric, row.description) for row in other.rows]
    bare = results_tsv.parse("abc\t3\t1\tkeep\tok\n")
    assert [("abc", 3.0, 1.0, "ok")] == [(row.commit, row.metric, row.resource, row.description) for row in bare.rows]
    windows = results_tsv.parse("commit\tm\tresource\tstatus\tdescription\r\nabc\t3\t1\tkeep\tok\r\n")
    assert ["ok"] == [row.description for row in windows.rows]


def test_a_table_that_is_not_there_is_empty(tmp_path: Path) -> None:
    """And one that cannot be read is an error that names it."""
    assert [] == results_tsv.read(tmp_path / "none.tsv").rows
    with pytest.raises(StoreError, match="folder"):
        (tmp_path / "folder").mkdir()
        results_tsv.read(tmp_path / "folder")


# ---------------------------------------------------------------------------------------------- experiments.jsonl


@settings(deadline=None)
@given(records=RECORDS)
def test_records_read_back_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> None:
    """All fields, forwards and from the end."""
    path = tmp_path_factory.mktemp("h") / "experiments.jsonl"
    history.write(path, records)
    found = history.read(path)
    assert (records, []) == (found.records, found.bad)
    assert records[-3:] == history.tail(path, 3)
    assert [Row(record.run, record.metric, record.status) for record in records] == list(history.rows(path, Row))


def test_appended_lines_are_whole_lines(tmp_path: Path) -> None:
    """After a torn one, too: it takes no other record with it."""
    path = tmp_path / "loop" / "experiments.jsonl"
    first, second = some(2)
    history.append(path, first)
    with path.open("ab") as stream:
        stream.write(b'{"run":99,"met')
    history.append(path, second)
    found = history.read(path)
    assert [first, second] == found.records
    assert ["it is no whole JSON object (torn or overwritten)"] == [line.why for line in found.bad]


GARBAGE = [b'{"run":', b"\x00\xff\xfe garbage", b"null", b'{"run":"one"}', b'{"metric":1}', b'{"run":1,"metric":NaN}', b"[" * 5000]


@pytest.mark.parametrize("garbage", GARBAGE, ids=[repr(line[:20]) for line in GARBAGE])
@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_garbage_line_is_quarantined_and_told_never_fatal(tmp_path: Path, garbage: bytes, place: int) -> None:
    """The records around it are read; put aside, the file is whole and nothing is thrown away."""
    path = tmp_path / "experiments.jsonl"
    lines = [history.encode(record) for record in some(4)]
    lines.insert(place, garbage + b"\n")
    path.write_bytes(b"".join(lines))
    found = history.read(path)
    assert some(4) == found.records
    assert [sum(map(len, lines[:place]))] == [line.offset for line in found.bad]
    seen: list[history.BadLine] = []
    assert some(4)[-2:] == history.tail(path, 2, seen.append)
    assert 1 == history.set_aside(path)
    assert (some(4), []) == (history.read(path).records, history.read(path).bad)
    assert garbage + b"\n" == (tmp_path / "experiments.jsonl.rejected").read_bytes()
    assert 0 == history.set_aside(path)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_torn_tail_costs_only_the_last_record(tmp_path: Path, cut: int) -> None:
    """However much of it was written."""
    path = tmp_path / "experiments.jsonl"
    history.write(path, some(3))
    path.write_bytes(path.read_bytes()[: -cut * 7])
    assert some(2) == history.read(path).records
    assert some(2) == history.tail(path, 5)


def test_other_spellings_of_a_status_are_read_as_ours(tmp_path: Path) -> None:
    """kept and discarded are accepted, and unknown fields of newer versions are passed over."""
    path = tmp_path / "experiments.jsonl"
    path.write_text('{"run":0,"status":"kept","new":[1]}\n{"run":1,"status":"discarded"}\n')
    assert ["keep", "discard"] == [record.status for record in history.read(path).records]
    assert ["keep", "discard"] == [row.status for row in history.rows(path, Row)]


@pytest.mark.parametrize("field", ["metric", "delta", "e_value", "duration_s", "resource", "cost_usd"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_never_written(field: str, value: float) -> None:
    """JSON would have it become null, silently."""
    with pytest.raises(BugError, match=field):
        history.encode(msgspec.structs.replace(Record(run=0), **{field: value}))


def test_an_undecodable_name_is_escaped() -> None:
    """A lone surrogate, as the names of files can hold."""
    assert "\\udcff" in json.loads(history.encode(Record(run=0, summary="a\udcffb")))["summary"]


def test_a_disk_that_is_full_is_named(tmp_path: Path) -> None:
    """With what mends it."""
    full = tmp_path / "experiments.jsonl"
    full.symlink_to("/dev/full")
    with pytest.raises(StoreError, match="is full") as error:
        history.append(full, Record(run=0))
    assert "Free some space" in error.value.suggestion


def test_the_end_of_a_long_history_is_read_without_the_rest(tmp_path: Path) -> None:
    """By bytes read, and in memory; 100,000 records decode in well under a second."""
    path = tmp_path / "experiments.jsonl"
    line = history.encode(msgspec.structs.replace(some(1)[0], hash="a" * 40, hypothesis="h" * 200))
    with path.open("wb") as stream:
        stream.write(line * 100_000)
    tracemalloc.start()
    begun = time.perf_counter()
    assert 20 == len(history.tail(path, 20))
    assert 0.05 > time.perf_counter() - begun
    assert 100_000 == sum(1 for _ in history.rows(path, Row))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 16 << 20 > peak
    assert os.path.getsize(path) > 50 << 20


def test_one_record_is_found_by_its_number(tmp_path: Path) -> None:
    """Also where its number stands in another's text, or twice; in a long history at once."""
    path = tmp_path / "experiments.jsonl"
    records = [msgspec.structs.replace(record, summary='"run":7') for record in some(5000)]
    history.write(path, records)
    assert [records[7], records[4999], None] == [history.find(path, n) for n in (7, 4999, 5000)]
    history.append(path, Record(run=7, summary="again"))
    assert "again" == getattr(history.find(path, 7), "summary", "")
    assert history.find(tmp_path / "none", 0) is None


def test_numbers_count_from_0_and_deltas_from_what_stood_before() -> None:
    """The last kept or the baseline; a crash and a discard change nothing."""
    told = [("baseline", 10.0), ("discard", 11.0), ("keep", 8.0), ("crash", None), ("discard", 9.0)]
    found = list(numbered(Record(run=7, status=status, metric=metric) for status, metric in told))
    assert [0, 1, 2, 3, 4] == [record.run for record in found]
    assert [None, 1.0, -2.0, None, 1.0] == [record.delta for record in found]


def test_a_status_is_one_of_four_words() -> None:
    """Ours and theirs; another is refused with the known ones."""
    assert ["keep", "discard", "crash", None] == [known_status(word) for word in (" Kept", "discarded", "timeout", "?")]
    with pytest.raises(UsageError, match="'fine' is no status"):
        status_of("fine")


# -------------------------------------------------------------------------------------------------------- exports


@settings(deadline=None)
@given(records=RECORDS)
def test_every_export_holds_every_record(records: list[Record]) -> None:
    """JSON and JSON Lines whole, CSV and the table a row each."""
    texts = {form: "".join(history_text.text(records, form, metric="loss")) for form in history_text.FORMS}
    assert records == msgspec.json.decode(texts["json"], type=list[Record])
    assert records == [msgspec.json.decode(line, type=Record) for line in texts["jsonl"].split("\n") if line]
    rows = list(csv.DictReader(io.StringIO(texts["csv"], newline="")))
    assert [str(record.run) for record in records] == [row["run"] for row in rows]
    assert [record.metric for record in records] == [float(row["metric"]) if row["metric"] else None for row in rows]
    assert len(records) == len(results_tsv.parse(texts["tsv"]).rows)


def test_a_text_that_a_spreadsheet_would_run_is_told_to_be_text() -> None:
    """A summary is written by a model."""
    row = "".join(history_text.text([Record(run=0, summary="=HYPERLINK(1)", metric=-1.0)], "csv"))
    assert "'=HYPERLINK(1)" in row and ",-1.0," in row


def test_an_export_is_made_piece_by_piece(tmp_path: Path) -> None:
    """An endless history begins at once, and a file is replaced whole."""
    endless = (Record(run=n) for n in itertools.count())
    assert next(iter(history_text.text(endless, "json"))).startswith("[")
    path = tmp_path / "out" / "x.csv"
    assert path.parent != tmp_path and 0 < history_text.to_file(path, history_text.text(some(3), "csv"))
    assert 4 == len(path.read_text().splitlines())
    with pytest.raises(StoreError):
        history_text.to_file(path / "below", ["x"])


def test_an_unknown_form_is_refused_with_the_known_ones() -> None:
    """Before anything is written."""
    with pytest.raises(UsageError, match="xml"):
        history_text.text([], "xml")
