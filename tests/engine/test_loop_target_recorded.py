"""A target is reached by what was measured; a keep that somebody recorded is no measurement of ours."""

from __future__ import annotations

from pathlib import Path

from autor_nb.domain.loops import commands as cmd
from autor_nb.testing.loop_project import LoopProject, edit


def test_a_recorded_keep_reaches_no_target(tmp_path: Path) -> None:
    """Told between two sessions it ends neither; the next works on until an experiment of its own is as good."""
    levels = (0.8, 0.1, 0.7, 0.5, 0.4)
    project = LoopProject.make(tmp_path, [edit(level=level) for level in levels])
    project.work(project.start(iterations=1))
    project.work(project.command(cmd.RecordExperiment, status="keep", metric=0.1, summary="by hand"))
    state = project.work(project.start(iterations=3, target=0.6))
    assert {1: "keep", 3: "keep", 4: "keep"} == project.verdicts()
    assert ("target", 4) == (state.stop_cause, state.head_n) and "reached: 0.1" not in state.stop_reason


def test_the_measured_head_reaches_it_at_once(tmp_path: Path) -> None:
    """A session whose target the head has already ends before a run."""
    project = LoopProject.make(tmp_path, [edit(level=0.5), edit(level=0.4)])
    project.work(project.start(iterations=1))
    state = project.work(project.start(iterations=1, target=0.6))
    assert "target" == state.stop_cause and {1: "keep"} == project.verdicts()
