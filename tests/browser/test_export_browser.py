"""A run's report as its readers open it: from a file, in light and dark, on a narrow screen, and on paper."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "record"))
sys.path.append(str(Path(__file__).parents[1] / "export"))
sys.path.append(str(Path(__file__).parent))

from attempt_story import PERSON, experiment
from desk import _ILLEGIBLE, artifacts, browser
from test_export import hostile

from autor_nb.domain import events as ev
from autor_nb.export.written import export
from autor_nb.store.layout import RunFolder

pytestmark = pytest.mark.browser

VIEWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    "narrow": {"viewport": {"width": 420, "height": 900}, "color_scheme": "light"},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """An experiment of two attempts, the second approved."""
    story = experiment(tmp_path_factory.mktemp("export"))
    story.add(ev.ReviewOpened(stage="05_experimentation", attempt=2))
    story.add(ev.Approved(stage="05_experimentation", attempt=2, note="good enough", by=PERSON), after_s=90)
    return story.run


def opened(window: Any, file: Path) -> tuple[Any, list[str]]:
    """The file in a tab with everything unfolded, and what it asked for beside itself."""
    page, asked = window.new_page(), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.evaluate("() => document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    return page, asked


@pytest.mark.parametrize("view", VIEWS)
def test_it_reads_well(run: RunFolder, tmp_path: Path, view: str) -> None:
    """Nothing is wider than the window, every text has contrast, every picture is drawn, nothing is asked for."""
    file = export(run, tmp_path / "run.html").path
    with browser(**VIEWS[view]) as window:
        page, asked = opened(window, file)
        wide = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1]
        assert [] == page.evaluate(_ILLEGIBLE, "main")
        pictures = page.locator("img").evaluate_all("all => all.map(e => e.complete && e.naturalWidth > 40)")
        assert len(pictures) >= 5 and all(pictures)
        assert {file.as_uri()} == {url for url in asked if not url.startswith("data:")}
        dark = page.evaluate("() => getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        assert dark == (view == "dark")
        page.screenshot(path=str(artifacts() / f"export-{view}.png"), full_page=True)


def test_it_prints_light_whatever_the_screen(run: RunFolder, tmp_path: Path) -> None:
    """On paper every page is white, no link list, and no folded text twin is left over."""
    import pypdfium2

    file = export(run, tmp_path / "run.html").path
    with browser(**VIEWS["dark"]) as window:
        page = window.new_page()
        page.goto(file.as_uri())
        printed = page.pdf(prefer_css_page_size=True)
    with pypdfium2.PdfDocument(io.BytesIO(printed)) as document:
        first = document[0].render(scale=0.5).to_pil().convert("L")
        text = "".join(document[at].get_textpage().get_text_bounded() for at in range(len(document)))
    assert first.getpixel((2, 2)) == 255
    assert "Compare regression models" in text and "Where this comes from" in text and "As text" not in text
    (artifacts() / "export.pdf").write_bytes(printed)


def test_a_hostile_run_runs_nothing_and_calls_nobody(tmp_path: Path) -> None:
    """Markup in every foreign text is read as text, also when everything is unfolded."""
    file = export(hostile(tmp_path).run, tmp_path / "run.html").path
    with browser(**VIEWS["narrow"]) as window:
        page, asked = opened(window, file)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("() => window.pwned") is None
        assert {file.as_uri()} == {url for url in asked if not url.startswith("data:")}
        assert 0 == page.locator("script, iframe, form, [onerror]").count()
        assert page.get_by_text("window.pwned").count() > 5
        wide = page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1]
        page.screenshot(path=str(artifacts() / "export-hostile.png"), full_page=True)
