"""Stored notebooks as GitHub reads them: JSON that needs no script, and HTML that reads well without its style."""

from __future__ import annotations

import base64
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

sys.path.append(str(Path(__file__).parents[1] / "record"))
sys.path.append(str(Path(__file__).parent))

import github
from attempt_story import experiment
from desk import artifacts, browser

from autor_nb import api, control
from autor_nb.engine.render import NotebookRoom
from autor_nb.store.layout import all_runs

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Every stage notebook of a whole run, and one of a second attempt with results, checks that fail and differences."""
    place = tmp_path_factory.mktemp("github")
    run = api.new("Which family is best, at $5 or at $9?", agent="scripted", reviewer="auto", runs_dir=place / "runs")
    run.wait("done", timeout_s=300)
    assert run.status == "completed"
    found = {path.stem: path for path in run.notebooks}
    story = experiment(place / "story")
    state = story.state
    with NotebookRoom() as room:
        attempt = state.stage("05_experimentation").latest
        done = room.render(story.run, story.specs["05_experimentation"], state, attempt, state.last_seq)
    assert (True, "") == (done.complete, done.detail)
    yield found | {"story": story.run.path / done.path}
    for left in all_runs(place / "runs"):
        control.end_worker(left)


def test_every_output_can_be_shown_without_script(notebooks: dict[str, Path]) -> None:
    """Text beside everything, a real PNG beside every figure, no other picture, no script, no class, not too big."""
    from PIL import Image

    assert len(notebooks) == 9
    figures = 0
    for name, path in notebooks.items():
        assert path.stat().st_size < github.LIMIT_BYTES, name
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        shown = github.outputs(notebook)
        assert len(shown) >= 8, name
        for data in shown:
            assert data.get("text/plain", "").strip(), (name, sorted(data))
            assert set(data) <= {
                "text/plain",
                "text/html",
                "text/markdown",
                "image/png",
                "application/vnd.plotly.v1+json",
            }
            if "application/vnd.plotly.v1+json" in data or "image/png" in data:
                figures += 1
                with Image.open(io.BytesIO(base64.b64decode(data["image/png"]))) as picture:
                    picture.load()
                    assert "application/vnd.plotly.v1+json" not in data or min(picture.size) >= 40, (name, picture.size)
                assert "text/html" not in data, "a reader that prefers HTML would not see the picture"
            assert [] == github.Markup(data.get("text/html", "")).refused, name
    assert figures >= 12


def test_without_its_style_every_table_and_word_is_there(notebooks: dict[str, Path]) -> None:
    """The sanitised page reads word for word as the stored one: nothing hidden, no two words run together."""
    with browser() as window:
        page = window.new_page()
        for name, path in notebooks.items():
            notebook = nbformat.read(path, as_version=4)
            stored, tables = github.words(page, notebook, sanitised=False), page.locator("table").count()
            after = github.words(page, notebook, sanitised=True)
            page.screenshot(path=str(artifacts() / f"github-{name}.png"), full_page=True)
            for was, now in zip(stored, after, strict=True):
                assert was == now, name
            assert tables == page.locator("table").count() >= 2, name
            assert all(width >= 32 for width in page.locator("img").evaluate_all("all => all.map(i => i.naturalWidth)"))
