"""The log: append, tear, read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autor_nb.domain import events as ev
from autor_nb.domain.errors import BugError
from autor_nb.store import eventlog
from autor_nb.store.eventlog import EventLog


def some_log(path: Path, n: int = 3) -> Path:
    """A log of a few events."""
    log = EventLog(path)
    for i in range(n):
        log.append(ev.Paused(reason=f"reason {i}"))
    log.close()
    return path


def test_events_are_numbered_from_one_without_gaps(tmp_path: Path) -> None:
    """Three appends, two engines: 1, 2, 3, 4."""
    path = some_log(tmp_path / "events.jsonl")
    log = EventLog(path)
    log.append(ev.RunCompleted())
    log.close()
    assert [1, 2, 3, 4] == [event.seq for event in eventlog.read(path)[0]]


@pytest.mark.parametrize("kept", range(1, 60, 7))
def test_a_torn_tail_is_cut_before_the_next_append_and_never_read(tmp_path: Path, kept: int) -> None:
    """Whatever part of a line a kill left, the log goes on behind the last whole line."""
    path = some_log(tmp_path / "events.jsonl", 2)
    whole = path.read_bytes()
    line = eventlog.encode(ev.Paused(seq=3, at="2026-01-01T00:00:00.000Z", reason="torn"))
    path.write_bytes(whole + line[:kept])
    assert 2 == len(eventlog.read(path)[0])
    log = EventLog(path)
    log.append(ev.RunCompleted())
    log.close()
    events, offset = eventlog.read(path)
    assert [1, 2, 3] == [event.seq for event in events]
    assert isinstance(events[2], ev.RunCompleted)
    assert offset == path.stat().st_size


def test_a_line_of_a_newer_version_is_kept_as_its_bytes(tmp_path: Path) -> None:
    """An unknown event folds to nothing and is still there."""
    path = some_log(tmp_path / "events.jsonl", 1)
    line = b'{"type":"teleported","seq":2,"at":"2027-01-01T00:00:00Z","where":"mars"}'
    path.write_bytes(path.read_bytes() + line + b"\n")
    events, _ = eventlog.read(path)
    assert ev.Unknown is type(events[1])
    assert (line, "teleported", 2) == (events[1].raw, events[1].type, events[1].seq)
    log = EventLog(path)
    assert 3 == log.append(ev.RunCompleted()).seq
    log.close()


def test_a_number_that_is_none_is_refused_at_the_door(tmp_path: Path) -> None:
    """NaN would be written as null and never read again."""
    log = EventLog(tmp_path / "events.jsonl")
    with pytest.raises(BugError, match="nan"):
        log.append(ev.NotebookRendered(stage="s", attempt=1, path="p", complete=True, duration_s=float("nan")))
    assert 1 == log.append(ev.RunCompleted()).seq
    log.close()


@given(text=st.text(alphabet=st.characters(codec=None), max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_comes_back_readable(text: str) -> None:
    """Surrogates of undecodable names are escaped, everything else comes back as it was."""
    event = eventlog.decode(eventlog.encode(ev.Paused(reason=text)))
    assert isinstance(event, ev.Paused)
    assert text.encode("utf-8", "backslashreplace").decode() == event.reason


def test_reading_from_an_offset_gives_only_what_is_new(tmp_path: Path) -> None:
    """A tail never reads a line twice."""
    path = some_log(tmp_path / "events.jsonl", 2)
    _, offset = eventlog.read(path)
    assert ([], offset) == eventlog.read(path, offset)
    log = EventLog(path)
    log.append(ev.RunCompleted())
    log.close()
    assert [3] == [event.seq for event in eventlog.read(path, offset)[0]]


def test_a_log_changed_by_somebody_else_is_noticed(tmp_path: Path) -> None:
    """An agent that appends to the log, or swaps it, is seen."""
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log.append(ev.Paused(reason="mine"))
    assert log.is_intact()
    with path.open("ab") as stream:
        stream.write(b'{"type":"run_completed","seq":2}\n')
    assert not log.is_intact()
    log.close()


@pytest.mark.parametrize(
    "line",
    [
        b"not json at all",
        b"\x00" * 40,
        b"[]",
        b'{"seq":2,"at":"2027-01-01T00:00:00Z"}',
        b'{"type":"teleported","at":"2027-01-01T00:00:00Z"}',
        b'{"type":"paused","seq":2,"reason":7}',
    ],
)
def test_a_line_that_no_version_wrote_so_is_damaged_and_says_which_line_it_is(tmp_path: Path, line: bytes) -> None:
    """Garbage is told from a newer version's lines, with its number, also when only the new part is read."""
    path = some_log(tmp_path / "events.jsonl", 1)
    _, offset = eventlog.read(path)
    path.write_bytes(path.read_bytes() + line + b"\n" + eventlog.encode(ev.RunCompleted(seq=3)) + b"\n")
    for events in (eventlog.read(path)[0][1:], eventlog.read(path, offset)[0]):
        damaged, after = events
        assert isinstance(damaged, ev.Damaged)
        assert (line, 2) == (damaged.raw, damaged.line)
        assert "line 2 of its log is damaged" in str(damaged)
        assert isinstance(after, ev.RunCompleted)


def test_a_log_that_cannot_be_opened_is_a_damaged_one_and_no_exception(tmp_path: Path) -> None:
    """A folder in the log's place says so in words."""
    (tmp_path / "events.jsonl").mkdir()
    (damaged,) = eventlog.read(tmp_path / "events.jsonl")[0]
    assert isinstance(damaged, ev.Damaged)
    assert "cannot be read" in str(damaged)
