"""Who waits for a session's end finds its report there; who made one step is not kept waiting for any."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from autor_nb import loop_control
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.store.loops import config_file, report_lock
from autor_nb.testing.loop_project import LoopProject, edit
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import invoke

WRITTEN = ("report.md", "report.html", "report.ipynb", "AUDIT_LOG.md", "AUDIT_LOG.json")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """A project whose loop its autor.toml declares; its engine makes reports, as a user's does."""
    monkeypatch.delenv("AUTOR_LOOP_REPORT")
    made = LoopProject.make(tmp_path, [edit(level=0.5), edit(level=2.0), edit(level=2.5)])
    config_file.write_loop(made.folder, msgspec.convert(made.state.config, LoopConfig))
    monkeypatch.chdir(made.folder)
    return made


def do(said: list[str], *words: str) -> Result:
    answer = invoke(["loop", *words], Face(name="cli", say=said.append))
    assert answer is not None
    return answer


def test_the_report_of_a_session_lies_there_whole_when_start_wait_returns(project: LoopProject) -> None:
    """Its notebook has the end of the session in it, and nobody writes on it any more."""
    said: list[str] = []
    answer = do(said, "start", "--iterations", "2", "--wait")
    assert 0 == answer.exit_code and "its report is being written" in said
    assert [name for name in WRITTEN if not (project.loop.path / name).is_file()] == []
    assert "Status: **stopped**" in (project.loop.path / "report.md").read_text()
    cells = json.loads((project.loop.path / "report.ipynb").read_text())["cells"]
    assert all(cell["execution_count"] for cell in cells if cell["cell_type"] == "code")
    assert not report_lock.at_work(project.loop)
    assert str(project.loop.report_page) == answer.facts["report"] and "report.html" in answer.text(400)
    said.clear()
    loop_control.record(project.loop, loop_control.actor("cli"), status="discard", metric=0.9, summary="by hand")
    assert do(said, "status").facts["report"] is None, "a report that does not tell all is not named as the report"


def test_a_step_leaves_the_report_to_its_verb(project: LoopProject) -> None:
    """Nothing is written behind the back of somebody who goes on by hand."""
    said: list[str] = []
    assert 0 == do(said, "step").exit_code
    assert "its report is being written" not in said and not report_lock.at_work(project.loop)
    assert [name for name in WRITTEN if (project.loop.path / name).exists()] == []


def test_a_report_that_is_being_made_is_seen_until_its_maker_is_gone(project: LoopProject) -> None:
    """Whoever asks, and a second maker too."""
    with report_lock.held(project.loop) as first:
        assert first is not None and report_lock.at_work(project.loop)
        with report_lock.held(project.loop) as second:
            assert second is None
    assert not report_lock.at_work(project.loop)
