"""A loop with a damaged log, as the verbs show it: named with its mend, recovered in words, gone on with by start."""

from __future__ import annotations

from pathlib import Path

import pytest

from autor_nb import loop_control
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.store.loops import damage
from autor_nb.testing.loop_project import ME, LoopProject, edit
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import invoke


def do(*words: str) -> Result:
    """A verb's answer."""
    answer = invoke([*words], Face(name="cli", say=[].append))
    assert answer is not None
    return answer


@pytest.fixture
def hurt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """A loop with a baseline and a record, and garbage in the place of the record's line."""
    project = LoopProject.make(tmp_path, [edit(level=0.5)])
    project.work(project.start(iterations=1))
    loop_control.record(project.loop, ME, status="discard", metric=2.0, summary="by hand", commit="")
    lines = project.loop.events.read_bytes().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if b"experiment_recorded" in line)
    project.loop.events.write_bytes(b"".join([*lines[:at], b"\x00 garbage\x1b[31m\n", *lines[at + 1 :]]))
    monkeypatch.chdir(project.folder)
    return project


def test_it_is_shown_with_all_that_can_be_read_and_named_by_doctor(hurt: LoopProject) -> None:
    """Status and log show what is behind the damage too; doctor's check of the log names the line and the mend."""
    assert loop_control.snapshot(hurt.loop).status is LoopStatus.DAMAGED
    text = do("loop", "status", "demo").text()
    assert "damaged" in text and "autor recover" in text and "line " in text
    assert "no experiment yet" not in do("loop", "log", "demo").text()
    checks = {one["id"]: one for one in do("loop", "doctor", "demo").facts["checks"]}
    assert checks["log_folder"]["state"] == "warning"
    assert "of its log is damaged" in checks["log_folder"]["detail"] and "autor recover" in checks["log_folder"]["fix"]


def test_recover_sets_it_aside_and_says_what_it_cost(hurt: LoopProject) -> None:
    """First asked for, then done: the record is put back, the log as it was is kept, nothing is left to recover."""
    before = hurt.loop.events.read_bytes()
    preview = do("recover", "--preview")
    assert (preview.facts["loops"], hurt.loop.events.read_bytes()) == (["demo"], before)
    result = do("recover", "--yes")
    assert "put back" in result.text() and "damaged/" in result.text()
    assert hurt.state.counts["discard"] == 1 and not hurt.state.damaged
    (kept,) = damage.folders(hurt.loop)
    assert (kept / "events.jsonl").read_bytes() == before
    assert "The log was mended" in do("loop", "status", "demo").text()
    assert "no log of a run or a loop is damaged" in do("recover").text()


def test_start_mends_it_and_goes_on(hurt: LoopProject) -> None:
    """The answer to the command is found although the log was written anew, and a long garbage is gone."""
    lines = hurt.loop.events.read_bytes()
    hurt.loop.events.write_bytes(b"y" * 200_000 + b"\n" + lines)
    result = do("loop", "start", "demo", "--iterations", "1", "--wait")
    assert result.exit_code == 0, result.text()
    assert hurt.state.status is LoopStatus.STOPPED and not hurt.state.damaged
    assert "2 damaged lines" in hurt.state.mended
