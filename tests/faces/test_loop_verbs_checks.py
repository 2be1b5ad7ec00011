"""`loop doctor`, `wizard`, `critic` and `coder`: what they find and say, exit codes, and that they start nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.shell_completion import ShellComplete

from autor_nb.cli import main as cli
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import CoderSpec, CriticSpec, LoopConfig
from autor_nb.domain.loops.idea import parse_idea
from autor_nb.domain.loops.preflight import IDS
from autor_nb.notebook.complete import candidates
from autor_nb.store.loops import config_file
from autor_nb.store.loops.layout import loop_folder
from autor_nb.testing.loop_project import LoopProject, edit, git
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import invoke, root

KNOBS = {"train.py": "PARAMS = {'rate': 0.1}\nprint('loss:', 1.0)\n"}


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., LoopProject]:
    """Make a project with a loop that its autor.toml declares, and stand in it."""

    def made(edits: list[str], **more: Any) -> LoopProject:
        project = LoopProject.make(tmp_path, edits, **more)
        declare(project)
        monkeypatch.chdir(project.folder)
        return project

    return made


def declare(project: LoopProject, **change: Any) -> None:
    """Write the loop's section of autor.toml, changed so."""
    config = msgspec.structs.replace(msgspec.convert(project.state.config, LoopConfig), **change)
    config_file.write_loop(project.folder, config, replace=True)


def do(*words: str, said: list[str] | None = None) -> Result:
    """A verb's answer."""
    answer = invoke(["loop", *words], Face(name="api", say=(said if said is not None else []).append))
    assert answer is not None
    return answer


# --------------------------------------------------------------------------------------------- doctor


