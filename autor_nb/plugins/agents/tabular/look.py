"""A look at the table before a run exists: what would stop its study, what only a person can say, and what it takes.

Needs neither pandas nor scikit-learn, so that a plan is there at once.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.plugins.agents.tabular import bundled, choosing, effort, options, tablefile, targets, units
from autor_nb.plugins.agents.tabular.vocabulary import FAMILY_NAMES, METRIC_NAMES

ROWS = 200_000  # more are not read before a run exists


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen: `open` keys that only intake can settle, notes for the plan, an estimate of the time."""

    open: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    duration_s: float = 0.0


def look(dataset: choosing.Dataset, given: Mapping[str, str], target: str, *, asks: bool) -> Look:
    """Look; UsageError for what cannot be studied, with the mend."""
    if dataset.path is None and not given.get("positive"):
        rows, width, classes = bundled.SHAPES[dataset.name]
        found = effort.estimate(rows, width, classes, _asked(given))
        return Look(notes=(found.text,), duration_s=found.seconds)
    columns, complete = _columns(dataset)
    cells = next(iter(columns.values()))
    if not cells:
        raise UsageError(f"{dataset.name} has a header line and no rows.", "Give a table with rows.")
    if target and complete:
        metric = options.key_of(given.get("metric", ""), METRIC_NAMES) if given.get("metric") else ""
        wrong, mend = targets.problem(target, columns[target], metric, given.get("positive", "").strip())
        if wrong:
            raise UsageError(wrong, mend)
    notes, unclear = _groups(columns, given, target, dataset.name, asks=asks)
    classes = targets.classes(columns[target], given.get("metric", "")) if target else 2
    found = effort.estimate(len(cells), effort.width(columns, target), classes, _asked(given))
    if not complete:
        notes = (*notes, f"Only the first {ROWS} rows of {dataset.name} were looked at; the run reads all of them.")
    return Look(open=unclear, notes=(*notes, found.text), duration_s=found.seconds)


def _columns(dataset: choosing.Dataset) -> tuple[dict[str, tuple[str, ...]], bool]:
    """(cells by column, whether these are all rows)."""
    if dataset.path is None:
        header, *rows = csv.reader(io.StringIO(bundled.as_csv(dataset.name)))
        names: tuple[str, ...] = tuple(header)
    else:
        names = dataset.header.names
        rows, _ = tablefile.read_rows(dataset.path, dataset.header, ROWS + 1)
    complete = len(rows) <= ROWS
    cells = list(zip(*rows[:ROWS], strict=True)) if rows else [()] * len(names)
    return dict(zip(names, cells, strict=True)), complete


def _groups(
    columns: Mapping[str, tuple[str, ...]], given: Mapping[str, str], target: str, data: str, *, asks: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(notes, open keys) about rows that belong together, where nothing is set about it."""
    if given.get("group") or given.get("time"):
        return (), ()
    found = units.find(columns, frozenset({target}))
    try:
        group, why = units.decide(found, columns, data)
    except UsageError:
        if asks:
            unclear = ", ".join(map(repr, (found.grouping or found.alike)[:5]))
            return (f"Intake will ask whether rows that share a value of {unclear} belong together.",), ("group",)
        raise
    if not group:
        return (), ()
    return (f"Rows that share {group!r} stay on one side of every split ({why}); --set group=none overrules it.",), ()


def _asked(given: Mapping[str, str]) -> effort.Asked:
    """The settings that the time depends on, with the defaults of a plan."""
    numbers = {key: int(given[key]) for key in options.RANGES if given.get(key, "").strip().isdigit()}
    named = [options.key_of(name.strip(), FAMILY_NAMES) for name in given.get("families", "").split(",")]
    return effort.Asked(families=tuple(name for name in named if name), **numbers)
