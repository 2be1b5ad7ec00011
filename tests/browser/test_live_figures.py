"""Live figures in a real browser: drawn, changed by a thread, kept over a reload, and plotly.js fetched at most once."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

sys.path.append(str(Path(__file__).parent))
from desk import Desk, desk
from lab_server import App, Server, running_server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIGURES = Path(__file__).parents[1] / "figures"
NOTEBOOK = "figures.ipynb"
CELLS = (
    f"""import sys, threading, time
sys.path.append({str(FIGURES)!r})
import figure_story
from autor_nb.figures.run_checks import check_matrix, stage_check_matrix
from autor_nb.figures.run_costs import cost_and_tokens
from autor_nb.figures.run_growth import artifact_growth
from autor_nb.figures.run_results import results_difference
from autor_nb.figures.run_timeline import run_timeline
from autor_nb.notebook.figures import live, update
state, later = figure_story.story(23), figure_story.story(40)
rounds = 0""",
    "timeline = live(run_timeline(state))\ntimeline",
    "live(cost_and_tokens(state))",
    "live(artifact_growth(state, figure_story.measured(state)))",
    "live(check_matrix(state))",
    "live(stage_check_matrix(later, '05'))",
    """live(results_difference(figure_story.BEFORE, figure_story.AFTER, heads=('attempt 1', 'attempt 2'),
    metric='root mean squared error, lower is better', spreads=figure_story.CHANCE, unchanged=True))""",
    """rounds += 1
if rounds > 1:
    def work():
        for many in (1, 9, 30):
            time.sleep(0.3)
            update(timeline, run_timeline(figure_story.story(many)))
    threading.Thread(target=work).start()
    time.sleep(8)
rounds""",
)
DRAWN = "all => all.filter(e => e.querySelector('.main-svg')).length"
ATTEMPTS = """all => [...all[0].querySelectorAll('text[text-anchor=end]')].map(e => e.textContent)
  .filter(t => /^\\d+$/.test(t)).reduce((sum, t) => sum + Number(t), 0)"""
BUSY = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
INKS = "all => all.flatMap(e => [...e.querySelectorAll('.main-svg text')].map(t => getComputedStyle(t).fill))"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server over one notebook."""
    root = tmp_path_factory.mktemp("figures")
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=spec), root / NOTEBOOK)
    with running_server(root, tmp_path_factory.mktemp("home")) as running:
        yield running


def drawn(tab: Desk, many: int) -> None:
    """Wait until that many figures are pictures."""
    tab.page.wait_for_function(
        f"many => ({DRAWN})([...document.querySelectorAll('.js-plotly-plot')]) === many", arg=many, timeout=60_000
    )


def attempts(tab: Desk, many: int) -> None:
    """Wait until the timeline counts that many attempts."""
    tab.page.wait_for_function(
        f"many => ({ATTEMPTS})([...document.querySelectorAll('.js-plotly-plot')]) === many", arg=many, timeout=120_000
    )


class Bundles:
    """How often plotly.js came from the kernel: messages that can be nothing else, by websocket.

    A front end may have several sockets to one kernel; each of them hears everything that the kernel says.
    """

    def __init__(self, tab: Desk) -> None:
        self.heard: list[list[int]] = []
        tab.page.on("websocket", self._listen)

    def _listen(self, socket: Any) -> None:
        sizes: list[int] = []
        self.heard.append(sizes)
        socket.on("framereceived", lambda frame: sizes.append(len(frame)) if len(frame) > 500_000 else None)

    @property
    def most(self) -> int:
        """The most that one socket heard since the page was loaded; forgets it, for the next load."""
        heard, self.heard = self.heard, []
        return max(map(len, heard), default=0)


@pytest.mark.parametrize("app", ["lab", "notebook"])
@pytest.mark.parametrize("source", ["server", "kernel"])
def test_figures_are_drawn_change_while_a_cell_sleeps_and_come_back(server: Server, app: App, source: str) -> None:
    """With plotly's extension in the front end nothing large comes from the kernel; without it, one bundle a page."""
    with desk(server, viewport={"width": 1300, "height": 1200}) as tab:
        fetched = Bundles(tab)
        if source == "kernel":
            tab.page.route("**/extensions/jupyterlab-plotly/**", lambda route: route.abort())
        tab.open(NOTEBOOK, app)
        tab.idle()
        own = set(tab.errors)  # Notebook 7 has two when it starts
        tab.run_all()
        tab.whole()
        drawn(tab, 6)
        attempts(tab, 23)
        assert (source == "kernel") == fetched.most
        tab.command("notebook:run-cell", wait=False)
        attempts(tab, 30)
        assert tab.page.evaluate(BUSY) == "busy"
        tab.idle()
        tab.save()
        tab.reload()
        tab.whole()
        drawn(tab, 6)
        attempts(tab, 30)
        assert (source == "kernel") == fetched.most
        assert set() == set(tab.errors) - own
        assert [] == [url for url in tab.asked if not re.match(r"(http://127\.0\.0\.1|data:|blob:)", url)]
        assert [] == tab.cut_off(".js-plotly-plot")
    assert (server.root / NOTEBOOK).stat().st_size < 40_000


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_figures_take_the_colours_of_the_page(server: Server, app: App) -> None:
    """In either theme every text stands out from the page, also after the theme is changed."""
    with desk(server, viewport={"width": 1300, "height": 1200}) as tab:
        tab.open(NOTEBOOK, app)
        tab.run_all()
        tab.whole()
        drawn(tab, 6)
        for theme, dark in (("light", False), ("dark", True), ("light", False)):
            tab.theme(theme)
            tab.page.wait_for_function(
                f"dark => ({INKS})([...document.querySelectorAll('.js-plotly-plot')]).filter(ink => {{"
                " const [r, g, b] = ink.match(/\\d+/g).map(Number);"
                " return (r + g + b > 3 * 130) !== dark && !(r > 250 || r === 13); }).length === 0",
                arg=dark,
                timeout=120_000,
            )
            tab.screenshot(f"live-figures-{app}-{theme}")
        tab.page.set_viewport_size({"width": 700, "height": tab.page.viewport_size["height"]})
        assert [] == tab.cut_off(".js-plotly-plot")
        tab.screenshot(f"live-figures-{app}-narrow")
