"""A figure's text twin: columns of text that line up."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def columns(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Lines of a table; the columns `right` are numbers."""
    table = [
        [_clean(cell) for cell in row] for row in ([list(head), *map(list, rows)] if head else list(map(list, rows)))
    ]
    many = max(map(len, table), default=0)
    for row in table:
        row.extend([""] * (many - len(row)))
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)] if table else []
    lines = []
    for row in table:
        cells = [
            " " * (size - _width(cell)) + cell if at in right else cell + " " * (size - _width(cell))
            for at, (cell, size) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _clean(text: str) -> str:
    """One line without signs that move a terminal's cursor."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )
