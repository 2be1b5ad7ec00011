"""The e-value of one candidate after each whole block against its bar, and below it the difference so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from autor_nb.domain.loops.course import Course
from autor_nb.figures import twin
from autor_nb.figures.loop_words import Numbers, bar_words, e_words, numbers
from autor_nb.figures.palette import ACCENT, BAND, FLOOR, GRID, MUTED, TESTED, VERDICTS
from autor_nb.figures.scene import Box, Dot, Line, Scene, breadth
from autor_nb.figures.ticks import nice_ticks

WIDTH, HEIGHT = 820, 470
_LEFT, _RIGHT, _TOP, _SPLIT, _FOOT = 62, 24, 40, 268, 64
FUTILE = 0.5
GHOSTS = 24


class Look(NamedTuple):
    """The evidence after so many pairs; `change` and its interval in the metric, None is infinite."""

    pairs: int
    e_value: float
    change: float | None = None
    low: float | None = None
    high: float | None = None


class Ghost(NamedTuple):
    """An earlier confirm of the loop, which had a bar of its own."""

    n: int
    kind: str
    looks: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Evidence:
    """`singles` are (pair, change) of single pairs; `expected` is what the critic hoped for."""

    name: str
    looks: tuple[Look, ...] = ()
    bar: float | None = None
    ghosts: tuple[Ghost, ...] = ()
    singles: tuple[tuple[int, float], ...] = ()
    expected: float | None = None
    most: int = 16
    lower: bool = True
    numbers: Numbers | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return (WIDTH, HEIGHT) if self.looks or self.ghosts else (WIDTH, 60)

    @property
    def e_span(self) -> tuple[float, float]:
        """The e-values of the axis, decades."""
        values = [look.e_value for look in self.looks] + [e for ghost in self.ghosts for _, e in ghost.looks]
        high = max([self.bar or 20.0, 20.0, *values]) * 1.6
        return 0.1, 10 ** min(6.0, max(2.0, math.ceil(math.log10(high) * 2) / 2))

    @property
    def span(self) -> tuple[float, float]:
        """The changes of the lower axis."""
        values = [0.0, *(v for look in self.looks for v in (look.change, look.low, look.high) if v is not None)]
        values += [change for _, change in self.singles] + ([self.expected] if self.expected is not None else [])
        low, high = min(values), max(values)
        room = (high - low) * 0.08 or 1.0
        return low - room, high + room

    @property
    def _left(self) -> float:
        """Where the plots begin: the numbers of both stand whole before them."""
        places = self.numbers
        said = [places.change(tick) for tick in nice_ticks(*self.span, 4)] if places is not None else []
        return max([_LEFT, *(breadth(word, 11) + 14 for word in said)])

    def scene(self) -> Scene:
        """Where everything lies."""
        scene = Scene(*self.size)
        if not self.looks and not self.ghosts:
            scene.write(4, 30, "No candidate has been confirmed yet.", color=MUTED)
            return scene
        left, right = self._left, WIDTH - _RIGHT
        low, high = (math.log10(end) for end in self.e_span)

        def x(pairs: float) -> float:
            return left + pairs / self.most * (right - left - 12)

        def y(e: float) -> float:
            at = min(max(math.log10(max(e, 1e-9)), low), high)
            return _TOP + (high - at) / (high - low) * (_SPLIT - _TOP)

        scene.write(8, 14, f"{self.name}: e-value (log), read after whole blocks of two pairs", bold=True)
        if self.bar:
            scene.backs.append(Box(left, _TOP, right - left, y(self.bar) - _TOP, BAND))
            scene.rules.append(Line(((left, y(self.bar)), (right, y(self.bar))), VERDICTS["keep"], 1.6))
            scene.write(right - 6, y(self.bar) - 9, f"keep at E ≥ {bar_words(self.bar)}", "right", size=11)
        scene.backs.append(Box(left, y(FUTILE), right - left, _SPLIT - y(FUTILE), FLOOR))
        scene.rules.append(Line(((left, y(FUTILE)), (right, y(FUTILE))), MUTED, 1.2, dashed=True))
        scene.write(right - 6, y(FUTILE) + 10, "futile below ½", "right", size=11, color=MUTED)
        for power in range(-1, math.floor(high) + 1):
            scene.rules.append(Line(((left, y(10.0**power)), (right, y(10.0**power))), GRID))
            scene.write(left - 8, y(10.0**power), f"{10.0**power:,g}", "right", color=MUTED, size=11)
        for ghost in self.ghosts:
            points = ((x(0), y(1)), *((x(pairs), y(e)) for pairs, e in ghost.looks))
            scene.lines.append(Line(points, VERDICTS[ghost.kind], 0.8))
        points = ((x(0), y(1)), *((x(look.pairs), y(look.e_value)) for look in self.looks))
        scene.lines.append(Line(points, ACCENT, 2.2))
        for look in self.looks:
            said = f"E = {e_words(look.e_value)} after {look.pairs} pairs"
            scene.dots.append(Dot(x(look.pairs), y(look.e_value), "disc", ACCENT, 7, said))
        self._difference(scene, x)
        return scene

    def _difference(self, scene: Scene, x: object) -> None:
        left, right, top, foot = self._left, WIDTH - _RIGHT, _SPLIT + 48, HEIGHT - _FOOT
        low, high = self.span
        places = self.numbers

        def y(change: float) -> float:
            return top + (high - min(max(change, low), high)) / (high - low) * (foot - top)

        better = "negative" if self.lower else "positive"
        scene.write(8, _SPLIT + 30, f"Δ = candidate − incumbent on the same seed ({better} is better)", bold=True)
        for tick in nice_ticks(low, high, 4):
            scene.rules.append(Line(((left, y(tick)), (right, y(tick))), MUTED if not tick else GRID))
            if places is not None:
                scene.write(left - 8, y(tick), places.change(tick), "right", color=MUTED, size=11)
        for at, look in enumerate(self.looks):
            end = x(self.looks[at + 1].pairs) if at + 1 < len(self.looks) else x(look.pairs) + 8  # type: ignore[operator]
            upper, under = (high if look.high is None else look.high), (low if look.low is None else look.low)
            scene.backs.append(Box(x(look.pairs), y(upper), end - x(look.pairs), y(under) - y(upper), TESTED))  # type: ignore[operator]
        for pair, change in self.singles:
            scene.dots.append(Dot(x(pair), y(change), "ring", MUTED, 5, f"pair {pair}"))  # type: ignore[operator]
        means = tuple((x(look.pairs), y(look.change)) for look in self.looks if look.change is not None)  # type: ignore[operator]
        if means:
            scene.lines.append(Line(means, ACCENT, 2.0))
            scene.dots += [Dot(*point, "disc", ACCENT, 6) for point in means]
        if self.expected is not None:
            scene.lines.append(Line(((left, y(self.expected)), (right, y(self.expected))), MUTED, 1.0, dashed=True))
        for tick in range(0, self.most + 1, 2):
            scene.write(x(tick), foot + 12, str(tick), "center", color=MUTED, size=11)  # type: ignore[operator]
        said = [("disc", ACCENT, "mean of the pairs"), ("box", TESTED, "its 95 % sequence")]
        said += [("ring", MUTED, "one pair")] if self.singles else []
        said += [("dash", MUTED, "expected by the critic")] if self.expected is not None else []
        scene.key(8, HEIGHT - 14, said)

    def text(self) -> str:
        """The same as lines of text."""
        if not self.looks and not self.ghosts:
            return f"{self.name}\nNo candidate has been confirmed yet."
        places = self.numbers
        assert places is not None
        rows = [
            [str(look.pairs), e_words(look.e_value), places.change(look.change), places.interval(look.low, look.high)]
            for look in self.looks
        ]
        head = f"{self.name}: keep at E ≥ {bar_words(self.bar)}, futile below 0.5" if self.bar else self.name
        past = [f"#{ghost.n} ended at E {e_words(ghost.looks[-1][1])}" for ghost in self.ghosts if ghost.looks]
        lines = twin.columns(["pairs", "E", "Δ", "95 % sequence"], rows, (0, 1, 2))
        return "\n".join([head, *lines, *(["earlier: " + ", ".join(past)] if past else [])])


def evidence(
    course: Course, n: int, singles: Sequence[tuple[int, float]] = (), expected: float | None = None, most: int = 16,
    margin: float = 0.0,
) -> Evidence:  # fmt: skip
    """The track of experiment `n`, earlier ones behind it; `singles` are differences of scores by pair.

    With a `margin`, in units of the score, it is tested whether `n` is worse by no more than that.
    """
    scale, places, ended = course.scale, numbers(course), course.of(n)
    margin = margin or (ended.within if ended is not None else 0.0)
    looks = []
    for read in course.tracks.get(n, []):
        low, high = read.interval or (None, None)
        looks.append(Look(read.pairs, read.e_value, read.mean, low, high))
    ghosts = []
    for other, reads in course.tracks.items():
        one = course.of(other)
        if other != n and one is not None and reads:
            kind = one.verdict if one.verdict in ("keep", "inconclusive") else "discard"
            ghosts.append(Ghost(other, kind, tuple((read.pairs, read.e_value) for read in reads)))
    reads = course.tracks.get(n, [])
    pairs = [look.pairs for look in looks] + [pairs for ghost in ghosts[-GHOSTS:] for pairs, _ in ghost.looks]
    return Evidence(
        name=f"Evidence that #{n} is {f'as good, within {places.width(margin)}' if margin else 'better'}",
        looks=tuple(looks),
        bar=reads[-1].bar if reads else None,
        ghosts=tuple(ghosts[-GHOSTS:]),
        singles=tuple((pair, scale.change(difference)) for pair, difference in singles),
        expected=expected,
        most=max([most, *pairs]),
        lower=not scale.higher,
        numbers=places,
    )
