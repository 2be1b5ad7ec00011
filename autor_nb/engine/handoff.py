"""What the next stage must know of an approved one: its results, its files and its open decisions."""

from __future__ import annotations

from autor_nb.domain.summary import LEDGER
from autor_nb.engine.memory import Approved, remarks
from autor_nb.engine.quote import fence

CARRIED = ("Key Results", "Files Produced", LEDGER)


def handoff_text(stage: Approved) -> str:
    """handoff/<slug>.md."""
    parts = [f"# Handoff of {stage.title}", *remarks(stage)]
    for name in CARRIED:
        text = stage.sections.get(name)
        if text:
            parts += [f"## {name}", fence(text, "markdown")]
    return "\n\n".join(parts) + "\n"
