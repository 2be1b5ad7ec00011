"""A figure as a notebook output: plotly JSON to play with, a PNG to read anywhere, a table for a terminal.

Never SVG, HTML or Markdown in the same bundle: JupyterLab shows an untrusted SVG as text, and nbconvert
prefers HTML and Markdown to the picture.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from autor_nb.figures.as_plotly import to_plotly
from autor_nb.figures.as_png import to_png
from autor_nb.figures.descriptions import Description

PLOTLY = "application/vnd.plotly.v1+json"


@dataclass(frozen=True)
class Drawn:
    """A description that shows itself."""

    figure: Description

    def bundle(self) -> dict[str, Any]:
        """Mime type → content."""
        return {
            PLOTLY: to_plotly(self.figure),
            "image/png": base64.b64encode(to_png(self.figure)).decode("ascii"),
            "text/plain": self.figure.text(),
        }

    @property
    def text(self) -> str:
        """The figure's text twin."""
        return self.figure.text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        width, height = self.figure.size
        return self.bundle(), {"image/png": {"width": width, "height": height}}

    def __repr__(self) -> str:
        return self.figure.text()
