"""The locked holdout: set aside before anything is profiled, by rules that look at no column's relation to
the target."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from autor_nb.domain.errors import UsageError
from autor_nb.plugins.agents.tabular import choosing, tablefile, targets, units
from autor_nb.plugins.agents.tabular.columns import decimal_of, is_missing, kind_of
from autor_nb.plugins.agents.tabular.plan import Plan
from autor_nb.plugins.agents.tabular.study.data import factorized, time_order, to_numbers
from autor_nb.plugins.agents.tabular.study.folds import partition
from autor_nb.plugins.agents.tabular.targets import HOLDOUT_FROM, SMALLEST, smallest_class
from autor_nb.plugins.agents.tabular.vocabulary import METRICS

CLASS_GROUPS = 3
PARTS = 5  # one part in five is held out
POSITIVE_WORDS = (
    "1",
    "1.0",
    "yes",
    "y",
    "true",
    "t",
    "positive",
    "pos",
    "case",
    "malignant",
    "bad",
    "event",
    "sick",
    "died",
)


class Lock(msgspec.Struct, kw_only=True):
    """What was decided while locking: `split` is the content of data/split.json; the parts are tables of
    text."""

    split: dict[str, Any]
    train: pd.DataFrame
    holdout: pd.DataFrame | None
    notes: list[str]


def raw_table(plan: Plan, dataset: choosing.Dataset, workspace_file: Any) -> tuple[pd.DataFrame, list[str]]:
    """The raw file as a table of text."""
    header = dataset.header if dataset.path is not None else tablefile.read_header(workspace_file)
    rows, notes = tablefile.read_rows(workspace_file, header)
    return pd.DataFrame(rows, columns=list(header.names), dtype=str), [*header.notes, *notes]


def task_of(values: pd.Series, metric: str) -> str:
    """binary · multiclass · regression, from the target's values (and the metric asked for, if only one
    task has it)."""
    distinct = values.str.strip().nunique()
    numbers = to_numbers(values, decimal_of(values))
    numeric = bool(numbers.notna().all())
    if metric in METRICS["regression"] and numeric:
        return "regression"
    if distinct == 2:
        return "binary"
    if numeric and not (distinct <= 10 and bool((numbers == numbers.round()).all())):
        return "regression"
    if distinct > 30 and distinct > len(values) / 5:
        raise UsageError(
            f"The target {values.name!r} has {distinct} different values that are not numbers: it looks "
            f"like text or an id.",
            "Choose another column with --set target=COLUMN.",
        )
    return "multiclass"


def lock(plan: Plan, table: pd.DataFrame, raw_sha256: str) -> Lock:
    """Split the labelled rows into a training part and a holdout that nothing reads before stage 06."""
    wrong, mend = targets.problem(plan.target, _target_column(plan, table).tolist(), plan.metric, plan.positive)
    if wrong:
        raise UsageError(wrong, mend)
    find_group(plan, table)
    unlabelled = is_missing(table[plan.target])
    notes: list[str] = []
    kept, excluded, task = _usable(plan, table[~unlabelled], notes)
    positive = _positive(plan, kept[plan.target].str.strip()) if task == "binary" else ""
    together, duplicates = related(kept, plan.group)
    held, method, why = _choose(plan, kept, task, together)
    excluded_copies = np.array([], dtype=int)
    if plan.time:
        held, excluded_copies = _without_copies(kept, held, together)
    train = np.setdiff1d(np.arange(len(kept)), np.concatenate([held, excluded_copies]))
    ids = kept.index.to_numpy()
    split: dict[str, Any] = {
        "raw": plan.raw_file,
        "raw_sha256": raw_sha256,
        "encoding": plan.encoding,
        "delimiter": plan.delimiter,
        "seed": plan.seed,
        "fraction": 1 / PARTS if len(held) else 0.0,
        "method": method,
        "why": why,
        "raw_rows": len(table),
        "unlabelled_rows": int(unlabelled.sum()),
        "excluded_rows": sum(excluded.values()) + len(excluded_copies),
        "excluded_classes": excluded,
        "duplicate_rows": duplicates,
        "duplicates_kept_together": not plan.time,
        "train_rows": len(train),
        "holdout_rows": len(held),
        "train_sha256": "",
        "holdout_sha256": "",
        "train_ids": ids[train].tolist(),
        "holdout_ids": ids[held].tolist(),
        "target": plan.target,
        "task": task,
        "positive": positive,
        "group": plan.group,
        "group_text": plan.group_text,
        "units": plan.units,
        "time": plan.time,
    }
    return Lock(split=split, train=kept.iloc[train], holdout=kept.iloc[held] if len(held) else None, notes=notes)


def find_group(plan: Plan, table: pd.DataFrame) -> None:
    """Settle which columns name units, and by which of them rows are kept together when nobody has said."""
    columns = {str(name): table[name].tolist() for name in table.columns}
    found = units.find(columns, frozenset({plan.target, plan.time}))
    plan.units = {kind: list(names) for kind, names in msgspec.to_builtins(found).items()}
    if not (plan.group or plan.group_text or plan.time):
        plan.group, plan.group_text = units.decide(found, columns, plan.dataset)


def _target_column(plan: Plan, table: pd.DataFrame) -> pd.Series:
    if plan.target not in table.columns:
        raise UsageError(
            f"The data has no column {plan.target!r}.", f"Columns: {choosing.listed(list(table.columns))}."
        )
    return table[plan.target]


def _usable(plan: Plan, labelled: pd.DataFrame, notes: list[str]) -> tuple[pd.DataFrame, dict[str, int], str]:
    """(usable rows, rare classes left out, the task); UsageError for what cannot be studied."""
    if len(labelled) == 0:
        raise UsageError(f"No row has a value of the target {plan.target!r}.", "Choose another target column.")
    task = task_of(labelled[plan.target], plan.metric)
    kept, excluded = _without_rare(labelled, plan.target, task, notes)
    classes = sorted(kept[plan.target].str.strip().unique()) if task != "regression" else []
    if task != "regression":
        if len(classes) < 2:
            raise UsageError(
                f"The target {plan.target!r} has one class only ({classes[0] if classes else 'none'!r}).",
                "Choose another target column.",
            )
        task = "binary" if len(classes) == 2 else "multiclass"
    if len(kept) < SMALLEST:
        raise UsageError(
            f"Only {len(kept)} usable rows have a target: too few for any comparison.",
            f"Give at least {SMALLEST} (and better {HOLDOUT_FROM}) labelled rows.",
        )
    return kept, excluded, task


def _without_rare(
    labelled: pd.DataFrame, target: str, task: str, notes: list[str]
) -> tuple[pd.DataFrame, dict[str, int]]:
    if task == "regression":
        return labelled, {}
    names = labelled[target].str.strip()
    counts = names.value_counts()
    smallest = smallest_class(len(labelled))
    rare = {str(name): int(count) for name, count in sorted(counts.items()) if count < smallest}
    if rare and len(counts) - len(rare) >= 2:
        notes.append(f"Classes with fewer than {smallest} rows cannot be cross-validated and are left out: {rare}.")
        return labelled[~names.isin(rare)], rare
    return labelled, {}


def _positive(plan: Plan, names: pd.Series) -> str:
    counts = names.value_counts()
    if plan.positive:
        if plan.positive not in counts.index:
            raise UsageError(
                f"The target has no class {plan.positive!r}.",
                f"Classes: {', '.join(map(repr, counts.index))}.",
            )
        return plan.positive
    known = [name for name in counts.index if name.lower() in POSITIVE_WORDS]
    return str(known[0]) if len(known) == 1 else str(min(counts.index, key=lambda name: (counts[name], name)))


def telling_columns(table: pd.DataFrame) -> list[str]:
    """The columns by which copies of a row can be told: all but those that only number or name the rows."""
    ids = [name for name in table.columns if kind_of(table[name], is_missing(table[name])) == "id"]
    return [name for name in table.columns if name not in ids] or list(table.columns)


def related(table: pd.DataFrame, group: str) -> tuple[np.ndarray, int]:
    """(unit per row, rows that copy an earlier one, whatever id they carry)."""
    telling = telling_columns(table)
    copies = table.groupby(telling, sort=False, dropna=False).ngroup().to_numpy()
    duplicates = int(len(copies) - len(np.unique(copies)))
    if not group:
        return copies, duplicates
    # Copies that cross two groups join them, so that neither rule is broken.
    groups = factorized(table[group])
    parent = list(range(groups.max() + 1))

    def root(n: int) -> int:
        while parent[n] != n:
            parent[n] = n = parent[parent[n]]
        return n

    first: dict[int, int] = {}
    for copy, n in zip(copies.tolist(), groups.tolist(), strict=True):
        parent[root(n)] = root(first.setdefault(copy, n))
    return np.array([root(n) for n in groups.tolist()]), duplicates


def _choose(plan: Plan, kept: pd.DataFrame, task: str, units: np.ndarray) -> tuple[np.ndarray, str, str]:
    """(rows of the holdout, method, why)."""
    if len(kept) < HOLDOUT_FROM:
        return (
            np.array([], dtype=int),
            "none",
            (
                f"{len(kept)} rows are too few to spare a holdout: every row is used for "
                f"cross-validation, and no score on "
                "untouched rows is reported."
            ),
        )
    if plan.time:
        order = time_order(kept[plan.time])
        if not np.isfinite(order).all() or (order < -9e18).any():
            raise UsageError(
                f"The time column {plan.time!r} holds values that are neither numbers nor dates.",
                "Mend them, or start without --set time.",
            )
        edge = np.sort(order, kind="stable")[round(len(order) * (PARTS - 1) / PARTS)]
        return np.flatnonzero(order >= edge), "by time", f"the last fifth of the rows by {plan.time!r}"
    if plan.group and len(np.unique(units)) < PARTS:
        raise UsageError(
            f"The group column {plan.group!r} has fewer than {PARTS} unrelated groups.",
            "Choose another group column, or say --set group=none.",
        )
    values = kept[plan.target].str.strip()
    if plan.group and task != "regression":
        _spread_over_groups(plan, values, units)
    if task == "regression":
        ranks = to_numbers(values, decimal_of(values)).rank(method="first").to_numpy()
        strata = np.minimum((ranks - 1) * PARTS // len(ranks), PARTS - 1).astype(int)
    else:
        strata = pd.factorize(values, sort=True)[0]
    fold = partition(strata, units, PARTS, np.random.default_rng([plan.seed, 0]), stratify=True)
    held = np.flatnonzero(fold == 0)
    if plan.group:
        return held, "grouped", f"one fifth, whole groups of {plan.group!r} at a time"
    what = "fifths of the target's range" if task == "regression" else "classes"
    return held, "stratified", f"one fifth at random, balanced over {what}, identical rows kept together"


def _spread_over_groups(plan: Plan, classes: pd.Series, units: np.ndarray) -> None:
    """Whole groups of each class are needed to train on, to test on and to hold out."""
    counts = pd.Series(units, index=classes.index).groupby(classes).nunique().sort_index()
    few = counts[counts < CLASS_GROUPS]
    if len(few):
        raise UsageError(
            f"The class {few.index[0]!r} of the target lies in {few.iloc[0]} groups of {plan.group!r} only: too few to "
            "train on some and test on others.",
            "Say --set group=none if these rows do not belong together, or choose another target or group column.",
        )


def _without_copies(kept: pd.DataFrame, held: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By time, rows of the holdout that copy an earlier row (or share its group) leave the study."""
    earlier = np.setdiff1d(np.arange(len(kept)), held)
    straddles = np.isin(units[held], units[earlier])
    return held[~straddles], held[straddles]


def as_csv(table: pd.DataFrame) -> bytes:
    """A table of text as CSV bytes."""
    return str(table.to_csv(index=False, lineterminator="\n")).encode("utf-8")


def sha256(content: bytes) -> str:
    """A digest in hex."""
    return hashlib.sha256(content).hexdigest()
