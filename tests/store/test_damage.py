"""A damaged log is taken back to the line before the damage, and nothing of it is thrown away."""

from __future__ import annotations

from pathlib import Path

import pytest

from autor_nb.domain import events as ev
from autor_nb.domain.errors import StoreError
from autor_nb.domain.stage import StageRef
from autor_nb.store import damage, eventlog
from autor_nb.store.eventlog import EventLog
from autor_nb.store.layout import RunFolder

REFS = (StageRef(number="01", slug="01_s", title="S"),)


def a_run(place: Path) -> RunFolder:
    """Two attempts of one stage, with a notebook each."""
    run = RunFolder(place / "20260101_120000")
    run.path.mkdir()
    run.make()
    log = EventLog(run.events)
    log.append(ev.RunCreated(run_id=run.run_id, goal="g", workflow=REFS))
    for number in (1, 2):
        log.append(ev.AttemptStarted(stage="01_s", attempt=number, agent="a"))
        run.notebook("01_s", number).write_text(f"{number}")
        run.prompt("01_s", number).write_text(f"{number}")
    log.close()
    return run


def garble(run: RunFolder, number: int) -> bytes:
    """Put garbage in a line's place; answers with the log as it is then."""
    lines = run.events.read_bytes().split(b"\n")
    lines[number - 1] = b"\x00garbage"
    run.events.write_bytes(b"\n".join(lines))
    return run.events.read_bytes()


def test_the_log_ends_before_the_damage_and_what_was_there_is_kept(tmp_path: Path) -> None:
    """The whole damaged log, and the files of attempts whose numbers come again, lie in damaged/."""
    run = a_run(tmp_path)
    whole = garble(run, 3)
    assert 2 == damage.recoverable(run)
    aside = damage.set_aside(run)
    assert (3, 1) == (aside.line, aside.lines)
    assert [1, 2] == [event.seq for event in eventlog.read(run.events)[0]]
    assert whole == (aside.folder / "events.jsonl").read_bytes()
    assert run.notebook("01_s", 1).is_file()
    assert not run.notebook("01_s", 2).exists()
    assert "2" == (aside.folder / "stages" / run.notebook("01_s", 2).name).read_text()
    assert "2" == (aside.folder / "prompt_cache" / run.prompt("01_s", 2).name).read_text()


def test_a_log_that_is_damaged_from_its_first_line_is_left_as_it_is(tmp_path: Path) -> None:
    """There is nothing before it to go on from; the refusal says what to do."""
    run = a_run(tmp_path)
    whole = garble(run, 1)
    assert 0 == damage.recoverable(run)
    with pytest.raises(StoreError, match="backup"):
        damage.set_aside(run)
    assert whole == run.events.read_bytes()
