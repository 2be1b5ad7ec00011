"""The `--set key=value` pairs that the embedded agent knows, checked before a run exists."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from autor_nb.plugins.agents.tabular.bundled import TARGETS
from autor_nb.plugins.agents.tabular.vocabulary import FAMILY_NAMES, FAMILY_TITLES, METRIC_NAMES

KNOWN = {
    "dataset": "a bundled data set, or the name of a supplied file",
    "target": "the column to predict",
    "metric": "the primary metric",
    "families": "tuned model families, comma-separated (at least four)",
    "seeds": "how many repetitions of the cross-validation (1–50)",
    "outer_folds": "outer folds (2–20)",
    "inner_folds": "inner folds (2–10)",
    "settings": "settings tried per family, the same for each (2–60)",
    "rope": "the smallest difference of the primary metric that matters",
    "group": "a column whose rows belong together (person, site …), or none",
    "time": "a column that orders the rows in time",
    "positive": "the class counted as positive",
    "drop": "columns to leave out, comma-separated",
}
RANGES = {"seeds": (1, 50), "outer_folds": (2, 20), "inner_folds": (2, 10), "settings": (2, 60)}


def key_of(text: str, names: Mapping[str, tuple[str, ...]]) -> str:
    """The key that a person's word names exactly, or an empty string."""
    word = " ".join(text.lower().replace("_", " ").split())
    for key, called in names.items():
        if word == key.replace("_", " ") or word in called or text.lower() in called:
            return key
    return ""


def problem(options: Mapping[str, str]) -> tuple[str, str]:
    """(what is wrong, what to do) with a set of options; two empty strings when nothing is."""
    for key, value in options.items():
        if key not in KNOWN:
            near = difflib.get_close_matches(key, KNOWN, n=1)
            known = "; ".join(f"{name} ({what})" for name, what in KNOWN.items())
            return f"The tabular agent does not know the setting {key!r}.", (
                (f"Did you mean {near[0]!r}? " if near else "") + f"Known: {known}."
            )
        wrong = _value_problem(key, value)
        if wrong:
            return f"The setting {key}={value!r} cannot be used: {wrong}.", f"{key} is {KNOWN[key]}."
    return "", ""


def _value_problem(key: str, value: str) -> str:
    if not value.strip():
        return "it is empty"
    if key in RANGES:
        low, high = RANGES[key]
        return (
            ""
            if value.strip().isdigit() and low <= int(value) <= high
            else f"it must be a whole number from {low} to {high}"
        )
    if key == "rope":
        try:
            return "" if 0 < float(value) < float("inf") else "it must be a positive number"
        except ValueError:
            return "it must be a number"
    if key == "metric" and not key_of(value, METRIC_NAMES):
        return f"known metrics are {', '.join(METRIC_NAMES)}"
    if key == "families":
        return _families_problem(value)
    return ""


def _families_problem(value: str) -> str:
    asked = [part.strip() for part in value.split(",") if part.strip()]
    unknown = [name for name in asked if not key_of(name, FAMILY_NAMES)]
    known = ", ".join(key for key in FAMILY_TITLES if key != "baseline")
    if unknown:
        return f"there is no family {unknown[0]!r}; known families are {known}"
    return "" if len({key_of(name, FAMILY_NAMES) for name in asked}) >= 4 else f"at least four are compared, of {known}"


def bundled_name(value: str) -> str:
    """The bundled data set that a value names, or an empty string."""
    word = value.strip().lower().replace("-", "_").replace(" ", "_").removeprefix("load_")
    return word if word in TARGETS else ""
