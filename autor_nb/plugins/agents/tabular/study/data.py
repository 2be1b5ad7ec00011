"""Reading a part of the data, and the preparation of columns that is learnt inside each training fold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from .design import Design

# Written as text in the files; what is not a number in a numeric column is missing too.
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", "."})
MAX_LEVELS = 20


@dataclass(frozen=True)
class Part:
    """Rows ready for modelling: `units` are indices of rows that must stay together (groups, copies)."""

    x: pd.DataFrame
    y: np.ndarray
    units: np.ndarray
    order: np.ndarray | None


def to_numbers(column: pd.Series, decimal: str = ".") -> pd.Series:
    """Text as floats; missing marks and anything that is no finite number become NaN."""
    text = column.astype(str).str.strip()
    if decimal == ",":
        text = text.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    numbers = pd.to_numeric(text.where(~text.str.lower().isin(MISSING)), errors="coerce").astype(float)
    return numbers.where(np.isfinite(numbers))


def to_levels(column: pd.Series) -> pd.Series:
    """Text as category levels; missing marks become one level of their own."""
    text = column.astype(str).str.strip()
    return text.where(~text.str.lower().isin(MISSING), "(missing)").astype(object)


def read_part(path: Path, design: Design) -> Part:
    """The rows of a CSV part as `design` describes its columns."""
    raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    x = pd.DataFrame(
        {
            f"x{n}": to_numbers(raw[c["name"]], c.get("decimal", "."))
            if c["kind"] == "numeric"
            else to_levels(raw[c["name"]])
            for n, c in enumerate(design.columns)
        },
        index=raw.index,
    )
    order = time_order(raw[design.time]) if design.time else None
    return Part(x=x, y=_target(raw[design.target], design), units=_units(raw, design), order=order)


def time_order(column: pd.Series) -> np.ndarray:
    """A sortable number per row: the number itself, or nanoseconds of a date."""
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().all():
        return numbers.to_numpy(dtype=float)
    dates = pd.to_datetime(column, errors="coerce", utc=True, format="mixed")
    return dates.astype("int64").to_numpy(dtype=float)


def _target(column: pd.Series, design: Design) -> np.ndarray:
    if design.task == "regression":
        decimal = "," if column.str.contains(r"^\s*-?\d+,\d+\s*$", regex=True).any() else "."
        return to_numbers(column, decimal).to_numpy(dtype=float)
    text = column.astype(str).str.strip()
    if design.task == "binary":
        return (text == design.positive).to_numpy(dtype=int)
    return text.map({name: n for n, name in enumerate(design.classes)}).to_numpy(dtype=int)


def _units(raw: pd.DataFrame, design: Design) -> np.ndarray:
    """Whole groups where the design names a group column, else sets of identical rows."""
    if design.group:
        return factorized(raw[design.group])
    names = [column["name"] for column in design.columns] + [design.target]
    return raw.groupby(names, sort=False, dropna=False).ngroup().to_numpy()


def factorized(column: pd.Series) -> np.ndarray:
    """A number per group; a row whose group is not known is a group of its own."""
    text = column.astype(str).str.strip()
    alone = pd.Series([f"row {n}" for n in range(len(text))], index=text.index)
    named = ("group " + text).where(~text.str.lower().isin(MISSING), alone)
    return np.asarray(pd.factorize(named)[0])


def preparation(design: Design) -> ColumnTransformer:
    """Imputation, scaling and one-hot coding; always fitted on a training fold only."""
    kinds = {f"x{n}": column["kind"] for n, column in enumerate(design.columns)}
    numeric = [name for name, kind in kinds.items() if kind == "numeric"]
    categorical = [name for name, kind in kinds.items() if kind != "numeric"]
    steps: list[tuple[str, Any, list[str]]] = []
    if numeric:
        impute = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        steps.append(("numeric", make_pipeline(impute, StandardScaler()), numeric))
    if categorical:
        encode = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_LEVELS, sparse_output=False)
        steps.append(("categorical", encode, categorical))
    return ColumnTransformer(steps)


def safe_name(name: str) -> str:
    """A column's name on one line, for messages."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", name)
