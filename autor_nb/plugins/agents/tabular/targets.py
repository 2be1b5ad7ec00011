"""Whether a column can be studied as a target, by its values alone; asked before a run exists and while locking."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from autor_nb.plugins.agents.tabular.units import MISSING
from autor_nb.plugins.agents.tabular.vocabulary import METRICS

SMALLEST = 12
HOLDOUT_FROM = 50
CLASS_ROWS = 8
SMALL_CLASS_ROWS = 3  # in a table too small for a holdout
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\Z", re.I)
COMMA = re.compile(r"[-+]?\d+,\d+\Z")
OTHER = "Choose another target column with --set target=COLUMN."


def smallest_class(rows: int) -> int:
    """Rows that a class must have to be cross-validated, in a table of that many labelled rows."""
    return CLASS_ROWS if rows >= HOLDOUT_FROM else SMALL_CLASS_ROWS


def problem(name: str, cells: Sequence[str], metric: str = "", positive: str = "") -> tuple[str, str]:
    """(what is wrong with that target, what to do); two empty strings when nothing is."""
    values = [cell.strip() for cell in cells if cell.strip().lower() not in MISSING]
    if not values:
        return f"No row has a value of the target {name!r}.", f"Give a table with rows. {OTHER}"
    if len(values) < SMALLEST:
        return (
            f"Only {len(values)} rows have a value of the target {name!r}: too few for any comparison.",
            f"Give at least {SMALLEST} (and better {HOLDOUT_FROM}) labelled rows.",
        )
    counts = Counter(values)
    if len(counts) == 1:
        return f"The target {name!r} has one value only ({values[0][:60]!r}).", OTHER
    numeric = is_numeric(counts)
    if numeric and _continuous(counts, metric):
        return _not_for(name, positive, "numbers")
    if not numeric and len(counts) > 30 and len(counts) > len(values) / 5:
        return (
            f"The target {name!r} has {len(counts)} different values that are not numbers: it looks like text or ids.",
            OTHER,
        )
    return _classes(name, counts, len(values), positive)


def classes(cells: Sequence[str], metric: str = "") -> int:
    """How many classes a target has; one when numbers are predicted."""
    counts = Counter(cell.strip() for cell in cells if cell.strip().lower() not in MISSING)
    return 1 if is_numeric(counts) and _continuous(counts, metric) else max(2, len(counts))


def _classes(name: str, counts: Counter[str], rows: int, positive: str) -> tuple[str, str]:
    smallest = smallest_class(rows)
    usable = sorted(value for value, count in counts.items() if count >= smallest)
    if len(usable) < 2:
        return (
            f"Of the {len(counts)} classes of the target {name!r}, {len(usable)} have {smallest} rows: too few.",
            f"Give more rows of each class, or join classes. {OTHER}",
        )
    if positive and len(usable) > 2:
        return _not_for(name, positive, f"{len(usable)} classes")
    if positive and positive not in usable:
        return (
            f"The target {name!r} has no class {positive!r}.",
            f"Classes: {', '.join(map(repr, usable))}. Say --set positive=CLASS with one of them, or leave it out.",
        )
    return "", ""


def _not_for(name: str, positive: str, what: str) -> tuple[str, str]:
    if not positive:
        return "", ""
    return (
        f"The setting positive={positive!r} cannot be used: the target {name!r} has {what}, not two classes.",
        "Leave positive out, or choose a target of two classes.",
    )


def is_numeric(counts: Counter[str]) -> bool:
    """Whether all values are numbers, with a decimal point or comma."""
    comma = any(COMMA.match(value) for value in counts)
    plain = (value.replace(".", "").replace(",", ".") if comma else value for value in counts)
    return all(NUMBER.match(value) for value in plain)


def _continuous(counts: Counter[str], metric: str) -> bool:
    """Whether numbers are predicted as numbers, as locking.task_of decides it."""
    if metric in METRICS["regression"]:
        return True
    whole = all(re.match(r"[-+]?\d+([.,]0*)?\Z", value) for value in counts)
    return len(counts) != 2 and not (len(counts) <= 10 and whole)
