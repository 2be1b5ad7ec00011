"""Executed stage notebooks as a person sees them: in untrusted JupyterLab and in nbconvert's HTML."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "record"))
sys.path.append(str(Path(__file__).parent))

from attempt_story import CHECKS, AttemptStory, experiment, summary_of
from lab_server import ARTIFACTS, Lab, browser_page, running_lab

from autor_nb.domain.check import failed
from autor_nb.engine.render import NotebookRoom

pytestmark = pytest.mark.browser

NOTEBOOK = "05_experimentation.attempt_02.ipynb"
EVIL = '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>'
READY = """() => { const w = window.jupyterapp && window.jupyterapp.shell.currentWidget;
  return !!(w && w.content && w.content.widgets && w.content.widgets.length > 10); }"""


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
def lab(executed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A server over that folder."""
    with running_lab(executed, tmp_path_factory.mktemp("lab")) as server:
        yield server


def open_untrusted(page: Any, lab: Lab, notebook: str) -> None:
    """Open a notebook that nobody signed, all of it in view."""
    page.goto(lab.address(notebook))
    page.wait_for_function(READY, timeout=60_000)
    page.locator(".jp-Notebook h2", has_text="Difference to the attempt before").wait_for()


def shot(page: Any, name: str) -> None:
    """Keep a picture for people to look at."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=str(ARTIFACTS / name))


def whole(page: Any, lab: Lab, notebook: str, name: str) -> None:
    """Open a notebook so high that no cell is left out, and keep its picture."""
    open_untrusted(page, lab, notebook)
    shot(page, name)


def test_untrusted_lab_shows_tables_pictures_and_figures_also_after_hovering(lab: Lab) -> None:
    """Tables are tables, figures are pictures, and hovering turns them into plotly figures."""
    with browser_page(viewport={"width": 1300, "height": 5200}) as page:
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        open_untrusted(page, lab, NOTEBOOK)
        assert page.evaluate("() => window.jupyterapp.shell.currentWidget.context.model.sharedModel.nbformat") == 4
        assert page.get_by_text("Not Trusted").count() or page.locator("[title*='not trusted' i]").count()
        pictures = page.locator(".jp-OutputArea-output img[src^='data:image/png']")
        pictures.first.wait_for()
        sizes = [picture.bounding_box() for picture in pictures.all()]
        assert sum(bool(box and 300 < box["width"] < 900 and box["height"] > 60) for box in sizes) == 3
        assert page.locator(".jp-RenderedHTMLCommon table").count() >= 5
        shot(page, "stage-notebook-lab.png")
        for figure in page.locator(".jp-RenderedPlotly").all():
            figure.scroll_into_view_if_needed()
            figure.hover()
        page.locator(".js-plotly-plot .main-svg").nth(5).wait_for()
        assert page.locator(".js-plotly-plot").count() == 3
        shot(page, "stage-notebook-lab-hovered.png")
        assert errors == []


def test_dark_lab_keeps_ink_readable(lab: Lab) -> None:
    """In the dark theme, text takes the theme's ink and figures stay on white paper."""
    with browser_page(viewport={"width": 1300, "height": 5200}) as page:
        open_untrusted(page, lab, NOTEBOOK)
        page.evaluate(
            "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
            ".then(() => null)"
        )
        page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
        ink = page.get_by_text("Attempt 2 cannot be approved").first.evaluate("e => getComputedStyle(e).color")
        assert min(int(part) for part in ink.strip("rgba()").split(",")[:3]) > 150
        shot(page, "stage-notebook-lab-dark.png")


def test_nbconvert_shows_pictures_and_tables(executed: Path, tmp_path: Path) -> None:
    """A report made by nbconvert shows every figure as a picture and every table as a table."""
    from nbconvert import HTMLExporter

    page_file = tmp_path / "report.html"
    page_file.write_text(HTMLExporter().from_filename(str(executed / NOTEBOOK))[0], encoding="utf-8")
    with browser_page() as page:
        page.goto(page_file.as_uri())
        widths = page.locator("img[src^='data:image/png']").evaluate_all("all => all.map(e => e.naturalWidth)")
        assert sum(width > 500 for width in widths) == 3
        assert page.locator("table").count() >= 5
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=str(ARTIFACTS / "stage-notebook-nbconvert.png"), full_page=True)


def test_hostile_text_runs_nowhere(tmp_path: Path) -> None:
    """Goal, file names, headers, summary, prompt and checks with markup in them run no script in either reader."""
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
    with (
        running_lab(folder, tmp_path / "home") as server,
        browser_page(viewport={"width": 1300, "height": 4000}) as page,
    ):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        open_untrusted(page, server, "03_study_design.attempt_01.ipynb")
        for figure in page.locator(".jp-RenderedPlotly").all():
            figure.hover()
        for fold in page.locator("details summary").all():
            fold.click()
        assert page.evaluate("() => window.pwned") is None
        assert [url for url in asked if "127.0.0.1:9/" in url or url.endswith("/x")] == []
        assert page.get_by_text("window.pwned").count() > 3
    from nbconvert import HTMLExporter

    report = tmp_path / "report.html"
    report.write_text(HTMLExporter().from_filename(str(folder / "03_study_design.attempt_01.ipynb"))[0])
    with browser_page() as page:
        page.goto(report.as_uri())
        assert page.evaluate("() => window.pwned") is None
