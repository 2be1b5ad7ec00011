"""Several metrics through `loop compare` and `loop merge-best`: the score on the loop's frozen scales decides."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import msgspec
import pytest

from autor_nb import loop_control, loop_forks
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import MetricSpec
from autor_nb.store import eventlog
from autor_nb.store.loops.words import EVENTS
from autor_nb.testing.loop_project import ME, MODEL, LoopProject, edit, git, idea, trust
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import invoke

TWO = (MetricSpec(name="loss", direction="lower"), MetricSpec(name="size", direction="lower"))


def do(*words: str) -> Result:
    """A verb's answer."""
    answer = invoke(["loop", *words], Face(name="cli", say=lambda said: None))
    assert answer is not None
    return answer


def fork_that_writes(project: LoopProject, texts: list[str]) -> list[LoopProject]:
    """A trusted fork for each text, which has written and kept it."""
    forks = []
    for loop, text in zip(loop_forks.fork(project.loop, ME, count=len(texts), seed=7), texts, strict=True):
        script = project.folder.parent / "scripts" / f"{loop.name}.json"
        script.write_text(json.dumps([{MODEL: text}]), encoding="utf-8")
        ideas = script.with_suffix(".ideas")
        ideas.write_text(json.dumps([msgspec.to_builtins(idea("Turn both at once"))]), encoding="utf-8")
        fork = LoopProject(project.folder, loop)
        told = {"coder": {"agent": "scripted", "command": str(script)},
                "critic": {"provider": "scripted", "model": str(ideas)}}  # fmt: skip
        with contextlib.closing(eventlog.EventLog(loop.events, words=EVENTS)) as log:
            log.append(ev.LoopConfigChanged(config={**fork.state.config, **told}, by=ME))
        trust(loop)
        fork.work(fork.start(iterations=1))
        assert {1: "keep"} == fork.verdicts(), fork.state.failure
        forks.append(fork)
    return forks


def test_forks_are_ranked_and_merged_by_all_their_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lowest loss comes second to what gains more in all: its weight is on the size."""
    project = LoopProject.make(tmp_path, [edit(level=1.3, size=1.3)], metrics=TWO, scalarizer="weighted_sum",
                               scalarizer_options={"weights": {"loss": 1.0, "size": 4.0}})  # fmt: skip
    monkeypatch.chdir(project.folder)
    project.work(project.start(iterations=1))
    scales = project.state.frozen
    assert scales
    fork_that_writes(project, [edit(level=0.5, size=0.95), edit(level=0.8, size=0.6)])
    result = do("compare", "demo", "--seeds", "6")
    rows = {row["loop"]: row for row in result.facts["rows"]}
    assert ["demo-2", "demo-1"] == [row["loop"] for row in result.facts["rows"]][:2]
    assert rows["demo-1"]["mean"] > 0 and "kept nothing" in rows["demo"]["why_not"]
    kept = json.loads((project.loop.path / "reports/compare_0001.json").read_text(encoding="utf-8"))
    assert "demo-2" == kept["rows"][0]["loop"]
    before = project.state.head
    assert 0 == do("merge-best", "demo").exit_code
    loop_control.wait(project.loop, timeout_s=60)
    (merged,) = project.of(ev.Merged)
    assert ("demo-2", merged.commit) == (merged.fork, project.state.head) and before != merged.commit
    assert "size=0.6" in git(project.folder, "show", f"refs/heads/autor/demo:{MODEL}")
    assert scales == project.state.frozen
    assert merged.scores and all(score > 0 for score in merged.scores), merged.scores
