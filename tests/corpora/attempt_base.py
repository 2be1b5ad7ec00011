"""A whole valid workspace at the end of stage 08, made by code, and the judging of copies of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from autor_nb import registry
from autor_nb.domain.artifact import FileEntry
from autor_nb.domain.check import Check
from autor_nb.domain.hypothesis import freeze_hash
from autor_nb.domain.ports import AgentTask
from autor_nb.domain.stage import Ending
from autor_nb.domain.state import RunState, StageState
from autor_nb.domain.summary import OPTIONS
from autor_nb.engine.evidence import EvidenceContext, write_all
from autor_nb.store.templates import gates, stages
from autor_nb.store.venues import find_venue
from autor_nb.testing.scripted_work import produce
from autor_nb.testing.views import DRAFT, STAGES, FolderView, snapshot, stage_ref

GOAL = "Find out whether [pending] orders with a TODO mark are late."
FOLDERS = {"literature": "01", "data": "03", "code": "04", "results": "05", "figures": "06", "writing": "07"}
MANIFEST = "results/experiment_manifest.json"
LISTED = {
    "01": ["literature/survey.md"],
    "02": ["notes/hypothesis_manifest.json"],
    "03": ["data/design.json", "data/measurements.csv"],
    "04": ["code/run.py"],
    "05": ["results/folds.csv"],
    "06": ["figures/score_0.png", "results/hypothesis_tests.json"],
    "07": ["writing/main.tex", "artifacts/paper.pdf", "artifacts/self_review.json"],
    "08": ["reviews/threats_to_validity.md", "artifacts/release_bundle.zip"],
}


def draft(stage: str, paths: list[str] | None = None, /, **changed: str) -> str:
    """A valid summary; `changed` replaces the body of a section by its first word in lower case."""
    ref = stage_ref(stage)
    listed = "\n".join(f"- `{path}`" for path in (LISTED[stage] if paths is None else paths))
    bodies = {
        "Objective": "Settle this stage.",
        "Previously Approved Stage Summaries": "What came before holds.",
        "What I Did": "The study is run by its entry point `code/run.py`.",
        "Key Results": "- It works, see the files.",
        "Files Produced": listed,
        "Suggestions for Refinement": "1. Use more seeds.\n2. Use another measure.\n3. Explain more.",
        "Your Options": "\n".join(f"{number}. {text}" for number, text in enumerate(OPTIONS, 1)),
    }
    bodies = {name: changed.get(name.split()[0].lower(), body) for name, body in bodies.items()}
    sections = "".join(f"## {name}\n\n{body}\n\n" for name, body in bodies.items())
    return f"# Stage {ref.number}: {ref.title}\n\n{sections}"


def build(work: Path) -> None:
    """Write everything: the agent's files stage by stage, then what the engine writes."""
    for number in list(STAGES)[1:]:
        task = AgentTask(
            run_id="corpus", stage=stage_ref(number), attempt=1, prompt_path=str(work), workspace=str(work),
            draft_path=str(work / DRAFT), goal=GOAL, venue="report",
        )
        produce(task)
        if number == "03":
            _more_data(work)
        if number == "05":
            _more_results(work)
        if number == "06":
            _more_figures(work)
    (work / DRAFT).write_text(draft("08"))
    state = RunState(run_id="corpus", goal=GOAL, config={"agent": "scripted", "venue": "report"},
                     stages=[StageState(ref=stage_ref(number)) for number in STAGES])
    for stage in ("05", "07", "08"):
        view = FolderView(work, stage=stage, goal=GOAL, makers=makers(snapshot(work)))
        notes = write_all(next(s.evidence for s in stages(intake=True) if s.number == stage), EvidenceContext(
            run_dir=work.parent, workspace=work, state=state, stage=stage_ref(stage), attempt=1,
            venue=find_venue("report"), view=view, at="2026-01-01T00:00:00Z",
        ))
        assert [] == notes


def _more_data(work: Path) -> None:
    (work / "data/rows.jsonl").write_text('{"a": 1}\n{"a": 2}\n')
    (work / "data/settings.yaml").write_text("seeds: [1, 2]\nname: x\n")
    (work / "data/table.tsv").write_text("a\tb\n1\t2\n")
    schema = {"type": "object", "properties": {"x": {"type": "integer", "minimum": 0}}, "required": ["x", "y"]}
    (work / "data/measurements.csv.schema.json").write_text(json.dumps(schema))


