"""A crash on the screening run is mended once by a coder that can; then it counts as what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.parts import CoderResult, CoderTask
from autor_nb.engine.loops.engine import LoopEngine
from autor_nb.loop_wiring import WiredLoopParts
from autor_nb.store import inbox
from autor_nb.store.lock import EngineLock
from autor_nb.testing.loop_project import MODEL, LoopProject, edit, git


class Mending:
    """The scripted coder of the project, which writes `text` where a run crashed."""

    def __init__(self, coder: Any, text: str, heard: list[str]) -> None:
        self.name, self.apply, self.text, self.heard = coder.name, coder.apply, text, heard

    def fix(self, task: CoderTask, output_tail: str) -> CoderResult:
        """Mend it."""
        self.heard.append(output_tail)
        if not self.text:
            return CoderResult(ok=False, detail="I do not know how.", ending="failed")
        (task.clone / MODEL).write_text(self.text, encoding="utf-8")
        return CoderResult(ok=True, changed=(MODEL,), cost_usd=0.5)


class Parts(WiredLoopParts):
    """The wired parts, with such a coder."""

    def __init__(self, text: str) -> None:
        self.text, self.heard = text, list[str]()

    def coder(self, config: LoopConfig) -> Any:
        """The mending one."""
        return Mending(super().coder(config), self.text, self.heard)


def worked(tmp_path: Path, crashing: str, mended: str) -> tuple[LoopProject, Parts]:
    """One experiment whose change crashes, by an engine with that coder."""
    project, parts = LoopProject.make(tmp_path, [crashing]), Parts(mended)
    inbox.drop(project.loop, project.start(iterations=1))
    with EngineLock(project.loop) as held:
        LoopEngine(project.loop, parts).work(held)
    return project, parts


def test_a_mended_crash_is_run_again_and_judged(tmp_path: Path) -> None:
    """The coder is told the last lines; the mended change is screened anew and kept, as one diff to its parent."""
    project, parts = worked(tmp_path, edit(level=0.5, what="crash"), edit(level=0.5))
    assert project.verdicts() == {1: "keep"}
    assert len(parts.heard) == 1
    assert "it broke" in parts.heard[0]
    first, second = project.of(ev.ChangeApplied)
    assert (first.fixes, second.fixes, second.parent) == (0, 1, first.parent)
    assert project.ended(1).commit == second.commit == git(project.folder, "rev-parse", "refs/heads/autor/demo")
    assert project.ended(1).metric == pytest.approx(0.5, abs=0.1)
    assert project.ended(1).cost_usd == pytest.approx(0.5)
    assert [one.ending for one in project.of(ev.TrialEnded) if one.role == "screen"] == ["failed", "finished"]


def test_a_second_crash_is_a_crash(tmp_path: Path) -> None:
    """Mended into another crash: asked once, never again."""
    project, parts = worked(tmp_path, edit(level=0.5, what="crash"), edit(level=0.4, what="crash"))
    assert project.verdicts() == {1: "crash"}
    assert len(parts.heard) == 1
    assert project.state.head == project.state.base


@pytest.mark.parametrize("mended", ["", edit(level=0.5, what="crash")])
def test_a_coder_that_mends_nothing_leaves_a_crash(tmp_path: Path, mended: str) -> None:
    """It says so, or leaves the text as it was: no second run."""
    project, parts = worked(tmp_path, edit(level=0.5, what="crash"), mended)
    assert project.verdicts() == {1: "crash"}
    assert len(parts.heard) == 1
    assert len([one for one in project.of(ev.TrialEnded) if one.role == "screen"]) == 1
