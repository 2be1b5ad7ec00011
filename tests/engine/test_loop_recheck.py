"""A recheck where something goes wrong: a crash, a constant, nothing that moves, a folder that was not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import MetricSpec
from autor_nb.domain.loops.recheck import RecheckRequest, RecheckRun, change, in_unit, sequence
from autor_nb.engine.loops.recheck import recheck

NOISY = "import os, random\nprint('loss:', 2 + random.Random(os.environ['AUTOR_SEED']).gauss(0, .1))\n"
LOSS = MetricSpec(name="loss", direction="lower")


def commits(top: Path, *texts: str) -> list[str]:
    """A repository with one commit for each text of train.py."""
    top.mkdir()
    git = ["git", "-c", "user.name=p", "-c", "user.email=p@x"]
    subprocess.run([*git, "init", "-q"], cwd=top, check=True)
    found = []
    for text in texts:
        (top / "train.py").write_text(text, encoding="utf-8")
        subprocess.run([*git, "add", "-A"], cwd=top, check=True)
        subprocess.run([*git, "commit", "-qm", "c"], cwd=top, check=True)
        said = subprocess.run([*git, "rev-parse", "HEAD"], cwd=top, check=True, capture_output=True, text=True)
        found.append(said.stdout.strip())
    return found


def request(top: Path, pair: list[str], metric: MetricSpec = LOSS, pairs: int = 10) -> RecheckRequest:
    """A recheck of the two."""
    return RecheckRequest(
        project=str(top), baseline=pair[0], final=pair[1], command=(sys.executable, "train.py"), metric=metric,
        first_seed=10, pairs=pairs, timeout_s=30.0,
    )  # fmt: skip


def test_a_final_that_crashes_on_some_seed_shows_nothing(tmp_path: Path) -> None:
    """Better where it runs is not better: the seed on which it gave nothing is named."""
    crashing = NOISY.replace("2 +", "1 +") + "assert os.environ['AUTOR_SEED'] != '12'\n"
    report = recheck(request(tmp_path / "p", commits(tmp_path / "p", NOISY, crashing)), lambda run: None)
    assert not report.better
    assert "no score on confirm seed 12" in report.reason


def test_a_final_that_ignores_the_seed_shows_nothing(tmp_path: Path) -> None:
    """A constant, however low, is refused by name while the baseline varies."""
    report = recheck(request(tmp_path / "p", commits(tmp_path / "p", NOISY, "print('loss: 0.5')\n")), lambda run: None)
    assert report.seed_ignored
    assert not report.better


def test_where_nothing_moves_there_is_no_effect(tmp_path: Path) -> None:
    """Two commits of one constant: no gain, and no division by zero."""
    report = recheck(
        request(tmp_path / "p", commits(tmp_path / "p", "print('loss: 1')\n", "x = 1\nprint('loss: 1')\n")),
        lambda run: None,
    )
    assert not report.better
    assert {0.0} == set(report.changes)
    assert 10 == len(report.changes)


def test_a_baseline_without_a_value_is_refused_at_once(tmp_path: Path) -> None:
    """Nothing can be compared with it; the mend names ignored inputs."""
    with pytest.raises(UsageError, match="gives no value"):
        recheck(request(tmp_path / "p", commits(tmp_path / "p", "print('x')\n", NOISY)), lambda run: None)


def test_each_run_has_a_clean_clone_and_the_pair_one_seed(tmp_path: Path) -> None:
    """What a run leaves is not there for the next; the warm-up's value is not used."""
    leaving = NOISY + "import pathlib\np = pathlib.Path('left.txt')\nassert not p.exists()\np.write_text('x')\n"
    runs: list[RecheckRun] = []
    report = recheck(request(tmp_path / "p", commits(tmp_path / "p", leaving, leaving + "\n"), pairs=4), runs.append)
    assert [0, 1, 1, 2, 2, 3, 3, 4, 4] == [run.pair for run in runs]
    assert all(run.value is not None for run in runs)
    assert 8 == len(report.runs)
    assert {0.0} == set(report.changes)
    assert not {runs[0].seed} & {run.seed for run in report.runs}


def test_stopped_it_says_what_is_known(tmp_path: Path) -> None:
    """After the third run it ends, without a verdict."""
    runs: list[RecheckRun] = []
    both = commits(tmp_path / "p", NOISY, NOISY.replace("2 +", "1 +"))
    report = recheck(request(tmp_path / "p", both), runs.append, lambda: len(runs) >= 4)
    assert report.interrupted and not report.better
    assert 1 == len(report.pairs)


def test_changes_are_told_in_the_metrics_own_way() -> None:
    """Lower-is-better turns a score's bounds; a time is told as a ratio."""
    higher, seconds = MetricSpec(name="a", direction="higher"), MetricSpec(name="s", direction="lower", time_like=True)
    assert (-2.0, -3.0, 1.0) == in_unit(LOSS, 2.0, -1.0, 3.0)
    assert (-2.0, None, 1.0) == in_unit(LOSS, 2.0, -1.0, None)
    assert (2.0, -1.0, 3.0) == in_unit(higher, 2.0, -1.0, 3.0)
    assert (-0.5, -0.75, 0.0) == pytest.approx(in_unit(seconds, 0.6931471805599453, 0.0, 1.3862943611198906))
    assert -0.5 == change(seconds, 4.0, 2.0)
    assert change(seconds, 0.0, 2.0) is None
    assert (None, None) == sequence((0.5, 1.0, 0.8), LOSS)[0][1:]