def _more_results(work: Path) -> None:
    (work / "results/folds.csv").write_text("fold,score\n0,0.5\n1,0.75\n")
    (work / "results/fits.jsonl").write_text('{"fold": 0, "ok": true}\n{"fold": 1, "ok": true}\n')
    (work / "results/notes.json").write_text('{"note": "plain"}\n')
    np.save(work / "results/scores.npy", np.arange(6.0))
    np.savez_compressed(work / "results/arrays.npz", a=np.arange(6.0), b=np.eye(2))


def _more_figures(work: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 2))
    figure.add_subplot().plot([0, 1, 2], [0, 1, 4])
    for suffix in ("png", "pdf", "svg", "jpg"):
        figure.savefig(work / f"figures/curve.{suffix}")


def makers(files: dict[str, FileEntry]) -> dict[str, tuple[str, int] | None]:
    """Who made what, by folder."""
    made = {path: (FOLDERS.get(path.split("/")[0], "08"), 1) for path in files}
    return made | dict.fromkeys(("results/hypothesis_tests.json",), ("06", 1))


@dataclass
class Attempt:
    """A copy of the valid workspace that a case may change, and the facts of the attempt around it."""

    work: Path
    stage: str = "08"
    facts: dict[str, Any] = field(default_factory=dict)
    remake_manifest: bool = True

    def write(self, path: str, content: str | bytes) -> Attempt:
        """Write a file of the workspace."""
        target = self.work / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def text(self, path: str) -> str:
        """A file's text."""
        return (self.work / path).read_text()

    def edit(self, path: str, old: str, new: str) -> Attempt:
        """Replace words of a file that must be there."""
        text = self.text(path)
        assert old in text
        return self.write(path, text.replace(old, new))

    def json(self, path: str, change: Callable[[Any], Any]) -> Attempt:
        """Change a JSON file's value in place."""
        value = json.loads(self.text(path))
        changed = change(value)
        return self.write(path, json.dumps(value if changed is None else changed))

    def truncate(self, path: str) -> Attempt:
        """Keep the first two thirds of a file."""
        content = (self.work / path).read_bytes()
        return self.write(path, content[: len(content) * 2 // 3])

    def remove(self, *paths: str) -> Attempt:
        """Delete files or folders."""
        for path in paths:
            place = self.work / path
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        return self

    def draft(self, *args: Any, **changed: str) -> Attempt:
        """Write the stage's draft with some sections replaced."""
        return self.write(DRAFT, draft(self.stage, *args, **changed))


@dataclass
class Base:
    """The valid workspace, built once."""

    work: Path
    files: dict[str, FileEntry]
    frozen: str

    def copy(self, to: Path, stage: str) -> Attempt:
        """A copy with that stage's own draft."""
        shutil.copytree(self.work, to)
        attempt = Attempt(to, stage)
        attempt.draft()
        return attempt

    def judge(self, attempt: Attempt) -> list[Check]:
        """Every rule's answers, as the engine asks them."""
        if attempt.remake_manifest and (attempt.work / MANIFEST).exists():
            _remake_manifest(attempt.work)
        new = {DRAFT, *LISTED[attempt.stage]}
        facts: dict[str, Any] = {
            "stage": attempt.stage, "goal": GOAL, "venue": find_venue("report"), "frozen_hypotheses": self.frozen,
            "before": {path: entry for path, entry in self.files.items() if path not in new},
            "makers": makers(self.files), **attempt.facts,
        }
        view = FolderView(attempt.work, **facts)
        names = gates(stages(intake=True), view.stage.slug)
        asked = names if view.ending is Ending.FINISHED else ["ending"]
        return [check for name in asked for check in registry.create("checkers", name).check(view)]


def _remake_manifest(work: Path) -> None:
    """What the engine does after the experiments: the manifest lists the files as they are."""
    manifest = json.loads((work / MANIFEST).read_text())
    suffixes = (".json", ".jsonl", ".csv", ".tsv", ".parquet", ".npz", ".npy")
    manifest["result_artifacts"] = [
        {"rel_path": path, "sha256": entry.sha256} for path, entry in snapshot(work).items()
        if path.startswith("results/") and path.endswith(suffixes) and path != MANIFEST
    ]
    (work / MANIFEST).write_text(json.dumps(manifest))


def make_base(folder: Path) -> Base:
    """Build it."""
    work = folder / "workspace"
    work.mkdir()
    build(work)
    items = json.loads((work / "notes/hypothesis_manifest.json").read_text())
    return Base(work, snapshot(work), freeze_hash(items))


def blocking(checks: list[Check]) -> set[str]:
    """Ids of failing blocking Checks."""
    return {check.id for check in checks if check.blocks}


def warnings(checks: list[Check]) -> set[str]:
    """Ids of failing Checks that do not block."""
    return {check.id for check in checks if not check.passed and not check.blocks}
