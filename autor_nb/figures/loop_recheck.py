"""Paired differences one below the other, the interval that they leave after each pair, and the recorded change."""

from __future__ import annotations

from dataclasses import dataclass

from autor_nb.figures import twin
from autor_nb.figures.palette import ACCENT, GRID, INK, KINDS, MUTED, PANEL
from autor_nb.figures.scene import Box, Dot, Line, Scene, fitted
from autor_nb.figures.ticks import nice_ticks
from autor_nb.record.units import number_words

WIDTH = 820
_LEFT, _RIGHT, _TOP, _FOOT, _ROW = 96, 24, 30, 92, 24
_RECORDED = KINDS["wait"]
Interval = tuple[float, float | None, float | None]


@dataclass(frozen=True)
class LoopRecheck:
    """`pairs` are (label, change); `sequence` is (mean, low, high) after each; None is an infinite bound.

    `better` says which side of zero is an improvement: lower · higher.
    """

    name: str
    pairs: tuple[tuple[str, float], ...]
    sequence: tuple[Interval, ...]
    recorded: float | None = None
    better: str = "lower"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return (WIDTH, _TOP + _ROW * (len(self.pairs) + 1) + _FOOT) if self.pairs else (WIDTH, 60)

    @property
    def _span(self) -> tuple[float, float]:
        """All differences, zero and the recorded change; bounds of intervals only as far as they do not crush these."""
        values = [value for _, value in self.pairs] + [0.0] + ([] if self.recorded is None else [self.recorded])
        low, high = min(values), max(values)
        room = (high - low) or 1.0
        if self.sequence and self.sequence[-1][1] is not None and self.sequence[-1][2] is not None:
            low = max(min(low, self.sequence[-1][1]), low - 2 * room)
            high = min(max(high, self.sequence[-1][2]), high + 2 * room)
        room = 0.06 * (high - low)
        return low - room, high + room

    def _x(self, value: float) -> float:
        low, high = self._span
        share = min(1.0, max(0.0, (value - low) / (high - low)))
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)

    def scene(self) -> Scene:
        """Where everything lies."""
        scene = Scene(*self.size)
        if not self.pairs:
            scene.write(4, 30, "No pair is complete yet.", color=MUTED)
            return scene
        foot = _TOP + _ROW * (len(self.pairs) + 1)
        zero = self._x(0.0)
        left, right = (_LEFT, zero) if self.better == "lower" else (zero, WIDTH - _RIGHT)
        scene.backs.append(Box(left, _TOP, max(1.0, right - left), foot - _TOP, PANEL))
        scene.write((left + right) / 2, _TOP - 12, "better", "center", color=MUTED, size=11.5)
        for tick in nice_ticks(*self._span, 8):
            scene.rules.append(Line(((self._x(tick), _TOP), (self._x(tick), foot + 4)), GRID))
            said = number_words(tick, 4) if tick else "0"
            scene.write(self._x(tick), foot + 14, said, "center", color=MUTED, size=11)
        scene.lines.append(Line(((zero, _TOP), (zero, foot)), MUTED, 1.4))
        for at, ((label, value), interval) in enumerate(zip(self.pairs, self.sequence, strict=True)):
            y = _TOP + _ROW * (at + 0.5)
            scene.write(_LEFT - 10, y, fitted(label, _LEFT - 14), "right")
            self._bounds(scene, interval, y, GRID, 8)
            hover = f"{label}: {number_words(value, 5)}; {self._said(interval)}"
            scene.dots.append(Dot(self._x(value), y, "disc", ACCENT, 8, hover))
        last, y = self.sequence[-1], _TOP + _ROW * (len(self.pairs) + 0.5)
        scene.write(_LEFT - 10, y, "mean", "right", bold=True)
        self._bounds(scene, last, y, INK, 2)
        scene.dots.append(Dot(self._x(last[0]), y, "diamond", INK, 10, self._said(last)))
        if self.recorded is not None:
            x = self._x(self.recorded)
            scene.lines.append(Line(((x, _TOP), (x, foot)), _RECORDED, 1.6))
            scene.dots.append(Dot(x, _TOP, "diamond", _RECORDED, 10, f"recorded: {number_words(self.recorded, 4)}"))
        scene.write(_LEFT, foot + 36, fitted(f"{self.name}: final minus baseline", WIDTH - 120, 11.5), size=11.5)
        recorded = [("diamond", _RECORDED, "recorded")] if self.recorded is not None else []
        entries = [("disc", ACCENT, "one fresh pair"), ("box", GRID, "95 % interval so far"), ("diamond", INK, "mean")]
        scene.key(_LEFT, foot + 64, [*entries, *recorded])
        return scene

    def _bounds(self, scene: Scene, interval: Interval, y: float, color: str, width: float) -> None:
        """The interval as a bar; without an end it goes to the figure's edge."""
        _, low, high = interval
        left = _LEFT if low is None else self._x(low)
        right = WIDTH - _RIGHT if high is None else self._x(high)
        scene.rules.append(Line(((left, y), (right, y)), color, width))

    def _said(self, interval: Interval) -> str:
        mean, low, high = interval
        ends = ["−∞" if low is None else number_words(low, 3), "∞" if high is None else number_words(high, 3)]
        return f"mean {number_words(mean, 4)} [{ends[0]}, {ends[1]}]"

    def text(self) -> str:
        """The same as lines of text."""
        if not self.pairs:
            return f"{self.name}\nNo pair is complete yet."
        rows = [
            [label, number_words(value, 5), self._said(interval).removeprefix("mean ")]
            for (label, value), interval in zip(self.pairs, self.sequence, strict=True)
        ]
        lines = twin.columns(["", "change", "mean and 95 % interval so far"], rows, (1,))
        said = "" if self.recorded is None else f"; recorded {number_words(self.recorded, 4)}"
        return "\n".join([f"{self.name}: final minus baseline, {self.better} is better{said}", *lines])
