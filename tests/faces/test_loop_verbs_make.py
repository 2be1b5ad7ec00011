"""`autor loop init`: by template, flags, questions or another tool's file; what is wrong is named before a file is."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from autor_nb.cli import main as cli
from autor_nb.domain.errors import UsageError
from autor_nb.store.loops import config_file, history
from autor_nb.store.loops.layout import loop_folder
from autor_nb.store.loops.standing import read as read_state
from autor_nb.testing.loop_project import COMMAND, edit, git
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import Interrupted, invoke

FLAGS = (
    "--mutable", "model.sh", "--readonly", "run.sh", "--command", "sh run.sh", "--metric", "loss", "--lower",
    "--time-budget", "5m", "--objective", "Make it\nsmaller",
)  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and we stand in it."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def project(here: Path) -> Path:
    """A repository of somebody, with a command and a file to change."""
    (here / "run.sh").write_text(COMMAND, encoding="utf-8")
    (here / "model.sh").write_text(edit(level=1.0), encoding="utf-8")
    git(here, "init", "-q")
    git(here, "add", "-A")
    git(here, "commit", "-q", "-m", "begin")
    return here


def init(*words: str, answers: list[str] | None = None) -> Result:
    """The verb's answer; with `answers` somebody is there to be asked."""
    lines: Iterator[str] = iter(answers or [])

    def ask(question: str) -> str:
        assert question.endswith(("? ", ") "))
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    face = Face(name="api") if answers is None else Face(name="cli", interactive=True, ask=ask)
    answer = invoke(["loop", "init", *words], face)
    assert answer is not None
    return answer


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but git's own."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths if ".git" not in path.parts}


# ------------------------------------------------------------------------------------------ templates


@pytest.mark.parametrize("template", ["tsp", "tabular", "multi_metric"])
def test_a_template_in_an_empty_folder_begins_a_repository_and_says_so(here: Path, template: str) -> None:
    """Files, one commit of all of them, a section in autor.toml, and the loop with its clone."""
    answer = init("--template", template)
    name = answer.facts["loop"]
    assert "1" == git(here, "rev-list", "--count", "HEAD")
    assert "" == git(here, "status", "--porcelain")
    assert "git repository was begun" in " ".join(answer.facts["said"])
    assert (here / "program.md").is_file()
    assert config_file.read_loop(here, name).command
    assert loop_folder(here, name).clone.is_dir()
    assert read_state(loop_folder(here, name)).base == git(here, "rev-parse", "HEAD")


def test_a_repository_without_a_commit_and_without_files_is_begun_with_the_template(here: Path) -> None:
    """`git init` was all that was done there: the loop is made, on a first commit in the branch that was chosen."""
    git(here, "init", "-q", "-b", "trunk")
    answer = init("--template", "tsp")
    assert "1" == git(here, "rev-list", "--count", "HEAD") and "trunk" == git(here, "symbolic-ref", "--short", "HEAD")
    assert "had no commit yet" in " ".join(answer.facts["said"])
    assert read_state(loop_folder(here, answer.facts["loop"])).base == git(here, "rev-parse", "HEAD")


def test_files_of_somebody_in_a_repository_without_a_commit_are_not_committed(here: Path) -> None:
    """Which of them belong in a first commit is theirs to say, and it is said that they must."""
    git(here, "init", "-q")
    (here / "secret.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        init("--template", "tsp")
    assert "commit" in refused.value.message and "git commit" in refused.value.suggestion
    assert "" == git(here, "rev-list", "--all") and not loop_folder(here, "tsp").exists


def test_a_template_can_be_made_elsewhere_and_under_another_name(here: Path) -> None:
    """`loop init --template tsp --name trip there`."""
    assert "trip" == init("--template", "tsp", "--name", "trip", "there").facts["loop"]
    assert loop_folder(here / "there", "trip").exists
    assert ["there"] == [path.name for path in here.iterdir()]


def test_a_template_in_somebodys_repository_commits_nothing(project: Path) -> None:
    """What is to be committed is theirs to commit; then `start` makes the loop."""
    head = git(project, "rev-parse", "HEAD")
    with pytest.raises(UsageError) as refused:
        init("--template", "tsp")
    assert "not committed" in refused.value.message
    assert "git commit" in refused.value.suggestion and "autor loop start tsp" in refused.value.suggestion
    assert head == git(project, "rev-parse", "HEAD")
    assert (project / "solve.py").is_file()
    assert not loop_folder(project, "tsp").exists


def test_what_lies_there_is_never_overwritten(here: Path) -> None:
    """A file of the same name with another content is named, and stays."""
    (here / "solve.py").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"solve\.py"):
        init("--template", "tsp")
    assert {"solve.py": b"mine"} == files(here)


