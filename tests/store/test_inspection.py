"""Opening files: what each kind shows, what is refused and why, and that nothing in a file can do harm."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autor_nb.domain.artifact import Inspection
from autor_nb.store import tables
from autor_nb.store.inspection import hash_and_inspect, inspect_file
from autor_nb.store.structured import JSON_PARSED
from autor_nb.store.tables import CHUNK, LineCounter


def looked(folder: Path, name: str, content: bytes | str) -> Inspection:
    """Write a file and open it; hash and size must be right by the way."""
    path = folder / name
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(raw)
    sha256, size, inspection = hash_and_inspect(path)
    assert (hashlib.sha256(raw).hexdigest(), len(raw)) == (sha256, size)
    assert inspection == inspect_file(path, name)
    return inspection


@pytest.mark.parametrize(("name", "content", "kind", "schema"), [
    ("a.json", '{"b": 1, "a": [2]}', "json", {"keys": ["b", "a"]}),
    ("a.json", '[{"x": 1}, {"y": 2}, 3]', "json", {"items": 3, "item_keys": ["x", "y"]}),
    ("a.json", "true", "json", {"type": "boolean"}),
    ("a.ipynb", '{"cells": []}', "json", {"keys": ["cells"]}),
    ("a.jsonl", '{"a": 1}\n\n{"b": 2}\n', "jsonl", {"items": 2, "item_keys": ["a", "b"]}),
    ("a.csv", "x,y\n1,2\n3,4", "table", {"columns": ["x", "y"], "rows": 2}),
    ("a.csv", '"x,1","y\nz"\n"a\nb",2\n', "table", {"columns": ["x,1", "y z"], "rows": 1}),
    ("a.csv", "x;y\n1;2\n", "table", {"columns": ["x", "y"], "rows": 1, "delimiter": ";"}),
    ("a.csv", "x,y\n1\n", "table", {"columns": ["x", "y"], "rows": 1, "ragged_rows": 1}),
    ("a.tsv", "x\ty\r\n1\t2\r\n\r\n", "table", {"columns": ["x", "y"], "rows": 1}),
    ("a.yaml", "a: 1\nb: [1, 2]\n", "yaml", {"keys": ["a", "b"]}),
    ("a.yml", "- k: 1\n- l: 2\n", "yaml", {"items": 2, "item_keys": ["k", "l"]}),
    ("a.py", "x = 1\n", "python", {"lines": 1}),
    ("a.md", "one\ntwo", "text", {"lines": 2}),
    ("Makefile", "all:\n", "text", {"lines": 1}),
    ("a.bin", b"\0\1\2", "binary", {}),
], ids=str)
def test_each_kind_shows_its_schema(name: str, content: bytes | str, kind: str, schema: dict, tmp_path: Path) -> None:
    """Kind and schema are inferred from content; nothing is wrong with it."""
    assert Inspection(kind=kind, schema=schema) == looked(tmp_path, name, content)


@pytest.mark.parametrize(("name", "content", "words"), [
    ("a.json", "", "empty"),
    ("a.json", "{", "not JSON"),
    ("a.json", "[1, NaN]", "NaN and Infinity are not JSON"),
    ("a.json", '{"a": -Infinity}', "NaN and Infinity are not JSON"),
    ("a.json", "[" * 200_000, "nested too deeply"),
    ("a.json", '{"a": 1, "b": 1e999}', "not JSON"),
    ("a.jsonl", '{"a": 1}\n{"a": }\n', "line 2"),
    ("a.csv", 'a,b\n"1,2\n', "never closed"),
    ("a.csv", b"a,b\n1\x002\n", "NUL"),
    ("a.csv", "a,b\n".encode("utf-16"), "UTF-16"),
    ("a.yaml", "a: [1", "not YAML"),
    ("a.yaml", "[" * 100_000, "nested too deeply"),
    ("a.yaml", "- " * 100_000, "nested too deeply"),
    ("a.py", "def f(:\n", "line 1"),
    ("a.py", "(" * 5_000 + ")" * 5_000, ""),
    ("a.py", b"x = 1\0", "null bytes"),
    ("a.png", b"\x89PNG\r\n\x1a\n", "PNG"),
    ("a.jpg", "GIF89a", "not a JPEG"),
    ("a.svg", "<svg", "well-formed"),
    ("a.svg", "<a/>", "not <svg>"),
    ("a.svg", '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>', "entities"),
    ("a.pdf", "%PDF-1.4\nno end", "end is missing"),
    ("a.pdf", "hello", "does not begin"),
    ("a.pdf", "%PDF-1.4\nnothing\n%%EOF\n", "does not open"),
    ("a.zip", "PK no", "zip"),
    ("a.npy", b"\x93NUMPY\x01\x00", "NumPy"),
    ("a.npz", "PK", "zip"),
    ("a.parquet", "PAR1", ""),
    ("a.md", b"a\0b", "NUL"),
], ids=str)
def test_content_that_breaks_its_promise_has_an_error(name: str, content: bytes | str, words: str, tmp_path: Path) -> None:
    """The error says why, on one short line, and nothing is raised."""
    error = looked(tmp_path, name, content).error
    assert error and words in error
    assert len(error) < 600 and error.isprintable()


@pytest.mark.parametrize(("name", "content"), [
    ("a.json", "{}"), ("a.json", "[]"), ("a.json", "null"), ("a.jsonl", "\n"), ("a.csv", "a,b\n"), ("a.csv", ""),
    ("a.yaml", ""), ("a.yaml", "{}"), ("a.py", ""), ("a.txt", " \n"),
    ("a.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>'),
], ids=str)
def test_what_parses_but_holds_nothing_is_empty(name: str, content: str, tmp_path: Path) -> None:
    """It is no error, and told apart."""
    seen = looked(tmp_path, name, content)
    assert seen.empty
    assert not seen.error


rows_of_cells = st.lists(
    st.lists(st.text(alphabet='ab,";\n \té', max_size=6), min_size=1, max_size=4), min_size=1, max_size=12)


def as_csv(rows: list[list[str]], quoting: int, end: str) -> str:
    """Rows as a CSV text."""
    target = io.StringIO(newline="")
    csv.writer(target, quoting=quoting, lineterminator=end).writerows(rows)
    return target.getvalue()


def counted(text: bytes, step: int, arrays: bool) -> int:
    """Records by our counter, fed in pieces."""
    counter = LineCounter(b",")
    worth = tables._WORTH_ARRAYS
    tables._WORTH_ARRAYS = 0 if arrays else worth
    try:
        for start in range(0, len(text), step):
            counter.feed(text[start : start + step])
        return counter.finish()
    finally:
        tables._WORTH_ARRAYS = worth


@settings(max_examples=300, deadline=None)
@given(rows_of_cells, st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)), st.sampled_from(("\n", "\r\n")),
       st.integers(1, 9), st.booleans())
def test_records_are_counted_as_the_csv_module_counts_them(
    rows: list[list[str]], quoting: int, end: str, step: int, arrays: bool
) -> None:
    """Whatever is quoted, wherever a chunk ends, by arrays or one by one."""
    text = as_csv(rows, quoting, end)
    expected = sum(1 for row in csv.reader(io.StringIO(text, newline="")) if row)
    assert expected == counted(text.encode(), step, arrays)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='ab,"\n', max_size=40), st.integers(1, 5), st.booleans())
def test_stray_quotes_are_read_as_the_csv_module_reads_them(text: str, step: int, arrays: bool) -> None:
    """Any mixture of quotes: the same number of records, or a quote that is never closed."""
    from autor_nb.store.contents import Unreadable

    try:
        found = counted(text.encode(), step, arrays)
    except Unreadable:
        with pytest.raises(csv.Error):
            list(csv.reader(io.StringIO(text, newline=""), strict=True))
        return
    assert sum(1 for row in csv.reader(io.StringIO(text, newline="")) if row) == found


def test_a_large_table_is_read_in_chunks(tmp_path: Path) -> None:
    """Quotes and newlines at the seams of chunks are counted once; the hash is of every byte."""
    line = b'"a\n""b""",1\n'
    count = 3 * CHUNK // len(line)
    seen = looked(tmp_path, "a.csv", b"x,y\n" + line * count + b"\xff,2\n")
    assert {"columns": ["x", "y"], "rows": count + 1, "encoding": "latin-1"} == seen.schema


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='a,"\n', max_size=60), st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1))
def test_looking_at_each_quote_and_counting_by_arrays_take_turns(text: str, pieces: list[tuple[int, bool]]) -> None:
    """Either may read any piece of a text after the other, also where a run of quotes is cut in two."""
    from autor_nb.store.contents import Unreadable

    def answer(counter: LineCounter) -> int:
        try:
            return counter.finish()
        except Unreadable:
            return -1

    whole, mixed, start = LineCounter(b","), LineCounter(b","), 0
    whole.feed(text.encode())
    worth = tables._WORTH_ARRAYS
    try:
        while start < len(text):
            for size, arrays in pieces:
                tables._WORTH_ARRAYS = 0 if arrays else worth
                mixed.feed(text[start : start + size].encode())
                start += size
    finally:
        tables._WORTH_ARRAYS = worth
    assert answer(whole) == answer(mixed)


