"""What the critic expected of its ideas against what was measured: is its hope worth anything?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from autor_nb.domain.loops.course import Course
from autor_nb.figures import twin
from autor_nb.figures.loop_convergence import spaced
from autor_nb.figures.loop_experiments import change_of
from autor_nb.figures.loop_words import SHAPE, Numbers, kind_of, numbers
from autor_nb.figures.palette import GRID, MUTED, VERDICTS
from autor_nb.figures.scene import Dot, Line, Scene, breadth
from autor_nb.figures.ticks import nice_ticks

WIDTH, HEIGHT = 560, 380
_LEFT, _RIGHT, _TOP, _FOOT = 70, 24, 44, 68
MOST = 300


class Hope(NamedTuple):
    """One idea: what its critic expected, and what came of it (`fresh` when more than one run stands behind it)."""

    n: int
    kind: str
    expected: float
    actual: float
    fresh: bool


@dataclass(frozen=True)
class Calibration:
    """At most MOST of the ideas; the means are of all of them."""

    name: str
    hopes: tuple[Hope, ...] = ()
    total: int = 0
    expected: float = 0.0
    actual: float = 0.0
    lower: bool = True
    numbers: Numbers | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return (WIDTH, HEIGHT) if self.hopes else (WIDTH, 60)

    @property
    def sentence(self) -> str:
        """What it comes to, in words."""
        if not self.hopes or self.numbers is None:
            return "No idea with a measured value yet."
        say = self.numbers.change
        apart = (self.actual - self.expected) * (1 if self.lower else -1)
        far = say(abs(apart)).lstrip("+")
        word = f"{'Too hopeful' if apart > 0 else 'Too modest'} by {far}" if far != say(0.0) else "As hoped on average"
        ideas = "idea" if self.total == 1 else "ideas"
        return (
            f"{self.total:,} {ideas} measured: expected {say(self.expected)} on average, got {say(self.actual)}. "
            f"{word}."
        )

    @property
    def spans(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The two axes: expected, actual."""
        wide = [_inner([hope.expected for hope in self.hopes], 0.0)]
        wide.append(_inner([hope.actual for hope in self.hopes], wide[0][1] - wide[0][0]))
        kept = [hope.actual for hope in self.hopes if hope.kind == "keep"]
        wide[1] = min([wide[1][0], *kept]), max([wide[1][1], *kept])
        widest = max(high - low for low, high in wide) or 1.0
        (left, right), (low, high) = (
            (low - room, high + room) for low, high in wide for room in [(high - low) * 0.08 or widest / 2]
        )
        return (left, right), (low, high)

    def scene(self) -> Scene:
        """Where everything lies."""
        scene = Scene(*self.size)
        if not self.hopes or self.numbers is None:
            scene.write(4, 30, "No idea with a measured value yet.", color=MUTED)
            return scene
        (left, right), (low, high) = self.spans
        foot = HEIGHT - _FOOT
        rows = nice_ticks(low, high, 5)
        begin = max(_LEFT, *(breadth(self.numbers.change(tick), 11) + 14 for tick in rows))

        def x(value: float) -> float:
            return begin + (min(max(value, left), right) - left) / (right - left) * (WIDTH - begin - _RIGHT)

        def y(value: float) -> float:
            return _TOP + (high - min(max(value, low), high)) / (high - low) * (foot - _TOP)

        scene.write(8, 16, f"{self.name}: actual Δ over expected Δ", bold=True)
        for tick in rows:
            scene.rules.append(Line(((begin, y(tick)), (WIDTH - _RIGHT, y(tick))), MUTED if not tick else GRID))
            scene.write(begin - 8, y(tick), self.numbers.change(tick), "right", color=MUTED, size=11)
        for tick in nice_ticks(left, right, 4):
            scene.write(x(tick), foot + 12, self.numbers.change(tick), "center", color=MUTED, size=11)
        ends = max(left, low), min(right, high)
        if ends[0] < ends[1]:
            scene.lines.append(Line(tuple((x(end), y(end)) for end in ends), MUTED, 1.0, dashed=True))
        for hope in self.hopes:
            said = f"#{hope.n}: expected {self.numbers.change(hope.expected)}, got {self.numbers.change(hope.actual)}"
            said += "" if hope.fresh else " (one run)"
            scene.dots.append(Dot(x(hope.expected), y(hope.actual), SHAPE[hope.kind][0], VERDICTS[hope.kind], 7, said))
        measured, _, came = self.sentence.partition(". ")
        scene.write(8, HEIGHT - 34, f"{measured}.", size=11.5)
        scene.write(8, HEIGHT - 14, f"{came} Dashed: actual equals expected.", size=11.5, color=MUTED)
        return scene

    def text(self) -> str:
        """The same as lines of text."""
        if not self.hopes or self.numbers is None:
            return f"{self.name}\nNo idea with a measured value yet."
        rows = [
            [f"#{hope.n}", SHAPE[hope.kind][1], self.numbers.change(hope.expected), self.numbers.change(hope.actual),
             "" if hope.fresh else "one run"]
            for hope in self.hopes[-20:]
        ]  # fmt: skip
        lines = twin.columns(["", "", "expected", "actual", ""], rows, (2, 3))
        return "\n".join([f"{self.name}. {self.sentence}", *lines])


def _inner(values: list[float], least: float) -> tuple[float, float]:
    """From the lowest to the highest, zero among them, without what lies far off.

    Far is four times as far as half of them lie apart, or as `least`.
    """
    found = sorted([*values, 0.0])
    cut, quarter = len(found) // 50, len(found) // 4
    low, high = found[cut], found[-1 - cut]
    middle = found[quarter], found[-1 - quarter]
    reach = 4 * max(least, middle[1] - middle[0])
    return (min(0.0, max(low, middle[0] - reach)), max(0.0, min(high, middle[1] + reach))) if reach else (low, high)


def calibration(course: Course, name: str = "The critic's calibration") -> Calibration:
    """Every idea with an expectation and a measured difference; the baseline and recorded ones have none."""
    scale = course.scale
    found: list[Hope] = []
    for one in course.experiments:
        if one.expected is None or not one.valid or one.verdict == "baseline":
            continue
        actual = change_of(one, course)[0]
        if actual is None:
            continue
        found.append(Hope(one.n, kind_of(one), one.expected, actual, one.mean is not None))
    count = len(found)
    return Calibration(
        name=name,
        hopes=tuple(spaced(found, MOST)),
        total=count,
        expected=sum(hope.expected for hope in found) / count if count else 0.0,
        actual=sum(hope.actual for hope in found) / count if count else 0.0,
        lower=not scale.higher,
        numbers=numbers(course),
    )
