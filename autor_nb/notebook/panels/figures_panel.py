"""Figures of a run, drawn when they are first looked at and changed in place: all in tabs, or one beside a panel."""

from __future__ import annotations

import contextlib
import html
from typing import Any

import ipywidgets

from autor_nb.desk.pictures import Pictures
from autor_nb.domain.state import RunState
from autor_nb.figures.descriptions import Description
from autor_nb.notebook.figures import live, update
from autor_nb.notebook.panels.rounds import Document
from autor_nb.notebook.panels.tail import tail_of
from autor_nb.store.layout import RunFolder

# ipywidgets writes the names of tabs that are not chosen too faintly to be read by everybody.
_TABS = "<style>.autor-figures>.lm-TabBar .lm-TabBar-tabLabel{color:var(--jp-ui-font-color1)}</style>"


class Figure(ipywidgets.VBox):
    """One figure of a run with its table of text below; empty until it is drawn."""

    children: Any

    def __init__(self, pictures: Pictures, title: str) -> None:
        self.pictures, self.title = pictures, title
        self._shown: Description | None = None
        self._live: Any = None
        self.twin = ipywidgets.HTML()
        super().__init__()

    def draw(self, state: RunState) -> None:
        """Draw it as of this state, or change it in place."""
        described = self.pictures.describe(self.title, state)
        if described is None:
            self.children = (ipywidgets.Label("There is nothing to draw yet."),)
            return
        if self._live is None:
            self._live = live(described)
        elif described != self._shown:
            with contextlib.suppress(ValueError):
                update(self._live, described)
        if described != self._shown:
            self.twin.value = _twin(described)
        if self.children != (self._live, self.twin):
            self.children = (self._live, self.twin)
        self._shown = described


class _Follower:
    """What the widgets that show figures are to the run's tail; each says which figure is looked at."""

    comm: Any

    def _follow(self, run: RunFolder) -> None:
        self.tail, self.pictures = tail_of(run), Pictures(run)
        self.tail.first()

    @property
    def watched(self) -> bool:
        """Whether it is on a page: a closed widget has no comm."""
        return self.comm is not None

    def show(self, view: Document, attempt: Document | None) -> None:
        """The run has moved."""
        self.draw()

    def tell(self, message: Document) -> None:
        """Figures need neither the feed nor signs of life."""

    def draw(self) -> None:
        """Draw what is looked at."""
        raise NotImplementedError


class FiguresPanel(_Follower, ipywidgets.Tab):
    """A tab a figure. Saved, it holds what was looked at; its data, not plotly's code."""

    def __init__(self, run: RunFolder) -> None:
        self._follow(run)
        super().__init__(
            children=tuple(Figure(self.pictures, title) for title in Pictures.TITLES),
            titles=Pictures.TITLES,
            selected_index=0,
        )
        self.add_class("autor-figures")
        self.observe(lambda change: self.draw(), names="selected_index")
        self.draw()
        self.tail.join(self)

    def draw(self) -> None:
        """The figure whose tab is chosen."""
        if self.tail.snapshot is not None and self.selected_index is not None:
            self.children[self.selected_index].draw(self.tail.snapshot.state)


class WithFigure(_Follower, ipywidgets.VBox):
    """A panel, and the figure of the same thing."""

    def __init__(self, run: RunFolder, panel: Any, title: str) -> None:
        self._follow(run)
        self.panel, self.figure = panel, Figure(self.pictures, title)
        super().__init__(children=(panel, self.figure))
        self.draw()
        self.tail.join(self)

    @property
    def watched(self) -> bool:
        """As long as its panel is looked at."""
        return bool(self.panel.watched)

    def draw(self) -> None:
        """The one figure."""
        if self.tail.snapshot is not None:
            self.figure.draw(self.tail.snapshot.state)


def _twin(described: Description) -> str:
    """The same as a table of text, in a box that the keys reach and scroll."""
    style = "margin:0;max-height:14em;overflow:auto;font:12px/17px var(--jp-code-font-family,monospace)"
    text = html.escape(described.text())
    return _TABS + f'<pre tabindex="0" role="region" aria-label="The figure as text" style="{style}">{text}</pre>'
