"""A person at a run's panel: finds controls by role and name, clicks, and reads what the panel says."""

from __future__ import annotations

import importlib.util
import random
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from desk import Desk
from playwright.sync_api import expect

from autor_nb import control
from autor_nb.domain import events as ev
from autor_nb.store import eventlog
from autor_nb.store.layout import RunFolder, all_runs

PATIENCE_MS = 180_000
AUTOR = str(Path(sys.executable).with_name("autor"))
QUICK = "--set seeds=2 --set outer_folds=3 --set inner_folds=2 --set settings=2"
SPEC = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
_HEIGHT = """() => { const w = window.jupyterapp.shell.currentWidget.content, o = w.outerNode || w.node;
  o.scrollTop = 0; const last = w.widgets[w.widgets.length - 1].node.getBoundingClientRect();
  return Math.ceil(last.bottom) + 60; }"""

_DRAWN = (
    "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))"
)


def measurements(folder: Path, name: str = "my.csv") -> Path:
    """A hundred and twenty rows that one can learn something from, quickly."""
    chance = random.Random(3)
    lines = ["a,b,c,y"]
    for _ in range(120):
        a, b, c = (chance.gauss(0, 1) for _ in range(3))
        lines.append(f"{a:.3f},{b:.3f},{c:.3f},{'yes' if a + b / 2 + chance.gauss(0, 0.8) > 0 else 'no'}")
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


def small_project(folder: Path) -> Path:
    """A project of three stages that are done in a moment."""
    if "faces_conftest" not in sys.modules:
        found = importlib.util.spec_from_file_location(
            "faces_conftest", Path(__file__).parents[1] / "faces" / "conftest.py"
        )
        assert found and found.loader
        sys.modules["faces_conftest"] = importlib.util.module_from_spec(found)
        found.loader.exec_module(sys.modules["faces_conftest"])
    return Path(sys.modules["faces_conftest"].make_project(folder / "project"))


def notebook(folder: Path, name: str, *cells: str, kernel: str = "python3") -> str:
    """Write a notebook of code cells; answers with its name."""
    spec = {"kernelspec": {**SPEC["kernelspec"], "name": kernel}}
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=spec)
    nbformat.write(made, folder / name)
    return name


def newest(folder: Path) -> RunFolder:
    """The run that was begun last."""
    return all_runs(folder / "runs")[0]


def log(run: RunFolder) -> list[Any]:
    """Everything that befell a run."""
    return eventlog.read(run.events)[0]


def decided(run: RunFolder) -> list[tuple[str, str]]:
    """What was decided, and through which face: all but that it was made and begun."""
    by_somebody = [event for event in log(run) if isinstance(event, ev.Decision) and event.by != ev.ENGINE]
    return [(type(event).__name__, event.by.face) for event in by_somebody[2:]]


def end_all(folder: Path) -> None:
    """No engine of a test outlives it."""
    for run in all_runs(folder / "runs"):
        control.end_worker(run)


class Steering:
    """One panel in a browser tab; `nth` counts the notebook's panels from the top."""

    def __init__(self, at: Desk, goal: str | re.Pattern[str], nth: int = 0) -> None:
        self.at, self.page = at, at.page
        self.panel = at.page.get_by_role("region", name=goal, exact=isinstance(goal, str)).nth(nth)

    # ------------------------------------------------------------------------------------- finding

    def part(self, role: str, name: str | re.Pattern[str], **more: Any) -> Any:
        """One thing of the panel by what it is and how it is called."""
        exact = {"exact": True} if isinstance(name, str) else {}
        return self.panel.get_by_role(role, name=name, **exact, **more)

    def button(self, name: str | re.Pattern[str]) -> Any:
        """A button by its name."""
        return self.part("button", name)

    @property
    def feedback(self) -> Any:
        """The field for words of one's own."""
        return self.panel.get_by_label("Your own words")

    @property
    def status(self) -> str:
        """What stands under `State`."""
        return str(self.panel.get_by_role("definition").first.inner_text())

    @property
    def decision(self) -> str:
        """The line that tells the newest decision."""
        return " ".join(self.panel.locator(".record").first.inner_text().split())

    @property
    def decisions(self) -> str:
        """The newest decisions, in one line."""
        return " ".join(self.part("list", "Decisions, newest first").inner_text().split())

    # ------------------------------------------------------------------------------------- doing

    def click(self, name: str | re.Pattern[str]) -> None:
        """Click a button once it can be clicked."""
        self.button(name).click(timeout=PATIENCE_MS)

    def in_review(self, stage: str, attempt: int = 1) -> None:
        """Wait until that attempt of the stage waits for this person."""
        expect(self.panel).to_be_visible(timeout=120_000)
        head = self.part("heading", re.compile(rf"^\d\d {stage}$"), level=3)
        expect(head).to_be_visible(timeout=PATIENCE_MS)
        expect(self.part("heading", "Your decision", level=3)).to_be_visible(timeout=PATIENCE_MS)
        tab = self.part("tab", re.compile(rf"^Attempt {attempt}, (edited by .*, )?in review$"), selected=True)
        expect(tab).to_be_visible(timeout=PATIENCE_MS)

    def working(self, attempt: int) -> None:
        """Wait until that attempt is being worked on, by what the deciding side says."""
        side = self.part("complementary", "This attempt")
        expect(side.get_by_role("heading", name=f"Attempt {attempt}", exact=True)).to_be_visible(timeout=PATIENCE_MS)

    def gone(self, title: str) -> None:
        """Wait until the panel says that its kernel has gone, and what to do."""
        expect(self.part("heading", title, level=3)).to_be_visible(timeout=PATIENCE_MS)
        expect(self.part("heading", "Come back here")).to_be_visible()
        expect(self.panel.get_by_text("autor watch 2").first).to_be_visible()

    def approve(self, following: str = "") -> None:
        """The button that leads on."""
        self.click(re.compile(f"^Approve, go on to .*{following}") if following else "Approve, finish the run")

    def says(self, text: str | re.Pattern[str]) -> None:
        """Wait until the panel says it somewhere."""
        expect(self.panel.get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)

    # ------------------------------------------------------------------------------------- looking

    def look(self, name: str, width: int = 1300) -> list[str]:
        """Keep a picture of the whole notebook; what is cut off or hardly legible in the panel."""
        before = self.page.viewport_size
        self.page.set_viewport_size({"width": width, "height": 1000})
        for _ in range(4):
            height = min(6_000, max(1000, int(self.page.evaluate(_HEIGHT))))
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.evaluate(_DRAWN)
        self.at.screenshot(f"run-panel-{name}")
        found = self.at.cut_off(".autor *") + self.at.illegible(".autor")
        self.page.set_viewport_size(before)
        return found
