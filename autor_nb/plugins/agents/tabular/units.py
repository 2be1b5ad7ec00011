"""Columns whose values name a unit (a person, a site, a sample) that several rows may share.

Told by a column's name and by how its values repeat; the target plays no part, and nothing but text is needed, so
that it can be asked before a run exists.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

from autor_nb.domain.errors import UsageError

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", "."})  # as in study/data.py
NO_GROUP = ("none", "no", "-")
_PERSONS = """
    patient subject person participant user customer client household animal donor proband respondent individual
    student pupil employee
"""
_PLACES_AND_LOTS = """
    family site hospital clinic center centre school device sensor batch session group plot store company cluster
    case sample specimen member account order vehicle machine mother twin pair lot well
"""
PERSONS = frozenset(_PERSONS.split())
UNITS = PERSONS | frozenset(_PLACES_AND_LOTS.split())
ID_WORDS = frozenset(("id", "ids", "uuid", "guid"))
SUFFIXES = ID_WORDS | frozenset(("no", "nr", "num", "number", "code", "key", "name", "label", "index", "idx"))
WHOLE = re.compile(r"[-+]?\d+(?:\.0+)?\Z")
DATE = re.compile(r"\d[-/.:]\d|\d{8}")
ENOUGH = 10  # units below which whole units cannot be held out and cross-validated
MANY = 20
FEW_ROWS = (1.5, 10)  # rows per value of a column that looks like an id whatever it is called


class Units(msgspec.Struct, frozen=True, kw_only=True):
    """`ids` name units by what they are called, and are never predictors; `grouping` are those of them (and of
    places and batches) that enough units share; `alike` only repeat as ids do, so that a person must say; `few`
    are places and the like with too few values to hold any out."""

    ids: tuple[str, ...] = ()
    grouping: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    few: tuple[str, ...] = ()


def find(columns: Mapping[str, Sequence[str]], leave: frozenset[str] = frozenset()) -> Units:
    """What the columns of a table (without those of `leave`: target, time) say about units."""
    found: dict[str, list[str]] = {"ids": [], "grouping": [], "alike": [], "few": []}
    for name, cells in columns.items():
        if name not in leave:
            for kind in _kinds(name, cells):
                found[kind].append(name)
    return Units(**{kind: tuple(names) for kind, names in found.items()})


def _kinds(name: str, cells: Sequence[str]) -> tuple[str, ...]:
    present = [cell.strip() for cell in cells if cell.strip().lower() not in MISSING]
    counts = Counter(present)
    distinct = len(counts)
    whole = all(WHOLE.match(value) for value in counts)
    if distinct < 2 or (not whole and _numbers(counts)) or _dates(counts):
        return ()
    named, unit = _named(name)
    if named and (distinct >= ENOUGH or unit == "id"):
        repeating = distinct < len(present)
        return ("ids", "grouping") if repeating and distinct >= ENOUGH else ("ids", "few") if repeating else ("ids",)
    if distinct >= 0.9 * len(present):
        return ()
    if unit and (not whole or named):
        return ("grouping",) if distinct >= ENOUGH else ("few",)
    return ("alike",) if _like_an_id(present, counts, whole) else ()


def _named(name: str) -> tuple[bool, str]:
    """(whether the name alone says that values name units, `id` · `unit` or nothing)."""
    words = re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)).lower().split()
    core = list(words)
    while core and core[-1] in SUFFIXES:
        core.pop()
    suffixed = len(core) < len(words)
    last = core[-1] if core else ""
    if words and words[-1] in ID_WORDS:
        return True, "id"
    if suffixed and last.rstrip("s") in UNITS:
        return True, "id"
    return last in PERSONS, "unit" if last in UNITS else ""


def _numbers(values: Mapping[str, int]) -> bool:
    """Whether most values are numbers, with a decimal point or comma."""
    return sum(bool(re.match(r"[-+]?\d*[.,]?\d+(e[-+]?\d+)?\Z", v, re.I)) for v in values) >= 0.95 * len(values)


def _dates(values: Mapping[str, int]) -> bool:
    return sum(bool(DATE.search(value)) for value in values) >= 0.95 * len(values)


def _like_an_id(present: list[str], counts: Counter[str], whole: bool) -> bool:
    """Many values, each in a few rows; numbers only if they repeat as no measurement would."""
    each = len(present) / len(counts)
    if len(counts) <= MANY or not FEW_ROWS[0] <= each <= FEW_ROWS[1]:
        return False
    if not whole:
        return True
    common, values = Counter(counts.values()).most_common(1)[0]
    if common >= 2 and values >= 0.9 * len(counts):
        return True
    blocks = 1 + sum(a != b for a, b in pairwise(present))
    numbers = [float(value) for value in present]
    return blocks == len(counts) and numbers not in (sorted(numbers), sorted(numbers, reverse=True))


def decide(found: Units, columns: Mapping[str, Sequence[str]], data: str) -> tuple[str, str]:
    """(group column, how it was chosen), both empty where nothing repeats; UsageError where only a person can
    say."""
    ranked = sorted(found.grouping, key=lambda name: len(set(columns[name])))
    for name in ranked[:1]:
        if all(_nested(columns[other], columns[name]) for other in ranked):
            return name, f"found: the name and the repeating values of {name!r} say that rows share a unit"
    unclear = found.grouping or found.alike
    if not unclear:
        return "", ""
    first = unclear[0]
    values = len({cell.strip() for cell in columns[first]})
    why = (
        "do not lie within one another"
        if found.grouping
        else f"repeat as an id would ({values} values in {len(columns[first])} rows)"
    )
    raise UsageError(
        f"It is not clear whether rows of {data} belong together: the values of "
        f"{', '.join(map(repr, unclear[:5]))} {why}.",
        f"If rows that share a value are of one person, sample or place, say --set group={first}: whole groups then "
        "stay on one side of every split. If they are not, say --set group=none. Or let intake ask (--intake).",
    )


def _nested(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """Whether each value of `inner` is seen with one value of `outer` only."""
    seen: dict[str, str] = {}
    return all(seen.setdefault(a.strip(), b.strip()) == b.strip() for a, b in zip(inner, outer, strict=True))
