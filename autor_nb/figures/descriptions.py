"""What a figure shows, without saying how it is drawn: frozen descriptions with a text twin each."""

from __future__ import annotations

from dataclasses import dataclass

from autor_nb.figures.dumbbell import Dumbbell
from autor_nb.figures.grid import Grid
from autor_nb.figures.lines import Lines
from autor_nb.figures.loop_calibration import Calibration
from autor_nb.figures.loop_convergence import Convergence
from autor_nb.figures.loop_evidence import Evidence
from autor_nb.figures.loop_forest import Forest
from autor_nb.figures.loop_noise import LoopNoise
from autor_nb.figures.loop_recheck import LoopRecheck
from autor_nb.figures.measures import Measures
from autor_nb.figures.spans import Spans


@dataclass(frozen=True)
class Bar:
    """One bar from `start` to `end`; `kind` is a key of palette.KINDS, `note` stands beside it."""

    label: str
    start: float
    end: float
    note: str = ""
    kind: str = "work"


@dataclass(frozen=True)
class Bars:
    """Horizontal bars on one axis, from top to bottom: steps in time, or counts from zero."""

    name: str
    bars: tuple[Bar, ...]
    axis: str = ""
    unit: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return 820, 20 * max(1, len(self.bars)) + 34 + (18 if self.axis else 0)

    def text(self) -> str:
        """The same as lines of text."""
        width = max((len(bar.label) for bar in self.bars), default=0)
        lines = [f"{bar.label:<{width}}  {bar.note or format(bar.end - bar.start, 'g')}" for bar in self.bars]
        return "\n".join([self.name, *lines])


@dataclass(frozen=True)
class StripRow:
    """One row of a strip: `lines` of values (one per seed), the row's mean and text columns beside it.

    A row that is not `drawn` lies off the axis and has its text only.
    """

    label: str
    lines: tuple[tuple[float, ...], ...]
    mean: float
    columns: tuple[str, ...] = ()
    baseline: bool = False
    drawn: bool = True


@dataclass(frozen=True)
class Strip:
    """Every single value as a ring, each line's mean as a tick, the row's mean as a triangle."""

    name: str
    rows: tuple[StripRow, ...]
    axis: str
    headers: tuple[str, ...] = ()

    @property
    def column_ends(self) -> tuple[int, ...]:
        """Where each text column ends, in pixels to the right of the plot."""
        ends, at = [], 16
        for column, header in enumerate(self.headers):
            cells = [row.columns[column] for row in self.rows if column < len(row.columns)]
            longest = max(map(len, [header, *cells]))
            at += 24 + round(7.0 * longest)
            ends.append(at)
        return tuple(ends)

    @property
    def row_height(self) -> int:
        """Pixels of a row; more lines need more room."""
        return 30 + 5 * max((min(len(row.lines), 8) for row in self.rows), default=1)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return 820, self.row_height * max(1, len(self.rows)) + 74

    @property
    def drawn(self) -> list[tuple[int, StripRow]]:
        """Rows on the axis, with their places."""
        return [(at, row) for at, row in enumerate(self.rows) if row.drawn]

    def text(self) -> str:
        """The same as lines of text."""
        width = max((len(row.label) for row in self.rows), default=0)
        lines = [f"{'':<{width}}  {'  '.join(self.headers)}"] if self.headers else []
        lines += [f"{row.label:<{width}}  {'  '.join(row.columns) or format(row.mean, '.6g')}" for row in self.rows]
        return "\n".join([f"{self.name} ({self.axis})", *lines])


@dataclass(frozen=True)
class Matrix:
    """Statuses (keys of palette.STATUS) by row and numbered column; columns stand in named groups."""

    name: str
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    details: tuple[str, ...] = ()

    GAP = 16
    LEFT = 110.0

    @property
    def step(self) -> float:
        """Pixels from one column to the next: less for many, so that the figure fits a page."""
        room = 690.0 - self.GAP * max(0, len(self.groups) - 1)
        return min(34.0, max(11.0, room / max(1, len(self.columns))))

    @property
    def labelled(self) -> tuple[str, ...]:
        """Column labels as there is room for them: all, or every fifth."""
        if self.step >= 19:
            return self.columns
        return tuple(label if index % 5 == 0 else "" for index, label in enumerate(self.columns))

    @property
    def columns(self) -> tuple[str, ...]:
        """Labels of all columns in order."""
        return tuple(label for _, labels in self.groups for label in labels)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        bands = self.bands
        return max(600, round(bands[-1][2] if bands else 0) + 24), 66 + 26 * len(self.rows)

    @property
    def bands(self) -> tuple[tuple[str, float, float], ...]:
        """(name, left, right) of every group in pixels, wide enough for its name."""
        found: list[tuple[str, float, float]] = []
        left = self.LEFT
        for name, labels in self.groups:
            right = left + max(self.step * len(labels), 7.0 * len(name) + 4)
            found.append((name, left, right))
            left = right + self.GAP
        return tuple(found)

    @property
    def places(self) -> tuple[float, ...]:
        """The x of every column, in pixels from the left."""
        found: list[float] = []
        for (_, left, _), (_, labels) in zip(self.bands, self.groups, strict=True):
            found += [left + self.step * (index + 0.5) for index in range(len(labels))]
        return tuple(found)

    def text(self) -> str:
        """The same as lines of text."""
        from autor_nb.figures.palette import STATUS

        width = max((len(label) for label, _ in self.rows), default=0)
        cell = max((len(label) for label in self.columns), default=1) + 1
        head = " " * width + "".join(f"{label:>{cell}}" for label in self.columns)
        lines = [
            f"{label:<{width}}" + "".join(f"{STATUS[status][1]:>{cell}}" for status in statuses)
            for label, statuses in self.rows
        ]
        used = dict.fromkeys(status for _, statuses in self.rows for status in statuses)
        legend = "   ".join(f"{STATUS[status][1]} {STATUS[status][4]}" for status in STATUS if status in used)
        return "\n".join([self.name, head, *lines, legend])


Description = (
    Bars | Strip | Matrix | Grid | Spans | Measures | Lines | Dumbbell | LoopNoise | LoopRecheck
    | Convergence | Evidence | Calibration | Forest
)  # fmt: skip
