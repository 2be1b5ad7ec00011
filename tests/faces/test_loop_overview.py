"""`autor loop` alone is a short card; small promises of the verbs around it: pins, repeats, costs, guide, noise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autor_nb.cli import main as cli
from autor_nb.domain.errors import RefusedError, UsageError
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import CoderSpec, CriticSpec, LoopConfig
from autor_nb.store.loops import config_file
from autor_nb.testing.loop_project import LoopProject, edit
from autor_nb.verbs.loops import LOOP_VERBS
from autor_nb.verbs.loops.told import told
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import invoke

KNOBS = "PARAMS = {'waves': 3, 'inner': {'rate': 0.1}, 'other': {'rate': 0.2}}\nprint('loss:', 1.0)\n"


def do(*words: str) -> Result:
    """A verb's answer."""
    answer = invoke(["loop", *words], Face("cli"))
    assert answer is not None
    return answer


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """A project with one loop, never started; the shell stands in it."""
    made = LoopProject.make(tmp_path, [edit(level=0.5)])
    monkeypatch.chdir(made.folder)
    return made


def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """One whose coder turns knobs."""
    made = LoopProject.make(
        tmp_path, files={"train.py": KNOBS}, mutable=("train.py",), command="python3 train.py",
        coder=CoderSpec(agent="params"), critic=CriticSpec(),
    )  # fmt: skip
    monkeypatch.chdir(made.folder)
    return made


