"""The checkpoint of a loop is a cache: whatever became of it, the state is the log's."""

from __future__ import annotations

from pathlib import Path

import pytest

from autor_nb import loop_control
from autor_nb.domain.loops.fold import LoopFold
from autor_nb.store import eventlog
from autor_nb.store.loops import standing
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.words import EVENTS
from autor_nb.testing.loop_project import ME, LoopProject


@pytest.fixture
def loop(tmp_path: Path) -> LoopFolder:
    """A loop with forty records and a checkpoint within them."""
    made = LoopProject.make(tmp_path, []).loop
    for n in range(40):
        loop_control.record(made, ME, status="discard" if n else "baseline", metric=1.0 + n)
    assert made.standing.is_file()
    return made


def whole(loop: LoopFolder) -> object:
    """The state by the log alone."""
    return LoopFold().apply(eventlog.read(loop.events, 0, EVENTS)[0])


def test_it_saves_reading_the_log_and_changes_nothing(loop: LoopFolder) -> None:
    """Read from the checkpoint on, the state is that of the whole log."""
    fold, offset = standing.load(loop)
    assert offset > 0 and fold.state.last_seq > 0
    assert whole(loop) == standing.read(loop)


@pytest.mark.parametrize("content", [b"", b"{", b"null", b'{"format":1,"offset":1,"witness":"","state":{}}', b"\xff" * 99])
def test_a_damaged_one_is_passed_over(loop: LoopFolder, content: bytes) -> None:
    """Torn, empty or another's: the log is read from its beginning."""
    loop.standing.write_bytes(content)
    assert 0 == standing.load(loop)[1] and whole(loop) == standing.read(loop)


def test_one_of_another_log_is_seen(loop: LoopFolder) -> None:
    """A log put back from a backup, as long or shorter, is read from its beginning."""
    content = loop.events.read_bytes()
    loop.events.write_bytes(content.replace(b'"status":"discard"', b'"status":"crash"  '))
    changed = standing.read(loop)
    assert whole(loop) == changed and "discard" not in changed.counts
    lines = content.splitlines(keepends=True)
    loop.events.write_bytes(b"".join(lines[:9]))
    assert 9 == standing.read(loop).last_seq


def test_a_torn_line_waits_for_its_end(loop: LoopFolder) -> None:
    """What a kill left half written is no event, and the next writer cuts it."""
    before = standing.read(loop)
    with loop.events.open("ab") as stream:
        stream.write(b'{"type":"experiment_recorded","n":4')
    assert before == standing.read(loop)
    loop_control.record(loop, ME, status="discard", metric=3.0)
    assert before.next_n + 1 == standing.read(loop).next_n
    assert list(range(1, before.last_seq + 2)) == [one.seq for one in eventlog.read(loop.events, 0, EVENTS)[0]]
