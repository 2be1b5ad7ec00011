"""A metric is read from the last match, exactly, in bounded memory; what cannot be read has a reason and no value."""

from __future__ import annotations

import math
import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import MetricSpec, ResourceSpec
from autor_nb.domain.loops.metric import (
    Measurement,
    check_pattern,
    metrics_file,
    number,
    read_metric,
    read_metrics,
    read_resource,
    score,
)
from autor_nb.domain.loops.printed import CHUNK, LINE_CAP, backwards, line_number

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def spec(pattern: str = "", source: str = "regex", name: str = "loss", **more: object) -> MetricSpec:
    """A metric whose lower values are better, unless said otherwise."""
    return MetricSpec(**{"name": name, "direction": "lower", "source": source, "pattern": pattern, **more})  # type: ignore[arg-type]


@given(FINITE)
def test_what_python_prints_is_read_back(value: float) -> None:
    """Every finite float, in whatever form repr has for it."""
    assert (value, "") == number(repr(value))
    assert value == read_metric(f"loss: {value!r}\n", spec()).value


@given(st.text(max_size=20))
def test_a_word_is_a_number_only_by_the_grammar(word: str) -> None:
    """ASCII digits with a sign, a point and an exponent; a reason for everything else."""
    value, reason = number(word)
    exact = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", word, re.ASCII)
    assert (value is not None) == bool(exact and math.isfinite(float(word)))
    assert (value is None) == bool(reason)


@pytest.mark.parametrize(("word", "why"), [
    ("nan", "not finite"), ("-NaN", "not finite"), ("inf", "not finite"), ("-Infinity", "not finite"),
    ("1e999", "too large"), ("1,234", "commas"), ("1,234.5", "commas"), ("3.2ms", "glued"), ("12%", "glued"),
    ("0x10", "glued"), ("1_000", "glued"), ("1.2.3", "glued"), ("", "not a number"), ("--1", "not a number"),
    ("١٢", "not a number"), ("1e", "glued"), ("abc", "not a number"),
])
def test_what_is_refused_says_why(word: str, why: str) -> None:
    """In words that name it."""
    value, reason = number(word)
    assert value is None and why in reason


@pytest.mark.parametrize(("text", "pattern", "value"), [
    ("loss: 1\nloss: 2\nend\n", "", 2.0),
    ("step 3 loss=0.5, acc=0.9", "", 0.5),
    ("best_loss=3\nval/loss: 4\nx-loss: 5\n", "", None),
    ('{"loss": 0.25, "acc": 1}', "", 0.25),
    ("loss:          0.997900", "", 0.9979),
    ("LOSS: 1", "", None),
    ("loss: 1\rloss: 2\rdone", "", 2.0),
    ("loss: 0.5\nloss: nan\n", "", None),
    ("loss: 0.5\nloss: 1,234\n", "", None),
    ("took 3.2ms", r"took ([\d.]+)ms", 3.2),
    ("a=1 b=2", r"(?:a=(\S+) )?b=(\S+)", 1.0),
    ("7", r"\d+", 7.0),
    ("loss: 1.5e-3", r"loss: ([\d.]+)", None),
    ("loss: 1,234", r"loss: ([\d.]+)", None),
    ("loss: 1,234", r"(\d+)$", None),
    ("loss: -1.5", r"loss: -?([\d.]+)", None),
    ("epoch-12", r"epoch-(\d+)", 12.0),
    ("loss: 0.5\nloss: nan\n", r"loss: ([\d.]+)", None),
    ("loss: 0.5\nloss: inf\n", r"^loss: ([\d.]+)$", None),
    ("loss: 0.5\nloss: -2\n", r"^loss: ([\d.]+)$", None),
    ("loss: 0.5\nloss: pending\n", r"loss: ([\d.]+)", 0.5),
    ("loss: 5.", r"loss: ([\d.]+)", 5.0),
])
def test_a_pattern_reads_the_last_whole_number_or_nothing(text: str, pattern: str, value: float | None) -> None:
    """Never a part of a number, never the epoch before the one that diverged."""
    found = read_metric(text, spec(pattern))
    assert value == found.value
    assert (value is None) == bool(found.reason)


@pytest.mark.parametrize(("text", "value"), [
    ("a 1\nloss 0.93.\n", 0.93), ("score=(0.5)", 0.5), ("0.5\nbye\n", 0.5), ("nothing here", None),
    ("0.5\nnan\n", None), ("0.93 in 3.2s", None), ("1,234", None), ("x: -1e-3;", -1e-3),
])
def test_the_last_number_of_an_output(text: str, value: float | None) -> None:
    """The last word that begins as a number decides."""
    assert value == read_metric(text, spec(source="last_number")).value


@pytest.mark.parametrize(("text", "key", "value"), [
    ('{"loss": 1}\n{"loss": 2}\n{"other": 3}\n', "", 2.0),
    ('{"a": {"b": [1, 2e5]}}', "a.b.1", 200000.0),
    ('{"a.b": 4, "a": {"b": 5}}', "a.b", 4.0),
    ('{"loss": 1}\n{"loss": NaN}\n', "", None),
    ('{"loss": 1e999}', "", None),
    ('{"loss": "0.5"}', "", None),
    ('{"loss": true}', "", None),
    ('{"loss": null}', "", None),
    ("[1]\nloss: 3\n{broken}\n", "", None),
])
def test_the_last_json_line_with_the_key(text: str, key: str, value: float | None) -> None:
    """Dotted keys, list places; nothing that is not a number."""
    assert value == read_metric(text, spec(key, "json")).value


