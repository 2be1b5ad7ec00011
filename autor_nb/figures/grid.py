"""Statuses by row and column, rows with words and columns with numbers: told by shape, colour and word."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from autor_nb.figures import twin
from autor_nb.figures.palette import GRID, INK, MUTED, PANEL, STATUS, TEXT
from autor_nb.figures.scene import Dot, Line, Scene, breadth, fitted, label_room

WIDTH = 820
ROW = 22
_TOP, _FOOT = 44, 44
_SHAPES = {"pass": "disc", "waived": "diamond", "warning": "triangle", "fail": "cross", "none": "dash"}


@dataclass(frozen=True)
class Cell:
    """A key of palette.STATUS (nothing is drawn for an empty one); `count` is written beside the mark if above one."""

    status: str = ""
    count: int = 0
    note: str = ""


@dataclass(frozen=True)
class GridRow:
    """A row; a `head` opens a group, the rows below it are parts of it."""

    label: str
    cells: tuple[Cell, ...]
    head: bool = False
    aside: str = ""


@dataclass(frozen=True)
class Grid:
    """`columns` are (label, smaller label below it)."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[GridRow, ...]
    note: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return WIDTH, _TOP + ROW * len(self.rows) + _FOOT if self.rows and self.columns else 60

    def scene(self) -> Scene:
        """Where everything lies."""
        scene = Scene(*self.size)
        if not self.rows or not self.columns:
            scene.write(4, 30, "No attempt has been checked yet.", color=MUTED)
            return scene
        step = min(52.0, max(20.0, 500.0 / len(self.columns)))
        room = WIDTH - 24 - step * len(self.columns)
        wide = [f"{row.label}{'  ' * 4 + row.aside if row.aside else ''}" for row in self.rows]
        label = min(room, max(label_room(wide, most=room) + 26, 180.0))
        left = label + 16
        for at, (upper, lower) in enumerate(self.columns):
            x = left + step * (at + 0.5)
            scene.write(x, 14, fitted(upper, step, 12), "center", bold=True, color=INK)
            scene.write(x, 30, fitted(lower, step, 11), "center", color=MUTED, size=11)
        for at, row in enumerate(self.rows):
            self._row(scene, row, _TOP + ROW * (at + 0.5), label, left, step)
        foot = self.size[1] - 15
        used = {cell.status for row in self.rows for cell in row.cells}
        scene.key(8, foot, [(_SHAPES[key], STATUS[key][0], STATUS[key][4]) for key in STATUS if key in used])
        scene.write(WIDTH - 12, foot, self.note, "right", color=MUTED, size=11.5)
        return scene

    def _row(self, scene: Scene, row: GridRow, y: float, label: float, left: float, step: float) -> None:
        right = left + step * len(self.columns)
        if row.head:
            scene.rules.append(Line(((0, y), (right + 8, y)), PANEL, ROW - 2))
        else:
            scene.rules.append(Line(((24, y + ROW / 2), (right + 8, y + ROW / 2)), GRID, 0.6))
        indent = 8 if row.head else 24
        aside = breadth(row.aside, 11) + 14 if row.aside else 0
        short = fitted(row.label, label - indent - aside)
        scene.write(indent, y, short, bold=row.head, color=INK if row.head else TEXT)
        scene.write(label + 6, y, row.aside, "right", color=MUTED, size=11)
        for at, cell in enumerate(row.cells):
            if not cell.status:
                continue
            x = left + step * (at + 0.5)
            color = STATUS[cell.status][0]
            size = 9.5 if row.head else 8.0
            scene.dots.append(Dot(x, y, _SHAPES[cell.status], color, size, self._hover(row, at) if cell.note else ""))
            if cell.count > 1 and step >= 25:
                scene.write(x + 8, y, f"{cell.count:,}", size=11)

    @cached_property
    def _troubled(self) -> int:
        """How many cells have something to say."""
        return sum(bool(cell.note) for row in self.rows for cell in row.cells)

    def _hover(self, row: GridRow, at: int) -> str:
        cell, (upper, lower) = row.cells[at], self.columns[at]
        where = f"{upper} {lower}".strip()
        if self._troubled > 60:  # so that the figure stays light
            return f"{where}: {cell.note[:40]}" if not row.head else ""
        said = f"{row.label}, {where}: {STATUS[cell.status][4]}"
        if cell.count > 1:
            said += f" ({cell.count:,})"
        return f"{said}: {cell.note}" if cell.note else said

    def text(self) -> str:
        """The same as lines of text."""
        if not self.rows or not self.columns:
            return f"{self.name}\nNo attempt has been checked yet."
        rows = [
            [
                row.label if row.head else f"· {row.label}",
                row.aside,
                *(self._glyph(cell) for cell in row.cells),
            ]
            for row in self.rows
        ]
        head = ["", "", *(upper for upper, _ in self.columns)]
        below = [["", "", *(lower for _, lower in self.columns)]] if any(lower for _, lower in self.columns) else []
        used = {cell.status for row in self.rows for cell in row.cells}
        legend = "   ".join(f"{STATUS[key][1]} {STATUS[key][4]}" for key in STATUS if key in used)
        lines = twin.columns(head, [*below, *rows], [1])
        return "\n".join([self.name, *lines, legend, *([self.note] if self.note else [])])

    def _glyph(self, cell: Cell) -> str:
        glyph = STATUS[cell.status][1] if cell.status else ""
        return f"{glyph}{cell.count}" if cell.count > 1 else glyph
