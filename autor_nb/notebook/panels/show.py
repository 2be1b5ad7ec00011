"""A verb's answer with its panel: live where a widget manager is, else the card, which says what to type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autor_nb.store.layout import RunFolder
from autor_nb.verbs.result import Result

NOTHING = {"text/html": "", "text/plain": ""}


class Shown:
    """What a cell shows; the panel is made when it is shown, and lives as long as this does."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self._widget: Any = None

    @property
    def panel(self) -> Any:
        """The widget."""
        if self._widget is None:
            self._widget = _MAKERS[self.result.panel](self.result)
        return self._widget

    def _ipython_display_(self) -> None:
        """Two outputs: the panel, and the card in a class that the panel's sheet hides beside a panel that is drawn.

        In one output a page without a kernel would leave the card out: nbconvert takes the widget as soon as its
        state is saved, and JupyterLab does so always.
        """
        from IPython.display import display

        found = self.panel._repr_mimebundle_()
        data, metadata = found if isinstance(found, tuple) else (found, {})
        display({**data, **NOTHING}, metadata=metadata, raw=True)
        card = self.result._repr_mimebundle_()
        display({**card, "text/html": f'<div class="autor-card">{card["text/html"]}</div>'}, raw=True)

    def __repr__(self) -> str:
        return repr(self.result)


def _run(result: Result) -> Any:
    from autor_nb.notebook.panels.run_panel import RunPanel

    run: RunFolder = result.state
    return RunPanel(run)


def _runs(result: Result) -> Any:
    import ipywidgets

    from autor_nb.notebook.panels.runs_panel import RunsPanel

    panel = RunsPanel(result.state)
    return ipywidgets.VBox((panel, panel.below))


def _checks(result: Result) -> Any:
    from autor_nb.notebook.panels.figures_panel import WithFigure
    from autor_nb.notebook.panels.single import ChecksPanel

    return WithFigure(result.state, ChecksPanel(result.state), "Checks")


def _artifacts(result: Result) -> Any:
    from autor_nb.notebook.panels.figures_panel import WithFigure
    from autor_nb.notebook.panels.single import ArtifactsPanel

    return WithFigure(result.state, ArtifactsPanel(result.state), "Artifacts")


def _compare(result: Result) -> Any:
    from autor_nb.notebook.panels.compare_panel import comparison

    return comparison(result.state)


def _figures(result: Result) -> Any:
    from autor_nb.notebook.panels.figures_panel import FiguresPanel

    return FiguresPanel(result.state)


def _loop(result: Result) -> Any:
    from autor_nb.notebook.panels.loop_panel import LoopPanel

    return LoopPanel(result.state)


_MAKERS: dict[str, Callable[[Result], Any]] = {
    "run": _run,
    "runs": _runs,
    "checks": _checks,
    "artifacts": _artifacts,
    "compare": _compare,
    "figures": _figures,
    "loop": _loop,
}
