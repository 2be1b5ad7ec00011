"""Figures: one description, drawn twice, with text that is never markup and never missing."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys

import plotly.graph_objects as go
import pytest
from PIL import Image

from autor_nb.figures import Bar, Bars, Description, Drawn, Matrix, Strip, StripRow
from autor_nb.figures.drawn import PLOTLY
from autor_nb.figures.palette import STATUS

EVIL = "<a href='javascript:x'>$\\frac{1}{0}$ & %{x} 名"
FIGURES: list[Description] = [
    Bars("Steps", (Bar("read", 0.0, 2.1, "2.1 s", "other"), Bar(EVIL, 2.1, 30.0, EVIL)), unit="s"),
    Bars("Nothing", ()),
    Strip(
        "Folds",
        (StripRow("ridge", ((1.0, 2.0), (1.5,)), 1.5, ("1.50", "a / b")), StripRow(EVIL, ((),), 0.0)),
        "rmse",
        ("mean", "SD folds / seeds"),
    ),
    Matrix(
        "Checks",
        (("summary", ("1", "2")), (EVIL, ("3",))),
        (("attempt 1", ("pass", "none", "fail")), ("attempt 2", ("pass", "warning", "waived"))),
    ),
    Matrix("Many", (("all", tuple(str(n) for n in range(60))),), (("attempt 1", ("pass",) * 60),)),
]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_both_drawings_are_valid_and_of_the_same_size(figure: Description) -> None:
    """Plotly accepts the JSON, and the PNG opens with the size that the JSON has."""
    bundle = Drawn(figure).bundle()
    assert set(bundle) == {PLOTLY, "image/png", "text/plain"}
    drawing = json.loads(json.dumps(bundle[PLOTLY], allow_nan=False))
    go.Figure({"data": drawing["data"], "layout": drawing["layout"]})
    with Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))) as image:
        assert (drawing["layout"]["width"], drawing["layout"]["height"]) == image.size
        assert len(image.convert("L").getcolors()) > 1


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_a_figure_is_drawn_the_same_twice(figure: Description) -> None:
    """The same description gives the same bytes, without dates or names of programs."""
    first, second = Drawn(figure).bundle(), Drawn(figure).bundle()
    assert first == second
    assert b"Software" not in base64.b64decode(first["image/png"])


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_no_label_is_markup(figure: Description) -> None:
    """Plotly reads pseudo-HTML in text: what comes from outside holds no tag."""
    assert "<a" not in json.dumps(Drawn(figure).bundle()[PLOTLY])


def test_every_status_is_told_by_colour_glyph_shape_and_word() -> None:
    """No two statuses share a colour, a glyph, a shape or a word."""
    for aspect in range(5):
        assert len({told[aspect] for told in STATUS.values()}) == len(STATUS)


def test_the_text_twin_holds_what_the_picture_shows() -> None:
    """A terminal reads rows, numbers and statuses."""
    assert "ridge 1.50 a / b" in " ".join(FIGURES[2].text().split())
    assert "attempt 2 ● ▲ ◆" in " ".join(FIGURES[3].text().split())


def test_a_figure_of_many_checks_fits_a_page() -> None:
    """Sixty columns do not make a figure that a notebook cuts off."""
    assert FIGURES[4].size[0] <= 840


def test_describing_and_plotly_json_import_no_plotting_library() -> None:
    """A face may make a figure's JSON without paying for a plotting library."""
    code = (
        "import sys; from autor_nb.figures import Bars, Bar; from autor_nb.figures.as_plotly import to_plotly;"
        "to_plotly(Bars('a', (Bar('b', 0, 1),))); print([m for m in ('plotly', 'matplotlib', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
