"""How a loop converges: what single runs recorded, what fresh runs say of it, and how noisy one run is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from autor_nb.domain.loops.course import Course, Experiment, best_recorded
from autor_nb.figures import twin
from autor_nb.figures.loop_words import SHAPE, VERDICT_WORDS, Numbers, half_in_metric, kind_of, numbers
from autor_nb.figures.palette import ACCENT, BAND, FLOOR, GRID, INK, MUTED, PANEL, TEXT, VERDICTS
from autor_nb.figures.scene import Box, Dot, Line, Scene, breadth, fitted
from autor_nb.figures.ticks import nice_ticks, short_words

WIDTH, HEIGHT = 980, 372
_LEFT, _RIGHT, _RAIL, _TOP, _FOOT = 62, 150, 20, 40, 76
WORD_HEIGHT = 15.0
MOST_MARKS, MOST_STEPS = 600, 400
T = TypeVar("T")


class Mark(NamedTuple):
    """One experiment; without a value it stands in the lane of its own. `low` and `high` are of its own fresh runs."""

    n: int
    kind: str
    value: float | None
    low: float | None = None
    high: float | None = None
    recorded: float | None = None
    hover: str = ""


class Level(NamedTuple):
    """From experiment `n` on: best re-measured (None: not at all), its interval and two SDs of one run."""

    n: int
    value: float | None
    low: float | None
    high: float | None
    noise_low: float | None
    noise_high: float | None


@dataclass(frozen=True)
class Convergence:
    """`counts` tells all experiments by kind, `marks` holds at most MOST_MARKS of them."""

    name: str
    metric: str
    lower: bool
    marks: tuple[Mark, ...] = ()
    levels: tuple[Level, ...] = ()
    recorded: tuple[tuple[int, float], ...] = ()
    baseline: float | None = None
    baseline_half: float | None = None
    last: int = 0
    counts: tuple[tuple[str, int], ...] = ()
    sd: float | None = None
    note: str = ""
    numbers: Numbers | None = None
    at_the_keep: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return (WIDTH, HEIGHT) if self.marks else (WIDTH, 60)

    @property
    def span(self) -> tuple[float, float]:
        """The values that the axis holds: not every outlier, always the levels."""
        return span_of(self)

    def scene(self) -> Scene:
        """Where everything lies."""
        scene = Scene(*self.size)
        if not self.marks:
            scene.write(4, 30, "No experiment has ended yet.", color=MUTED)
            return scene
        low, high = self.span
        left, right, floor = self._left, self._right, HEIGHT - _FOOT

        def x(n: float) -> float:
            return left + 12 + (n / max(1, self.last)) * (right - left - 24)

        def y(value: float) -> float:
            return _TOP + (high - min(max(value, low), high)) / (high - low) * (floor - _TOP)

        self._axes(scene, x, y, right, floor)
        self._levels(scene, x, y)
        scene.backs.append(Box(left, _RAIL - 9, right - left, 18, PANEL))
        scene.write(left - 8, _RAIL, "no value", "right", color=MUTED, size=11)
        for mark in self.marks:
            self._mark(scene, mark, x(mark.n), y)
        used = {mark.kind for mark in self.marks}
        entries = [(SHAPE[kind][0], VERDICTS[kind], VERDICT_WORDS[kind][1].lower()) for kind in SHAPE if kind in used]
        scene.key(8, HEIGHT - 34, entries)
        best = [("thin", VERDICTS["keep"], "best re-measured"), ("box", BAND, "its 95 % sequence")]
        best = best if self.levels else []
        noise = [("box", FLOOR, "± 2 SD of one run")] if self.sd is not None else []
        scene.key(8, HEIGHT - 12, [*best, ("dash", MUTED, "best recorded, one run"), *noise])
        if self.note:
            scene.write(WIDTH - 8, HEIGHT - 12, self.note, "right", color=MUTED, size=11)
        return scene

    @property
    def _ticks(self) -> list[tuple[float, str]]:
        ticks, places = nice_ticks(*self.span, 7), numbers_of(self)
        return [*zip(ticks, short_words([places.value(tick) for tick in ticks]), strict=True)]

    @property
    def _left(self) -> float:
        """Where the plot begins: its numbers stand whole before it."""
        return max(_LEFT, *(breadth(word, 11) + 14 for _, word in self._ticks))

    @property
    def _right(self) -> float:
        """Where the plot ends: what its lines come to stands whole behind it."""
        return WIDTH - max([_RIGHT, *(1.08 * breadth(word, 11) + 16 for _, word, _ in self._ends)])

    @property
    def _ends(self) -> list[tuple[float, str, bool]]:
        """(value, what stands behind the plot at its height, whether it is the one that counts)."""
        places, found = numbers_of(self), list[tuple[float, str, bool]]()
        if self.baseline is not None:
            half = f" {places.plus_minus(self.baseline_half)}" if self.baseline_half is not None else ""
            found.append((self.baseline, f"baseline {places.value(self.baseline)}{half}", False))
        if self.recorded:
            value = self.recorded[-1][1]
            found.append((value, f"best recorded {places.value(value)}", False))
        best = self.best
        if best is not None and best.value is not None:
            half_width = None if best.low is None or best.high is None else (best.high - best.low) / 2
            found.append((best.value, f"{places.value(best.value)} {places.plus_minus(half_width)}", True))
        return found

    def _axes(self, scene: Scene, x: object, y: object, right: float, floor: float) -> None:
        left = self._left
        for tick, word in self._ticks:
            scene.rules.append(Line(((left, y(tick)), (right, y(tick))), GRID))  # type: ignore[operator]
            scene.write(left - 8, y(tick), word, "right", color=MUTED, size=11)  # type: ignore[operator]
        for tick in nice_ticks(0, max(1, self.last), 8, whole=True):
            scene.write(x(tick), floor + 12, f"{tick:,.0f}", "center", color=MUTED, size=11)  # type: ignore[operator]
        metric = fitted(self.metric, 400, 11)
        scene.write((left + right) / 2, floor + 26, f"experiment · {metric}, {self.better}", "center",
                    color=MUTED, size=11)  # fmt: skip

    @property
    def best(self) -> Level | None:
        """What is measured of the incumbent, if anything; `at_the_keep`: by the runs that chose it only."""
        return self.levels[-1] if self.levels and self.levels[-1].value is not None else None

    @property
    def better(self) -> str:
        """Which way is better, in words."""
        return "lower is better" if self.lower else "higher is better"

    def _levels(self, scene: Scene, x: object, y: object) -> None:
        right = self._right
        ends = [*(level.n for level in self.levels[1:]), self.last][: len(self.levels)]
        bands: list[Box] = []
        for level, end in zip(self.levels, ends, strict=True):
            left, wide = x(level.n), max(1.0, x(end) - x(level.n))  # type: ignore[operator]
            for low, high, color, into in (
                (level.noise_low, level.noise_high, FLOOR, scene.backs), (level.low, level.high, BAND, bands),
            ):  # fmt: skip
                if low is not None and high is not None:
                    into.append(Box(left, y(high), wide, max(1.0, y(low) - y(high)), color))  # type: ignore[operator]
        scene.backs += bands
        if self.baseline is not None:
            at = y(self.baseline)  # type: ignore[operator]
            scene.rules.append(Line(((self._left, at), (right, at)), INK, 1.1, dashed=True))
        if self.recorded:
            points = [*((x(n), y(v)) for n, v in self.recorded), (x(self.last), y(self.recorded[-1][1]))]  # type: ignore[operator]
            scene.lines.append(Line(tuple(points), MUTED, 1.2, dashed=True, stepped=True))
        for stretch, end in stretches(self.levels, self.last):
            line = [*((x(level.n), y(level.value)) for level in stretch), (x(end), y(stretch[-1].value))]  # type: ignore[operator]
            scene.lines.append(Line(tuple(line), VERDICTS["keep"], 2.0, stepped=True))
        ends_at = [(y(value), word, strong) for value, word, strong in self._ends]  # type: ignore[operator]
        for at, word, strong in apart(ends_at):
            scene.write(right + 8, at, word, bold=strong, size=11, color=VERDICTS["keep"] if strong else TEXT)

    def _mark(self, scene: Scene, mark: Mark, at: float, y: object) -> None:
        height = _RAIL if mark.value is None else y(mark.value)  # type: ignore[operator]
        shape, color = SHAPE[mark.kind][0], VERDICTS[mark.kind]
        if mark.low is not None and mark.high is not None and mark.value is not None:
            scene.lines.append(Line(((at, y(mark.low)), (at, y(mark.high))), color, 1.3))  # type: ignore[operator]
        if mark.recorded is not None and mark.recorded != mark.value:
            scene.dots.append(Dot(at, y(mark.recorded), "disc", MUTED, 3))  # type: ignore[operator]
        scene.dots.append(Dot(at, height, shape, color, 9, mark.hover))
        if mark.kind == "testing":
            scene.dots.append(Dot(at, height, "disc", ACCENT, 4))
        if mark.kind == "tampered":
            scene.dots.append(Dot(at, height, "slash", "#fffffe", 8))

    def text(self) -> str:
        """The same as lines of text."""
        if not self.marks:
            return f"{self.name}\nNo experiment has ended yet."
        places = numbers_of(self)
        said = ", ".join(f"{count:,} {VERDICT_WORDS[kind][1].lower()}" for kind, count in self.counts)
        lines = [f"{self.name}: {self.metric}, {self.better}", said]
        if self.best is not None:
            best = self.best
            ends = f"95 % [{places.value(best.low) or '−∞'}, {places.value(best.high) or '+∞'}]"
            word = "best at its keep" if self.at_the_keep else "best re-measured"
            lines.append(f"{word} {places.value(best.value)} {ends}")
        if self.recorded:
            n, value = self.recorded[-1]
            lines.append(f"best recorded    {places.value(value)} (#{n}, one run)")
        rows = [
            [f"#{mark.n}", f"{SHAPE[mark.kind][1]} {VERDICT_WORDS[mark.kind][1].lower()}", places.value(mark.value),
             places.value(mark.recorded)]
            for mark in self.marks if mark.kind not in ("discard", "crash")
        ][-30:]  # fmt: skip
        lines += twin.columns(["", "", "fresh runs", "recorded"], rows, (2, 3))
        return "\n".join([*lines, *([self.note] if self.note else [])])


def apart(words: Sequence[tuple[float, str, bool]]) -> list[tuple[float, str, bool]]:
    """Words at their heights, moved down where they would lie on one another."""
    found: list[tuple[float, str, bool]] = []
    for at, word, strong in sorted(words):
        found.append((max(at, found[-1][0] + WORD_HEIGHT) if found else at, word, strong))
    return found


def stretches(levels: Sequence[Level], last: int) -> list[tuple[list[Level], int]]:
    """Levels that follow each other without a gap, each stretch with where it ends."""
    found: list[tuple[list[Level], int]] = []
    part: list[Level] = []
    for level in levels:
        if level.value is None and part:
            found.append((part, level.n))
            part = []
        elif level.value is not None:
            part.append(level)
    return [*found, (part, last)] if part else found


def numbers_of(figure: Convergence) -> Numbers:
    """How its numbers are written."""
    assert figure.numbers is not None
    return figure.numbers


def span_of(figure: Convergence) -> tuple[float, float]:
    """From the lowest to the highest that matters, with a little room; far outliers stand at the edge.

    Far is what is three times as far away as all that is known for sure, and half of the marks, lie apart.
    """
    levels = [v for level in figure.levels for v in (level.value, level.low, level.high) if v is not None]
    values = sorted(mark.value for mark in figure.marks if mark.value is not None)
    inner = values[len(values) // 20 : len(values) - len(values) // 20] or values
    kept = [mark.value for mark in figure.marks if mark.kind in ("keep", "testing") and mark.value is not None]
    sure = [v for v in (*levels, *kept, *(v for _, v in figure.recorded), figure.baseline) if v is not None]
    if sure and inner:
        quarter = len(inner) // 4
        reach = 3 * max(max(sure) - min(sure), inner[-1 - quarter] - inner[quarter])
        inner = [v for v in inner if not reach or min(sure) - reach <= v <= max(sure) + reach]
    every = [*sure, *inner]
    if not every:
        return 0.0, 1.0
    low, high = min(every), max(every)
    room = (high - low) * 0.05 or abs(high) * 0.1 or 1.0
    return low - room, high + room


def convergence(course: Course, name: str, metric: str, under_test: Experiment | None = None) -> Convergence:
    """The figure of a course; `under_test` is the experiment at work, as far as it is measured."""
    scale, every = course.scale, list(course.experiments)
    counts = Counter(kind_of(one) for one in every)
    marks = [_mark_of(one, course) for one in every]
    if under_test is not None and under_test.verdict != "baseline":
        every = [one for one in every if one.n != under_test.n] + [under_test]
        marks = [mark for mark in marks if mark.n != under_test.n]
        tested = _mark_of(under_test, course)
        if tested.value is not None:
            marks.append(tested._replace(kind="testing"))
        counts["testing"] += 1
    sd = course.noise_sd
    levels = []
    for step in course.levels:
        if not step.runs:
            levels.append(Level(step.n, None, None, None, None, None))
            continue
        ends = half_in_metric(scale, step.mean, step.half)
        noise = half_in_metric(scale, step.mean, 2 * sd) if sd is not None else (None, None, None)
        levels.append(Level(step.n, scale.metric(step.mean), *ends[:2], *noise[:2]))
    base = course.baseline
    fresh = base.fresh if base is not None else None
    half = half_in_metric(scale, fresh.mean, fresh.half)[2] if fresh and fresh.runs else None
    kept = thinned(marks, MOST_MARKS, course.last)
    note = (
        f"{len(kept):,} of {len(marks):,} marks are drawn, every kept one among them" if len(kept) < len(marks) else ""
    )
    found = Convergence(
        name=name,
        metric=metric,
        lower=not scale.higher,
        marks=tuple(kept),
        levels=tuple(spaced(levels, MOST_STEPS)),
        recorded=tuple(spaced(best_recorded(every, scale.higher), MOST_STEPS)),
        baseline=base.metric if base is not None else None,
        baseline_half=half,
        last=max(course.last, under_test.n if under_test is not None else 0),
        counts=tuple((kind, counts[kind]) for kind in SHAPE if counts[kind]),
        sd=sd,
        note=note,
        numbers=numbers(course),
        at_the_keep=course.at_the_keep,
    )
    low, high = found.span
    beyond = sum(mark.value is not None and not low <= mark.value <= high for mark in kept)
    if beyond:
        note = f"{beyond:,} {'mark lies' if beyond == 1 else 'marks lie'} beyond the axis, at its edge"
        found = replace(found, note="; ".join(filter(None, (found.note, note))))
    return found


def _mark_of(one: Experiment, course: Course) -> Mark:
    scale, kind = course.scale, kind_of(one)
    if kind in ("crash", "tampered") or one.shown is None:
        return Mark(one.n, kind, None)
    if one.fresh is not None and one.fresh.runs:
        low, high, _ = half_in_metric(scale, one.fresh.mean, one.fresh.half)
        value = scale.metric(one.fresh.mean)
        whisker = (low, high) if kind in ("inconclusive", "testing", "advance", "keep") else (None, None)
        if kind == "discard":
            return Mark(one.n, kind, one.shown)
        return Mark(one.n, kind, value, *whisker, one.screen)
    return Mark(one.n, kind, one.shown)


def thinned(marks: Sequence[Mark], most: int, last: int) -> list[Mark]:
    """At most about `most` marks: rare kinds first, of the others the highest and lowest of every stretch."""
    if len(marks) <= most:
        return list(marks)
    rare = [mark for mark in marks if mark.kind in ("keep", "testing", "baseline")]
    rare = spaced(rare, most // 3)
    rest = [mark for mark in marks if mark.kind not in ("keep", "testing", "baseline")]
    stretches = max(1, (most - len(rare)) // 6)
    found: dict[tuple[str, int], list[Mark]] = {}
    for mark in rest:
        found.setdefault((mark.kind, mark.n * stretches // (last + 1)), []).append(mark)
    chosen = set(rare)
    for same in found.values():
        with_value = [mark for mark in same if mark.value is not None]
        if with_value:
            chosen.add(min(with_value, key=lambda mark: mark.value or 0.0))
            chosen.add(max(with_value, key=lambda mark: mark.value or 0.0))
        else:
            chosen.add(same[0])
    return sorted(chosen, key=lambda mark: mark.n)


def spaced(items: Iterable[T], most: int) -> list[T]:
    """Evenly chosen ones, the first and the last among them."""
    every = list(items)
    if len(every) <= most:
        return every
    step = (len(every) - 1) / (most - 1)
    return [every[math.floor(at * step + 0.5)] for at in range(most)]
