"""The click tree: every verb is there, says what it does with examples, and completes in a shell."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.shell_completion import ShellComplete

from autor_nb.domain.errors import UsageError
from autor_nb.verbs.loops import LOOP_VERBS
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import VERBS, Verb, find, invoke, named, root

PROMISED = (
    "new resume stop wait status runs show panel watch review approve refine edit abort redo rollback undo answer waive "
    "verify compare export batch demo lab rm archive loop agents venues stages doctor recover config "
    "agent-info guide install"
).split()


def test_the_verbs_are_those_that_were_promised() -> None:
    """No more, no less: nothing is registered that does nothing."""
    assert sorted(PROMISED) == sorted(VERBS)


@pytest.mark.parametrize("name", [name for name in PROMISED if name != "loop"])
def test_a_verb_says_what_it_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Help with a sentence, with every option explained, and with an example that begins as it is typed."""
    command = find(name)
    assert isinstance(command, Verb) and name == command.name
    assert command.help and command.help.strip().endswith(".")
    assert all(option.help for option in command.params if isinstance(option, click.Option))
    assert command.examples and all(example.startswith(f"autor {name}") for example in command.examples)
    assert invoke([name, "--help"], Face("cli")) is None
    assert command.examples[0].split(" --")[0] in capsys.readouterr().out


@pytest.mark.parametrize("name", LOOP_VERBS)
def test_a_verb_of_loops_says_what_it_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As every verb: a sentence, every option explained, an example as it is typed."""
    command, taken = named(["loop", name])
    assert isinstance(command, Verb) and name == command.name and 2 == taken
    assert command.help and command.help.strip().split("\n\n")[0].endswith(".")
    assert all(option.help for option in command.params if isinstance(option, click.Option))
    assert command.examples and all(example.startswith(f"autor loop {name}") for example in command.examples)
    assert invoke(["loop", name, "--help"], Face("cli")) is None
    assert command.examples[0].split(" --")[0] in capsys.readouterr().out


@pytest.mark.parametrize(("words", "incomplete", "some"), [
    (["loop"], "no", {"noise"}),
    ([], "re", {"refine", "redo", "resume"}),
    (["redo"], "0", {"03_study_design"}),
    (["wait", "--until"], "", {"review", "done"}),
    (["refine"], "--r", {"--run"}),
])
def test_a_shell_completes(words: list[str], incomplete: str, some: set[str]) -> None:
    """By click's own completion."""
    complete = ShellComplete(root, {"obj": Face("cli")}, "autor", "_AUTOR_COMPLETE")
    assert some <= {item.value for item in complete.get_completions(words, incomplete)}


@pytest.mark.parametrize(("args", "message"), [
    (["statsu"], "There is no verb 'statsu'."),
    (["loop", "nosie"], "autor loop has no verb 'nosie'."),
    (["status", "--rnu", "x"], "No such option"),
    (["refine", "--rnu", "x"], "No such option"),
    (["approve", "--attempt", "two"], "'two' is not a valid integer"),
    (["wait", "--until", "never"], "'never' is not one of 'review', 'done'"),
    (["redo"], "Missing argument"),
    (["new", "--set", "iris", "goal"], "--set takes KEY=VALUE"),
])
def test_a_wrong_line_is_a_usage_error(args: list[str], message: str) -> None:
    """With what is wrong and where help is."""
    with pytest.raises(UsageError) as raised:
        invoke(args, Face("cli"))
    assert message in raised.value.message
    assert raised.value.suggestion


@pytest.mark.parametrize("name", ["agents", "venues", "stages", "doctor", "config"])
def test_parts_are_listed(name: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each list is data and a table."""
    monkeypatch.setenv("AUTOR_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("AUTOR_RUNS_DIR", f"{tmp_path}/runs")
    result = invoke([name], Face("cli"))
    assert isinstance(result, Result) and result.data() and result.text() and result.html() and result.markdown()


def test_defaults_are_kept_judged_and_forgotten(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A default survives a restart whatever characters it holds; a wrong one is refused."""
    monkeypatch.setenv("AUTOR_CONFIG_DIR", str(tmp_path))
    path = 'a "quoted"\\path\twith = signs'
    for key, value in (("runs_dir", path), ("seed", "7"), ("venue", "report"), ("agent", "scripted")):
        invoke(["config", key, value], Face("cli"))
    shown = invoke(["config"], Face("cli"))
    assert shown is not None
    assert {"runs_dir": path, "seed": 7, "venue": "report", "agent": "scripted"} == shown.data()["values"]
    for wrong in (["config", "agent", "nobody"], ["config", "venue", "nowhere"], ["config", "sede", "1"],
                  ["config", "seed", "one"], ["config", "model", " "]):
        with pytest.raises(UsageError):
            invoke(wrong, Face("cli"))
    assert "seed" not in invoke(["config", "--unset", "seed"], Face("cli")).data()["values"]  # type: ignore[union-attr]


def test_a_broken_settings_file_is_named(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a traceback, not silence."""
    from pathlib import Path

    monkeypatch.setenv("AUTOR_CONFIG_DIR", str(tmp_path))
    (Path(str(tmp_path)) / "config.toml").write_text("agent = \n")
    with pytest.raises(UsageError, match=r"config\.toml is not valid TOML"):
        invoke(["config"], Face("cli"))


def test_help_and_names_cost_little() -> None:
    """The command starts without the engine's rooms."""
    code = "import sys; from autor_nb.cli import main; main.run(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not {name for name in loaded if name.startswith(("autor_nb.engine", "autor_nb.plugins"))}
    assert not loaded & {"papermill", "plotly", "matplotlib", "pandas", "IPython"}
