"""Round numbers and times for an axis, the same for both drawings."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that gives at most `most` steps."""
    rough = span / max(1, most)
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * (1 - 1e-9))


def nice_ticks(low: float, high: float, most: int = 6, whole: bool = False) -> list[float]:
    """Round numbers from `low` to `high`; `whole` numbers only, for counts."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    step = nice_step(high - low, most)
    if whole:
        step = max(1.0, math.ceil(step))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{at * step:.12g}") for at in range(first, last + 1)]


def nice_end(high: float, most: int = 5, whole: bool = False) -> float:
    """The end of an axis from zero: the round number at or above the largest value."""
    if not math.isfinite(high) or high <= 0:
        return 1.0
    step = nice_step(high, most)
    if whole:
        step = max(1.0, math.ceil(step))
    return math.ceil(high / step - 1e-9) * step


def short_words(words: list[str]) -> list[str]:
    """Labels of an axis without the zeros behind the point that all of them have."""
    bare = [re.sub(r"\.0+(?!\d)", "", word) for word in words]
    return bare if all(short != word or "." not in word for short, word in zip(bare, words, strict=True)) else words


def time_ticks(start: float, end: float, most: int) -> list[float]:
    """Round UTC moments (seconds since 1970) between two."""
    span = max(end - start, 1e-6)
    step = next((step for step in _STEPS_S if span / step <= most), None)
    if step is None:
        step = 86400 * math.ceil(span / 86400 / max(1, most))
    first = math.ceil(start / step)
    return [float(at * step) for at in range(first, math.floor(end / step) + 1)]


def clock(at: float, seconds: bool) -> str:
    """09:42, or 09:42:07."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%H:%M:%S}" if seconds else f"{moment:%H:%M}"


def day(at: float) -> str:
    """20 Nov."""
    moment = datetime.fromtimestamp(at, UTC)
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[moment.month - 1]
    return f"{moment.day} {month}"
