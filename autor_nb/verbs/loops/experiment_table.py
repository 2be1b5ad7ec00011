"""Experiments as rows: one table for everything that lists them, and the same as facts for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from autor_nb.domain.loops.record import Record
from autor_nb.record.loop_history import word_of
from autor_nb.record.units import number_words
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Cell, Mark, Table

BARS = "▁▂▃▄▅▆▇█"


def experiment_table(records: Iterable[Record], metric: str = "Metric", title: str = "") -> Table:
    """One experiment a row, in the order given."""
    rows: list[tuple[Cell, ...]] = []
    for record in records:
        said = record.summary or record.hypothesis or record.reason
        word = word_of(record)
        rows.append(
            (
                str(record.run),
                Mark(f"{word}, recorded" if record.mode == "recorded" else word),
                number_words(record.metric, 6),
                signed(record.delta),
                number_words(record.e_value, 3),
                str(record.trials or ""),
                clean.line(said, 120),
            )
        )
    columns = ("n", "Verdict", clean.line(metric, 30) or "Metric", "Delta", "E", "Runs", "What was tried")
    return Table(columns, tuple(rows), title)


def signed(value: float | None, digits: int = 4) -> str:
    """A change, with its sign."""
    if value is None:
        return ""
    return ("+" if value > 0 else "") + number_words(float(value), digits)


def facts_of(record: Record) -> dict[str, Any]:
    """For programs: as in experiments.jsonl."""
    facts: dict[str, Any] = msgspec.to_builtins(record)
    return facts


def spark(values: Sequence[float | None], higher: bool = True, width: int = 40) -> str:
    """The newest values as a row of bars, better is higher; · is an experiment without a value."""
    shown = values[-width:]
    known = [value for value in shown if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    reach = (high - low) or 1.0
    text = ""
    for value in shown:
        if value is None:
            text += "·"
            continue
        share = (value - low) / reach
        text += BARS[min(7, int((share if higher else 1 - share) * 8))]
    return text
