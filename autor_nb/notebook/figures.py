"""Live figures for panels and cells: `live` makes a widget of a description, `update` changes it in place."""

from __future__ import annotations

from autor_nb.figures.live import live, update

__all__ = ["live", "update"]
