"""One experiment as `experiments.jsonl` tells it to everybody: a view of the log, in words that other tools share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from autor_nb.domain.errors import UsageError

STATUSES = ("baseline", "keep", "discard", "crash")
_ALIASES = {
    "kept": "keep", "advance": "keep", "improvement": "keep",
    "discarded": "discard", "reverted": "discard", "inconclusive": "discard", "untested": "discard",
    "tampered": "discard", "crashed": "crash", "timeout": "crash", "failed": "crash",
}
_STANDS = ("baseline", "keep")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One experiment; numbers count from 0. A metric that could not be read is None, never a sentinel.

    `delta` is the metric minus that of the last kept experiment or baseline before it. `status` is one of the four
    words that every tool knows, `verdict` is ours.
    """

    run: int
    hash: str = ""
    short_hash: str = ""
    metric: float | None = None
    delta: float | None = None
    status: str = ""
    summary: str = ""
    timestamp: str = ""
    trials: int = 1
    verdict: str = ""
    reason: str = ""
    mode: str = ""
    e_value: float | None = None
    alpha_t: float | None = None
    interval: tuple[float | None, float | None] | None = None
    seed: int | None = None
    duration_s: float | None = None
    resource: float | None = None
    hypothesis: str = ""
    cost_usd: float | None = None


class Row(msgspec.Struct, frozen=True):
    """What a curve or a count needs of a record; all else of the line is passed over."""

    run: int
    metric: float | None = None
    status: str = ""


def known_status(word: str) -> str | None:
    """The status in our spelling; None for a word that is none."""
    plain = word.strip().lower()
    return plain if plain in STATUSES else _ALIASES.get(plain)


def status_of(word: str) -> str:
    """The status in our spelling; UsageError for a word that is none."""
    found = known_status(word)
    if found is None:
        raise UsageError(f"{word!r} is no status of an experiment.", f"Known: {', '.join(STATUSES)}.")
    return found


def finite(value: Any) -> float | None:
    """The number, if it is one and finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def numbered(records: Iterable[Record]) -> Iterator[Record]:
    """The records with consecutive numbers from 0, and with deltas to what stood before each."""
    standing: float | None = None
    for number, record in enumerate(records):
        delta = None if record.metric is None or standing is None else record.metric - standing
        yield msgspec.structs.replace(record, run=number, delta=finite(delta))
        if record.status in _STANDS and record.metric is not None:
            standing = record.metric
