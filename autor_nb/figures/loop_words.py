"""The numbers of one loop in words: all with the decimals that its noise warrants, one sign everywhere."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from autor_nb.domain.loops.course import Course, Experiment, Scale

INFINITE = "∞"
SMALL, GREAT = 1e-4, 1e7
NEWEST = 200
_EXPONENT = re.compile(r"e\+?(-?)0*(?=\d)")
# verdict → (kind of mark, word)
VERDICT_WORDS: dict[str, tuple[str, str]] = {
    "keep": ("keep", "Kept"),
    "advance": ("advance", "Advanced"),
    "discard": ("discard", "Discarded"),
    "inconclusive": ("inconclusive", "Inconclusive"),
    "untested": ("inconclusive", "Untested"),
    "crash": ("crash", "Crashed"),
    "timeout": ("crash", "Timed out"),
    "tampered": ("tampered", "Tampered"),
    "testing": ("testing", "Testing"),
    "baseline": ("baseline", "Baseline"),
}
# kind of mark → (shape of the scene, glyph in text)
SHAPE: dict[str, tuple[str, str]] = {
    "keep": ("disc", "●"),
    "advance": ("open_triangle", "△"),
    "discard": ("ring", "○"),
    "inconclusive": ("open_diamond", "◇"),
    "crash": ("cross", "✕"),
    "tampered": ("square", "▨"),
    "testing": ("ring", "◎"),
    "baseline": ("open_down", "▽"),
}


@dataclass(frozen=True)
class Numbers:
    """How the values and the differences of one metric are written."""

    decimals: int
    scale: Scale
    power: int = 0
    """All values are written in this power of ten, where they would be a row of zeros without it."""
    percents: int = 1
    """Decimals of a share."""

    def value(self, value: float | None) -> str:
        """2.028; nothing for no value."""
        return "" if value is None else self._fixed(value, self.decimals, self.power)

    def change(self, value: float | None, infinite: str = "") -> str:
        """−0.035, or for a time −3.5 %; `infinite` stands for None."""
        if value is None:
            return infinite
        text = f"{self._fixed(value * 100, self.percents, 0)} %" if self.scale.time_like else self.value(value)
        return f"+{text}" if value > 0 and any(sign in "123456789∞" for sign in text) else text

    def width(self, scores: float) -> str:
        """How wide a stretch of scores is, as a stretch of the metric; of a time, a share."""
        return self.change(math.expm1(scores)).lstrip("+") if self.scale.time_like else self.value(scores)

    def interval(self, low: float | None, high: float | None) -> str:
        """[−0.075, +0.004]; an end that is None is infinite."""
        return f"[{self.change(low, '−' + INFINITE)}, {self.change(high, '+' + INFINITE)}]"

    def plus_minus(self, half: float | None) -> str:
        """± 0.016; ± ∞ says that there are too few runs."""
        if half is None or not math.isfinite(half):
            return f"± {INFINITE}"
        return f"± {self.value(half)}"

    def _fixed(self, value: float, decimals: int, power: int) -> str:
        if not math.isfinite(value):
            return INFINITE if value > 0 else f"−{INFINITE}"
        shown = value / 10.0**power
        if abs(shown) >= GREAT:
            return _EXPONENT.sub(r"e\1", f"{value:.3g}").replace("-", "−")
        text = f"{shown:,.{decimals}f}"
        if not float(text.replace(",", "")):
            return text.removeprefix("-")
        return (text + (f"e{power}" if power else "")).replace("-", "−")


def numbers(course: Course) -> Numbers:
    """Two digits of the SD of one run; without one, four of the values, or two of what the experiments moved them."""
    scale, sd = course.scale, course.noise_sd or 0.0
    first = next((abs(one.metric) for one in course.experiments if one.metric and one.valid), 0.0)
    percents = min(4, max(1, -_decade(100 * math.expm1(sd)))) if sd and scale.time_like else 1
    if sd and scale.time_like and course.steps and course.steps[0].runs:
        middle = scale.metric(course.steps[0].mean)
        sd = abs(scale.metric(course.steps[0].mean + sd) - middle)
    size = max(first, abs(scale.metric(course.now.mean)) if course.now.runs else 0.0, sd) or 1.0
    power = 0 if SMALL <= size < GREAT else _decade(size)
    if sd:
        digits = 1 - _decade(sd)
    else:
        moved = sorted(abs(one.delta) for one in course.experiments[-NEWEST:] if one.delta and one.valid)
        moved = [delta for delta in moved if delta > size * 1e-12] or [size]
        finest = 10 * moved[0] if course.noise.runs else moved[len(moved) // 2]  # without noise every move is one
        digits = max(3 - _decade(size), 1 - _decade(finest))
    return Numbers(min(12 if power else 8, max(0, digits + power)), scale, power, percents)


def _decade(value: float) -> int:
    """The power of ten at or below it."""
    return math.floor(math.log10(value))


def e_words(value: float | None) -> str:
    """22.0, 274, 1,200, 3.1e6."""
    if value is None:
        return ""
    if value >= 1e5:
        return f"{value:.1e}".replace("e+0", "e").replace("e+", "e")
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def bar_words(value: float | None) -> str:
    """40, 66.7, 1,200: a bar needs no zero behind its point."""
    return e_words(value).removesuffix(".00").removesuffix(".0")


def kind_of(one: Experiment) -> str:
    """The mark of an experiment."""
    return VERDICT_WORDS.get(one.verdict, ("discard", ""))[0]


def half_in_metric(scale: Scale, mean: float, half: float) -> tuple[float | None, float | None, float | None]:
    """(lower end, upper end, half width) of the metric around a mean score; None is infinite."""
    if not math.isfinite(half):
        return None, None, None
    ends = sorted((scale.metric(mean - half), scale.metric(mean + half)))
    return ends[0], ends[1], (ends[1] - ends[0]) / 2