def test_a_metrics_file_is_read_where_it_is_and_nowhere_else(tmp_path: Path) -> None:
    """JSON or lines of JSON in the working folder; outside of it, missing or without the key: a reason."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "m.json").write_text('{"val": {"loss": 0.5}}')
    (tmp_path / "work" / "m.jsonl").write_text('{"loss": 1}\n{"loss": 2}\n')
    (tmp_path / "secret.json").write_text('{"loss": 9}')
    (tmp_path / "work" / "link.json").symlink_to(tmp_path / "secret.json")
    values = [
        read_metric("", spec(pattern, "json"), tmp_path / "work").value
        for pattern in ("m.json#val.loss", "m.jsonl#", "m.json#acc", "none.json#loss", "../secret.json#loss", "link.json#loss")
    ]
    assert [0.5, 2.0, None, None, None, None] == values
    assert "m.json" == metrics_file(spec("m.json#a", "json"))
    assert "" == metrics_file(spec("a.b", "json")) == metrics_file(spec("#", "regex"))


@given(st.lists(st.binary(max_size=60), max_size=30), st.integers(0, 3))
def test_lines_from_the_end_are_lines_from_the_beginning_reversed(lines: list[bytes], blank: int) -> None:
    """Whatever bytes; empty lines are left out, `\\r` ends a line too, and each offset is where its line begins."""
    whole = b"\n".join(lines) + b"\n" * blank
    plain = whole.replace(b"\r", b"\n")
    found = list(backwards(whole))
    assert [part.decode("utf-8", "replace") for part in reversed(plain.split(b"\n")) if part] == [one.text for one in found]
    assert all(whole[one.offset :].decode("utf-8", "replace")[:1] == one.text[:1] for one in found if one.text.isascii())


@given(st.integers(CHUNK - 40, CHUNK + 40), st.integers(0, 50))
def test_a_match_across_chunks_is_found(before: int, after: int) -> None:
    """Wherever the reading is cut."""
    text = "x" * before + "\nloss: 1.25\n" + "y\n" * after
    assert Measurement(value=1.25, line=2) == read_metric(text.encode(), spec())


@pytest.mark.parametrize("at", [10, 4000, 4090, 5000, 9000])
def test_a_long_line_is_read_by_windows(at: int) -> None:
    """Whatever window the number falls into, and never a part of it."""
    text = "x" * at + " loss: 123456.75 " + "y" * (12000 - at)
    assert 123456.75 == read_metric(text, spec(r"loss: (\S+)")).value
    assert 123456.75 == read_metric(text, spec()).value


def test_bytes_that_are_no_text_do_not_matter() -> None:
    """Output is read whatever else is in it."""
    assert 2.5 == read_metric(b"\xff\xfe\x00\nloss: 2.5 \xc3\n\xff\n", spec()).value


@pytest.mark.parametrize("pattern", ["", r"loss: (\S+)"])
def test_a_large_output_takes_little_memory(tmp_path: Path, pattern: str) -> None:
    """A line of 40 MB, then the metric, then another line of 40 MB: at most a few MB are held."""
    path = tmp_path / "output.txt"
    with path.open("wb") as stream:
        for _ in range(2):
            for _ in range(40):
                stream.write(b"." * 2**20)
            stream.write(b"\nloss: 0.75\n" if stream.tell() < 50 * 2**20 else b"")
    tracemalloc.start()
    found = read_metric(path, spec(pattern))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert Measurement(value=0.75, line=2) == found
    assert 12 * LINE_CAP > peak


def test_a_line_number_counts_from_one() -> None:
    """In text and in a file."""
    assert [1, 2, 3] == [line_number("a\nb\nc", offset) for offset in (0, 2, 4)]


@pytest.mark.parametrize(("transform", "value"), [("identity", 2048.0), ("divide_by_1024", 2.0), ("divide_by_1000", 2.048)])
def test_a_resource_is_transformed(transform: str, value: float) -> None:
    """As old projects ask for."""
    asked = ResourceSpec(pattern=r"peak_kb: (\S+)", transform=transform)  # type: ignore[arg-type]
    assert value == read_resource("peak_kb: 1\npeak_kb: 2048\n", asked).value
    assert read_resource("nothing", asked).value is None


def test_several_metrics_are_read_by_name() -> None:
    """One that is missing does not hide the others."""
    found = read_metrics("loss: 1\nacc: 2\n", [spec(), spec(name="acc"), spec(name="size")])
    assert {"loss": 1.0, "acc": 2.0, "size": None} == {name: one.value for name, one in found.items()}


@given(FINITE, FINITE)
def test_a_higher_score_is_better(first: float, second: float) -> None:
    """Whichever way the metric goes; a time of 0 or less has no score."""
    up, down = spec(direction="higher"), spec()
    assert (first > second) == (score(first, up) > score(second, up)) == (score(first, down) < score(second, down))  # type: ignore[operator]
    timed = score(first, spec(time_like=True))
    assert (timed is None) == (first <= 0)
    assert score(None, up) is None


def test_a_pattern_that_is_none_is_refused() -> None:
    """With what is wrong."""
    with pytest.raises(UsageError, match="no regular expression"):
        check_pattern("(")


@pytest.mark.parametrize("pattern", [
    r"loss: (\S+)", r"^loss: (\S+)$", r"losss?: (\S+)", r"lossx*: (\S+)", r"loss{1}: (\S+)", r"(?i)LOSS: (\S+)", r"acc|loss: (\S+)",
    r"l.ss: (\S+)", r".*loss: (\S+)", r"\bloss: (\S+)", r"loss(?:es)?: (\S+)",
])
def test_whatever_a_pattern_begins_with_it_is_found_far_from_the_end(pattern: str) -> None:
    """Looking for its first letters first leaves nothing out, however far away the match is."""
    text = "loss: 0.125\n" + "nothing here\n" * (2 * CHUNK // 13)
    assert 0.125 == read_metric(text.encode(), spec(pattern)).value
