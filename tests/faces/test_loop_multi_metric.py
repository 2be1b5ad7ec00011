"""The example of several metrics, weighed in each of the four ways by a short loop, driven and read as a person does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from autor_nb import loop_control
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import events as ev
from autor_nb.store.loops import config_file, templates
from autor_nb.store.loops.layout import loop_folder
from autor_nb.testing.loop_project import ME, LoopProject, git, trust
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import invoke

NAMES = {"error", "latency_us", "size_kb"}
SMALLER = {"FITTED, TESTED, ASKED = 600, 1000, 15": "FITTED, TESTED, ASKED = 150, 200, 5"}
POOR = {'"waves": 700': '"waves": 400', '"wavelength": 0.4': '"wavelength": 0.25'}
BETTER = ("--set", "PARAMS.waves=100", "--set", "PARAMS.wavelength=0.7", "--set", "PARAMS.ridge=0.1")
WORSE = ("--set", "PARAMS.waves=800", "--set", "PARAMS.wavelength=0.2", "--set", "PARAMS.ridge=1e-6")
"""In every metric, whichever way they are weighed."""


def options_of(scalarizer: str) -> str:
    """The options as the example's own README writes them; those of the first come with the configuration."""
    if scalarizer in ("weighted_sum", "weighted_chebyshev"):
        return ""
    readme = templates.starter_files("multi_metric")["README.md"].decode()
    lines = re.findall(r"^ +scalarizer_options = (\{.*\})$", readme, re.MULTILINE)
    (told,) = [line for line in lines if ("order" in line) is (scalarizer == "lexicographic")]
    return str(told)


def replaced(path: Path, words: dict[str, str]) -> None:
    """A file with other words in it, each of which it has."""
    text = path.read_text(encoding="utf-8")
    for old, new in words.items():
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def do(*words: str) -> Result:
    """A verb's answer."""
    answer = invoke(["loop", *words], Face(name="cli", say=lambda said: None))
    assert answer is not None
    return answer


def made(here: Path, scalarizer: str) -> LoopProject:
    """The example in somebody's repository, made small and quick, weighed that way."""
    git(here, "init", "-q")
    git(here, "commit", "-q", "--allow-empty", "-m", "begin")
    with pytest.raises(UsageError, match="not committed"):
        do("init", "--template", "multi_metric")
    replaced(here / "evaluate.py", SMALLER)
    replaced(here / "model.py", POOR)
    replaced(here / "autor.toml", {'scalarizer = "weighted_sum"': f'scalarizer = "{scalarizer}"'})
    if told := options_of(scalarizer):
        text = (here / "autor.toml").read_text(encoding="utf-8")
        text = re.sub(r"\[loop\.multi_metric\.scalarizer_options.*?\]\n(?:\w.*\n)+", "", text)
        text = text.replace(f'"{scalarizer}"\n', f'"{scalarizer}"\nscalarizer_options = {told}\n')
        (here / "autor.toml").write_text(text, encoding="utf-8")
    git(here, "add", "-A")
    git(here, "commit", "-q", "-m", "the example")
    loop_control.create(here, config_file.read_loop(here, "multi_metric"), ME, seed=1)
    loop = loop_folder(here, "multi_metric")
    trust(loop)
    return LoopProject(here, loop)


@pytest.mark.parametrize("scalarizer", ["weighted_sum", "weighted_chebyshev", "lexicographic", "constrained"])
def test_the_example_is_weighed_each_way(scalarizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is better in all three is kept, what is worse in all is not; the disk says why and by how much."""
    here = tmp_path / "example"
    here.mkdir()
    monkeypatch.chdir(here)
    project = made(here, scalarizer)
    do("pin", "Fewer and longer waves", *BETTER)
    do("pin", "More and shorter waves", *WORSE)
    do("start", "--iterations", "2", "--gate", "greedy", "--wait")
    told: dict[str, Any] = do("status").facts
    assert not told["why"] or "2 of 2" in told["why"], told["why"]
    rows = [json.loads(line) for line in project.loop.experiments.read_text(encoding="utf-8").splitlines()]
    assert [(0, "baseline"), (1, "keep"), (2, "discard")] == [(row["run"], row["status"]) for row in rows], rows
    ended = {one.n: one for one in project.of(ev.ExperimentEnded)}
    assert all(NAMES == set(one.metrics) for one in ended.values())
    assert all(ended[1].metrics[name] < ended[0].metrics[name] for name in NAMES)
    assert all(ended[2].metrics[name] > ended[1].metrics[name] for name in NAMES)
    (scales,) = project.of(ev.ScalesFrozen)
    assert NAMES == set(scales.frozen_scales["names"])
    assert ended[1].metric == pytest.approx(rows[1]["metric"]) == pytest.approx(ended[1].metrics["error"])
    assert scalarizer == project.state.config["scalarizer"]
    kept = git(here, "show", "autor/multi_metric:model.py")
    assert '"waves": 100' in kept and '"wavelength": 0.7' in kept
    best = do("best")
    assert (1, 1) == (best.facts["head"]["n"], best.facts["recorded"]["n"])
    assert ended[1].score == pytest.approx(best.facts["recorded"]["score"])
    assert ended[0].score == pytest.approx(best.facts["baseline_score"])
    for card in (best, do("status")):
        assert f"score ({scalarizer}) of error, latency_us, size_kb, higher is better" in card.text(400)
        assert "% better" not in card.text(400), "a score has no zero to take shares from"
    assert f"score ({scalarizer}) (higher is better)" in project.loop.state_md.read_text(encoding="utf-8")
