"""A panel whose page reloads, whose tab closes, whose kernel restarts or dies: the run goes on, and nothing is lost."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

import steering
from desk import Desk, desk
from lab_server import Server
from playwright.sync_api import expect
from steering import Steering

from autor_nb import control
from autor_nb.domain import events as ev
from autor_nb.store.layout import RunFolder

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOAD, PANEL = "%load_ext autor_nb", "%autor panel"
WORDS = 'use it\'s {five} $seeds <b>and</b> keep the "tables"'
HALTS = (ev.Stopped, ev.Paused, ev.RunFailed, ev.Aborted, ev.AttemptRetried)


def new(goal: str, *more: str) -> str:
    """A cell that begins a scripted run."""
    return "\n".join([f"%%autor new --agent scripted --no-intake {' '.join(more)}", goal])


def test_reload_closed_tab_restart_and_kill_lose_nothing(server: Server, project: Path) -> None:
    """State comes from disk and unsent words from the browser; the run never notices."""
    goal = "What outlives its page?"
    steering.notebook(project, "returns.ipynb", LOAD, new(goal, "--set delay_s=10"), PANEL)
    with desk(server, reduced_motion="reduce") as at:
        at.open("returns.ipynb")
        at.idle()
        for _ in range(2):
            at.command("notebook:run-cell-and-select-next")
        run, panel = steering.newest(project), Steering(at, goal)
        panel.working(1)
        assert [] == panel.look("working")
        at.save()
        at.reload()
        panel.working(1)
        panel.in_review("Literature Survey")

        panel.feedback.fill(WORDS)
        at.reload()
        panel.in_review("Literature Survey")
        expect(panel.feedback).to_have_value(WORDS)
        panel.approve("Hypothesis Generation")
        panel.working(1)
        at.page.close()
        control.wait(run, timeout_s=60)

        back = Desk(server, at.window)
        back.open("returns.ipynb")
        panel = Steering(back, goal)
        panel.in_review("Hypothesis Generation")
        panel.feedback.fill(WORDS)
        panel.click(re.compile("^1 ?"))
        panel.click("Refine with suggestion 1")
        panel.working(2)
        kept_through_restart(back, panel, goal)
        kept_through_a_kill(back, run, goal)
    never_halted(run)


def kept_through_restart(at: Desk, panel: Steering, goal: str) -> None:
    """The page says that the kernel has gone, and how to come back; the cell, run again, shows where the run is."""
    at.restart_kernel()
    panel.gone("The kernel has gone; the run goes on.")
    assert [] == panel.look("gone-working")
    panel_again(at)
    again = Steering(at, goal, nth=1)
    again.in_review("Hypothesis Generation", attempt=2)


def kept_through_a_kill(at: Desk, run: RunFolder, goal: str) -> None:
    """Words typed but not sent come back in a new panel of the same attempt, and are sent from there."""
    again = Steering(at, goal, nth=1)
    again.feedback.fill(WORDS)
    at.kill_kernel()
    again.gone("The kernel has gone; the run is kept.")
    again.says(re.compile(f"Your unsent text .{len(WORDS)}.characters. is kept in this browser"))
    assert [] == again.look("gone-review")
    at.page.get_by_role("dialog", name="Kernel Restarting").get_by_role("button", name="Ok").click()
    at.idle()
    panel_again(at)
    again.in_review("Hypothesis Generation", attempt=2)
    expect(again.feedback).to_have_value(WORDS)
    again.feedback.focus()
    again.click("Refine with your own words")
    again.in_review("Hypothesis Generation", attempt=3)
    expect(again.feedback).to_have_value("")
    assert "refined by you in a panel" in again.decision
    refined = [event for event in steering.log(run) if isinstance(event, ev.Refined)]
    assert WORDS == refined[-1].feedback


def panel_again(at: Desk) -> None:
    """Run the cell that loads the extension, then the last one, as the page says."""
    at.page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0; }")
    at.command("notebook:run-cell")
    at.page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 2; }")
    at.command("notebook:run-cell")


def never_halted(run: RunFolder) -> None:
    """No engine was interrupted, and none worked in vain."""
    happened = steering.log(run)
    assert [] == [event for event in happened if isinstance(event, HALTS)]
    spawned = [event for event in happened if isinstance(event, ev.AgentSpawned)]
    ended = [event for event in happened if isinstance(event, ev.AttemptEnded)]
    assert len(spawned) == len(ended)
