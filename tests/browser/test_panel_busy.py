"""A panel while its kernel is busy with a cell, and a panel in two tabs: who comes first, and what a click is told."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))

import steering
from desk import Desk, desk
from lab_server import Server, running_server
from playwright.sync_api import expect
from steering import Steering

from autor_nb.domain import events as ev
from autor_nb.store.layout import RunFolder

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RELEASE = "free.txt"
HOLD = f"import pathlib, time\nwhile not pathlib.Path({RELEASE!r}).exists():\n    time.sleep(0.05)"
# Since ipykernel 7.4 what a page says waits for the main shell; before, JupyterLab sent it to a thread of its own.
BY_THREAD = "from ipykernel.comm.comm import BaseComm\ndel BaseComm._reply_subshell_for"
ROUTES = {"main shell": "", "subshell thread": BY_THREAD}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project of three quick stages."""
    place = steering.small_project(tmp_path)
    yield place
    (place / RELEASE).touch()
    steering.end_all(place)


@pytest.fixture
def server(project: Path, tmp_path: Path) -> Iterator[Server]:
    """A server over it."""
    (tmp_path / "home").mkdir()
    with running_server(project, tmp_path / "home") as running:
        yield running


def opened(at: Desk, project: Path, goal: str, route: str) -> tuple[RunFolder, Steering]:
    """A notebook with a run in its first review, and a last cell that holds the kernel until it is released."""
    cells = (f"%load_ext autor_nb\n{ROUTES[route]}", f"%%autor new --agent scripted --no-intake\n{goal}", HOLD)
    at.open(steering.notebook(project, "busy.ipynb", *cells))
    at.idle()
    for _ in range(2):
        at.command("notebook:run-cell-and-select-next")
    panel = Steering(at, goal)
    panel.in_review("Literature Survey")
    return steering.newest(project), panel


def hold(at: Desk) -> None:
    """Run the cell that does not end."""
    at.command("notebook:run-cell", wait=False)
    expect(at_work(at)).to_have_count(1)


def at_work(at: Desk) -> Any:
    """The cells that have not ended, by their prompt."""
    return at.page.get_by_text("[*]:", exact=True)


def from_the_shell(project: Path, *words: str) -> None:
    """A decision on a command line."""
    subprocess.run([steering.AUTOR, *words], cwd=project, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("route", ROUTES)
def test_a_busy_kernel_shows_what_happens_and_takes_the_click_when_it_can(
    server: Server, project: Path, route: str
) -> None:
    """A decision made elsewhere shows while a cell sleeps; a click says that it waits, and is carried out once."""
    with desk(server, reduced_motion="reduce") as at:
        run, panel = opened(at, project, "Who waits for whom?", route)
        hold(at)
        from_the_shell(project, "refine", "from the shell")
        expect(panel.panel.get_by_text("refined by you from the command line").first).to_be_visible(timeout=120_000)
        panel.in_review("Literature Survey", attempt=2)
        assert 1 == at_work(at).count()
        panel.approve("Hypothesis Generation")
        if route == "main shell":
            expect(panel.button("Waiting for the kernel")).to_be_visible(timeout=5_000)
            assert [] == panel.look("waiting-for-the-kernel")
            assert 1 == at_work(at).count()
            assert ["Refined"] == [kind for kind, _ in steering.decided(run)]
            (project / RELEASE).touch()
        panel.in_review("Hypothesis Generation")
        expect(at_work(at)).to_have_count(0 if route == "main shell" else 1)
        expect(panel.button("Waiting for the kernel")).to_have_count(0)
    assert [("Refined", "cli"), ("Approved", "panel")] == steering.decided(run)


def test_of_two_tabs_the_first_decision_wins_and_the_other_learns_why(server: Server, project: Path) -> None:
    """Both clicks reach a kernel that was held up; one is carried out, one is refused in words beside its button, its text kept."""
    goal = "Who comes first?"
    with desk(server, reduced_motion="reduce") as at:
        run, panel = opened(at, project, goal, "main shell")
        at.save()
        other = Steering(at.new_tab(), goal)
        other.in_review("Literature Survey")
        other.feedback.fill("another seed, please")
        panel.click(re.compile("^2 ?"))
        kernel = server.kernel(at.kernel_id)
        kernel.suspend()
        try:
            panel.click("Refine with suggestion 2")
            other.click("Refine with your own words")
            for tab in (panel, other):
                expect(tab.button("Waiting for the kernel")).to_be_visible(timeout=5_000)
        finally:
            kernel.resume()
        for tab in (panel, other):
            tab.in_review("Literature Survey", attempt=2)
        (refined,) = [event for event in steering.log(run) if isinstance(event, ev.Refined)]
        (refused,) = [event for event in steering.log(run) if isinstance(event, ev.CommandRefused)]
        winner, loser = (panel, other) if refined.suggestion == 2 else (other, panel)
        expect(loser.panel.get_by_role("alert")).to_contain_text(refused.reason, timeout=60_000)
        expect(winner.panel.get_by_role("alert")).to_have_count(0)
        assert [] == loser.look("refused-in-the-other-tab")
        for tab in (panel, other):
            assert "by you in a panel" in tab.decision
        expect(other.feedback).to_have_value("" if winner is other else "another seed, please")
    assert [("Refined", "panel")] == steering.decided(run)
