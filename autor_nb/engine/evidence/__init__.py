"""Evidence: the files of facts that the engine itself writes after an agent has ended and before the checks.

Each writer is a module with `write(context) -> list[str]`, the workspace-relative paths it wrote. It
reads what lies in the workspace and believes none of it; a failing writer becomes a note, never the engine's
failure.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autor_nb.domain.ports import AttemptView
from autor_nb.domain.stage import StageRef
from autor_nb.domain.state import RunState
from autor_nb.domain.venue import Venue

TABLE = {
    "experiment_manifest": "autor_nb.engine.evidence.experiment_manifest",
    "paper_build": "autor_nb.engine.evidence.paper_build",
    "citation_verification": "autor_nb.engine.evidence.citation_verification",
    "readiness": "autor_nb.engine.evidence.readiness",
    "release_bundle": "autor_nb.engine.evidence.release_bundle",
}


@dataclass(frozen=True)
class EvidenceContext:
    """What a writer may know: the run's folder and state, and the attempt with its files after the agent."""

    run_dir: Path
    workspace: Path
    state: RunState
    stage: StageRef
    attempt: int
    venue: Venue
    view: AttemptView
    at: str


def write_all(names: Iterable[str], context: EvidenceContext) -> list[str]:
    """Let the named writers write, in that order; answers with one note for each that could not."""
    notes = []
    for name in names:
        module = TABLE.get(name)
        if module is None:
            notes.append(f"There is no evidence named {name!r}; known: {', '.join(TABLE)}.")
            continue
        try:
            importlib.import_module(module).write(context)
        except Exception as error:  # whatever a workspace holds, the attempt goes on to its checks
            told = " ".join(str(error).split())[:500]
            notes.append(f"The evidence {name} could not be written: {type(error).__name__}: {told}")
    return notes
