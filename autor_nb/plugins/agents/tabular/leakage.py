"""Leakage checks that name columns: ids, duplicates, groups, time, copies of the target; from the training
part only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from autor_nb.plugins.agents.tabular import alone
from autor_nb.plugins.agents.tabular.locking import related, telling_columns
from autor_nb.plugins.agents.tabular.plan import Plan
from autor_nb.plugins.agents.tabular.profiling import target_values
from autor_nb.plugins.agents.tabular.study.data import to_levels, to_numbers

TIME_NAME = re.compile(r"(^|[\W_])(date|datum|time|timestamp|datetime|year|month|week|day|visit)([\W_]|$)", re.I)
COPY = 0.9999
KEPT = "kept, and a person must judge; --set drop=COLUMN leaves it out"


def checks(plan: Plan, train: Path, profile: dict[str, Any]) -> list[dict[str, Any]]:
    """The content of data/leakage.json."""
    table = pd.read_csv(train, dtype=str, keep_default_na=False, encoding="utf-8")
    kinds = {column["name"]: column for column in profile["columns"]}
    of = {kind: [n for n, c in kinds.items() if c["kind"] == kind] for kind in ("id", "constant", "text", "date")}
    copies, separators = target_copies(plan, table, kinds)
    return [
        _ids(plan, of),
        _duplicates(plan, table),
        _groups(plan, kinds),
        _time(plan, kinds),
        _check(
            "target_copies",
            "Columns that are the target in another form",
            copies,
            "each determines the target without error in the training part",
            "left out",
        ),
        _check(
            "separators",
            "Single columns that separate the classes perfectly",
            separators,
            "one threshold separates the classes in the training part: a real sign, or a leak",
            KEPT,
        ),
        _near_copies(plan, table, {name: c for name, c in kinds.items() if name not in (*copies, *separators)}),
        _check("constants", "Columns without variation", of["constant"], "one value only", "left out"),
        _check(
            "text",
            "Columns of free text",
            of["text"],
            "mostly different text in every row",
            "left out: not modelled here",
        ),
    ]


def _check(id: str, title: str, columns: list[str], finding: str, action: str) -> dict[str, Any]:
    return {
        "id": id,
        "title": title,
        "columns": columns,
        "finding": finding if columns else "none found",
        "action": action if columns else "none needed",
        "found": bool(columns),
    }


def _near_copies(plan: Plan, table: pd.DataFrame, kinds: dict[str, dict[str, Any]]) -> dict[str, Any]:
    scores = alone.suspicious(plan, table, kinds)
    check = _check(
        "near_copies",
        "Single columns that nearly determine the target",
        list(scores),
        "one column alone predicts the target almost without error, out of fold: a real sign, or a leak",
        KEPT,
    )
    return {**check, "measure": alone.MEASURES[plan.task], "threshold": alone.SUSPICIOUS, "scores": scores}


def _duplicates(plan: Plan, table: pd.DataFrame) -> dict[str, Any]:
    _, count = related(table, "")
    names = [name for name in telling_columns(table) if name != plan.target]
    conflicting = 0
    if names:
        answers = table.groupby(names, sort=False, dropna=False)[plan.target].nunique()
        conflicting = int((answers > 1).sum())
    found = bool(count or conflicting)
    return {
        "id": "duplicates",
        "title": "Rows that are exact copies",
        "columns": names if found else [],
        "finding": (
            f"{count} rows copy an earlier one; {conflicting} sets of equal rows have different targets"
            if found
            else "none found"
        ),
        "action": "kept together in every split, so that no copy is on both sides" if found else "none needed",
        "found": found,
    }


def _ids(plan: Plan, of: dict[str, list[str]]) -> dict[str, Any]:
    named = [name for name in plan.units.get("ids", []) if name not in of["id"] and name != plan.group]
    return _check(
        "ids",
        "Columns that number or name the rows",
        [*of["id"], *named],
        "every value is different, or the name says that values are ids" if named else "every value is different",
        "left out",
    )


def _groups(plan: Plan, kinds: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Rows of one unit: kept together, or named with what that may cost. `kept` are those that stay predictors."""
    if plan.group:
        found = plan.group_text.startswith("found")
        return {
            "id": "groups",
            "title": "Rows that belong together",
            "columns": [plan.group],
            "found": True,
            "finding": "its name and its repeating values say that rows share a unit"
            if found
            else "named as the group column",
            "action": "whole groups go to one side of every split and are permuted as such; not a predictor"
            + ("; a person may overrule it with --set group=none" if found else ""),
            "kept": [],
        }
    ids = plan.units.get("ids", [])
    named = [*plan.units.get("grouping", []), *plan.units.get("few", []), *plan.units.get("alike", [])]
    columns = [name for name in kinds if name in named]
    kept = [
        n for n in columns if n not in ids and n not in plan.drop and kinds[n]["kind"] in ("numeric", "categorical")
    ]
    said = "the person said that they do not belong together" if plan.group_text else "no column can hold whole groups"
    check = _check(
        "groups",
        "Columns whose rows may belong together",
        columns,
        "values repeat over several rows",
        f"not used as groups: {'rows are split by time' if plan.time else said}",
    )
    return {**check, "kept": kept}


