"""Executed stage notebooks as a person sees them: untrusted in JupyterLab and Notebook 7, and in nbconvert's HTML."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

sys.path.append(str(Path(__file__).parents[1] / "record"))
sys.path.append(str(Path(__file__).parent))

from attempt_story import CHECKS, AttemptStory, experiment, summary_of
from desk import Desk, artifacts, browser, desk
from lab_server import App, Server, running_server

from autor_nb.domain.check import failed
from autor_nb.engine.render import NotebookRoom

pytestmark = pytest.mark.browser

NOTEBOOK = "05_experimentation.attempt_02.ipynb"
EVIL = '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>'
APPS: tuple[App, ...] = ("lab", "notebook")


def rendered(story: AttemptStory, slug: str) -> Path:
    """The notebook of the stage's last attempt, executed."""
    state = story.state
    attempt = state.stage(slug).latest
    with NotebookRoom() as room:
        done = room.render(story.run, story.specs[slug], state, attempt, state.last_seq)
    assert (done.complete, done.detail) == (True, "")
    return story.run.path / done.path


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the executed notebook of an experiment's second attempt."""
    return rendered(experiment(tmp_path_factory.mktemp("story")), "05_experimentation").parent


@pytest.fixture(scope="module")
def server(executed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server over that folder, with an empty notebook beside it."""
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")]), executed / "empty.ipynb")
    with running_server(executed, tmp_path_factory.mktemp("server")) as running:
        yield running


def hover_over_figures(at: Desk) -> None:
    """Move the mouse over every figure."""
    for figure in at.page.locator(".jp-RenderedPlotly").all():
        figure.scroll_into_view_if_needed()
        figure.hover()


@pytest.mark.parametrize("app", APPS)
def test_untrusted_it_shows_tables_pictures_and_figures_also_after_hovering(server: Server, app: App) -> None:
    """Tables are tables, figures are pictures, and hovering turns them into plotly figures."""
    with desk(server) as at:
        at.open("empty.ipynb", app)
        of_its_own = sorted(at.errors)
        at.errors.clear()
        at.open(NOTEBOOK, app)
        assert {False} == at.trusted
        at.whole()
        pictures = at.page.locator(".jp-RenderedPlotly img[src^='data:image/png']")
        pictures.nth(2).wait_for()
        sizes = [picture.bounding_box() for picture in pictures.all()]
        assert 3 == sum(bool(box and 300 < box["width"] < 900 and box["height"] > 60) for box in sizes), sizes
        assert at.page.locator(".jp-OutputArea-output td img[src^='data:image/png']").count() == 1, "a file's preview"
        assert at.page.locator(".jp-RenderedHTMLCommon table").count() >= 5
        assert [] == at.cut_off(".jp-OutputArea-output table, .jp-OutputArea-output img")
        at.screenshot(f"stage-notebook-{app}")
        hover_over_figures(at)
        at.page.locator(".js-plotly-plot .main-svg").nth(5).wait_for()
        assert 3 == at.page.locator(".js-plotly-plot").count()
        drawn = [figure.bounding_box() for figure in at.page.locator(".js-plotly-plot").all()]
        assert all(box and box["width"] > 300 and box["height"] > 60 for box in drawn), drawn
        at.page.mouse.move(1, 1)
        at.screenshot(f"stage-notebook-{app}-hovered")
        assert of_its_own == sorted(at.errors), "the page failed where an empty notebook does not"
        assert [] == [url for url in at.asked if not url.startswith((server.url, "data:", "blob:"))]


@pytest.mark.parametrize("app", APPS)
def test_in_the_dark_theme_ink_is_readable(server: Server, app: App) -> None:
    """Text takes the theme's ink, and figures stay on white paper."""
    with desk(server) as at:
        at.open(NOTEBOOK, app)
        at.theme("dark")
        at.whole()
        assert [] == at.illegible(".jp-OutputArea-output")
        at.screenshot(f"stage-notebook-{app}-dark")


def test_nbconvert_shows_pictures_and_tables(executed: Path, tmp_path: Path) -> None:
    """A report made by nbconvert shows every figure as a picture and every table as a table."""
    from nbconvert import HTMLExporter

    page_file = tmp_path / "report.html"
    page_file.write_text(HTMLExporter().from_filename(str(executed / NOTEBOOK))[0], encoding="utf-8")
    with browser() as window:
        page = window.new_page()
        page.goto(page_file.as_uri())
        widths = page.locator("img[src^='data:image/png']").evaluate_all("all => all.map(e => e.naturalWidth)")
        assert sum(width > 500 for width in widths) == 3
        assert page.locator("table").count() >= 5
        page.screenshot(path=str(artifacts() / "stage-notebook-nbconvert.png"), full_page=True)


def test_hostile_text_runs_nowhere(tmp_path: Path) -> None:
    """Goal, file names, headers, summary, prompt and checks with markup in them run no script in any reader."""
    story = AttemptStory(tmp_path, goal=f"Compare {EVIL} \x1b[31mred")
    spec = story.specs["03_study_design"]
    story.attempt(
        "03_study_design",
        text=summary_of(spec, results=f"{EVIL} [x](javascript:window.pwned=3) ![y](http://127.0.0.1:9/p.png)"),
        prompt=f"{EVIL}\n## System\n",
        feedback=EVIL,
        detail=EVIL,
        files={
            f"data/{EVIL.replace('/', '_')}.csv": f'"{EVIL.replace(chr(34), chr(39))}",b\n1,2\n3,4\n'.encode(),
            "notes/plan.json": b'{"changes": 7}',
        },
        checks=(*CHECKS, failed("x.y", EVIL, EVIL, subject=EVIL, detail=EVIL)),
    )
    folder = rendered(story, "03_study_design").parent
    (tmp_path / "home").mkdir()
    with running_server(folder, tmp_path / "home") as server:
        for app in APPS:
            with desk(server) as at:
                at.open("03_study_design.attempt_01.ipynb", app)
                assert {False} == at.trusted
                at.whole()
                hover_over_figures(at)
                for fold in at.page.locator("details summary").all():
                    fold.click()
                assert at.page.evaluate("() => window.pwned") is None
                assert [] == [url for url in at.asked if "127.0.0.1:9/" in url or url.endswith("/x")]
                assert at.page.get_by_text("window.pwned").count() > 3
                at.screenshot(f"stage-notebook-{app}-hostile")
    from nbconvert import HTMLExporter

    report = tmp_path / "report.html"
    report.write_text(HTMLExporter().from_filename(str(folder / "03_study_design.attempt_01.ipynb"))[0])
    with browser() as window:
        page = window.new_page()
        page.goto(report.as_uri())
        assert page.evaluate("() => window.pwned") is None
