"""FiguresPanel: the run in pictures, each drawn when it is first looked at, and changed in place from then on."""

from __future__ import annotations

import contextlib
import html
from typing import Any

import ipywidgets

from autor_nb.desk.pictures import Pictures
from autor_nb.figures.descriptions import Description
from autor_nb.notebook.figures import live, update
from autor_nb.notebook.panels.tail import Document, tail_of
from autor_nb.store.layout import RunFolder

# ipywidgets writes the names of tabs that are not chosen too faintly to be read by everybody.
_TABS = "<style>.autor-figures>.lm-TabBar .lm-TabBar-tabLabel{color:var(--jp-ui-font-color1)}</style>"


class FiguresPanel(ipywidgets.Tab):
    """A tab a figure. Saved, it holds what was looked at; its data, not plotly's code."""

    def __init__(self, run: RunFolder) -> None:
        self.tail, self.pictures = tail_of(run), Pictures(run)
        self.tail.first()
        self._shown: dict[str, Description] = {}
        self._live: dict[str, Any] = {}
        self._twins: dict[str, Any] = {}
        super().__init__(
            children=tuple(ipywidgets.VBox() for _ in Pictures.TITLES), titles=Pictures.TITLES, selected_index=0
        )
        self.add_class("autor-figures")
        self.observe(lambda change: self.draw(), names="selected_index")
        self.draw()
        self.tail.join(self)

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
        """Draw the figure that is looked at, or change it in place."""
        snapshot, chosen = self.tail.snapshot, self.selected_index
        if snapshot is None or chosen is None:
            return
        title = Pictures.TITLES[chosen]
        described = self.pictures.describe(title, snapshot.state)
        if described is None:
            self.children[chosen].children = (ipywidgets.Label("There is nothing to draw yet."),)
        elif title in self._live and described != self._shown.get(title):
            with contextlib.suppress(ValueError):
                update(self._live[title], described)
            self._twins[title].value = _twin(described)
        elif title not in self._live:
            self._live[title], self._twins[title] = live(described), ipywidgets.HTML(_twin(described))
            self.children[chosen].children = (self._live[title], self._twins[title])
        if described is not None:
            self._shown[title] = described


def _twin(described: Description) -> str:
    """The same as a table of text, in a box that the keys reach and scroll."""
    style = "margin:0;max-height:14em;overflow:auto;font:12px/17px var(--jp-code-font-family,monospace)"
    text = html.escape(described.text())
    return _TABS + f'<pre tabindex="0" role="region" aria-label="The figure as text" style="{style}">{text}</pre>'
