"""A live figure: a plotly FigureWidget whose state holds the figure alone, and not five megabytes of plotly.js.

The page takes plotly.js from where it already is, or asks for it here once; see live.js. What the page draws is what
`_widget_data` and `_widget_layout` say, so that a reload shows the newest figure, its layout too.
"""

from __future__ import annotations

import functools
import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

from autor_nb.figures.as_plotly import to_plotly
from autor_nb.figures.descriptions import Description
from autor_nb.figures.palette import DARK, PAPER

ANSWER_AGAIN_S = 30.0
_answered: dict[str, float] = {}
_answering = threading.Lock()


def live(description: Description) -> Any:
    """A widget that shows the description."""
    data, layout = _drawing(description)
    widget = _widget_class()(data=data, layout=layout)
    widget.twin = description.text()
    return widget


def update(widget: Any, description: Description) -> None:
    """Show another description in the same place; from any thread."""
    data, layout = _drawing(description)
    widget.twin = description.text()
    widget.show_instead(data, layout)


def _drawing(description: Description) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """(data, layout) on no paper of its own, since the page has one."""
    drawing = to_plotly(description)
    layout = drawing["layout"] | {"template": {}, "meta": {"name": description.name}}
    layout |= {name: "rgba(0,0,0,0)" for name in ("paper_bgcolor", "plot_bgcolor") if layout.get(name) == PAPER}
    return drawing["data"], layout


def _dark_inks(*drawn: Any) -> dict[str, str]:
    """What the drawing's inks become on dark paper."""
    said = repr(drawn)
    return {ink: dark for ink, dark in DARK.items() if ink in said}


@functools.cache
def bundle() -> bytes:
    """plotly's own module for the page, packed."""
    import plotly

    path = Path(plotly.__file__).parent / "package_data" / "widgetbundle.js"
    return gzip.compress(path.read_bytes(), 6, mtime=0)


def _is_due(page: str) -> bool:
    """Whether this page has to be answered: not when it just was, since every figure of a page asks."""
    now = time.monotonic()
    with _answering:
        for known in [known for known, at in _answered.items() if now - at > ANSWER_AGAIN_S]:
            del _answered[known]
        if page in _answered:
            return False
        _answered[page] = now
        return True


def _page_module() -> str:
    """live.js in few bytes (`npm run build` in the panels' page makes it), since every figure's state carries it."""
    return (Path(__file__).parent / "live.min.js").read_text(encoding="utf-8")


@functools.cache
def _widget_class() -> type:
    """The class, made when the first figure is shown: importing plotly takes two seconds."""
    import plotly.graph_objects as go
    import traitlets

    class LiveFigure(go.FigureWidget):  # type: ignore[misc]
        """A FigureWidget that is drawn by live.js. What a person does in the page is not reported back."""

        _esm = _page_module()
        _dark = traitlets.Dict().tag(sync=True)
        twin = ""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._busy = threading.RLock()
            self._quiet = 1
            super().__init__(*args, **kwargs)
            self._quiet = 0
            self._publish()  # plotly 6.0 waits with this until the figure is displayed
            self.on_msg(_answer)

        def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
            """The widget, and where there is none, the figure as text."""
            shown: dict[str, Any] = super()._repr_mimebundle_(*args, **kwargs)
            return shown | {"text/plain": self.twin}

        def __repr__(self) -> str:
            return self.twin

        def show_instead(self, data: list[dict[str, Any]], layout: dict[str, Any]) -> None:
            """Put other traces and another layout in place of these, as one change."""
            with self._busy, self._one_change():
                self.data = ()
                self.layout = layout
                self.add_traces(data)

        @contextmanager
        def _one_change(self) -> Iterator[None]:
            self._quiet += 1
            try:
                yield
            finally:
                self._quiet -= 1
            self._publish()

        def _publish(self, *_: Any, **__: Any) -> None:
            """Say the whole figure anew, in place of plotly's messages about parts of it."""
            with self._busy:
                if self._quiet:
                    return
                with self.hold_sync():
                    self._widget_layout = deepcopy(self._layout_obj._props)
                    self._widget_data = deepcopy(self._data)
                    self._dark = _dark_inks(self._data, self._layout_obj._props)

        _send_relayout_msg = _send_restyle_msg = _send_update_msg = _publish
        _send_addTraces_msg = _send_moveTraces_msg = _send_deleteTraces_msg = _publish
        _send_animate_msg = _publish

    return LiveFigure


def _answer(widget: Any, content: Any, _buffers: Any) -> None:
    """A page without plotly.js asks for it."""
    if not isinstance(content, dict) or content.get("autor") != "plotly?":
        return
    if _is_due(str(content.get("page", ""))[:64]):
        widget.send({"autor": "plotly"}, buffers=[bundle()])
