"""The sandbox that a session works in: what `status` says is what its runs got, and less than asked is refused."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from autor_nb.cli import main as cli
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.engine.loops import sandbox
from autor_nb.store.loops import config_file
from autor_nb.testing.loop_project import LoopProject, edit
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import invoke

Maker = Callable[..., LoopProject]
PROBE = "echo loss: 1.$AUTOR_SEED; touch ../../outside 2>/dev/null || echo closed"


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maker:
    """Make a project with a loop that its autor.toml declares, and stand in it."""

    def made(**more: object) -> LoopProject:
        project = LoopProject.make(tmp_path, [edit(level=0.5)], **more)
        config_file.write_loop(project.folder, msgspec.convert(project.state.config, LoopConfig))
        monkeypatch.chdir(project.folder)
        return project

    return made


def do(*words: str) -> Result:
    """A verb's answer."""
    answer = invoke(["loop", *words], Face(name="cli"))
    assert answer is not None
    return answer


def without_bubblewrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH with what a loop needs, and no bubblewrap."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("git", "sh", "awk", "env", "sleep"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(os.path.realpath(found))
    monkeypatch.setenv("PATH", str(programs))


def test_the_level_in_force_is_shown_and_is_what_runs_get(make: Maker) -> None:
    """With bubblewrap here: the event, the status and the run's own look around agree."""
    project = make()
    if why_not := sandbox.refusal():
        assert 2 == cli.run(["loop", "start", "--sandbox", "--iterations", "1", "--wait"]), why_not
        return
    answer = do("start", "--sandbox", "--iterations", "1", "--wait")
    assert 0 == answer.exit_code
    (started,) = project.of(ev.LoopStarted)
    assert sandbox.LEVEL == started.sandbox
    assert sandbox.LEVEL == do("status").facts["sandbox"]
    assert {1: "keep"} == project.verdicts()
    assert 0 == do("start", "--iterations", "1", "--wait").exit_code  # the file asks for none
    assert "" == do("status").facts["sandbox"]


def test_runs_that_are_shown_as_sandboxed_cannot_write_beside_their_clone(make: Maker, tmp_path: Path) -> None:
    """The same command leaves a file outside without the sandbox, and none within it."""
    project = make(command=PROBE)
    outside = project.loop.clone.parent.parent / "outside"
    words = ("start", "--iterations", "1", "--wait")
    if sandbox.refusal():
        return
    do(*words, "--sandbox")
    assert project.of(ev.TrialEnded) and not outside.exists()
    do(*words)
    assert "" == do("status").facts["sandbox"] and outside.exists()


def test_a_sandbox_that_cannot_be_had_is_refused_with_the_command_that_mends_it(
    make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, nothing has run; the doctor of a file that asks for it says the same."""
    project = make()
    without_bubblewrap(tmp_path, monkeypatch)
    assert 2 == cli.run(["loop", "start", "--sandbox", "--iterations", "1", "--wait", "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert "not installed" in error["message"] and "apt install bubblewrap" in error["suggestion"]
    assert not project.of(ev.LoopStarted) and not project.of(ev.TrialStarted)
    config = msgspec.structs.replace(msgspec.convert(project.state.config, LoopConfig), sandbox=True)
    config_file.write_loop(project.folder, config, replace=True)
    assert 2 == cli.run(["loop", "doctor", "--json"])
    checks = {one["id"]: one for one in json.loads(capsys.readouterr().out)["data"]["checks"]}
    assert "blocking" == checks["programs"]["state"] and "apt install bubblewrap" in checks["programs"]["fix"]
