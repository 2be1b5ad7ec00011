"""`autor loop noise` in a shell and in a notebook: a plain sentence, a picture, progress apart, and an end by Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from PIL import Image

from autor_nb.cli import main as cli
from autor_nb.domain.errors import UsageError
from autor_nb.figures import Drawn
from autor_nb.figures.loop_noise import LoopNoise
from autor_nb.notebook.complete import candidates
from autor_nb.notebook.line import arguments
from autor_nb.verbs.result import Face
from autor_nb.verbs.tree import invoke, named

TRAIN = "import os, sys; s = int(os.environ['AUTOR_SEED']); print('epoch 1 loss: 99'); print('loss:', 2 + s % 7 / 100)"
FEW = ["--runs", "4", "--pairs", "1", "--first-seed", "1"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's project: one script."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTOR_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("AUTOR_RUNS_DIR", str(tmp_path / "runs"))
    (tmp_path / "train.py").write_text(TRAIN)
    return tmp_path


def command(*more: str, script: str = "train.py") -> list[str]:
    """The line in a shell."""
    return ["loop", "noise", *FEW, *more, "--", sys.executable, script]


def test_the_envelope_holds_all_of_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer on stdout, progress on stderr."""
    assert 0 == cli.run(command("--metric", "loss", "--lower", "--json", "--cost-per-hour", "2"))
    out, err = capsys.readouterr()
    data = json.loads(out)["data"]
    assert [2.01, 2.02, 2.03, 2.04, 2.01] == [run["value"] for run in data["runs"]]
    assert "unclear" == data["seed"] and data["pairing"]["identical"] == 1  # one pair may be luck
    assert data["lucky_sd"] == pytest.approx(1.1619, abs=1e-4)
    assert data["plan"]["cost_low"] == pytest.approx(2 * data["plan"]["hours_low"])
    assert ["run 1/5", "run 5/5"] == [line[:7] for line in err.splitlines()][:: 4]
    assert "again" in err.splitlines()[-1]


