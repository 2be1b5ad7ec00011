"""Numbers before and after: one line a number from a ring to a disc, the change in words beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from autor_nb.figures import twin
from autor_nb.figures.palette import ACCENT, GRID, INK, MUTED
from autor_nb.figures.scene import Dot, Line, Scene, breadth, fitted, label_room
from autor_nb.figures.ticks import nice_ticks
from autor_nb.record.units import change_words, number_words

WIDTH = 820
ROW = 26
FAR = 200.0  # per cent; what changed by more is drawn at the edge, marked
_TOP, _FOOT = 30, 74


@dataclass(frozen=True)
class Change:
    """One number; None where the attempt has no such number. `spread` is how far it may move by chance."""

    label: str
    before: float | None
    after: float | None
    spread: float | None = None

    @property
    def share(self) -> float | None:
        """The change in per cent of what it was."""
        if self.before is None or self.after is None:
            return None
        if self.before == self.after:
            return 0.0
        if not self.before or not math.isfinite(self.before) or not math.isfinite(self.after):
            return None
        return 100 * (self.after - self.before) / abs(self.before)


@dataclass(frozen=True)
class Dumbbell:
    """Rows on one scale of `unit`, or, `relative`, on one of per cent of what the number was before."""

    name: str
    rows: tuple[Change, ...]
    heads: tuple[str, str] = ("before", "after")
    axis: str = ""
    relative: bool = False
    left_out: int = 0
    chance: str = "within two seed SDs"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return WIDTH, _TOP + ROW * len(self.rows) + _FOOT if self.rows else 60

    def place(self, row: Change) -> tuple[float | None, float | None]:
        """Where a row's ring and disc lie on the scale; None where they cannot be drawn."""
        if self.relative:
            return (0.0, max(-FAR, min(FAR, row.share))) if row.share is not None else (None, None)
        ends = (row.before, row.after)
        return tuple(end if end is not None and math.isfinite(end) else None for end in ends)  # type: ignore[return-value]

    def cells(self, row: Change) -> tuple[str, str, str]:
        """(before, after, change) in words."""
        before = "–" if row.before is None else number_words(row.before)
        after = "–" if row.after is None else number_words(row.after)
        if row.before is None or row.after is None:
            return before, after, "new" if row.before is None else "gone"
        if not math.isfinite(row.before) or not math.isfinite(row.after):
            return before, after, "–"
        return before, after, change_words(row.before, row.after)

    def scene(self) -> Scene:
        """Where everything lies."""
        scene = Scene(*self.size)
        if not self.rows:
            scene.write(4, 30, "No number changed.", color=MUTED)
            return scene
        left = 4 + label_room([row.label for row in self.rows], most=250)
        ends = self._columns()
        right = WIDTH - 20 - ends[-1]
        foot = _TOP + ROW * len(self.rows)
        low, high = self._range()
        scale = (right - left - 24) / (high - low)

        def x(value: float) -> float:
            return left + 12 + (value - low) * scale

        for tick in nice_ticks(low, high, max(2, int((right - left) / 80))):
            strong = self.relative and tick == 0
            scene.rules.append(Line(((x(tick), _TOP), (x(tick), foot + 4)), MUTED if strong else GRID))
            scene.write(x(tick), foot + 14, self._tick(tick), "center", color=MUTED, size=11)
        scene.write(left + 12, foot + 33, fitted(self.axis, right - left, 11.5), size=11.5)
        for at, row in enumerate(self.rows):
            self._row(scene, row, _TOP + ROW * (at + 0.5), left, x)
        for column, (head, end) in enumerate(zip((*self.heads, "change"), ends, strict=True)):
            scene.write(right + end, _TOP - 14, head, "right", color=MUTED, size=11.5)
            for at, row in enumerate(self.rows):
                cell = self.cells(row)[column]
                y = _TOP + ROW * (at + 0.5)
                scene.write(right + end, y, cell, "right", color=INK if column == 2 else MUTED, bold=column == 2)
        self._key(scene, left + 12, foot + 56)
        return scene

    def _row(self, scene: Scene, row: Change, y: float, left: float, x: object) -> None:
        before, after = self.place(row)
        scene.write(left - 10, y, fitted(row.label, left - 14), "right")
        at = {end: x(end) for end in (before, after) if end is not None}  # type: ignore[operator]
        hover = f"{row.label}: {' → '.join(self.cells(row)[:2])} ({self.cells(row)[2]})"
        if row.spread and after is not None and not self.relative:
            half = abs(x(after + row.spread) - at[after])  # type: ignore[operator]
            scene.rules.append(Line(((at[after] - half, y), (at[after] + half, y)), GRID, 14))
        if before is not None and after is not None and abs(at[before] - at[after]) > 5:
            edge = at[before] + (4.5 if after > before else -4.5)
            scene.lines.append(Line(((edge, y), (at[after], y)), ACCENT, 2.0))
        if before is not None:
            scene.dots.append(Dot(at[before], y, "ring", MUTED, 8, hover if after is None else ""))
        if self.relative and row.share is not None and abs(row.share) > FAR and after is not None:
            scene.write(at[after] + (9 if row.share > 0 else -9), y, "»" if row.share > 0 else "«", "center", bold=True)
        if after is not None:
            scene.dots.append(Dot(at[after], y, "disc", ACCENT, 9 if before != after else 5, hover))

    def _tick(self, value: float) -> str:
        if self.relative:
            return "0 %" if value == 0 else f"{'+' if value > 0 else '−'}{abs(value):g} %"
        return number_words(value, 3) if value else "0"

    def _range(self) -> tuple[float, float]:
        ends = [end for row in self.rows for end in self.place(row) if end is not None]
        ends += [
            end + sign * row.spread
            for row in self.rows
            if row.spread and not self.relative and (end := self.place(row)[1]) is not None
            for sign in (-1, 1)
        ]
        low, high = min(ends, default=0.0), max(ends, default=0.0)
        if high - low <= 1e-12 * max(1.0, abs(high)):
            room = abs(high) * 0.1 or 1.0
            return low - room, high + room
        return low, high

    def _columns(self) -> list[float]:
        ends: list[float] = []
        at = 0.0
        for column, head in enumerate((*self.heads, "change")):
            at += 16 + max([breadth(head, 11.5), *(breadth(self.cells(row)[column]) * 1.06 for row in self.rows)])
            ends.append(at)
        return ends

    def _key(self, scene: Scene, left: float, y: float) -> None:
        entries = [("ring", MUTED, self.heads[0]), ("disc", ACCENT, self.heads[1])]
        if any(row.spread for row in self.rows) and not self.relative:
            entries.append(("box", GRID, self.chance))
        scene.key(left, y, entries)
        if self.left_out:
            scene.write(WIDTH - 20, y, f"{self.left_out:,} more changed", "right", color=MUTED, size=11.5)

    def text(self) -> str:
        """The same as lines of text."""
        if not self.rows:
            return f"{self.name}\nNo number changed."
        rows = [[row.label, *self.cells(row), self._share(row)] for row in self.rows]
        lines = twin.columns(["", *self.heads, "change", ""], rows, range(1, 5))
        more = [f"{self.left_out:,} more changed."] if self.left_out else []
        return "\n".join([f"{self.name} ({self.axis})" if self.axis else self.name, *lines, *more])

    def _share(self, row: Change) -> str:
        if not self.relative or not row.share:
            return ""
        return f"{'+' if row.share > 0 else '−'}{abs(row.share):.3g} %"
