"""State → figure: one description, drawn by plotly to play with and by matplotlib to keep."""

from __future__ import annotations

from autor_nb.figures.descriptions import Bar, Bars, Description, Matrix, Strip, StripRow
from autor_nb.figures.drawn import Drawn

__all__ = ["Bar", "Bars", "Description", "Drawn", "Matrix", "Strip", "StripRow"]
