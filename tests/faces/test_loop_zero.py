"""A metric of nothing is 0, never −0: whichever way is better, whoever says it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from autor_nb.domain.loops.config import MetricSpec
from autor_nb.domain.loops.course import Scale
from autor_nb.domain.loops.recheck import in_unit
from autor_nb.domain.loops.state import LoopState
from autor_nb.record import loop_headline
from autor_nb.testing.loop_project import LoopProject, edit
from autor_nb.verbs.result import Face
from autor_nb.verbs.tree import invoke

MINUS = re.compile(r"[-−]0(?:\.0*)?(?![\d.e])")


@pytest.mark.parametrize("direction", ["lower", "higher"])
def test_nothing_has_no_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, direction: str) -> None:
    """A loop whose metric is 0 throughout: its facts, its page and its records."""
    spec = MetricSpec(name="loss", direction="lower" if direction == "lower" else "higher")
    project = LoopProject.make(
        tmp_path, [edit(level=0, noise=0, salt=2), edit(level=1)], base=edit(level=0, noise=0), metric=spec
    )
    project.work(project.start(iterations=2))
    monkeypatch.chdir(project.folder)
    for words in (["status"], ["best"], ["log"], ["analyze"]):
        result = invoke(["loop", *words], Face("cli"))
        assert result is not None
        assert not re.search(r"-0\.0\b(?!\d)", json.dumps(result.facts, default=str)), words
        assert not MINUS.search(repr(result.blocks)), words
    for path in (project.loop.state_md, project.loop.experiments, project.loop.results):
        assert not re.search(r"[-−]0\.?0*[,\s|}]", path.read_text()), path.name


def test_turning_zero_leaves_it_zero() -> None:
    """A score, a difference, a gain, a share."""
    state = LoopState(baseline_metric=2.0, config={"metric": {"direction": "lower"}})
    spec = MetricSpec(name="loss", direction="lower")
    said = [Scale().metric(0.0), Scale().change(0.0), loop_headline.improvement(state, 2.0), *in_unit(spec, 0.0, 0.0, 0.0)]
    assert ["0.0"] * 6 == [str(one) for one in said]
    assert "0 %" == loop_headline.share_words(2.0, 2.0)
