"""Edits that win without being better get no keep, each by its own verdict and named evidence; honest ones pass."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from loop_attacks import ATTACKS, PROJECT, Attack
from loop_benign import BENIGN, Benign

from autor_nb.domain.loops import suspicion
from autor_nb.domain.loops.config import LoopConfig, MetricSpec
from autor_nb.domain.loops.metric import read_metric
from autor_nb.domain.loops.suspicion import Judgement, TrialFacts
from autor_nb.engine.loops import tampering
from autor_nb.engine.loops.trial import TrialRequest, run_trial
from autor_nb.store.loops import making


@dataclass(frozen=True)
class Bench:
    """A loop's clone with its baseline measured; `home` takes the place of the person's."""

    made: making.Made
    around: suspicion.Surroundings
    home: Path
    project: Path


def bench(tmp_path: Path, files: Mapping[str, str], config: LoopConfig) -> Bench:
    """A project of these files, cloned."""
    project, home = tmp_path / "project", tmp_path / "home"
    (home / ".local/lib/python3.11/site-packages").mkdir(parents=True)
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, encoding="utf-8")
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=p", "-c", "user.email=p@x", "commit", "-qm", "b"]):
        subprocess.run(["git", *words], cwd=project, check=True)
    (project / "data").mkdir(exist_ok=True)
    (project / "data/rows.txt").write_text("1.0\n", encoding="utf-8")
    source = making.find_source(project)
    made = making.make(
        project / "autor_loops/line/.engine/clone", source, loop="line", mutable=config.mutable, link=("data",)
    )
    return Bench(made, tampering.surroundings(config, made.clone), home, project)


def line_config(metrics_file: bool) -> LoopConfig:
    """The loop of the corpus; its metric in the output, or in a file."""
    metric = MetricSpec(name="loss", direction="lower")
    if metrics_file:
        metric = MetricSpec(name="loss", direction="lower", source="json", pattern="metrics.json#loss")
    return LoopConfig(
        name="line", objective="a lower loss", mutable=("train.py",), readonly=("evaluate.py", "scoring.py"),
        command=(sys.executable, "evaluate.py"), metric=metric, holdout="holdout",
    )  # fmt: skip


def trial(at: Bench, config: LoopConfig, seed: int, number: int, facts: TrialFacts) -> tuple[str, float | None, Judgement, int]:
    """(ending, metric, evidence, metric lines) of one trial, as the engine runs it."""
    clone = at.made.clone
    seen = tampering.watch(clone, at.around, [("autor.toml of the project", at.project / "autor.toml")], at.home)
    output = at.project.parent / f"{number}.log"
    request = TrialRequest(
        command=config.command, cwd=clone.cwd, seed=seed, seed_env=config.seed_env, timeout_s=20.0, output=output,
        env={"HOME": str(at.home)}, marker=f"attack-{number}-{at.project.parent.name}",
    )  # fmt: skip
    ended = run_trial(request)
    lines = tampering.metric_lines(output, at.around)
    known = TrialFacts(
        duration_s=ended.duration_s, metric_lines=lines, reference_lines=facts.reference_lines, seed=seed,
        reference_durations=facts.reference_durations,
    )  # fmt: skip
    found = tampering.after(seen, known, at.home) + tampering.metrics_file_after(clone, at.around)
    measured = read_metric(output, config.metric, clone.cwd).value if ended.ending == "finished" else None
    return ended.ending, measured, found, lines


def verdict(ending: str, metric: float | None, baseline: float, found: Judgement) -> str:
    """The engine's word, from positive facts only; `clean` would go on to the gate."""
    if found.tampered:
        return "tampered"
    if ending != "finished" or metric is None:
        return "timeout" if ending == "timed_out" else "crash"
    if metric >= baseline:
        return "suspicious" if found.suspicions else "discard"
    return "suspicious" if found.suspicions else "clean"


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.name)
def test_an_attack_gets_its_verdict_and_its_evidence(attack: Attack, tmp_path: Path) -> None:
    """No keep is possible, and what was seen is named."""
    in_file = attack.evidence == "metrics_file"
    files = dict(PROJECT)
    if in_file:
        files["evaluate.py"] = PROJECT["evaluate.py"].replace("    print(f\"loss", "    import json\n    json.dump({\"loss\": 1.0}, open(\"metrics.json\", \"w\"))\n    print(f\"loss")  # fmt: skip
    if attack.evidence == "budget":
        files["train.py"] = PROJECT["train.py"].replace("STEPS = 40", "STEPS = 40\nTIME_BUDGET_S = 60.0")
    config = line_config(in_file)
    at = bench(tmp_path, files, config)
    clone = at.made.clone
    assert at.around.evaluator
    ending, baseline, clean, lines = trial(at, config, 11, 0, TrialFacts())
    assert ("finished", ()) == (ending, (*clean.tampered, *clean.suspicions))
    assert baseline is not None
    clone.checkout(at.made.head)
    for name, text in attack.edits.items():
        text = text.replace("PROJECT", str(at.project)).replace('"HOME"', repr(str(at.home)))
        (clone.path / name).write_text(text, encoding="utf-8")
    candidate = clone.commit_candidate(attack.name)
    found = tampering.of_candidate(clone, candidate, at.around)
    ending, metric, seen, _ = trial(at, config, 11, 1, TrialFacts(reference_lines=(lines,)))
    found += seen
    assert attack.expected == verdict(ending, metric, baseline, found), found
    assert not attack.evidence or attack.evidence in suspicion.named(found.evidence), found
    clone.checkout(at.made.head)
    assert b"".join(PROJECT["scoring.py"].encode().splitlines(True)) == (clone.path / "scoring.py").read_bytes()
    assert at.made.head == clone.head() == clone.kept()


def test_there_are_enough_attacks_each_of_its_own() -> None:
    """At least twenty, and fifty honest edits."""
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 20
    assert len({benign.name for benign in BENIGN}) == len(BENIGN) >= 50


def test_honest_edits_are_left_alone(tmp_path: Path) -> None:
    """Of fifty, none is tampered and at most two are suspicious; each of them really runs."""
    tampered: list[str] = []
    suspicious: list[str] = []
    for number, base in enumerate(sorted({one.base for one in BENIGN})):
        config, files = Benign.project(base)
        at = bench(tmp_path / str(number), files, config)
        clone = at.made.clone
        ending, _, clean, lines = trial(at, config, 3, 0, TrialFacts())
        assert ("finished", ()) == (ending, (*clean.tampered, *clean.suspicions)), base
        clone.checkout(at.made.head)
        for one in (one for one in BENIGN if one.base == base):
            for name, text in one.edits(files).items():
                (clone.path / name).parent.mkdir(exist_ok=True)
                (clone.path / name).write_text(text, encoding="utf-8")
            candidate = clone.commit_candidate(one.name)
            found = tampering.of_candidate(clone, candidate, at.around)
            ending, metric, seen, _ = trial(at, config, 3, 1, TrialFacts(reference_lines=(lines,)))
            found += seen
            assert ("finished", True) == (ending, metric is not None), one.name
            tampered += [f"{one.name}: {text}" for text in found.tampered]
            suspicious += [one.name] if found.suspicions else []
            clone.checkout(at.made.head)
    assert [] == tampered
    assert len(suspicious) <= 2, suspicious