def test_without_a_verb_the_loops_and_the_next_command_are_shown(
    project: LoopProject, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status, experiments, and what to type; the rest is behind --help."""
    assert 0 == cli.run(["loop", "--text"])
    out = capsys.readouterr().out
    assert "demo" in out and "created" in out and "none yet" in out
    assert "autor loop start --iterations 20" in out and "`autor loop --help`" in out and "Usage" not in out
    assert 0 == cli.run(["loop", "--json"])
    facts = json.loads(capsys.readouterr().out)["data"]
    assert ["demo"] == [one["loop"] for one in facts["loops"]] and "created" == facts["loops"][0]["state"]
    assert 0 == cli.run(["loop", "--help"])
    assert "Usage" in capsys.readouterr().out


def test_loops_that_are_only_declared_are_shown_and_several_are_named(project: LoopProject) -> None:
    """Every next command says which loop it is about."""
    config_file.write_loop(project.folder, LoopConfig(**{**_config(project), "name": "second"}))
    facts = invoke(["loop"], Face("cli")).facts  # type: ignore[union-attr]
    assert [("demo", "created"), ("second", "declared")] == [(one["loop"], one["state"]) for one in facts["loops"]]
    assert ["autor loop start demo --iterations 20", "autor loop start second --iterations 20"] == facts["next"]


def test_without_a_loop_it_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And asks for none."""
    monkeypatch.chdir(tmp_path)
    facts = invoke(["loop"], Face("cli")).facts  # type: ignore[union-attr]
    assert [] == facts["loops"] and any("loop init" in step for step in facts["next"])


def _config(project: LoopProject) -> dict[str, Any]:
    import msgspec

    config = msgspec.convert(project.state.config, LoopConfig)
    return {name: getattr(config, name) for name in LoopConfig.__struct_fields__}


def test_a_knob_may_be_named_by_the_end_of_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only one knob ends so; the idea holds the whole path."""
    params(tmp_path, monkeypatch)
    assert {"PARAMS.waves": 60} == do("pin", "--set", "waves=60").facts["idea"]["change"]
    assert {"PARAMS.inner.rate": 1} == do("pin", "--set", "inner.rate=1").facts["idea"]["change"]
    with pytest.raises(UsageError, match=r"may mean PARAMS\.inner\.rate, PARAMS\.other\.rate"):
        do("pin", "--set", "rate=1")
    with pytest.raises(UsageError, match="There is no knob 'wave'"):
        do("pin", "--set", "wave=1")
    with pytest.raises(UsageError, match="set twice"):
        do("pin", "--set", "waves=1", "--set", "PARAMS.waves=2")


def test_a_recorded_cost_counts_in_the_loops_and_in_no_sessions_bound(project: LoopProject) -> None:
    """What an outside agent paid is part of the whole; a session's bound is about what it spends itself."""
    do("record", "--metric", "0.9", "--status", "baseline", "--cost-usd", "1.25")
    do("record", "--metric", "0.8", "--status", "keep", "--cost-usd", "0.5")
    do("record", "--metric", "0.8", "--status", "discard")
    assert 1.75 == do("status").facts["cost_usd"]
    state = project.work(project.start(iterations=1, cost_usd=9.0))
    assert state.session is not None and 0 == state.session.spent_usd and 1.75 == state.cost_usd


def test_an_experiment_that_was_vetoed_is_given_no_more_pairs(project: LoopProject) -> None:
    """It ends without a verdict all the same, so that they would be run for nothing."""
    seen: list[int] = []

    def begun(events: list[Any]) -> bool:
        found = [one.n for one in events if isinstance(one, ev.TrialStarted) and one.n > 0]
        seen[:] = found or seen
        return bool(found)

    with project.when(begun, project.command(cmd.VetoIdea), project.stop(), project.command(cmd.AddRepeats, pairs=2)):
        project.work(project.start(iterations=2))
    if project.state.testing is not None:
        with pytest.raises(RefusedError, match="was vetoed"):
            do("repeat")
    refused = [one for one in project.events if type(one).__name__ == "CommandRefused"]
    assert any("was vetoed" in one.reason for one in refused)
    assert [] == project.of(ev.RepeatsAdded)


def test_who_watches_is_told_before_the_seconds_of_the_gates_own_test() -> None:
    """Behind the control, which comes first; a control that failed is followed by nothing."""
    line = told(ev.GateTested(part="control", ok=True, detail="it moved"))
    assert line is not None and "simulated sessions" in line and "it moved" in line
    assert "simulated" not in (told(ev.GateTested(part="control", ok=False, detail="it did not move")) or "")


def test_the_guide_cuts_no_verbs_sentence() -> None:
    """Neither for people nor for programs."""
    guide = invoke(["guide"], Face("cli"))
    assert guide is not None
    lines = [line for line in str(guide.facts["text"]).splitlines() if line.startswith("- `autor loop ")]
    assert len(LOOP_VERBS) <= len(lines) and [] == [line for line in lines if line.endswith("...")]
    info = invoke(["agent-info"], Face("cli"))
    assert info is not None and [] == [one["verb"] for one in info.facts["verbs"] if one["help"].endswith("...")]


def test_noise_takes_command_metric_and_seed_from_a_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the project as it lies there; what the loop says cannot be said twice."""
    code = "import os; print('loss:', 2 + int(os.environ['MY_SEED']) % 7 / 100)\n"
    made = LoopProject.make(
        tmp_path, files={"train.py": code}, mutable=("train.py",), command="python3 train.py", seed_env="MY_SEED",
        trial_timeout_s=50.0,
    )  # fmt: skip
    config_file.write_loop(made.folder, LoopConfig(**_config(made)))
    inner = made.folder / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    facts = do("noise", "--loop", "demo", "--runs", "4", "--pairs", "2", "--first-seed", "1").facts
    assert [2.01, 2.02, 2.03, 2.04, 2.01, 2.02] == [run["value"] for run in facts["runs"]]
    asked = facts["request"]
    assert ("MY_SEED", 50.0, "lower", "honoured") == (
        asked["seed_env"], asked["timeout_s"], asked["direction"], facts["seed"]
    )  # fmt: skip
    with pytest.raises(UsageError, match="from the loop's configuration"):
        do("noise", "--loop", "demo", "--metric", "loss")
    with pytest.raises(UsageError):
        do("noise", "--loop", "absent")


def test_the_page_of_a_loop_says_nothing_to_a_terminal(project: LoopProject) -> None:
    """A summary is somebody's text: no escape sequence, no direction override, and the words stay."""
    do("record", "--metric", "0.9", "--status", "baseline", "--summary", "red \x1b[31mand \u202ereversed\x07 | end")
    page = project.loop.state_md.read_text(encoding="utf-8")
    assert not {"\x1b", "\u202e", "\x07"} & set(page) and "reversed" in page and "\\| end" in page


def test_a_key_of_a_foreign_file_that_means_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a slip of the pen; what is known is not named."""
    from autor_nb.store.loops import foreign, problem_yaml

    lines = ["metric_name: loss", "metric_regex: 'loss: ([0-9.]+)'", "runner: python3 train.py", "mutable_file: train.py"]
    lines += ["branch_prefix: exp/", "state: {enabled: true}", "gemma_critic: {enabled: false}", "time_budget_s: 5"]
    (tmp_path / "problem.yaml").write_text("\n".join(lines) + "\n")
    known = problem_yaml.config(tmp_path / "problem.yaml", "demo")
    assert [] == problem_yaml.unread(known)
    (tmp_path / "problem.yaml").write_text("\n".join([*lines, "surprise: 5", "time_budgets: 9"]) + "\n")
    config = problem_yaml.config(tmp_path / "problem.yaml", "demo")
    (said, *_) = foreign.runnable(config, ("optimiser", "none"), ("params", "external"))[1]
    assert "'surprise', 'time_budgets'" in said and "branch_prefix" not in said


def test_autor_alone_shows_the_loops_of_the_project_beside_its_runs(project: LoopProject) -> None:
    """Who has loops and no run is led to what they can type next; a faulty autor.toml is told in the card."""
    card = invoke([], Face("cli"))
    assert card is not None and [("demo", "created")] == [(one["loop"], one["state"]) for one in card.facts["loops"]]
    assert "Loops here" in card.text(200) and "autor loop start --iterations 20" in card.facts["next"]
    (project.folder / "autor.toml").write_text("[loop.demo\n", encoding="utf-8")
    broken = invoke([], Face("cli"))
    assert broken is not None and "autor.toml" in broken.text(400) and [] == broken.facts["loops"]
