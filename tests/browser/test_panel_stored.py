"""What is left of a panel in a stored notebook: a small file, and a card that says what to type where no kernel is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

sys.path.append(str(Path(__file__).parent))

import steering
from desk import artifacts, browser, desk
from lab_server import Server, running_server
from playwright.sync_api import expect
from steering import Steering

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GOAL = "What is kept of a panel?"
CELLS = ("%load_ext autor_nb", "%autor panel")
FIGURES = "%autor panel --figures"
FIGURE = {
    "Timeline": "Timeline",
    "Checks": "Checks by stage",
    "Cost and tokens": "Cost and tokens by stage",
    "Artifacts": "Files after each attempt",
    "Results": "Results",
}
STATE = "application/vnd.jupyter.widget-state+json"
SMALL_BYTES = 200_000
SAVE_STATE = ("@jupyter-widgets", "jupyterlab-manager", "plugin.jupyterlab-settings")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose run waits for a decision on its second attempt."""
    place = steering.small_project(tmp_path_factory.mktemp("stored"))
    for words in (("new", "--agent", "scripted", "--no-intake", "--wait", GOAL), ("refine", "1"), ("wait",)):
        subprocess.run([steering.AUTOR, *words], cwd=place, check=True, stdout=subprocess.DEVNULL)
    yield place
    steering.end_all(place)


@pytest.fixture(scope="module", params=[False, True], ids=["usual", "with widget state"])
def server(project: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server over it; JupyterLab's `save widget state automatically` is off unless asked for."""
    home = tmp_path_factory.mktemp("home")
    if request.param:
        file = home.joinpath("settings", *SAVE_STATE)
        file.parent.mkdir(parents=True)
        file.write_text('{"saveState": true}')
    with running_server(project, home) as running:
        yield running


def converted(notebook: Path) -> Path:
    """The notebook as nbconvert writes it, without what it would fetch from elsewhere."""
    body, _ = HTMLExporter(require_js_url="", jquery_url="", mathjax_url="").from_filename(str(notebook))
    page = notebook.with_suffix(".html")
    page.write_text(body)
    return page


def test_a_saved_notebook_with_a_panel_is_small(server: Server, project: Path, request: pytest.FixtureRequest) -> None:
    """With the figures of its run, each of them looked at, and with the state of all widgets, too; and without a
    kernel's page the card stands in the panel's place."""
    with_state = "with widget state" in request.node.name
    name = steering.notebook(project, f"stored-{with_state}.ipynb", *CELLS, FIGURES)
    with desk(server, reduced_motion="reduce") as at:
        at.open(name)
        at.run_all()
        panel = Steering(at, GOAL)
        panel.in_review("Literature Survey", attempt=2)
        figures = at.page.locator(".autor-figures")
        for title, said in FIGURE.items():
            figures.get_by_role("tab", name=title, exact=True).click()
            twin = figures.locator("pre:visible, .widget-label:visible")
            expect(twin.filter(has_text=said)).to_have_count(1, timeout=60_000)
        expect(at.page.locator(".autor-card").first).to_be_hidden()
        at.save()
        at.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    stored = project / name
    print(
        f"\n{stored.stat().st_size:,} bytes, with the state of {stored.read_text().count('model_module_version'):,} models"
    )
    assert stored.stat().st_size <= SMALL_BYTES
    assert with_state == (STATE in stored.read_text())
    shows_a_card(converted(stored), "saved-with-state" if with_state else "saved")


def test_papermill_leaves_a_card_that_says_what_to_type(project: Path) -> None:
    """Where nobody can click there is no widget at all."""
    name = steering.notebook(project, "batch.ipynb", *CELLS)
    done = project / "batch-done.ipynb"
    here = os.environ | {"AUTOR_RUNS_DIR": str(project / "runs")}
    command = [sys.executable, "-m", "papermill", "--cwd", str(project), str(project / name), str(done)]
    subprocess.run(command, check=True, env=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    outputs = [output for cell in nbformat.read(done, 4).cells for output in cell.get("outputs", [])]
    assert [] == [output for output in outputs if "application/vnd.jupyter.widget-view+json" in output.get("data", {})]
    shows_a_card(converted(done), "papermill")


def shows_a_card(page: Path, name: str) -> None:
    """State and next step in words, in a browser that reaches nothing else."""
    with browser(offline=True, reduced_motion="reduce") as window:
        tab = window.new_page()
        tab.goto(page.as_uri())
        card = tab.locator(".jp-OutputArea-output").filter(has_text=GOAL)
        assert card.first.is_visible()
        said = " ".join(card.first.inner_text().split())
        assert re.search(r"in review", said) and "attempt 2" in said
        assert "autor approve" in said and "autor refine 1" in said
        tab.screenshot(path=str(artifacts() / f"run-panel-card-{name}.png"), full_page=True)
