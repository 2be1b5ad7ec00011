"""Times measured outside a loop: each side several times in turn on one seed, and the median counts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autor_nb.domain.loops.config import LoopConfig, MetricSpec
from autor_nb.domain.loops.forks import CompareRequest, Variant
from autor_nb.domain.loops.gate import TIME_REPEATS
from autor_nb.engine.loops.comparing import compare
from autor_nb.verbs.result import Face
from autor_nb.verbs.tree import invoke

# Each run tells who it was, and every fifth is ten times as slow: an outlier that a median of three leaves out.
TIMED = """import os, random, sys
name, took, told = {name!r}, {took}, sys.argv[1]
with open(told, "a+") as stream:
    stream.seek(0)
    runs = len(stream.readlines())
    stream.write(name + " " + os.environ["AUTOR_SEED"] + "\\n")
print("seconds:", took * random.Random(os.environ["AUTOR_SEED"] + name).uniform(1, 1.01) * (10 if runs % 5 == 4 else 1))
"""
PLAIN = MetricSpec(name="seconds", direction="lower")
SECONDS = MetricSpec(name="seconds", direction="lower", time_like=True)


@pytest.fixture
def project(tmp_path: Path) -> tuple[Path, list[str]]:
    """A repository with a slow commit and two faster ones."""
    top = tmp_path / "project"
    top.mkdir()
    git = ["git", "-c", "user.name=p", "-c", "user.email=p@x"]
    subprocess.run([*git, "init", "-q"], cwd=top, check=True)
    found = []
    for name, took in (("slow", 2.0), ("fast", 1.0), ("faster", 0.5)):
        (top / "train.py").write_text(TIMED.format(name=name, took=took), encoding="utf-8")
        subprocess.run([*git, "add", "-A"], cwd=top, check=True)
        subprocess.run([*git, "commit", "-qm", name], cwd=top, check=True)
        said = subprocess.run([*git, "rev-parse", "HEAD"], cwd=top, check=True, capture_output=True, text=True)
        found.append(said.stdout.strip())
    return top, found


def told(path: Path) -> list[tuple[str, str]]:
    """(who, seed) of every run, in their order."""
    return [(line.split()[0], line.split()[1]) for line in path.read_text().splitlines()]


def in_turn(runs: list[tuple[str, str]], sides: int) -> None:
    """Every seed was run by each side so many times, one after the other in one order."""
    each = sides * TIME_REPEATS
    assert runs and not len(runs) % each
    for at in range(0, len(runs), each):
        round = runs[at : at + each]
        assert 1 == len({seed for _, seed in round})
        order = [name for name, _ in round]
        assert sides == len(set(order[:sides])) and order == order[:sides] * TIME_REPEATS


def test_recheck_of_a_time_takes_medians_of_interleaved_runs(
    project: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run a side would have told of the machine's moment: every fifth is ten times too slow."""
    top, (slow, fast, _) = project
    monkeypatch.chdir(top)
    log = tmp_path / "runs.txt"
    answer = invoke(
        ["loop", "recheck", slow, fast, "--command", f"{sys.executable} train.py {log}", "--metric", "seconds",
         "--lower", "--time-like", "--first-seed", "1"],
        Face(name="cli"),
    )  # fmt: skip
    assert answer is not None and answer.facts["better"]
    runs = told(log)
    assert "fast" == runs[0][0]  # the warm-up
    in_turn(runs[1:], 2)
    for pair in answer.facts["pairs"]:
        assert 1.0 <= pair["final"] <= 1.01 and 2.0 <= pair["baseline"] <= 2.02
    assert len(runs) - 1 == len(answer.facts["runs"]) == 2 * TIME_REPEATS * len(answer.facts["pairs"])
    assert f"medians of {TIME_REPEATS} in turn" in answer.text(400)


@pytest.mark.parametrize(("metric", "repeats"), [(SECONDS, TIME_REPEATS), (PLAIN, 1)])
def test_compare_repeats_times_and_nothing_else(
    project: tuple[Path, list[str]], tmp_path: Path, metric: MetricSpec, repeats: int
) -> None:
    """All variants and the base in turn, three times a seed, after one run that does not count."""
    top, (slow, fast, faster) = project
    log = tmp_path / "runs.txt"
    config = LoopConfig(
        name="timed", objective="", mutable=("train.py",), readonly=(), metric=metric,
        command=(sys.executable, "train.py", str(log)), trial_timeout_s=30.0,
    )  # fmt: skip
    variants = (Variant(loop="a", commit=fast), Variant(loop="b", commit=faster))
    request = CompareRequest(project=str(top), base=slow, variants=variants, config=config, seeds=4)
    report = compare(request, lambda run: None)
    runs = told(log)
    assert 3 * 4 * repeats == len(runs) - (repeats > 1)
    if repeats == 1:
        return
    in_turn(runs[1:], 3)
    assert ["b", "a"] == [row.loop for row in report.rows]
    for row, took in zip(report.rows, (0.5, 1.0), strict=True):
        assert all(value is not None and took <= value <= 1.01 * took for value in row.metrics)
    assert all(value is not None and 2.0 <= value <= 2.02 for value in report.base_metrics)
