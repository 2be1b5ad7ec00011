"""How often STATE.md is written: `state` of a problem.yaml says so, and it is done."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autor_nb.store.loops.layout import LoopFolder, loop_folder
from autor_nb.testing.loop_project import git
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import invoke

PROBLEM = (
    "objective: less\nmetric_name: loss\nmetric_regex: 'loss: (.*)'\nlower_is_better: true\n"
    "mutable_file: train.py\nrunner: python train.py\n"
)
OLD_S = 100.0


@pytest.fixture
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], LoopFolder]:
    """Make a loop of a problem.yaml with this `state`, and stand in its project."""

    def made(state: str) -> LoopFolder:
        (tmp_path / "train.py").write_text("print('loss: 1')\n")
        (tmp_path / "problem.yaml").write_text(PROBLEM + state)
        git(tmp_path, "init", "-q")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "-m", "begin")
        monkeypatch.chdir(tmp_path)
        do("init", "--from", "problem.yaml")
        return loop_folder(tmp_path, "loss")

    return made


def do(*words: str) -> Result:
    """A verb's answer."""
    answer = invoke(["loop", *words], Face(name="cli"))
    assert answer is not None
    return answer


def shown(loop: LoopFolder, count: int, *, age_s: float = 0.0) -> list[bool]:
    """Record so many experiments; after each, whether STATE.md has it. The page is `age_s` old before each."""
    found = []
    for _ in range(count):
        if loop.state_md.exists():
            os.utime(loop.state_md, (time.time() - age_s,) * 2)
        marker = f"tried {len(found)} {age_s:g}"
        do("record", "--metric", "0.5", "--status", "discard", "--summary", marker)
        found.append(loop.state_md.exists() and marker in loop.state_md.read_text(encoding="utf-8"))
    return found


def test_a_throttle_leaves_the_page_alone_until_its_time(declared: Callable[[str], LoopFolder]) -> None:
    """The first is written, what comes within the time is not, what comes after it is."""
    loop = declared("state:\n  throttle_seconds: 60\n")
    loop.state_md.unlink(missing_ok=True)
    assert [True, False, False] == shown(loop, 3)
    assert [True] == shown(loop, 1, age_s=OLD_S)


def test_each_nth_experiment_is_on_the_page_whatever_the_throttle(declared: Callable[[str], LoopFolder]) -> None:
    """rebuild_every_n_iter goes before throttle_seconds."""
    loop = declared("state:\n  throttle_seconds: 3600\n  rebuild_every_n_iter: 3\n")
    loop.state_md.unlink(missing_ok=True)
    assert [True, False, True, False, False, True] == shown(loop, 6)


def test_switched_off_there_is_no_page_and_the_verb_still_tells(declared: Callable[[str], LoopFolder]) -> None:
    """`enabled: false` writes none; everything else is as ever."""
    loop = declared("state:\n  enabled: false\n")
    assert [False, False] == shown(loop, 2) and not loop.state_md.exists()
    assert loop.results.exists() and "loss" in str(do("state").document)


def test_without_a_word_every_record_is_on_the_page(declared: Callable[[str], LoopFolder]) -> None:
    """As before."""
    assert [True, True, True] == shown(declared(""), 3)
