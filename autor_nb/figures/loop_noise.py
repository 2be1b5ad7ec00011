"""The runs of one command on one axis: every run a disc, their mean and two SDs, and where the first one fell."""

from __future__ import annotations

from dataclasses import dataclass

from autor_nb.figures import twin
from autor_nb.figures.palette import ACCENT, GRID, INK, KINDS, MUTED, PANEL
from autor_nb.figures.scene import Box, Dot, Line, Scene, fitted
from autor_nb.figures.ticks import nice_ticks
from autor_nb.record.units import number_words

WIDTH = 820
_LEFT, _RIGHT, _TOP, _FOOT = 24, 24, 46, 78
_STEP = 12
_MOST = 12
_AGAIN = KINDS["test"]
_FIRST = KINDS["wait"]


@dataclass(frozen=True)
class LoopNoise:
    """`runs` are (seed, value), the first of them the one that would have been the baseline; `again` the same seeds
    a second time. `first` says in words how lucky the first was."""

    name: str
    runs: tuple[tuple[int, float], ...]
    mean: float
    sd: float
    again: tuple[tuple[int, float], ...] = ()
    first: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        if not self.runs:
            return WIDTH, 60
        return WIDTH, _TOP + _STEP * (self._tallest + 2) + (30 if self.again else 0) + _FOOT

    @property
    def _span(self) -> tuple[float, float]:
        values = [value for _, value in (*self.runs, *self.again)]
        low = min(*values, self.mean - 2 * self.sd) if values else 0.0
        high = max(*values, self.mean + 2 * self.sd) if values else 1.0
        room = (high - low) * 0.05 or abs(high) * 0.1 or 1.0
        return low - room, high + room

    def _x(self, value: float) -> float:
        low, high = self._span
        return _LEFT + (value - low) / (high - low) * (WIDTH - _LEFT - _RIGHT)

    @property
    def _heights(self) -> tuple[int, ...]:
        """How high each run stands, so that equal ones lie on each other and none is hidden."""
        free: list[list[float]] = []
        found = []
        for _, value in self.runs:
            x = self._x(value)
            level = next((at for at, taken in enumerate(free) if all(abs(x - other) >= 10 for other in taken)), None)
            if level is None:
                level = len(free)
                free.append([])
            free[level].append(x)
            found.append(level % _MOST)
        return tuple(found)

    @property
    def _tallest(self) -> int:
        return max(self._heights, default=0) + 1

    def scene(self) -> Scene:
        """Where everything lies."""
        scene = Scene(*self.size)
        if not self.runs:
            scene.write(4, 30, "No run has given a value yet.", color=MUTED)
            return scene
        foot = self.size[1] - _FOOT
        floor = foot - (30 if self.again else 0)
        left, right = self._x(self.mean - 2 * self.sd), self._x(self.mean + 2 * self.sd)
        scene.backs.append(Box(left, _TOP, max(1.0, right - left), foot - _TOP, PANEL))
        for tick in nice_ticks(*self._span, 8):
            scene.rules.append(Line(((self._x(tick), _TOP), (self._x(tick), foot + 4)), GRID))
            scene.write(
                self._x(tick), foot + 14, number_words(tick, 4) if tick else "0", "center", color=MUTED, size=11
            )
        middle = self._x(self.mean)
        scene.lines.append(Line(((middle, _TOP), (middle, foot)), INK, 1.6))
        said = f"mean {number_words(self.mean, 5)}, SD {number_words(self.sd, 3)}"
        scene.write(min(max(middle, 110.0), WIDTH - 110.0), 13, said, "center", bold=True, color=INK)
        for at, ((seed, value), height) in enumerate(zip(self.runs, self._heights, strict=True)):
            y = floor - _STEP * (height + 0.8)
            hover = f"seed {seed}: {number_words(value, 6)}" + (f"; {self.first}" if not at and self.first else "")
            scene.dots.append(Dot(self._x(value), y, "diamond" if not at else "disc", _FIRST if not at else ACCENT,
                                  11 if not at else 8, hover))  # fmt: skip
        for seed, value in self.again:
            scene.dots.append(Dot(self._x(value), foot - 14, "ring", _AGAIN, 8, f"seed {seed} again: {value:.6g}"))
        if self.first:
            at_first = min(max(self._x(self.runs[0][1]), 90.0), WIDTH - 90.0)
            scene.write(at_first, 33, self.first, "center", color=_FIRST, size=11.5)
        scene.write(_LEFT, foot + 34, fitted(self.name, WIDTH - 48, 11.5), size=11.5)
        entries = [("disc", ACCENT, "one run, each with its own seed"), ("diamond", _FIRST, "the first run")]
        entries += [("ring", _AGAIN, "the same seed again")] if self.again else []
        scene.key(_LEFT, foot + 58, [*entries, ("box", PANEL, "mean ± 2 SD")])
        return scene

    def text(self) -> str:
        """The same as lines of text."""
        if not self.runs:
            return f"{fitted(self.name, WIDTH)}\nNo run has given a value yet."
        again = dict(self.again)
        rows = []
        for at, (seed, value) in enumerate(self.runs):
            apart = f"{(value - self.mean) / self.sd:+.2f} SD" if self.sd else ""
            second = number_words(again[seed], 6) if seed in again else ""
            rows.append([f"seed {seed}", number_words(value, 6), apart, second, self.first if not at else ""])
        head = ["", "value", "from the mean", "again" if again else "", ""]
        lines = twin.columns(head, rows, range(1, 4))
        head_line = f"mean {number_words(self.mean, 6)}, SD {number_words(self.sd, 3)}"
        return "\n".join([f"{fitted(self.name, WIDTH)}: {head_line}", *lines])
