"""LoopPanel: an experiment loop watched and steered from a notebook; everything it knows is read from disk."""

from __future__ import annotations

from importlib import resources
from typing import Any

from autor_nb import loop_control
from autor_nb.domain.errors import UsageError
from autor_nb.notebook.panels import loop_asks
from autor_nb.notebook.panels.loop_tail import loop_tail_of
from autor_nb.notebook.panels.panel import Panel
from autor_nb.store.loops.layout import LoopFolder

_PAGE = resources.files("autor_nb.notebook.panels") / "page"


class LoopPanel(Panel):
    """Shows a loop as it is; every button is one command to its engine."""

    _esm = (_PAGE / "loop.js").read_text(encoding="utf-8")
    _css = (_PAGE / "panel.css").read_text(encoding="utf-8") + (_PAGE / "loop.css").read_text(encoding="utf-8")

    def __init__(self, loop: LoopFolder) -> None:
        self.loop, self.tail = loop, loop_tail_of(loop)
        super().__init__(kind="loop", view=self.tail.first())
        self.tail.join(self)

    def hello(self) -> None:
        """Look at once."""
        self.tail.wake()

    def ask(self, message: dict[str, Any]) -> None:
        """One command to the engine; what is asked about forks is measured first, beside it."""
        match message.get("command"):
            case "compare":
                self.tail.work.compare(loop_asks.seeds(message))
            case "merge":
                self.tail.work.merge(loop_control.actor("panel"), loop_asks.seeds(message))
            case "halt":
                self.tail.work.halt()
            case _:
                loop_control.ask(self.loop, loop_asks.command(message))
        self.tail.wake()

    def look(self, message: dict[str, Any]) -> Any:
        """A window of the table, one experiment, or all decisions."""
        try:
            match str(message.get("what", "")):
                case "rows":
                    which = str(message.get("which") or "all")
                    return self.tail.rows(which, int(message.get("first") or 0), int(message.get("count") or 40))
                case "experiment":
                    return self.tail.experiment(int(message["n"]))
                case "decisions":
                    return self.tail.decisions()
                case other:
                    raise UsageError(
                        f"The panel asked to see {other!r}, which this version does not know.", "Reload the page."
                    )
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"The panel's question was not understood: {error}.", "Reload the page.") from error
