"""Every state of the panels, in JupyterLab and Notebook 7, light and dark, wide and narrow: pictures, contrast, axe."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

import panel_scenes as scenes
import steering
from desk import Desk, desk
from lab_server import App, Server
from playwright.sync_api import expect
from steering import Steering

import autor_nb

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("npm"), reason="NOT TESTED: axe-core comes by npm, which is not here"),
]

APPS: tuple[App, ...] = ("lab", "notebook")
Runs = dict[str, autor_nb.Run]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for runs."""
    place = tmp_path_factory.mktemp("looks")
    (place / "runs").mkdir()
    yield place
    steering.end_all(place)


@pytest.fixture(scope="module")
def runs(project: Path) -> Runs:
    """A run in each state."""
    return {
        "done": scenes.completed(project),
        "intake": scenes.asking(project),
        "working": scenes.at_work(project),
        "review": scenes.in_review(project),
    }


def opened(at: Desk, project: Path, app: App, name: str, *cells: str) -> None:
    """A notebook with these cells, run."""
    at.open(steering.notebook(project, f"{name}-{app}.ipynb", "%load_ext autor_nb", *cells), app)
    at.run_all()


@pytest.mark.parametrize("app", APPS)
def test_a_run_in_review_and_its_rollback_preview(server: Server, project: Path, runs: Runs, app: App) -> None:
    """A check that blocks, a check that warns, the draft, files; then the sheet that tells what becomes stale."""
    with desk(server, reduced_motion="reduce") as at:
        opened(at, project, app, "review", f"%autor panel {runs['review'].id}")
        panel = Steering(at, scenes.REVIEW)
        panel.in_review("Experimentation", attempt=3)
        panel.says("Blocking")
        panel.says("Warning")
        found = scenes.looked_at(at, "review")
        panel.click("Roll back…")
        sheet = panel.part("region", "Roll back")
        sheet.get_by_label("Go back to").select_option(label="03 Study Design")
        expect(sheet.get_by_role("listitem")).to_have_count(3)
        assert [] == found + scenes.looked_at(at, "rollback")


@pytest.mark.parametrize("app", APPS)
def test_a_run_at_work_and_a_kernel_that_has_gone(server: Server, project: Path, runs: Runs, app: App) -> None:
    """The live feed with what is known of the attempt; then the same panel after its kernel was killed."""
    with desk(server, reduced_motion="reduce") as at:
        opened(at, project, app, "working", f"%autor panel {runs['working'].id}")
        panel = Steering(at, scenes.WORKING)
        panel.working(2)
        expect(panel.part("list", re.compile("")).first).to_be_visible()
        found = scenes.looked_at(at, "working")
        at.kill_kernel()
        panel.gone("The kernel has gone; the run goes on.")
        at.page.get_by_role("dialog", name="Kernel Restarting").get_by_role("button", name="Ok").click()
        assert [] == found + scenes.looked_at(at, "gone")


@pytest.mark.parametrize("app", APPS)
def test_an_intake_and_a_completed_run(server: Server, project: Path, runs: Runs, app: App) -> None:
    """The form with its questions; the run that has nothing left to decide."""
    with desk(server, reduced_motion="reduce") as at:
        opened(at, project, app, "intake", f"%autor panel {runs['intake'].id}")
        Steering(at, scenes.INTAKE).in_review("Intake")
        found = scenes.looked_at(at, "intake")
        opened(at, project, app, "completed", f"%autor panel {runs['done'].id}")
        panel = Steering(at, scenes.DONE)
        expect(panel.part("heading", "The run is complete")).to_be_visible(timeout=steering.PATIENCE_MS)
        assert [] == found + scenes.looked_at(at, "completed")


SMALL = {
    "runs": ("%autor panel --runs", ".autor-host"),
    "checks": ("%autor panel {run} --checks", ".autor-host"),
    "artifacts": ("%autor panel {run} --artifacts", ".autor-host"),
    "compare": ("%autor compare --run {run} 05.1 05.2", ".autor-host"),
    "compare-runs": ("%autor compare {done} {run}", ".autor-host"),
    "figures": ("%autor panel {run} --figures", ".jp-OutputArea-output .widget-tab"),
}


@pytest.mark.parametrize("app", APPS)
def test_the_panels_of_one_thing_each(server: Server, project: Path, runs: Runs, app: App) -> None:
    """All runs, checks of every attempt, files, two attempts side by side, and the run in pictures."""
    found = []
    with desk(server, reduced_motion="reduce") as at:
        for name, (cell, selector) in SMALL.items():
            opened(at, project, app, name, cell.format(run=runs["review"].id, done=runs["done"].id))
            expect(at.page.locator(selector).first).to_be_visible(timeout=steering.PATIENCE_MS)
            if name == "figures":
                expect(at.page.locator(f"{selector} .main-svg").first).to_be_visible(timeout=steering.PATIENCE_MS)
            found += [f"{name}: {fault}" for fault in scenes.looked_at(at, name, selector)]
    assert [] == found
