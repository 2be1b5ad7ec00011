"""RunPanel: a whole run steered from a notebook."""

from __future__ import annotations

from typing import Any

from autor_nb import control
from autor_nb.notebook.panels import asks, looks
from autor_nb.notebook.panels.panel import Panel
from autor_nb.notebook.panels.tail import tail_of
from autor_nb.store.layout import RunFolder


class RunPanel(Panel):
    """Shows a run as it is and hands decisions to its engine; everything it knows is read from disk."""

    def __init__(self, run: RunFolder) -> None:
        self.run, self.tail = run, tail_of(run)
        view, attempt = self.tail.first()
        super().__init__(kind="run", view=view, attempt=attempt or {})
        self.tail.join(self)

    def hello(self) -> None:
        """Look at once."""
        self.tail.wake()

    def ask(self, message: dict[str, Any]) -> None:
        """One command to the engine."""
        control.ask(self.run, asks.command(message))
        self.tail.wake()

    def look(self, message: dict[str, Any]) -> Any:
        """A document about this run."""
        return looks.look(self.tail, message)
