"""A metric that no seed moves: the loop says how on, each way can be walked, and `{seed}` is one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autor_nb.cli import main as cli
from autor_nb.domain.errors import RefusedError
from autor_nb.domain.loops.config import GateSpec, LoopConfig
from autor_nb.store.loops import config_file, standing
from autor_nb.store.loops.layout import loop_folder
from autor_nb.testing.loop_project import LoopProject, edit, git
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import invoke

SEEDED = "AUTOR_SEED={seed} sh run.sh"  # the variable that the loop sets is another one here


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., LoopProject]:
    """Make a project with a loop that its autor.toml declares, and stand in it."""

    def made(**more: Any) -> LoopProject:
        project = LoopProject.make(tmp_path, [edit(level=0.5)], gate=GateSpec(name="eprocess"), **more)
        config_file.write_loop(project.folder, config(project))
        monkeypatch.chdir(project.folder)
        return project

    return made


def config(project: LoopProject) -> LoopConfig:
    """The loop's configuration in its log."""
    return msgspec.convert(project.state.config, LoopConfig)


def do(*words: str) -> Result:
    """A verb's answer."""
    answer = invoke(["loop", *words], Face(name="cli"))
    assert answer is not None
    return answer


def test_the_pause_names_the_ways_on_and_resume_is_refused_with_them(make: Callable[..., LoopProject]) -> None:
    """Exit code 2: something must be mended first. The status' next steps are the same ways."""
    project = make(base=edit(level=1.0, what="fixed"), trusted=False)
    answer = do("start", "--iterations", "1", "--wait")
    assert 2 == answer.exit_code and ("paused", "seed") == (answer.facts["state"], project.state.pause_cause)
    for way in ("AUTOR_SEED", "{seed}", "fixed set", "[loop.demo-2]", "autor loop start demo-2", "--gate greedy"):
        assert way in answer.facts["why"], way
    shown = do("status").text(400)
    assert "autor loop start demo-2" in shown and "--gate greedy" in shown and "loop resume" not in shown
    with pytest.raises(RefusedError) as refused:
        do("resume")
    assert "--gate greedy" in refused.value.suggestion and "{seed}" in refused.value.suggestion
    assert 2 == cli.run(["loop", "resume"])


def test_the_way_of_a_person_who_says_that_there_is_no_noise(make: Callable[..., LoopProject]) -> None:
    """Greedy goes on with the same loop, and what it keeps is unconfirmed."""
    project = make(base=edit(level=1.0, what="fixed"), trusted=False)
    do("start", "--iterations", "1", "--wait")
    answer = do("start", "demo", "--iterations", "1", "--gate", "greedy", "--wait")
    assert 0 == answer.exit_code and {1: "keep"} == project.verdicts()
    assert not project.ended(1).confirmed


def test_the_way_of_a_seed_hook_another_loop_of_the_same_section(make: Callable[..., LoopProject]) -> None:
    """What the pause says is what a person types: rename the section, start; the baseline varies then."""
    project = make(base=edit(level=1.0, what="fixed"), trusted=False)
    do("start", "--iterations", "1", "--wait")
    (project.folder / "model.sh").write_text(edit(level=1.0))
    git(project.folder, "commit", "-q", "-am", "draw from the seed")
    file = project.folder / "autor.toml"
    file.write_text(file.read_text().replace("[loop.demo", "[loop.demo-2"))
    do("start", "demo-2", "--iterations", "20", "--wall", "3s", "--wait")
    other = standing.read(loop_folder(project.folder, "demo-2"))
    assert other.baseline and 1 < len(set(other.baseline_scores)) and "seed" != other.pause_cause


def test_a_seed_in_the_command_reaches_baseline_doctor_and_pairs(make: Callable[..., LoopProject]) -> None:
    """Literal, `{seed}` would be one and the same seed to the program, or none."""
    project = make(command=SEEDED, seed_env="ELSEWHERE")
    do("start", "--iterations", "1", "--wait")
    assert 4 == len(set(project.state.baseline_scores)) and not project.state.pause_cause
    checks = {one["id"]: one for one in do("doctor").facts["checks"]}
    assert {"ok"} == {checks[id]["state"] for id in ("command_runs", "metric_reads", "canary")}
    literal = (project.loop.logs).rglob("*.log")
    assert not any(b"{seed}" in path.read_bytes() for path in literal)


def test_another_measure_after_the_baseline_is_refused_with_the_way_on(make: Callable[..., LoopProject]) -> None:
    """Its section under another name, and the command that starts it."""
    project = make()
    do("start", "--iterations", "1", "--wait")
    changed = msgspec.structs.replace(config(project), command=SEEDED)
    config_file.write_loop(project.folder, changed, replace=True)
    with pytest.raises(RefusedError) as refused:
        do("start", "--iterations", "1", "--wait")
    assert "[loop.demo-2]" in refused.value.suggestion and "autor loop start demo-2" in refused.value.suggestion


def test_a_loop_of_another_tools_file_is_brought_in_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a file has no section to rename; the commands are those that work."""
    (tmp_path / "problem.yaml").write_text(
        "objective: less\nmetric_name: loss\nmetric_regex: 'loss: (.*)'\nmutable_file: train.py\nrunner: sh train.py\n"
    )
    (tmp_path / "train.py").write_text("X=1\necho loss: $X\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "begin")
    monkeypatch.chdir(tmp_path)
    do("init", "--from", "problem.yaml")
    answer = do("start", "--iterations", "1", "--critic", "none", "--coder", "external", "--wait")
    assert 2 == answer.exit_code and "`autor loop init --from problem.yaml --name loss-2`" in answer.facts["why"]
    assert "autor loop init --from problem.yaml --name loss-2" in answer.text(400)
    (tmp_path / "train.py").write_text("echo loss: $AUTOR_SEED\n")
    git(tmp_path, "commit", "-q", "-am", "draw from the seed")
    do("init", "--from", "problem.yaml", "--name", "loss-2")
    said = ("--iterations", "20", "--wall", "3s", "--critic", "none", "--coder", "external", "--wait")
    do("start", "loss-2", *said)
    assert 4 == len(set(standing.read(loop_folder(tmp_path, "loss-2")).baseline_scores))
