"""Differences with their intervals one below the other: a disc on a whisker, arrows where an interval has no end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from autor_nb.figures import twin
from autor_nb.figures.loop_words import SHAPE, Numbers
from autor_nb.figures.palette import GRID, INK, MUTED, VERDICTS
from autor_nb.figures.scene import Dot, Line, Scene, breadth, fitted
from autor_nb.figures.ticks import nice_ticks

WIDTH, ROW = 980, 24
_LEFT, _PLOT, _TOP, _FOOT = 268, 250, 48, 40


class Difference(NamedTuple):
    """One row. `low` and `high` are None where infinite; without an `interval` it is of one run and says so."""

    label: str
    kind: str
    change: float | None
    low: float | None = None
    high: float | None = None
    interval: bool = False
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Forest:
    """`title` says what is compared with what."""

    name: str
    title: str
    rows: tuple[Difference, ...] = ()
    lower: bool = True
    note: str = ""
    numbers: Numbers | None = None
    empty: str = "Nothing to compare yet."

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return (WIDTH, _TOP + ROW * len(self.rows) + _FOOT) if self.rows else (WIDTH, 60)

    @property
    def span(self) -> tuple[float, float]:
        """The differences of the axis: zero in it, and not every outlier."""
        values = sorted([0.0, *(row.change for row in self.rows if row.change is not None)])
        ends = sorted(v for row in self.rows if row.interval for v in (row.low, row.high) if v is not None)
        inner = ends[len(ends) // 10 : len(ends) - len(ends) // 10]
        low, high = min([*values, *inner]), max([*values, *inner])
        room = (high - low) * 0.08 or 1.0
        return low - room, high + room

    def scene(self) -> Scene:
        """Where everything lies."""
        scene = Scene(*self.size)
        if not self.rows or self.numbers is None:
            scene.write(4, 30, self.empty, color=MUTED)
            return scene
        low, high = self.span

        def x(value: float) -> float:
            return _LEFT + (min(max(value, low), high) - low) / (high - low) * _PLOT

        scene.write(8, 16, self.title, bold=True)
        better, worse = ("better", "worse") if self.lower else ("worse", "better")
        scene.write(x(0) - 8, 36, better, "right", color=MUTED, size=11)
        scene.write(x(0) + 8, 36, worse, color=MUTED, size=11)
        foot = self.size[1] - _FOOT
        for tick in nice_ticks(low, high, 4):
            scene.rules.append(Line(((x(tick), _TOP), (x(tick), foot)), INK if not tick else GRID))
            scene.write(x(tick), foot + 12, self.numbers.change(tick), "center", color=MUTED, size=11)
        columns = self._columns
        for at, row in enumerate(self.rows):
            self._row(scene, row, _TOP + ROW * (at + 0.5), x, columns)
        scene.write(8, self.size[1] - 8, fitted(self.note, WIDTH - 16, 11), color=MUTED, size=11)
        return scene

    def _row(self, scene: Scene, row: Difference, y: float, x: object, columns: tuple[float, float]) -> None:
        assert self.numbers is not None
        color = VERDICTS[row.kind]
        scene.write(8, y, fitted(row.label, 150))
        scene.write(_LEFT - 14, y, row.before, "right", color=MUTED, size=11.5)
        beside = _LEFT + _PLOT + 16
        if row.change is None:
            scene.write(beside, y, fitted(row.after, WIDTH - beside - 10, 11.5), color=MUTED, size=11.5)
            return
        if row.interval:
            ends = (_LEFT if row.low is None else x(row.low), _LEFT + _PLOT if row.high is None else x(row.high))  # type: ignore[operator]
            scene.lines.append(Line(((ends[0], y), (ends[1], y)), color, 1.4))
            for end, infinite, sign in ((ends[0], row.low is None, "◂"), (ends[1], row.high is None, "▸")):
                if infinite:
                    scene.write(end, y, sign, "center", color=color, size=9)
        scene.dots.append(Dot(x(row.change), y, SHAPE[row.kind][0], color, 8))  # type: ignore[operator]
        scene.write(beside, y, self.numbers.change(row.change), bold=row.interval)
        scene.write(columns[0], y, self._ends(row), color=MUTED, size=11.5)
        scene.write(columns[1], y, fitted(row.after, WIDTH - columns[1] - 10, 11.5), size=11.5)

    def _ends(self, row: Difference) -> str:
        assert self.numbers is not None
        return self.numbers.interval(row.low, row.high) if row.interval else "one run, no interval"

    @property
    def _columns(self) -> tuple[float, float]:
        """Where intervals and words begin: behind the longest number, and the longest interval."""
        places, rows = self.numbers, [row for row in self.rows if row.change is not None]
        assert places is not None
        first = max([58.0, *(breadth(places.change(row.change)) * 1.08 for row in rows)]) + 8
        second = max([136.0, *(breadth(self._ends(row), 11.5) for row in rows)]) + 8
        begin = _LEFT + _PLOT + 16 + first
        return begin, begin + second

    def text(self) -> str:
        """The same as lines of text."""
        if not self.rows or self.numbers is None:
            return f"{self.name}\n{self.empty}"
        table = [
            [row.label, row.before, self.numbers.change(row.change),
             self.numbers.interval(row.low, row.high) if row.interval else "one run" if row.change is not None else "",
             row.after]
            for row in self.rows
        ]  # fmt: skip
        lines = twin.columns(["", "", "Δ", "95 % sequence", ""], table, (1, 2))
        return "\n".join([f"{self.name}: {self.title}", *lines, *([self.note] if self.note else [])])
