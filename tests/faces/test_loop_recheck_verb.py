"""`autor loop recheck`: a gain that is noise is not shown, a real one is; the repository stays as it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from autor_nb.domain.errors import UsageError
from autor_nb.figures.as_plotly import to_plotly
from autor_nb.figures.as_png import to_png
from autor_nb.verbs import tree
from autor_nb.verbs.result import Face, Result

TRAIN = """import os, random
GAIN = {gain}
rng = random.Random(f"{{os.environ['AUTOR_SEED']}} {salt}")
print(f"val_loss: {{2.0 + rng.gauss(0, 0.1) - GAIN:.6f}}")
"""
COMMAND = f"{sys.executable} train.py"


def git(folder: Path, *words: str) -> str:
    """git as a person calls it."""
    said = subprocess.run(
        ["git", "-c", "user.name=p", "-c", "user.email=p@x", *words], cwd=folder, check=True, capture_output=True
    )
    return said.stdout.decode().strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three commits: a baseline, one that is the same but for its noise, one that is better; and a history of each."""
    top = tmp_path / "project"
    top.mkdir()
    git(top, "init", "-q", "-b", "main")
    commits = []
    for gain, salt in ((0.0, "a"), (0.0, "b"), (0.5, "b")):
        (top / "train.py").write_text(TRAIN.format(gain=gain, salt=salt), encoding="utf-8")
        git(top, "add", "-A")
        git(top, "commit", "-qm", f"gain {gain} {salt}")
        commits.append(git(top, "rev-parse", "--short", "HEAD"))
    head = "commit\tval_loss\tmemory_gb\tstatus\tdescription\n"
    rows = [f"{commits[0]}\t2.10\t1.0\tkeep\tbaseline\n", f"{commits[1]}\t1.87\t1.0\tkeep\tnoise that was kept\n"]
    (top / "results.tsv").write_text(head + "".join(rows) + f"{commits[0]}\t0.000000\t0\tcrash\tx\n", encoding="utf-8")
    records = [
        {"run": 0, "hash": commits[0], "metric": 2.1, "status": "baseline", "summary": "b"},
        {"run": 1, "hash": commits[2], "metric": 1.4, "status": "keep", "summary": "real"},
    ]
    (top / "experiments.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    git(top, "config", "core.hooksPath", "nowhere")
    (top / "train.py").write_text("broken", encoding="utf-8")
    return top


def ask(*words: str, said: list[str] | None = None) -> Result:
    """The verb's answer."""
    face = Face(name="api", say=(said if said is not None else []).append)
    answer = tree.invoke(["loop", "recheck", *words], face)
    assert answer is not None
    return answer


def state(project: Path) -> tuple[str, str, bytes]:
    """What must stay as it is."""
    return git(project, "status", "--porcelain"), git(project, "for-each-ref"), (project / ".git/index").read_bytes()


def test_a_gain_that_was_noise_is_not_shown(project: Path) -> None:
    """Ten fresh pairs, both on each seed, in orders drawn by a coin; a plain sentence with both numbers."""
    before, lines = state(project), list[str]()
    result = ask(str(project / "results.tsv"), "--command", COMMAND, "--first-seed", "100", said=lines)
    facts = result.facts
    assert not facts["better"]
    assert 10 == len(facts["pairs"])
    assert 20 == len(facts["runs"])
    assert list(range(101, 111)) == [pair["seed"] for pair in facts["pairs"]]
    assert {"AB", "BA"} == {pair["order"] for pair in facts["pairs"]}
    assert -0.23 == pytest.approx(facts["recorded"])
    assert result.hints[0].startswith("The recorded change of −0.23 was re-measured on 10 fresh pairs: ")
    assert "this does not show that the final commit is better than the baseline (E " in result.hints[0]
    assert any(line.startswith("pair 3/10") for line in lines)
    assert before == state(project)


def test_a_real_gain_is_shown_with_its_size(project: Path) -> None:
    """The audit ends as soon as E reaches 20, and the interval holds the true gain; another tool's jsonl will do."""
    words = (str(project / "experiments.jsonl"), "--command", COMMAND, "--metric", "val_loss", "--first-seed", "7")
    facts = (result := ask(*words)).facts
    assert facts["better"]
    assert len(facts["pairs"]) <= 10
    assert facts["e_value"] >= 20
    mean, low, high = facts["change"]
    assert low <= -0.5 <= high
    assert mean == pytest.approx(sum(facts["changes"]) / len(facts["changes"]))
    assert "the final commit is better than the baseline" in result.hints[0]
    assert "baseline" in result.text() and "<" not in result.markdown().split("\n")[0]
    figure = result.figures[0]
    assert "recorded" in figure.text()
    assert to_png(figure)[:4] == b"\x89PNG"
    assert to_plotly(figure)["data"]


def test_two_commits_by_name_need_the_direction(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a history nothing was recorded, and which way is better must be said."""
    monkeypatch.chdir(project)
    with pytest.raises(UsageError, match="which way is better"):
        ask("HEAD~2", "HEAD", "--command", COMMAND)
    result = ask("HEAD~2", "HEAD", "--command", COMMAND, "--higher", "--metric", "val_loss", "--pairs", "4")
    assert 4 == len(result.facts["pairs"])
    assert not result.facts["better"]
    assert result.hints[0].startswith("The change was re-measured on 4 fresh pairs: −0.")


def test_the_loops_own_configuration_is_taken(project: Path) -> None:
    """Command, metric, direction and links come from autor.toml where one loop is declared."""
    (project / ".gitignore").write_text("data/\n", encoding="utf-8")
    (project / "data").mkdir()
    (project / "autor.toml").write_text(
        f'[loop.line]\nobjective = "less"\nmutable = ["train.py"]\ncommand = {json.dumps(COMMAND)}\nlink = ["data"]\n'
        '[loop.line.metric]\nname = "val_loss"\ndirection = "lower"\n',
        encoding="utf-8",
    )
    facts: dict[str, Any] = ask(str(project / "experiments.jsonl"), "--first-seed", "7", "--pairs", "10").facts
    assert facts["better"]
    assert ["data"] == list(facts["request"]["link"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Nothing was named"),
        (("nosuch.tsv", "--command", "true"), "There is no file nosuch.tsv"),
        (("results.tsv",), "not known what command measures"),
        (("results.tsv", "--command", "true", "--timeout", "soon"), "--timeout 'soon'"),
        (("results.tsv", "--command", "echo nothing"), "gives no value"),
        (("results.tsv", "--command", "no-such-program-x"), "gives no value"),
        (("HEAD", "HEAD", "--command", "true", "--lower"), "Both are commit"),
        (("HEAD", "nosuch", "--command", "true", "--lower"), "'nosuch' is no commit"),
        (("kept.tsv", "--command", "true"), "no kept experiment after its baseline"),
        (("gone.tsv", "--command", "true"), "'deadbee' is no commit"),
        (("results.tsv", "--command", "true", "--pattern", "("), "no regular expression"),
        (("results.tsv", "--command", "true", "--link", "../x"), "leads out of the project"),
    ],
)
def test_bad_input_names_the_thing(
    project: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    """What is wrong, with which thing, as an error that a person can mend."""
    monkeypatch.chdir(project)
    head, first, second = (project / "results.tsv").read_text(encoding="utf-8").splitlines(True)[:3]
    (project / "kept.tsv").write_text(head + first, encoding="utf-8")
    (project / "gone.tsv").write_text(head + first + "deadbee" + second[second.index("\t") :], encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        ask(*words)
    assert said in caught.value.message
    assert caught.value.suggestion


def test_ctrl_c_gives_what_is_known_and_leaves_nothing(project: Path, tmp_path: Path) -> None:
    """Interrupted in a run: code 130, no verdict, no clone left behind, no process of the command alive."""
    (tmp_path / "tmp").mkdir()
    flag = tmp_path / "pid"
    command = f"{sys.executable} train.py; [ \"$AUTOR_SEED\" -lt 5 ] || {{ echo $$ > '{flag}'; sleep 60; }}"
    child = subprocess.Popen(
        [sys.executable, "-m", "autor_nb.cli.main", "loop", "recheck", "results.tsv", "--first-seed", "2", "--json",
         "--command", command],
        cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not flag.exists() or not flag.read_text():
        assert time.monotonic() < deadline
        os.sched_yield()
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=30)
    assert 130 == child.returncode
    assert json.loads(out)["data"]["interrupted"]
    assert [] == list((tmp_path / "tmp").iterdir())
    assert not Path(f"/proc/{flag.read_text().strip()}").exists()