def test_doctor_makes_all_sixteen_checks_and_the_canary_and_starts_nothing(make: Callable[..., LoopProject]) -> None:
    """Each is told as it is made, and what takes long before it does; exit code 0 when nothing forbids to start."""
    project = make([edit(level=0.5)])
    events, said = len(project.events), list[str]()
    answer = do("doctor", said=said)
    assert 0 == answer.exit_code
    assert [*IDS, "canary"] == [one["id"] for one in answer.facts["checks"]]
    assert "as it must" in answer.facts["checks"][-1]["detail"]
    coming = [line for line in said if line.startswith("...")]
    assert 17 == len(said) - len(coming)
    assert "command_runs" in coming[0] and "canary" in coming[1] and "about" in coming[1]
    assert said.index(coming[1]) == len(said) - 2
    assert answer.facts["ready"] is True
    assert events == len(project.events)
    assert "autor loop start demo" in answer.hints[0]
    assert "" == git(project.folder, "status", "--porcelain", "--", "model.sh", "run.sh")


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"command": ("absent-program",)}, "programs"),
        ({"mutable": ("nowhere.py",)}, "configuration"),
        ({"command": "exit 3"}, "command_runs"),
        ({"command": "echo begun"}, "metric_reads"),
        ({"critic": CriticSpec(provider="scripted", model="absent.json")}, "critic_dry_run"),
    ],
)
def test_doctor_names_what_forbids_to_start_with_its_mend(
    make: Callable[..., LoopProject], capsys: pytest.CaptureFixture[str], change: dict[str, Any], check: str
) -> None:
    """Exit code 2, and the envelope says success: the doctor did its work."""
    project = make([edit(level=0.5)])
    declare(project, **change)
    assert 2 == cli.run(["loop", "doctor", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert "success" == said["status"]
    assert check in said["data"]["blocking"]
    (row,) = [one for one in said["data"]["checks"] if one["id"] == check]
    assert row["detail"] and row["fix"]
    assert any(hint.startswith(f"{check}:") for hint in said["hints"])


@pytest.mark.parametrize("verb", ["doctor", "wizard"])
def test_mends_are_shown_whole_however_narrow_the_terminal(make: Callable[..., LoopProject], verb: str) -> None:
    """A table would cut them, and with them the commands to type; no line ends within a command that fits on one."""
    project = make([edit(level=0.5)])
    declare(project, command="echo begun", holdout="hidden/file-of-the-holdout.csv")
    git(project.folder, "checkout", "-q", "--detach")
    answer = do("doctor")
    if verb == "wizard":
        for check in answer.facts["blocking"]:
            do("wizard", "step", check)
        answer = do("wizard")
    fixes = [one["fix"] for one in do("doctor").facts["checks"] if one["fix"] and one["state"] == "blocking"]
    assert any("`" in fix for fix in fixes)
    text = answer.text(80)
    shown = " ".join(text.split())
    for fix in fixes:
        assert " ".join(fix.split()) in shown
        for command in fix.split("`")[1::2]:
            assert command in text


def test_the_doctors_canary_finds_a_command_that_measures_something_else(make: Callable[..., LoopProject]) -> None:
    """It forbids to start, as `start` itself would; left out, nobody has looked."""
    elsewhere = {"installed.sh": edit(level=1.0)}
    project = make([edit(level=0.5)], files=elsewhere)
    said: list[str] = []
    declare(project, command="cp installed.sh model.sh && sh run.sh")
    answer = do("doctor", said=said)
    assert 2 == answer.exit_code and ["canary"] == answer.facts["blocking"]
    assert "model.sh" in answer.facts["checks"][-1]["detail"] and answer.facts["checks"][-1]["fix"]
    assert "level=1.0\n" == (project.folder / "model.sh").read_text()
    left = do("doctor", "--no-canary", said=said)
    assert 0 == left.exit_code and list(IDS) == [one["id"] for one in left.facts["checks"]]
    step = do("wizard", "step", "canary")
    assert 2 == step.exit_code and "model.sh" in step.text(400)
    assert 17 == len(step.facts["steps"]) == 1 + len(do("wizard", "--no-canary").facts["steps"])
    declare(project)
    assert 0 == do("wizard", "step", "canary").exit_code


def test_a_mutable_link_is_broken_and_not_what_it_leads_to(make: Callable[..., LoopProject], tmp_path: Path) -> None:
    """A tracked link may lead to the person's own files."""
    own = tmp_path / "own.sh"
    own.write_text(edit(level=1.0))
    project = make([edit(level=0.5)])
    (project.folder / "model.sh").unlink()
    (project.folder / "model.sh").symlink_to(own)
    git(project.folder, "add", "model.sh")
    git(project.folder, "commit", "-q", "-m", "link")
    do("doctor")
    assert edit(level=1.0) == own.read_text()


def test_doctor_looks_at_a_loop_that_is_not_made_and_makes_none(make: Callable[..., LoopProject]) -> None:
    """A file that declares it is enough; one that cannot be read is a finding."""
    project = make([edit(level=0.5)])
    config = msgspec.structs.replace(config_file.read_loop(project.folder, "demo"), name="second")
    config_file.write_loop(project.folder, config)
    with pytest.raises(UsageError, match="2 loops"):
        do("doctor")
    assert 0 == do("doctor", "second").exit_code
    assert not loop_folder(project.folder, "second").exists
    (project.folder / "autor.toml").write_text("[loop.demo]\nmutable = 3\n", encoding="utf-8")
    answer = do("doctor", "demo")
    assert 2 == answer.exit_code
    assert "configuration" in answer.facts["blocking"]


# --------------------------------------------------------------------------------------------- wizard


def test_the_wizard_walks_the_same_checks_one_by_one(make: Callable[..., LoopProject]) -> None:
    """status · next · step · reset; what was found is kept between calls."""
    project = make([edit(level=0.5)])
    assert (0, "git_repository") == (do("wizard").facts["done"], do("wizard").facts["next"])
    first = do("wizard", "next")
    assert ("git_repository", 1) == (first.facts["made"], first.facts["done"])
    assert 0 == first.exit_code
    assert "disk_space" == do("wizard", "step", "disk_space").facts["made"]
    status = do("wizard", "status", "--loop", "demo")
    assert {"git_repository", "disk_space"} == {one["id"] for one in status.facts["steps"] if one["result"]}
    assert "programs" == status.facts["next"]
    declare(project, mutable=("nowhere.py",))
    wrong = do("wizard", "step", "configuration")
    assert 2 == wrong.exit_code
    assert "nowhere.py" in wrong.text(400)
    assert 2 == do("wizard").exit_code
    assert 0 == do("wizard", "reset").facts["done"]


def test_the_wizard_says_what_it_does_not_know(make: Callable[..., LoopProject]) -> None:
    """With the known ones."""
    make([edit(level=0.5)])
    with pytest.raises(UsageError) as refused:
        do("wizard", "step", "luck")
    assert "disk_space" in refused.value.suggestion
    with pytest.raises(UsageError, match="not said"):
        do("wizard", "step")
    with pytest.raises(UsageError, match="takes no check"):
        do("wizard", "next", "disk_space")
    with pytest.raises(UsageError) as refused:
        do("wizard", "status", "demo")
    assert "`--loop demo` names a loop." == refused.value.suggestion


# --------------------------------------------------------------------------------------- critic, coder


def _with_knobs(make: Callable[..., LoopProject]) -> LoopProject:
    project = make([], files=KNOBS)
    coder, critic = CoderSpec(agent="params"), CriticSpec(provider="optimiser")
    declare(project, mutable=("train.py",), command="python train.py", coder=coder, critic=critic)
    return project


def test_the_critic_is_asked_once_and_nothing_is_tried(make: Callable[..., LoopProject], tmp_path: Path) -> None:
    """A valid idea of seven fields, which can be saved and pinned."""
    project = _with_knobs(make)
    events = len(project.events)
    saved = tmp_path / "idea.json"
    answer = do("critic", "--save", str(saved))
    assert "PARAMS.rate" in answer.facts["idea"]["change"]
    assert answer.facts["idea"]["hypothesis"] == parse_idea(saved.read_bytes()).hypothesis
    assert answer.facts["log"]["raw_response"]["model"] == "optimiser"
    assert events == len(project.events)
    assert not project.loop.next_idea.exists()


def test_a_dry_run_shows_what_a_critic_would_be_given(make: Callable[..., LoopProject]) -> None:
    """The files, the objective, the direction; nobody is asked, so that even a broken one is no error."""
    project = _with_knobs(make)
    (project.folder / "program.md").write_text("Try the rate first.", encoding="utf-8")
    declare(project, mutable=("train.py",), critic=CriticSpec(provider="scripted", model="absent.json"))
    answer = do("critic", "--dry-run")
    assert answer.facts["dry_run"] is True
    assert KNOBS["train.py"] == answer.facts["task"]["train.py"]
    assert "Try the rate first." == answer.facts["task"]["program.md"]
    with pytest.raises(UsageError, match=r"absent\.json"):
        do("critic")


def test_the_coder_shows_its_change_and_throws_it_away(make: Callable[..., LoopProject], tmp_path: Path) -> None:
    """A diff of exactly that knob; the person's file and the loop's clone stay."""
    project = _with_knobs(make)
    with pytest.raises(UsageError, match="no idea yet"):
        do("coder")
    idea = tmp_path / "idea.json"
    do("critic", "--save", str(idea))
    assert KNOBS["train.py"] == do("coder", "--dry-run", "--file", str(idea)).facts["task"]["train.py"]
    answer = do("coder", "--file", str(idea))
    assert (0, True, ["train.py"]) == (answer.exit_code, answer.facts["ok"], answer.facts["changed"])
    assert "-PARAMS = {'rate': 0.1}" in answer.facts["diff"]
    assert 1 == sum(line.startswith("+") and not line.startswith("+++") for line in answer.facts["diff"].splitlines())
    assert KNOBS["train.py"] == (project.folder / "train.py").read_text(encoding="utf-8")
    assert KNOBS["train.py"] == (project.loop.clone / "train.py").read_text(encoding="utf-8")


def test_a_coder_that_cannot_is_exit_code_one(make: Callable[..., LoopProject], tmp_path: Path) -> None:
    """With its own words."""
    _with_knobs(make)
    idea = tmp_path / "idea.json"
    do("critic", "--save", str(idea))
    wrong = json.loads(idea.read_text(encoding="utf-8")) | {"change": {"PARAMS.absent": 3}}
    idea.write_text(json.dumps(wrong), encoding="utf-8")
    answer = do("coder", "--file", str(idea))
    assert 1 == answer.exit_code
    assert "absent" in answer.facts["detail"]


def test_a_coder_who_is_whoever_edits_is_not_asked(make: Callable[..., LoopProject]) -> None:
    """Nobody would edit a copy that is thrown away: it is refused at once, and the folder to edit is told where."""
    make([edit(level=0.5)], coder=CoderSpec(agent="external"))
    with pytest.raises(UsageError, match="whoever edits the files") as refused:
        do("coder")
    assert "awaits_edit" in refused.value.suggestion


def test_the_coder_works_on_what_the_loop_has_not_on_what_the_person_has(make: Callable[..., LoopProject]) -> None:
    """After a keep the copy holds the kept version."""
    make([edit(level=0.5)])
    do("start", "--iterations", "1", "--wait")
    answer = do("coder", "--dry-run")
    assert edit(level=0.5) == answer.facts["task"]["model.sh"]
    assert edit(level=0.5) == do("critic", "--dry-run").facts["task"]["model.sh"]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("loop start ", {"demo", "second"}),
        ("loop start --gate ", {"eprocess", "greedy"}),
        ("loop start --coder ", {"params"}),
        ("loop init --template ", {"tsp", "tabular"}),
        ("loop wizard ", {"next", "reset"}),
        ("loop veto --loop ", {"demo"}),
        ("loop recheck --loop ", {"demo"}),
        ("loop record --status ", {"baseline", "crash"}),
        ("loop diff base ", {"head", "best"}),
        ("install ", {"claude-code", "all"}),
        ("loop st", {"start", "step", "stop"}),
    ],
)
def test_names_are_completed_in_notebook_and_shell(
    make: Callable[..., LoopProject], line: str, offered: set[str]
) -> None:
    """Loops that are made or only declared, parts, templates, verbs."""
    project = make([edit(level=0.5)])
    config = msgspec.structs.replace(config_file.read_loop(project.folder, "demo"), name="second")
    config_file.write_loop(project.folder, config)
    *words, last = line.split(" ")
    found = candidates(f"%autor {line}")
    assert found is not None and offered <= set(found)
    shell = ShellComplete(root, {"obj": Face("cli")}, "autor", "_AUTOR_COMPLETE")
    assert offered <= {item.value for item in shell.get_completions(words, last)}
