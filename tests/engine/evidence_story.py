"""A run's folder with real files, seen as the engine sees it when it writes evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from autor_nb.domain.run import Actor
from autor_nb.domain.stage import AttemptStatus, Ending, StageStatus
from autor_nb.domain.state import AttemptState, RunState, StageState, Waiver
from autor_nb.engine.evidence import EvidenceContext
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.layout import RunFolder
from autor_nb.store.templates import stages
from autor_nb.store.venues import find_venue
from autor_nb.store.view import StoredAttempt

ADA = Actor(face="cli", os_user="ada")


def put(root: Path, path: str, content: str | bytes | Any) -> Path:
    """Write a file of the workspace; what is no text becomes JSON."""
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        place.write_bytes(content)
    else:
        place.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return place


def make_run(tmp_path: Path) -> RunFolder:
    """An empty run."""
    run = RunFolder(tmp_path / "runs" / "20250101_000000")
    run.workspace.mkdir(parents=True)
    return run


def context(run: RunFolder, number: str, *, waived: str = "", venue: str = "report") -> EvidenceContext:
    """The evidence context of a first attempt of stage `number`, all earlier stages approved."""
    state = RunState(run_id=run.run_id, goal="Compare | models\n<b>x</b>", config={"agent": "scripted", "seed": 0},
                     frozen_hypotheses="f" * 64)
    for spec in stages(intake=False):
        attempt = AttemptState(stage=spec.slug, attempt=1, status=AttemptStatus.APPROVED, ending=Ending.FINISHED,
                               ended_at="2025-01-01T00:00:00Z", decided_by=ADA, draft_sha256="d" * 64)
        stage = StageState(ref=spec.ref, attempts=[attempt])
        if spec.number < number:
            stage.status, stage.approved, stage.approved_at = StageStatus.APPROVED, 1, "2025-01-01T00:00:00Z"
            if spec.number == waived:
                attempt.waivers = (Waiver(check_id="data.parses", why="known | odd `data`", by=ADA, at="2025-01-01"),)
        elif spec.number > number:
            stage.attempts = []
        state.stages.append(stage)
    stage = state.stage(number)
    assert stage is not None and stage.latest is not None
    index = ArtifactIndex(run)
    view = StoredAttempt(run, state, stage.latest, index=index, files=index.scan(), made={})
    return EvidenceContext(run_dir=run.path, workspace=run.workspace, state=state, stage=stage.ref, attempt=1,
                           venue=find_venue(venue), view=view, at="2025-01-02T00:00:00Z")


def loaded(run: RunFolder, path: str) -> Any:
    """A JSON file of the workspace."""
    return json.loads((run.workspace / path).read_text(encoding="utf-8"))
