"""What failed and what limits the study (`notes/limits.json`), gathered over the stages."""

from __future__ import annotations

from typing import Any

from autor_nb.plugins.agents.tabular.session import Session

PATH = "notes/limits.json"


def record(session: Session, items: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Replace this stage's items (and drop those of later stages); answers with all."""
    number = session.task.stage.number
    earlier = [i for i in session.read_json(PATH) if i["stage"] < number] if session.exists(PATH) else []
    kept = earlier + [{"kind": i["kind"], "stage": number, "text": i["text"]} for i in items]
    session.write_json(PATH, kept)
    return kept