def test_an_unknown_template_is_answered_with_the_known_ones(here: Path) -> None:
    """And the nearest."""
    with pytest.raises(UsageError) as refused:
        init("--template", "tps")
    assert "tsp" in refused.value.suggestion and "tabular" in refused.value.suggestion
    assert not list(here.iterdir())


# ---------------------------------------------------------------------------------------------- flags


def test_flags_write_a_section_and_a_program_and_touch_nothing_else(project: Path) -> None:
    """The repository's commit and files stay; the two new files are the person's to commit."""
    before, head = files(project), git(project, "rev-parse", "HEAD")
    facts = init(*FLAGS).facts
    after = files(project)
    assert before == {name: after[name] for name in before}
    assert {"autor.toml", "program.md"} == {name for name in after if "autor_loops" not in name} - set(before)
    assert ("loss", head) == (facts["loop"], git(project, "rev-parse", "HEAD"))
    config = config_file.read_loop(project, "loss")
    assert (("model.sh",), ("run.sh",), 300.0, "lower") == (
        config.mutable, config.readonly, config.trial_timeout_s, config.metric.direction,
    )  # fmt: skip
    assert (project / "program.md").read_text(encoding="utf-8").startswith("# Make it smaller\n")
    assert "autor_loops" not in git(project, "status", "--porcelain")


