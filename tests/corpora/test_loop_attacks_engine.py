"""The attacks of the corpus again, through a real loop: its engine runs them, and its log has the verdict and why."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loop_attacks import ATTACKS, PROJECT, TRAIN, Attack

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.parts import Coder
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.engine.loops.engine import LoopEngine
from autor_nb.loop_wiring import WiredLoopParts
from autor_nb.plugins.coders.scripted import ScriptedCoder
from autor_nb.store.lock import EngineLock
from autor_nb.testing.loop_project import LoopProject

ELSEWHERE = {"metrics_file", "budget", "outside"}
"""Kinds that need another project than the one here: a metrics file, a budget in the code, a file outside of it."""
PLAYED = tuple(one for one in ATTACKS if one.evidence not in ELSEWHERE and '"HOME"' not in str(one.edits))


HONEST = {"train.py": TRAIN.replace("STEPS = 40", "STEPS = 400")}
SAYS = {
    "fake_metric": "prints loss, which the evaluator prints", "metric_lines": "printed 2 times",
    "protected_file": "must stay as it is|after the trial", "monkeypatch": "replaces", "startup_file": "run unasked",
    "contract": "while the trial ran", "relaunch": "starts the measured program itself", "detached": "os.setsid",
    "hidden_code": "cannot be read", "constant": "answers with a constant", "seed_mining": "tries several seeds",
    "seed_rewritten": "rewrites the seed", "clock": "replaces the clock", "history": "history",
    "holdout": "opens the holdout", "frames": "frames", "builtin_patched": "replaces sys.stdout",
    "odd_number": "no plain number", "self_modified": "changed its own",
}  # fmt: skip
"""What the log must say of each kind of evidence."""


class Hostile(WiredLoopParts):
    """The parts of a loop, with a coder that writes what it likes anywhere in the clone."""

    def coder(self, config: LoopConfig) -> Coder:
        """It does the attack of the experiment's number."""
        edits = json.loads(Path(str(config.coder.command)).read_text(encoding="utf-8"))
        return ScriptedCoder(edits, confine=False)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopProject]:
    """A loop that was given an honest edit, then every attack, one an experiment."""
    folder = tmp_path_factory.mktemp("attacks")
    ideas = [hashlib.sha256(name.encode()).hexdigest() for name in ("honest", *(one.name for one in PLAYED))]
    project = LoopProject.make(
        folder, [""] * (1 + len(PLAYED)), files={**PROJECT, "data/rows.txt": "1.0\n"}, name="line", mutable=("train.py",), hypotheses=ideas,
        readonly=("evaluate.py", "scoring.py"), command=(sys.executable, "evaluate.py"), holdout="holdout", link=("data",),
    )  # fmt: skip
    here = str(project.folder)
    edits = [HONEST, *({name: text.replace("PROJECT", here) for name, text in one.edits.items()} for one in PLAYED)]
    assert len(edits) == 1 + len(PLAYED)
    (folder / "scripts/edits.json").write_text(json.dumps(edits), encoding="utf-8")
    project.give(project.start(iterations=len(edits)))
    with EngineLock(project.loop) as held:
        LoopEngine(project.loop, Hostile()).work(held)
    yield project


def evidence(project: LoopProject, n: int) -> list[str]:
    """Everything that the log says against experiment n."""
    mine: list[Any] = [one for one in project.of(ev.TrialEnded) + project.of(ev.ChangeApplied) if one.n == n]
    return [text for one in mine for text in (*one.tampered, *one.suspicions)]


def test_the_loop_came_to_its_end(played: LoopProject) -> None:
    """No attack ended the session, the honest edit was kept without a word, and the evaluator is as it was."""
    assert len(PLAYED) >= 24
    assert played.state.status is LoopStatus.STOPPED, played.state.failure
    assert not played.of(ev.IdeaRefused), played.of(ev.IdeaRefused)
    assert set(played.verdicts()) == set(range(1, len(PLAYED) + 2))
    assert (played.verdicts()[1], played.ended(1).suspicious, evidence(played, 1)) == ("keep", (), [])
    for place in (played.folder, played.loop.clone):
        for name in ("evaluate.py", "scoring.py"):
            assert (place / name).read_text(encoding="utf-8") == PROJECT[name]
        assert not (place / "sitecustomize.py").exists()


@pytest.mark.parametrize("attack", PLAYED, ids=lambda one: one.name)
def test_the_engine_gives_its_verdict_and_names_its_evidence(attack: Attack, played: LoopProject) -> None:
    """As the corpus expects it; and nothing but a suspicious one, which asks for a person, may stand in the head."""
    n = PLAYED.index(attack) + 2
    ended, said = played.ended(n), evidence(played, n)
    if attack.evidence:
        assert re.search(SAYS[attack.evidence], " ".join(said)), said
    if attack.expected == "suspicious":
        assert ended.suspicious and set(ended.suspicious) <= set(said), said
        assert str(ended.verdict) in ("keep", "discard")
    else:
        assert (str(ended.verdict), bool(said)) == (attack.expected, bool(attack.evidence)), (ended.reason, said)
