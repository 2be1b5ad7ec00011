"""State → figure: one description, drawn by plotly to play with and by matplotlib to keep."""

from __future__ import annotations

from autor_nb.figures.descriptions import Bar, Bars, Description, Matrix, Strip, StripRow
from autor_nb.figures.drawn import Drawn
from autor_nb.figures.dumbbell import Change, Dumbbell
from autor_nb.figures.grid import Cell, Grid, GridRow
from autor_nb.figures.lines import Curve, Lines
from autor_nb.figures.measures import Measure, Measures
from autor_nb.figures.spans import Span, SpanRow, Spans

__all__ = [
    "Bar", "Bars", "Cell", "Change", "Curve", "Description", "Drawn", "Dumbbell", "Grid", "GridRow", "Lines", "Matrix",
    "Measure", "Measures", "Span", "SpanRow", "Spans", "Strip", "StripRow",
]  # fmt: skip
