"""Sizes, times and numbers in words, the same wherever they are shown."""

from __future__ import annotations

import math
from datetime import datetime


def size_words(size_bytes: int) -> str:
    """5.2 kB."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    value = float(size_bytes)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95 or unit == "GB":
            break
    return f"{value:.1f} {unit}"


def duration_words(seconds: float) -> str:
    """4.3 s, 1 min 01 s, 2 h 05 min."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def parse_time(at: str) -> datetime | None:
    """A time of the log."""
    try:
        return datetime.fromisoformat(at)
    except ValueError:
        return None


def date_words(at: str) -> str:
    """09:42 UTC, 20 Nov 2026; empty for no time."""
    time = parse_time(at)
    if time is None:
        return ""
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[time.month - 1]
    return f"{time:%H:%M} UTC, {time.day} {month} {time.year}"


def seconds_between(start: str, end: str) -> float | None:
    """Seconds from one time of the log to another."""
    first, last = parse_time(start), parse_time(end)
    if first is None or last is None or (first.tzinfo is None) != (last.tzinfo is None):
        return None
    return (last - first).total_seconds()


def number_words(value: object, digits: int = 4) -> str:
    """A number short enough for a table; anything else as text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**15 else f"{value:.{digits}g}"
    if not math.isfinite(value):
        return str(value)
    if value == 0 or 1e-5 <= abs(value) < 1e6:
        text = f"{value:,.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}" if value else "0"
        return text.replace("-", "−")
    return f"{value:.{digits - 1}e}".replace("-", "−")


def change_words(before: float, after: float) -> str:
    """+0.38, with a true minus sign."""
    if before == after:
        return "0"
    places = max(_places(number_words(before)), _places(number_words(after)))
    text = f"{abs(after - before):,.{places}f}" if places < 7 else number_words(abs(after - before))
    if not float(text.replace(",", "") if places < 7 else 1):
        text = number_words(abs(after - before), 2)
    return f"{'+' if after > before else '−'}{text}"


def _places(text: str) -> int:
    """How many digits stand behind the point."""
    return 9 if "e" in text else len(text.partition(".")[2])


def count_words(count: int, one: str, many: str = "") -> str:
    """3 files."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
