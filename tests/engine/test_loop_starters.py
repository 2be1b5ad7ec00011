"""The examples that a loop can begin from: they run as they come, move with the seed, and have much to find."""

from __future__ import annotations

import math
import re
import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.knobs import find_knobs
from autor_nb.domain.loops.metric import read_metrics
from autor_nb.engine.loops.preflight import check_all, prepared
from autor_nb.engine.loops.trial import TrialRequest, run_trial
from autor_nb.registry import load
from autor_nb.store.loops import config_file
from autor_nb.store.loops.templates import copy_starter, starter_files, starter_table, starters

NAMES = ["multi_metric", "tabular", "tsp"]
LONGEST_S = {"tsp": 3.0, "tabular": 30.0, "multi_metric": 15.0}
SEEDS = range(3)
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # two cores, many tests
BETTER = {
    "tsp": ("solve.py", {"temperature": "0.1", "cooling": "0.01", "move": '"reverse"'}),
    "tabular": ("train.py", {"learning_rate": "0.05", "max_depth": "2"}),
    "multi_metric": ("model.py", {"precision": '"float32"'}),
}


def made(folder: Path, name: str) -> LoopConfig:
    """The example in a folder of its own."""
    copy_starter(name, folder)
    return config_file.read_loop(folder)


def values(folder: Path, config: LoopConfig, seed: int) -> dict[str, float]:
    """What one run prints, by name."""
    output = folder / f"out.{seed}"
    command = (sys.executable, *config.command[1:])
    request = TrialRequest(
        command=command, cwd=folder, output=output, marker=f"starter-{seed}", timeout_s=60, seed=seed, env=ONE_THREAD
    )
    end = run_trial(request)
    assert "finished" == end.ending, output.read_text()
    assert LONGEST_S[config.name] > end.duration_s
    read = read_metrics(output, config.metrics or (config.metric,))
    found = {metric: one.value for metric, one in read.items() if one.value is not None}
    assert len(found) == len(read)
    return found


@pytest.fixture(scope="module")
def as_it_comes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[dict[str, float]]]:
    """What an example prints on each of the seeds before anything is changed; run once for all tests."""

    @cache
    def before(name: str) -> list[dict[str, float]]:
        folder = tmp_path_factory.mktemp(name)
        config = made(folder, name)
        return [values(folder, config, seed) for seed in SEEDS]

    return before


def test_every_example_is_listed_with_what_it_is_for() -> None:
    """A name that is none is told the nearest."""
    assert NAMES == [starter.name for starter in starters()]
    assert all(starter.objective for starter in starters())
    with pytest.raises(UsageError, match="Did you mean tsp"):
        copy_starter("tps", Path())


@pytest.mark.parametrize("name", NAMES)
def test_an_example_prints_its_metrics_which_move_with_the_seed_and_with_nothing_else(
    tmp_path: Path, name: str, as_it_comes: Callable[[str], list[dict[str, float]]]
) -> None:
    """The same seed, the same number (of a time, about it); another seed, another one."""
    config = made(tmp_path, name)
    _, first, other = as_it_comes(name)
    again = values(tmp_path, config, 1)
    metric = config.metric.name
    assert first[metric] == again[metric]
    assert first[metric] != other[metric]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_has_much_to_find(
    tmp_path: Path, name: str, as_it_comes: Callable[[str], list[dict[str, float]]]
) -> None:
    """Two or three knobs turned are worth more than the noise of fresh seeds."""
    config = made(tmp_path, name)
    before = as_it_comes(name)
    file, knobs = BETTER[name]
    text = (tmp_path / file).read_text()
    for knob, value in knobs.items():
        text, count = re.subn(rf'("{knob}": )[^,]+,', rf"\g<1>{value},", text)
        assert 1 == count
    (tmp_path / file).write_text(text)
    after = [values(tmp_path, config, seed) for seed in SEEDS]
    if config.scalarizer:
        weigh = load("scalarizers", config.scalarizer)(config.metrics, **config.scalarizer_options)
        frozen = weigh.freeze(before)
        gains = [weigh.score(b, frozen) - weigh.score(a, frozen) for a, b in zip(before, after, strict=True)]
    else:
        gains = [a[config.metric.name] - b[config.metric.name] for a, b in zip(before, after, strict=True)]
    assert statistics.mean(gains) > 2 * statistics.stdev(gains) / math.sqrt(len(gains)) > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_embedded_critic_finds_knobs_of_both_kinds_in_an_example(name: str) -> None:
    """Numbers and words, with the ranges that stand behind them."""
    file, _ = BETTER[name]
    found = find_knobs({file: starter_files(name)[file].decode()}).found
    kinds = {type(knob.value) for knob in found if not knob.fixed}
    assert {str, float} <= kinds
    assert all("range" in knob.comment or "choices" in knob.comment or isinstance(knob.value, bool) for knob in found)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_passes_the_checks_before_a_start(tmp_path: Path, name: str) -> None:
    """Put under git, it is ready as it comes."""
    made(tmp_path, name)
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    with prepared(tmp_path, go_ahead=True) as context:
        assert context.config is not None
        table = starter_table(name)[1] | {"command": [sys.executable, *context.config.command[1:]]}
        config_file.write_table(tmp_path, name, table, replace=True)
    with prepared(tmp_path, go_ahead=True) as context:
        found = check_all(context)
    assert ["working_tree"] == [one.id for one in found if one.state != "ok"]


def test_copying_never_overwrites_without_saying(tmp_path: Path) -> None:
    """A file of the same name with another content is named, and nothing is written."""
    (tmp_path / "solve.py").write_text("mine")
    (tmp_path / "program.md").write_bytes(starter_files("tsp")["program.md"])
    with pytest.raises(UsageError, match=r"has solve\.py already"):
        copy_starter("tsp", tmp_path)
    assert ["program.md", "solve.py"] == sorted(path.name for path in tmp_path.iterdir())
    copy_starter("tsp", tmp_path, overwrite=True)
    assert starter_files("tsp")["solve.py"] == (tmp_path / "solve.py").read_bytes()


def test_an_example_fits_beside_what_is_there(tmp_path: Path) -> None:
    """Under another name, in a file that holds other loops; what it brings and is there already stays."""
    copy_starter("tsp", tmp_path)
    written = copy_starter("tsp", tmp_path, "second")
    assert ["autor.toml"] == [path.name for path in written]
    assert ["second", "tsp"] == [loop.name for loop in config_file.declared(tmp_path)]
    with pytest.raises(UsageError, match="declares the loop 'tsp' already"):
        copy_starter("tsp", tmp_path)


def test_an_example_brings_what_it_needs_and_nothing_that_was_left_lying_about() -> None:
    """Code, evaluator, direction and a few words; no caches."""
    for name in NAMES:
        files = set(starter_files(name))
        assert {"evaluate.py", "program.md", "README.md", BETTER[name][0]} == files
        table = starter_table(name)[1]
        assert set(table["mutable"]) | set(table["readonly"]) <= files
