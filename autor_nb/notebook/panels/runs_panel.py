"""RunsPanel: every run, those that wait first; one of them opened below."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import ipywidgets

from autor_nb import control
from autor_nb.desk.runlist import RunList
from autor_nb.domain.errors import UsageError
from autor_nb.notebook.panels.panel import Panel
from autor_nb.notebook.panels.rounds import Rounds
from autor_nb.notebook.panels.run_panel import RunPanel
from autor_nb.store import layout
from autor_nb.store.eventlog import utc_now
from autor_nb.verbs.upkeep import pack

LOOK_S = 1.0
BEAT_S = 2.0
MEASURED_AT_ONCE = 20


class RunsPanel(Panel):
    """Lists runs, packs and removes them, and opens one; `below` is where the opened one appears."""

    def __init__(self, root: Path) -> None:
        self.root, self.below = root, ipywidgets.VBox()
        self._list, self._wake, self._beats = RunList(root), threading.Event(), 0
        super().__init__(kind="runs", view=self._list.view())
        threading.Thread(target=self._follow, name="autor-runs", daemon=True).start()

    def hello(self) -> None:
        """Look at once."""
        self._wake.set()

    def ask(self, message: dict[str, Any]) -> None:
        """Open, archive or remove one run."""
        run = layout.find_run(self.root, str((message.get("args") or {}).get("run", "")))
        match message.get("command"):
            case "open":
                self.below.children = (RunPanel(run),)
            case "archive":
                pack(run, self.root.parent)
            case "remove":
                control.remove(run)
            case other:
                raise UsageError(f"The panel asked for {other!r}, which this version does not know.", "Reload it.")
        self._wake.set()

    def _follow(self) -> None:
        beaten, rounds = 0.0, Rounds()
        while True:
            if self.watched:
                with rounds.one():
                    self._round()
                with rounds.one():
                    if time.monotonic() - beaten >= BEAT_S:
                        beaten, self._beats = time.monotonic(), self._beats + 1
                        self.send({"beat": self._beats, "at": utc_now()})
            self._wake.wait(LOOK_S)
            self._wake.clear()

    def _round(self) -> None:
        for _ in range(MEASURED_AT_ONCE):
            if not self._list.measure():
                break
        view = self._list.view()
        if view != self.view:
            self.view = view