@pytest.mark.parametrize("line", [
    'a 5" pipe,1\n', '"in, order",1\n', 'a 5" pipe,"in\norder"\n', '"5"" pipe",x""\n', '"a"b"c,"\n"\n', '"","""\n"""\n',
])
def test_stray_quotes_in_every_row_of_a_large_table(tmp_path: Path, line: str) -> None:
    """The rows are those of the csv module, also over the seams of chunks; a quote left open at the end is told."""
    text = "x,y\n" + line * (2 * CHUNK // len(line))
    expected = sum(1 for row in csv.reader(io.StringIO(text, newline="")) if row) - 1
    seen = looked(tmp_path, "a.csv", text)
    assert (expected, "") == (seen.schema["rows"], seen.error)
    assert "never closed" in looked(tmp_path, "b.csv", text + '"open,1\n').error


def test_a_broken_table_is_hashed_to_its_end(tmp_path: Path) -> None:
    """What stops the reader does not stop the hash."""
    seen = looked(tmp_path, "a.csv", b"x,y\n" + b"1,2\n" * CHUNK + b"\0" + b"3,4\n" * CHUNK)
    assert "NUL" in seen.error


def test_a_large_json_is_checked_and_a_huge_one_said_to_be_unread(tmp_path: Path) -> None:
    """Above the cap only syntax is read; a fault is still found; far above it nothing is claimed."""
    item = '{"a": 1},'
    many = JSON_PARSED // len(item) + 1
    body = item * many
    assert {"items": many} == looked(tmp_path, "a.json", f"[{body[:-1]}]").schema
    assert "not JSON" in looked(tmp_path, "b.json", f"[{body}]").error
    huge = tmp_path / "c.json"
    with huge.open("wb") as stream:
        stream.truncate(300 << 20)
    assert "too large" in inspect_file(huge, "c.json").schema["unchecked"]


def test_yaml_bombs_and_tags_do_nothing(tmp_path: Path) -> None:
    """Aliases are not expanded and tags construct nothing."""
    lines = ["a0: &a0 {x: 1}"] + [f"a{i}: &a{i} {{<<: [{', '.join(['*a' + str(i - 1)] * 9)}]}}" for i in range(1, 30)]
    assert not looked(tmp_path, "bomb.yaml", "\n".join(lines)).error
    trace = tmp_path / "trace"
    looked(tmp_path, "tag.yaml", f"!!python/object/apply:os.mkdir ['{trace}']")
    assert not trace.exists()


def test_arrays_show_shape_and_never_unpickle(tmp_path: Path) -> None:
    """Shapes of arrays; objects are refused; a file that is shorter than its header says is truncated."""
    np.save(tmp_path / "a.npy", np.zeros((2, 3)))
    assert {"shape": [2, 3], "dtype": "float64"} == inspect_file(tmp_path / "a.npy", "a.npy").schema
    np.savez(tmp_path / "a.npz", x=np.zeros(4), y=np.array(["a"]))
    seen = inspect_file(tmp_path / "a.npz", "a.npz")
    assert {"x": {"shape": [4], "dtype": "float64"}, "y": {"shape": [1], "dtype": "<U1"}} == seen.schema["arrays"]
    np.save(tmp_path / "b.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert "pickled" in inspect_file(tmp_path / "b.npy", "b.npy").error
    content = (tmp_path / "a.npy").read_bytes()
    assert "truncated" in looked(tmp_path, "c.npy", content[:-1]).error
    np.save(tmp_path / "d.npy", np.zeros((0, 3)))
    assert inspect_file(tmp_path / "d.npy", "d.npy").empty


def test_pictures_are_decoded_whole(tmp_path: Path) -> None:
    """Size of a picture; a truncated one is an error in every format; one colour is empty."""
    from PIL import Image

    picture = Image.linear_gradient("L").resize((50, 40)).convert("RGB")
    for name in ("a.png", "a.jpg", "a.gif", "a.webp", "a.tiff", "a.bmp"):
        picture.save(tmp_path / name)
        seen = inspect_file(tmp_path / name, name)
        assert ("", 50, 40) == (seen.error, seen.schema["width"], seen.schema["height"])
        content = (tmp_path / name).read_bytes()
        assert looked(tmp_path, f"cut_{name}", content[: len(content) // 2]).error
    Image.new("RGB", (5, 5)).save(tmp_path / "b.png")
    assert inspect_file(tmp_path / "b.png", "b.png").empty


def test_a_pdf_shows_pages_and_text(tmp_path: Path) -> None:
    """Pages, size and characters; a truncated or encrypted one does not open."""
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    with PdfPages(tmp_path / "a.pdf") as pages:
        for number in range(3):
            figure = Figure(figsize=(2, 1))
            figure.text(0.1, 0.5, f"page {number}")
            pages.savefig(figure)
    seen = inspect_file(tmp_path / "a.pdf", "a.pdf")
    assert (3, 144.0, 72.0, 18) == (*(seen.schema[key] for key in ("pages", "width", "height", "text_chars")),)
    content = (tmp_path / "a.pdf").read_bytes()
    for share in (0.2, 0.5, 0.9):
        assert looked(tmp_path, "cut.pdf", content[: int(len(content) * share)]).error


def test_an_svg_of_matplotlib_opens_and_scripts_are_flagged(tmp_path: Path) -> None:
    """A document type without entities is fine; what could run is marked."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1))
    figure.add_subplot().plot([1, 2])
    figure.savefig(tmp_path / "a.svg")
    seen = inspect_file(tmp_path / "a.svg", "a.svg")
    assert ("", False, None) == (seen.error, seen.empty, seen.schema.get("active"))
    assert looked(tmp_path, "b.svg", "<svg onload='x()'><rect/></svg>").schema["active"]


def test_zips_are_read_to_their_checksums(tmp_path: Path) -> None:
    """Members are counted; a damaged one and a bomb are refused."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.txt", "some text to damage")
    content = target.getvalue()
    assert {"members": 1, "names": ["a.txt"]} == looked(tmp_path, "a.zip", content).schema
    assert "damaged" in looked(tmp_path, "b.zip", content.replace(b"some", b"SOME", 1)).error
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("z", "w") as member:
        for _ in range(120):
            member.write(bytes(1 << 20))
    assert "zip bomb" in looked(tmp_path, "c.zip", bomb.getvalue()).error


def test_parquet_shows_columns_and_rows(tmp_path: Path) -> None:
    """A Parquet file is read; a damaged one is an error."""
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table({"a": list(range(1000)), "b": ["x"] * 1000}), tmp_path / "a.parquet")
    seen = inspect_file(tmp_path / "a.parquet", "a.parquet")
    assert Inspection(kind="table", schema={"columns": ["a", "b"], "rows": 1000}) == seen
    content = (tmp_path / "a.parquet").read_bytes()
    assert looked(tmp_path, "b.parquet", content[:-20]).error


def test_parquet_without_its_library_names_the_install_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is in the error."""
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert 'pip install "autor-nb[parquet]"' in looked(tmp_path, "a.parquet", b"PAR1").error


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    """Pipes, folders, devices and missing files answer at once, with a reason."""
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.json").mkdir()
    answers: list[Inspection] = []
    names = ("pipe.csv", "folder.json", "missing.png")
    thread = threading.Thread(target=lambda: answers.extend(inspect_file(tmp_path / name, name) for name in names), daemon=True)
    thread.start()
    thread.join(10)
    assert 3 == len(answers)
    assert all("cannot be read" in seen.error for seen in (*answers, inspect_file(Path("/dev/zero"), "zero.csv")))
    for name in (*names, "/dev/zero"):
        with pytest.raises(OSError):
            hash_and_inspect(tmp_path / name)


def test_a_name_decides_how_content_elsewhere_is_read(tmp_path: Path) -> None:
    """Kept versions lie under their hash; the suffix of the name is what counts."""
    (tmp_path / "abcdef").write_text("a,b\n1,2\n")
    assert "table" == inspect_file(tmp_path / "abcdef", "data/x.CSV").kind
    assert "not JSON" in inspect_file(tmp_path / "abcdef", "x.json").error


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(
    (".json", ".jsonl", ".csv", ".tsv", ".yaml", ".npy", ".npz", ".png", ".jpg", ".svg", ".pdf", ".py", ".zip",
     ".txt", ".parquet", "")))
def test_no_content_raises(tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str) -> None:
    """Random bytes of any kind have an answer that can be stored."""
    path = tmp_path_factory.getbasetemp() / f"random{suffix}"
    path.write_bytes(content)
    sha256, size, seen = hash_and_inspect(path)
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (sha256, size)
    assert json.dumps(seen.schema).encode()


def test_a_compressed_table_is_binary_and_no_error(tmp_path: Path) -> None:
    """What we do not read is not judged."""
    assert Inspection(kind="binary") == looked(tmp_path, "a.csv.gz", gzip.compress(b"a,b\n"))
