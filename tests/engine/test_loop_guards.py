"""A guard is run on the unchanged code before anything else: one that fails there refuses the start, and is named."""

from __future__ import annotations

from pathlib import Path

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import Guard
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.testing.loop_project import LoopProject, edit

BROKEN = Guard(name="unit", command="echo begun; echo 'AssertionError: 3 != 4'; exit 7")


def test_a_guard_that_fails_on_the_unchanged_code_refuses_the_start(tmp_path: Path) -> None:
    """Given such a guard, when started, then no run is made; its name, its last words and the mend are told."""
    project = LoopProject.make(tmp_path, [edit(level=0.8, salt=1)], guards=(BROKEN,))
    state = project.work(project.start(iterations=1))
    assert (state.status, state.baseline, project.of(ev.TrialStarted)) == (LoopStatus.FAILED, False, [])
    for word in ("guard unit", "unchanged code", "exit code 7", "AssertionError: 3 != 4"):
        assert word in state.failure
    assert "Mend the command of guard unit" in state.failure_suggestion and "[loop.demo]" in state.failure_suggestion
    assert project.of(ev.DoctorAnswered)[-1].blocking == ("guards",)


def test_a_guard_that_passes_is_run_once_a_session_and_leaves_no_trace(tmp_path: Path) -> None:
    """Given a guard that writes a file and passes, when a session begins, then the clone is as it was."""
    count = tmp_path / "count"
    guard = Guard(name="unit", command=f"echo run >> {count}; echo junk >> model.sh; echo junk > new.txt")
    project = LoopProject.make(tmp_path, [edit(level=2.0, salt=1)], guards=(guard,))
    state = project.work(project.start(iterations=1))
    assert (state.status, project.verdicts()) == (LoopStatus.STOPPED, {1: "discard"})
    assert count.read_text(encoding="utf-8") == "run\n"
    assert [check["state"] for check in state.doctor if check["id"] == "guards"] == ["ok"]
    assert "junk" not in (project.loop.clone / "model.sh").read_text(encoding="utf-8")
    assert not (project.loop.clone / "new.txt").exists()
