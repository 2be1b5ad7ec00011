"""What kind of thing a column of text holds, by its own values and name; the target plays no part in it."""

from __future__ import annotations

import re
import warnings

import pandas as pd

from autor_nb.plugins.agents.tabular.study.data import MISSING, to_numbers

ID_NAME = re.compile(r"(^|[\W_])(id|uuid|guid|key|index|idx|row|record|number|nr|no)$|^(id|uuid|index)([\W_]|$)", re.I)
NUMERIC_SHARE = 0.95


def is_missing(column: pd.Series) -> pd.Series:
    """Where a text cell stands for nothing."""
    return column.astype(str).str.strip().str.lower().isin(MISSING)


def decimal_of(values: pd.Series) -> str:
    """The decimal mark of a column of text."""
    return "," if values.str.contains(r"^\s*[-+]?\d+,\d+\s*$", regex=True).any() else "."


def kind_of(column: pd.Series, missing: pd.Series) -> str:
    """numeric · categorical · constant · id · text · date, by the values and, for ids, the name."""
    present = column[~missing].str.strip()
    distinct = present.nunique()
    if distinct <= 1:
        return "constant"
    numbers = to_numbers(present, decimal_of(present))
    unique = distinct == len(present)
    if numbers.notna().mean() >= NUMERIC_SHARE:
        whole = bool((numbers.dropna() == numbers.dropna().round()).all())
        rising = bool(numbers.is_monotonic_increasing or numbers.is_monotonic_decreasing)
        span = float(numbers.max() - numbers.min()) + 1
        if (
            unique
            and whole
            and len(present) >= 12
            and (ID_NAME.search(str(column.name)) or (rising and span <= 3 * len(present)))
        ):
            return "id"
        return "numeric"
    if _dates(present):
        return "date"
    if unique and (ID_NAME.search(str(column.name)) or not present.str.contains(r"\s").any()):
        return "id"
    return "text" if distinct > max(50, len(present) / 2) or unique else "categorical"


def _dates(present: pd.Series) -> bool:
    if not present.head(50).str.contains(r"\d[-/.:]\d|\d{8}", regex=True).all():
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(pd.to_datetime(present, errors="coerce", utc=True, format="mixed").notna().mean() >= NUMERIC_SHARE)
