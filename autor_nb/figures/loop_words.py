"""The numbers of one loop in words: all with the decimals that its noise warrants, one sign everywhere."""

from __future__ import annotations

import math
from dataclasses import dataclass

from autor_nb.domain.loops.course import Course, Experiment, Scale

INFINITE = "∞"
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

    def value(self, value: float | None) -> str:
        """2.028; nothing for no value."""
        return "" if value is None else self._fixed(value, self.decimals)

    def change(self, value: float | None, infinite: str = "") -> str:
        """−0.035, or for a time −3.5 %; `infinite` stands for None."""
        if value is None:
            return infinite
        text = f"{self._fixed(value * 100, 1)} %" if self.scale.time_like else self._fixed(value, self.decimals)
        return f"+{text}" if value > 0 and any(sign in "123456789" for sign in text) else text.replace("−", "−", 1)

    def interval(self, low: float | None, high: float | None) -> str:
        """[−0.075, +0.004]; an end that is None is infinite."""
        return f"[{self.change(low, '−' + INFINITE)}, {self.change(high, '+' + INFINITE)}]"

    def plus_minus(self, half: float | None) -> str:
        """± 0.016; ± ∞ says that there are too few runs."""
        if half is None or not math.isfinite(half):
            return f"± {INFINITE}"
        return f"± {self._fixed(half, self.decimals)}"

    def _fixed(self, value: float, decimals: int) -> str:
        if not math.isfinite(value):
            return INFINITE if value > 0 else f"−{INFINITE}"
        if abs(value) >= 1e7 or (value and abs(value) < 10**-decimals / 20 and decimals >= 6):
            return f"{value:.3g}".replace("-", "−")
        text = f"{value:,.{decimals}f}"
        return (text[1:] if text.startswith("-") and not float(text.replace(",", "")) else text).replace("-", "−")


def numbers(course: Course) -> Numbers:
    """Two digits of the SD of one run; without one, four of the values."""
    sd = course.noise_sd
    scale = course.scale
    if sd and course.steps and course.steps[0].runs:
        middle = scale.metric(course.steps[0].mean)
        sd = abs(scale.metric(course.steps[0].mean + sd) - middle) if scale.time_like else sd
        digits = 2 - 1 - math.floor(math.log10(sd)) if sd else 4
    else:
        size = next((abs(one.metric) for one in course.experiments if one.metric), 1.0)
        digits = 4 - 1 - math.floor(math.log10(size))
    return Numbers(min(8, max(0, digits)), scale)


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
