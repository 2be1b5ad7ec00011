"""ComparePanel: a comparison at length, with everything that is the same on demand."""

from __future__ import annotations

from typing import Any

from autor_nb.domain.errors import UsageError
from autor_nb.notebook.panels.panel import Panel


class ComparePanel(Panel):
    """Shows one Compare document; attempts that have ended do not change any more."""

    def __init__(self, state: tuple[dict[str, Any], Any]) -> None:
        document, sides = state
        run = sides[1].run.run_id if sides else ""
        super().__init__(kind="compare", view={**document, "run": run, "choices": []})

    def ask(self, message: dict[str, Any]) -> None:
        """Nothing is decided here."""
        raise UsageError("This panel is for reading.", "`%autor panel` has the buttons.")

    def look(self, message: dict[str, Any]) -> Any:
        """There is nothing more to see."""
        raise UsageError("A comparison shows nothing more.", "`%autor compare --all` shows what is the same, too.")
