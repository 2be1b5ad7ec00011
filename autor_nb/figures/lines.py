"""How quantities grow over ordered steps: one panel each, one above the other, over the same steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from autor_nb.figures import twin
from autor_nb.figures.palette import ACCENT, GRID, MUTED, PANEL
from autor_nb.figures.scene import Box, Dot, Line, Scene, breadth, fitted
from autor_nb.figures.ticks import nice_end, nice_ticks

WIDTH = 820
HEIGHT = 118
_LEFT, _RIGHT, _TOP, _GAP, _FOOT = 66, 78, 30, 34, 46


@dataclass(frozen=True)
class Curve:
    """One panel: a value by step, None where it is not known."""

    name: str
    values: tuple[float | None, ...]
    words: Callable[[float], str] = "{:g}".format
    whole: bool = False


@dataclass(frozen=True)
class Lines:
    """`groups` are (name, number of steps) from left to right; `steps` say in words what each step was."""

    name: str
    groups: tuple[tuple[str, int], ...]
    steps: tuple[str, ...]
    curves: tuple[Curve, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        if not self.steps:
            return WIDTH, 60
        many = max(1, len(self.curves))
        return WIDTH, _TOP + many * HEIGHT + (many - 1) * _GAP + _FOOT

    def scene(self) -> Scene:
        """Where everything lies."""
        scene = Scene(*self.size)
        if not self.steps:
            scene.write(4, 30, "No attempt has ended yet.", color=MUTED)
            return scene
        wide = (WIDTH - _LEFT - _RIGHT) / len(self.steps)
        for index, curve in enumerate(self.curves):
            top = _TOP + index * (HEIGHT + _GAP)
            scene.write(4, top - 15, curve.name, bold=True)
            self._panel(scene, curve, top, wide)
        self._steps(scene, wide, self.size[1] - _FOOT)
        return scene

    def _panel(self, scene: Scene, curve: Curve, top: float, wide: float) -> None:
        at = 0
        for index, (_, many) in enumerate(self.groups):
            if index % 2 == 0:
                scene.backs.append(Box(_LEFT + at * wide, top, many * wide, HEIGHT, PANEL))
            at += many
        known = [value for value in curve.values if value is not None]
        end = nice_end(max(known, default=0.0), 3, curve.whole)
        for tick in nice_ticks(0, end, 3, curve.whole):
            y = top + HEIGHT * (1 - tick / end)
            scene.rules.append(Line(((_LEFT, y), (WIDTH - _RIGHT, y)), GRID))
            scene.write(_LEFT - 8, y, curve.words(tick), "right", color=MUTED, size=11)
        size = 7.0 if wide >= 14 else 4.5 if wide >= 7 else 0.0
        every = max(1, -(-len(self.steps) // 60))
        points: list[tuple[float, float]] = []
        for step, value in enumerate(curve.values):
            if value is None:
                continue
            x, y = _LEFT + wide * (step + 0.5), top + HEIGHT * (1 - value / end)
            points.append((x, y))
            if (len(self.steps) - 1 - step) % every:
                continue
            scene.dots.append(Dot(x, y, "disc", ACCENT, size or 3.5, f"{self.steps[step]}: {curve.words(value)}"))
        if len(points) > 1:
            scene.lines.append(Line(tuple(points), ACCENT, 2.0, stepped=True))
        if known:
            scene.write(points[-1][0] + 8, points[-1][1], curve.words(known[-1]), bold=True)

    def _steps(self, scene: Scene, wide: float, foot: float) -> None:
        """Names of the groups that fit below them, numbers of steps where there is room."""
        at, free = 0, 0.0
        whole = all(breadth(name, 11.5) <= many * wide - 6 for name, many in self.groups)
        for name, many in self.groups:
            left, room = _LEFT + at * wide, many * wide
            short = name if whole else fitted(name.split(" ")[0], 60, 11.5)
            middle, half = left + room / 2, breadth(short, 11.5) / 2
            if middle - half >= free:
                scene.write(middle, foot + 29, short, "center", size=11.5)
                free = middle + half + 5
            every = max(1, round(20 / wide + 0.5))
            for step in range(many):
                if (step + 1) % every == 0 or (step == 0 and every <= 5 and wide * every > 12):
                    scene.write(left + wide * (step + 0.5), foot + 12, str(step + 1), "center", color=MUTED, size=11)
            at += many
        scene.write(_LEFT - 8, foot + 12, "attempt", "right", color=MUTED, size=11)
        scene.write(_LEFT - 8, foot + 29, "stage", "right", color=MUTED, size=11)

    def text(self) -> str:
        """The same as lines of text."""
        rows = [
            [
                step,
                *("–" if curve.values[at] is None else curve.words(curve.values[at] or 0.0) for curve in self.curves),
            ]
            for at, step in enumerate(self.steps)
        ]
        if not rows:
            return f"{self.name}\nNo attempt has ended yet."
        head = ["", *(curve.name for curve in self.curves)]
        return "\n".join([self.name, *twin.columns(head, rows, range(1, len(head)))])