def test_a_second_loop_keeps_the_comments_of_the_first(project: Path) -> None:
    """And program.md as the person has it."""
    init(*FLAGS)
    toml = project / "autor.toml"
    toml.write_text("# mine\n" + toml.read_text(encoding="utf-8"), encoding="utf-8")
    (project / "program.md").write_text("my words", encoding="utf-8")
    init(*FLAGS, "--name", "second")
    assert toml.read_text(encoding="utf-8").startswith("# mine\n")
    assert {"loss", "second"} == set(tomllib.loads(toml.read_text(encoding="utf-8"))["loop"])
    assert "my words" == (project / "program.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"--mutable": "nowhere.py"}, "nowhere.py"),
        ({"--mutable": "new.py"}, "not committed"),
        ({"--readonly": "absent/*"}, "absent"),
        ({"--mutable": "/etc/passwd"}, "/etc/passwd"),
        ({"--time-budget": "soon"}, "--time-budget"),
        ({"--command": "  "}, "command"),
        ({"--metric": "a\tb"}, "metric"),
        ({"--readonly": "model.sh"}, "readonly"),
        ({"--name": "No Name"}, "No Name"),
        ({"--pattern": "("}, "pattern"),
    ],
)
def test_every_field_that_is_wrong_is_named_before_anything_is_written(
    project: Path, capsys: pytest.CaptureFixture[str], change: dict[str, str], names: str
) -> None:
    """Exit code 2, the mend, and no file."""
    (project / "new.py").write_text("x", encoding="utf-8")
    before = files(project)
    words = [word for flag, value in {**_pairs(), **change}.items() for word in ((flag, value) if value else (flag,))]
    assert 2 == cli.run(["loop", "init", *words, "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert names in error["message"] + error["suggestion"]
    assert error["suggestion"]
    assert before == files(project)


def _pairs() -> dict[str, str]:
    """The flags as a table; a flag without a value has an empty one."""
    found: dict[str, str] = {}
    flag = ""
    for word in FLAGS:
        if word.startswith("--"):
            flag = word
            found[flag] = ""
        else:
            found[flag] = word
    return found


def test_without_a_repository_the_mend_is_git_init(here: Path) -> None:
    """Nothing is written into a folder that a loop could not begin from."""
    with pytest.raises(UsageError, match="no git repository") as refused:
        init(*FLAGS)
    assert "git init" in refused.value.suggestion
    assert not list(here.iterdir())


def test_the_same_loop_twice_is_refused(project: Path) -> None:
    """With the verb that goes on with it."""
    init(*FLAGS)
    before = (project / "autor.toml").read_bytes()
    with pytest.raises(UsageError) as refused:
        init(*FLAGS)
    assert "autor loop start loss" in refused.value.suggestion
    assert before == (project / "autor.toml").read_bytes()


def test_a_template_and_flags_are_not_mixed(here: Path) -> None:
    """It is said which."""
    with pytest.raises(UsageError, match="--metric"):
        init("--template", "tsp", "--metric", "loss")
    with pytest.raises(UsageError, match="--from"):
        init("--template", "tsp", "--from", "problem.yaml")


# ------------------------------------------------------------------------------------------ questions


def test_questions_make_the_same_loop_as_flags(project: Path) -> None:
    """What is needed is asked until it is answered, what is wished for may be empty."""
    facts = init(answers=["model.sh", "", "sh run.sh", "loss", "perhaps", "LOW", "run.sh", "", "30s"]).facts
    config = config_file.read_loop(project, facts["loop"])
    assert (("model.sh",), ("run.sh",), "sh run.sh", 30.0) == (
        config.mutable, config.readonly, config.command, config.trial_timeout_s,
    )  # fmt: skip
    assert "Make loss lower." == config.objective


def test_only_what_was_not_said_is_asked(project: Path) -> None:
    """Flags and questions together."""
    facts = init("--mutable", "model.sh", "--command", "sh run.sh", "--higher", answers=["loss", "", "", ""]).facts
    assert "higher" == config_file.read_loop(project, facts["loop"]).metric.direction


def test_going_away_in_the_middle_writes_nothing(project: Path) -> None:
    """The end of the input is no answer."""
    before = files(project)
    with pytest.raises(Interrupted):
        init(answers=["model.sh"])
    assert before == files(project)


def test_where_nobody_can_answer_the_flags_are_named(project: Path) -> None:
    """A script is not left hanging."""
    with pytest.raises(UsageError) as refused:
        init("--metric", "loss")
    assert "--mutable" in refused.value.message and "--lower" in refused.value.message
    assert "--metric" not in refused.value.message


# ---------------------------------------------------------------------------------- other tools' files


def _yaml_project(project: Path) -> None:
    (project / "problem.yaml").write_text(
        "objective: Make the loss smaller\nmetric_name: loss\nmetric_regex: 'loss: ([0-9.]+)'\nlower_is_better: true\n"
        "time_budget_s: 20\nmutable_file: model.sh\nreadonly_files: [run.sh]\nrunner: sh run.sh\nbranch_prefix: small\n"
        "gemma_critic: {model: 'gemma:4b', base_url: 'http://localhost:1/v1'}\n",
        encoding="utf-8",
    )
    (project / "results.tsv").write_text(
        "commit\tloss\tmemory_gb\tstatus\tdescription\nabc1234\t1.1\t1.0\tkeep\tbaseline\n"
        "def5678\t1.0\t1.0\tkeep\tsmaller\nfff0000\t0.000000\t0.0\tcrash\tbroke\n",
        encoding="utf-8",
    )


def test_another_tools_file_is_taken_as_it_is_with_its_results(project: Path) -> None:
    """No file of it is edited; its experiments are the first of the loop, recorded and not tested."""
    _yaml_project(project)
    before = files(project)
    facts = init("--from", "problem.yaml").facts
    after = files(project)
    assert before == {name: after[name] for name in before}
    assert not (project / "autor.toml").exists()
    loop = loop_folder(project, facts["loop"])
    records = history.read(loop.experiments).records
    assert [("abc1234", 1.1), ("def5678", 1.0), ("fff0000", None)] == [(one.hash, one.metric) for one in records]
    assert "crash" == records[-1].status
    assert "3 earlier experiments" in " ".join(facts["said"])
    assert "optimiser" in " ".join(facts["said"])
    assert 3 == read_state(loop).next_n


def test_another_tools_file_is_exported_as_it_was(project: Path, tmp_path: Path) -> None:
    """Its critic and its seconds too, though embedded parts stand in for what is not here."""
    _yaml_project(project)
    name = init("--from", "problem.yaml").facts["loop"]
    goal = tmp_path / "theirs"
    invoke(["loop", "export", name, "--format", "problem.yaml", "--output", str(goal)], Face("cli"))
    before, after = (yaml.safe_load((place / "problem.yaml").read_text()) for place in (project, goal))
    assert before == after and "gemma:4b" == after["gemma_critic"]["model"] and 20 == after["time_budget_s"]


def test_critic_logs_of_another_tool_are_brought_along(project: Path) -> None:
    """As copies: theirs stay."""
    _yaml_project(project)
    place = project / ".autoresearch" / "critic_logs"
    place.mkdir(parents=True)
    (place / "one.jsonl").write_text('{"ts": "2026-01-01T00:00:00Z", "commit": "abc"}\n', encoding="utf-8")
    facts = init("--from", "problem.yaml").facts
    assert (loop_folder(project, facts["loop"]).critic_logs / "one.jsonl").is_file()
    assert (place / "one.jsonl").is_file()


def test_another_tools_file_under_another_name_becomes_a_section(project: Path) -> None:
    """Then autor.toml counts."""
    (project / "autoresearch.toml").write_text(
        'target_file = "model.sh"\neval_command = "sh run.sh"\nmetric_name = "loss"\nmetric_direction = "lower"\n'
        'time_budget = "5m"\nbranch = "autoresearch"\n',
        encoding="utf-8",
    )
    (project / "results.tsv").write_text(
        "commit\tloss\tmemory_gb\tstatus\tdescription\nabc1234\t1.1\t1.0\tkeep\tbaseline\n", encoding="utf-8"
    )
    facts = init("--from", "autoresearch.toml", "--name", "ours").facts
    assert [1.1] == [one.metric for one in history.read(loop_folder(project, "ours").experiments).records]
    assert ("ours", "autor.toml") == (facts["loop"], config_file.read_loop(project, "ours").origin)


@pytest.mark.parametrize("name", ["absent.yaml", "model.sh"])
def test_a_file_of_no_known_tool_is_refused(project: Path, name: str) -> None:
    """With the names of those that are."""
    with pytest.raises(UsageError) as refused:
        init("--from", name)
    assert "problem.yaml" in refused.value.suggestion


def test_help_shows_examples_and_every_verb_has_some() -> None:
    """The verbs that make, work and steer."""
    from autor_nb.verbs.loops import LOOP_GROUPS
    from autor_nb.verbs.tree import Verb, loop

    for group in ("Make", "Work", "Steer"):
        for name in LOOP_GROUPS[group]:
            verb: Any = loop.get_command(None, name)  # type: ignore[arg-type, attr-defined]
            assert isinstance(verb, Verb)
            assert verb.examples and all(example.startswith("autor loop ") for example in verb.examples)
            assert verb.help


def test_the_text_form_has_no_hole(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What a person sees is made of the same facts."""
    assert 0 == cli.run(["loop", "init", "--template", "tsp", "--text"])
    said = capfd.readouterr().out
    assert "Loop tsp" in said and "autor loop start tsp" in said
