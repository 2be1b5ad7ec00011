"""A live figure's kernel side: what it holds, how it changes, and when a page is given plotly.js."""

from __future__ import annotations

import gzip
import json
import sys
import threading
from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go
import pytest

sys.path.append(str(Path(__file__).parent))

import figure_story as told
from test_run_figures import LENGTHS, figures

from autor_nb.figures import live as rooms
from autor_nb.figures.run_checks import check_matrix
from autor_nb.figures.run_timeline import run_timeline
from autor_nb.notebook.figures import live, update


def drawn(widget: Any) -> tuple[Any, Any]:
    """What the page would draw."""
    state = widget.get_state()
    data = [{key: value for key, value in trace.items() if key != "uid"} for trace in state["_widget_data"]]
    return data, state["_widget_layout"]


@pytest.mark.parametrize("many", LENGTHS)
def test_a_figures_state_is_small(many: int) -> None:
    """At most 20 kB, plotly's own widget needs five million."""
    for figure in figures(many):
        assert len(json.dumps(live(figure).get_state())) <= 20_000, figure.name
    assert len(live(figures(1)[0]).get_state()["_esm"]) < 4096


def test_it_is_a_figure_widget_with_the_text_twin() -> None:
    """Plotly's own interface works on it; where there are no widgets, its text is shown."""
    figure = run_timeline(told.story(3))
    widget = live(figure)
    assert isinstance(widget, go.FigureWidget)
    assert figure.text() == widget._repr_mimebundle_()["text/plain"] == repr(widget)
    widget.update_layout(title_text="Mine")
    assert widget.get_state()["_widget_layout"]["title"] == {"text": "Mine"}


def test_update_leaves_what_a_new_figure_would_hold() -> None:
    """Traces, layout, height and text of the other description, whatever kind it has; the same model as before."""
    other = check_matrix(told.story(40))
    widget = live(run_timeline(told.story(3)))
    model = widget.model_id
    update(widget, other)
    assert drawn(live(other)) == drawn(widget)
    assert len(widget.data) == len(widget.get_state()["_widget_data"])
    assert (other.text(), model) == (repr(widget), widget.model_id)


def test_many_threads_may_update_one_figure() -> None:
    """Whoever was last, the figure is whole."""
    choices = [run_timeline(told.story(many)) for many in (1, 9, 23)]
    widget = live(choices[0])
    threads = [threading.Thread(target=update, args=(widget, choice)) for choice in choices * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn(widget) in [drawn(live(choice)) for choice in choices]


def test_a_page_is_answered_once_with_plotlys_own_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    """All figures of a page ask; one answer goes out, another page gets its own, other messages none."""
    sent: list[tuple[Any, bytes]] = []
    widgets = [live(run_timeline(told.story(1))) for _ in range(3)]
    for widget in widgets:
        monkeypatch.setattr(widget, "send", lambda content, buffers: sent.append((content, buffers[0])))
    for page in ("page one", "page two"):
        for widget in widgets:
            widget._handle_custom_msg({"autor": "plotly?", "page": page}, [])
            widget._handle_custom_msg({"autor": "something else", "page": page}, [])
            widget._handle_custom_msg("plotly?", [])
    assert [{"autor": "plotly"}] * 2 == [content for content, _ in sent]
    own = Path(plotly.__file__).parent / "package_data" / "widgetbundle.js"
    assert own.read_bytes() == gzip.decompress(sent[0][1])


def test_the_bundle_fits_a_servers_rate_limit() -> None:
    """Jupyter's server drops what exceeds a million bytes a second, measured over three."""
    assert len(rooms.bundle()) < 2_000_000