def test_text_says_it_plainly_with_the_figures_twin(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And the picture is kept where it is wanted."""
    assert 0 == cli.run(command("--metric", "loss", "--lower", "--text", "--picture", "noise.png"))
    out = " ".join(capsys.readouterr().out.split())
    assert "One run of this command gives loss = 2.0250 ± 0.0129 (one SD" in out
    assert "The first run was 1.16 SD lucky" in out
    assert "unclear from 1 pair: run it with --runs 9 --pairs 9" in out
    assert "The default gate finds an improvement of" in out and "A session of 100 candidates would take" in out
    assert "loss: mean 2.02500, SD 0.0129" in out and "seed 1" in out
    with Image.open(project / "noise.png") as picture:
        assert 820 == picture.width


@pytest.mark.parametrize(("args", "said"), [
    (["loop", "noise"], "There is no command to run."),
    (command("--timeout", "soon"), "--timeout 'soon' is no time"),
    (command("--timeout", "0"), "is no time above 0"),
    (command("--pattern", "("), "no regular expression"),
    (command("--source", "regex"), "needs a name or a pattern"),
    (command("--source", "json"), "needs a key"),
    (command("--source", "last_number", "--pattern", "x"), "takes no pattern"),
    (command("--seed-env", "a b"), "cannot name a variable"),
    (command("--runs", "2"), "2 is not in the range"),
    (command("--metric", "accuracy"), "no line with accuracy: NUMBER"),
    (command(script="absent.py"), "exit code 2"),
    (["loop", "noise", "--", "no-such-program"], "There is no program 'no-such-program'"),
])
def test_a_mistake_is_named_with_its_mend(project: Path, args: list[str], said: str) -> None:
    """Before nine runs are spent."""
    with pytest.raises(UsageError) as raised:
        invoke(args, Face("cli"))
    assert said in raised.value.message and raised.value.suggestion


def test_a_missing_program_is_not_mended_by_naming_a_metric(project: Path) -> None:
    """The mend is about the program, and nothing is said of output that there was not."""
    with pytest.raises(UsageError) as raised:
        invoke(["loop", "noise", "--", "no-such-program"], Face("cli"))
    assert "--metric" not in raised.value.suggestion and "program's name" in raised.value.suggestion
    assert "printed" not in raised.value.message


def test_one_word_with_spaces_is_shell_text(project: Path) -> None:
    """As it would be typed."""
    result = invoke(["loop", "noise", *FEW, "--", "echo x; echo $(( {seed} % 3 ))"], Face("cli"))
    assert result is not None
    assert [1.0, 2.0, 0.0, 1.0, 1.0] == [run["value"] for run in result.data()["runs"]]


def test_interrupted_it_says_what_is_known_and_leaves_nobody(project: Path) -> None:
    """Ctrl-C after the third run: exit 130, three runs, and the running command is gone."""
    (project / "slow.py").write_text(TRAIN + "\nimport time\nif s > 3: time.sleep(60)")
    going = subprocess.Popen(
        [sys.executable, "-m", "autor_nb.cli.main", *command("--metric", "loss", "--json", script="slow.py")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=project,
    )
    assert going.stderr is not None
    for _ in range(3):
        going.stderr.readline()
    going.send_signal(signal.SIGINT)
    out, err = going.communicate(timeout=30)
    assert 130 == going.returncode, err
    data = json.loads(out)["data"]
    assert data["interrupted"] and [2.01, 2.02, 2.03] == [run["value"] for run in data["runs"]]
    assert "Traceback" not in err and [] == running("slow.py", project)


def test_the_command_ends_when_the_asker_is_killed(project: Path) -> None:
    """By whatever death: the measurement sees that nobody waits."""
    (project / "stuck.py").write_text("import time; open('up', 'w'); time.sleep(60)")
    going = subprocess.Popen(
        [sys.executable, "-m", "autor_nb.cli.main", *command(script="stuck.py")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=project,
    )
    while not (project / "up").exists():
        assert going.poll() is None
    found = running("stuck.py", project)
    going.kill()
    going.wait()
    assert found
    for process in found:
        process.wait(timeout=20)


def running(script: str, folder: Path) -> list[Any]:
    """Processes in this folder that run the script itself."""
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if process.cmdline() == [sys.executable, script] and process.cwd() == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def shell(project: Path) -> Any:
    """IPython with the extension."""
    made = InteractiveShell.instance()
    made.run_line_magic("load_ext", "autor_nb")
    return made


def test_a_notebook_shows_card_and_picture(shell: Any) -> None:
    """Two outputs: the card, and the figure as plotly, PNG and text."""
    with capture_output() as captured:
        done = shell.run_cell(f"%autor loop noise {' '.join(FEW)} --metric loss --lower -- {sys.executable} train.py")
    assert done.success
    card, figure = (output.data for output in captured.outputs)
    assert "One run of this command gives" in card["text/html"] and "seed 1  " not in card["text/plain"]
    assert {"application/vnd.plotly.v1+json", "image/png", "text/plain"} == set(figure)
    assert "run 1/5" in captured.stdout


def test_a_notebook_completes_and_splits_the_nested_line(project: Path) -> None:
    """Groups are followed, and what lies behind the dashes is left alone."""
    assert ["noise"] == [name for name in candidates("%autor loop no") or [] if name == "noise"]
    assert {"--runs", "--pairs"} <= set(candidates("%autor loop noise --") or [])
    assert {"regex", "json", "last_number"} == set(candidates("%autor loop noise --source ") or [])
    assert "loop" in (candidates("%autor lo") or [])
    assert ["loop", "noise", "--", "python", "a b.py", "{seed}"] == arguments('loop noise -- python "a b.py" {seed}')
    assert 2 == named(["loop", "noise", "--", "status"])[1]


def test_loop_alone_lists_its_verbs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a sentence each."""
    assert 0 == cli.run(["loop"])
    assert "noise" in capsys.readouterr().out


def test_the_picture_bears_any_numbers() -> None:
    """None, equal ones, huge ones, hostile names; both drawings and the twin are made."""
    cases = [
        LoopNoise("loss", (), 0.0, 0.0),
        LoopNoise("<b>\x1b[31m", ((1, 5.0), (2, 5.0), (3, 5.0)), 5.0, 0.0),
        LoopNoise("loss", tuple((n, 1e300 * (-1) ** n) for n in range(3)), 0.0, 1e300, ((1, 1e300),), "the first run"),
        LoopNoise("loss", tuple((n, 1e-12 * n) for n in range(200)), 1e-10, 5e-11),
    ]
    for case in cases:
        made = Drawn(case).bundle()
        assert made["image/png"] and "\x1b" not in made["text/plain"]