def _time(plan: Plan, kinds: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if plan.time:
        return {
            "id": "time",
            "title": "Rows in time",
            "columns": [plan.time],
            "found": True,
            "finding": "named as the time column",
            "action": "every test fold lies after its training rows; not a predictor",
        }
    columns = [
        name for name, c in kinds.items() if c["kind"] == "date" or (TIME_NAME.search(name) and c["kind"] != "constant")
    ]
    return _check(
        "time",
        "Columns that may order the rows in time",
        columns,
        "dates, or a name that says so",
        "rows were split at random, because nobody named a time column; dates are not used as predictors",
    )


def target_copies(plan: Plan, table: pd.DataFrame, kinds: dict[str, dict[str, Any]]) -> tuple[list[str], list[str]]:
    """(columns that are the target in other words, single columns that separate classes perfectly)."""
    target = target_values(plan, table)
    copies, separators = [], []
    for name, about in kinds.items():
        if about["kind"] == "numeric":
            numbers = to_numbers(table[name], about.get("decimal", "."))
            if plan.task == "regression":
                if _monotone_copy(numbers, target):
                    copies.append(name)
            elif numbers.notna().all() and _each_value_one_class(numbers, target):
                copies.append(name)
            elif _separates(numbers, target):
                separators.append(name)
        elif about["kind"] == "categorical":
            levels = to_levels(table[name])
            if plan.task != "regression" and _each_value_one_class(levels, target):
                copies.append(name)
    return copies, separators


def _monotone_copy(numbers: pd.Series, target: pd.Series) -> bool:
    both = numbers.notna() & target.notna()
    if both.sum() < 10 or numbers[both].nunique() < 3 or target[both].nunique() < 3:
        return False
    a, b = numbers[both], target[both]
    if abs(float(a.corr(b))) >= COPY:
        return True
    # The same order with as many distinct values: the target after a transformation.
    return abs(float(a.rank().corr(b.rank()))) >= COPY


def _each_value_one_class(values: pd.Series, target: pd.Series) -> bool:
    """As many values as classes, each seen with one class only: another name for the target."""
    distinct = values.nunique()
    classes = target.nunique()
    if distinct != classes:
        return False
    return bool((target.groupby(values).nunique() == 1).all())


def _separates(numbers: pd.Series, target: pd.Series) -> bool:
    known = numbers.notna()
    spans = numbers[known].groupby(target[known]).agg(["min", "max"]).sort_values("min")
    if len(spans) != target.nunique() or len(spans) < 2:
        return False
    return bool((spans["min"].to_numpy()[1:] > spans["max"].to_numpy()[:-1]).all())
