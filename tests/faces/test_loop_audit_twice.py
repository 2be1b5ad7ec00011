"""`autor loop audit` asked twice in a row: more evidence of the same state, told as what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import GateSpec, LoopConfig
from autor_nb.export import loop_audit, loop_report
from autor_nb.store.loops import config_file
from autor_nb.testing.loop_project import LoopProject, edit
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import invoke


def do(*words: str, **face: Any) -> Result:
    """A verb's answer."""
    answer = invoke(["loop", *words], Face(name="cli", say=lambda line: None, **face))
    assert answer is not None
    return answer


def test_asking_again_adds_pairs_to_the_same_evidence_and_everything_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given an advance that noise made, two more audits each go on from the one before, on seeds never used."""
    project = LoopProject.make(tmp_path, [edit(level=1.0, noise=0.1, salt=3)], gate=GateSpec(name="greedy"),
                               base=edit(level=1.0, noise=0.1))  # fmt: skip
    config_file.write_loop(project.folder, msgspec.convert(project.state.config, LoopConfig))
    monkeypatch.chdir(project.folder)
    do("start", "--iterations", "1", "--wait")
    rows = [do("audit").facts["audited"] for _ in range(2)]
    state = project.state
    assert state.has_moved and 3 == state.audits_made
    assert [10, 20] == [row["before"] for row in rows] and [20, 30] == [row["pairs"] for row in rows]
    assert {20.0} == {one.bar for one in project.of(ev.AuditEnded)} and not any(one.better for one in state.audits)
    planned = [one for one in project.of(ev.BlockPlanned) if one.n == ev.AUDIT]
    seeds = [pair.seed for one in planned for pair in one.pairs]
    assert 30 == len(seeds) == len(set(seeds))

    status = do("status")
    assert (3, 20, 3) == tuple(status.facts["audit"][name] for name in ("number", "pairs_before", "failed"))
    told = "Of the 2 audits before it, 2 did not show what they audited to be better."
    report = loop_report.as_markdown(loop_audit.write(project.loop))
    for text in (status.text(), do("best").facts["headline"]["text"], report):
        assert told in " ".join(text.split())
    sentence = do("best").facts["headline"]["text"]
    assert "audit 3 of this loop, did not show experiment 1 better" in sentence and "30 fresh pairs, 20 of them" in sentence
    assert 1 == sentence.count("E 0.") + sentence.count("E 1.") and "not shown" not in sentence
