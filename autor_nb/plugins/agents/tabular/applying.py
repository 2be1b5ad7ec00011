"""Changes laid over a plan, each within the stages in which it may still be made; later ones are refused
with why."""

from __future__ import annotations

import msgspec

from autor_nb.plugins.agents.tabular.options import RANGES
from autor_nb.plugins.agents.tabular.plan import Change, Plan
from autor_nb.plugins.agents.tabular.vocabulary import (
    FAMILIES,
    FAMILY_TITLES,
    METRICS,
    PRIMARY,
    SLOW,
    default_families,
)

# The last stage in which a field may change, and why not later.
WINDOWS = {
    "target": (0, "the holdout was set aside for another target; start a new run with --set target"),
    "group": (0, "the holdout was set aside without it; start a new run with --set group"),
    "time": (0, "the holdout was set aside without it; start a new run with --set time"),
    "metric": (2, "the primary metric is fixed with the hypotheses; roll back to stage 02 to change it"),
    "rope": (
        2,
        ("the smallest effect that matters is fixed with the hypotheses, before results; roll back to stage 02"),
    ),
    "families": (5, "the experiments are done; roll back to stage 05 to change the families"),
    "seeds": (5, "the experiments are done; roll back to stage 05 for more seeds"),
    "outer_folds": (5, "the experiments are done; roll back to stage 05 for other folds"),
    "inner_folds": (5, "the experiments are done; roll back to stage 05 for other folds"),
    "settings": (5, "the experiments are done; roll back to stage 05 for another tuning budget"),
    "permutations": (5, "the experiments are done; roll back to stage 05 for more permutations"),
    "drop": (5, "the experiments are done; roll back to stage 05 to leave a column out"),
    "secondary": (6, "the analysis is done; roll back to stage 06"),
    "extras": (6, "the analysis is done; roll back to stage 06"),
}
NEEDS_FITS = ("importance", "learning_curve")
LIMITS = {**RANGES, "permutations": (199, 9999)}


def settle(plan: Plan, task: str, rows: int) -> None:
    """Fill in what depends on the data: the metric and the families."""
    plan.task = task
    if plan.metric not in METRICS[task]:
        if plan.metric:
            plan.notes.append(f"The metric {plan.metric} does not suit a {task} target; {PRIMARY[task]} is used.")
        plan.metric = PRIMARY[task]
    suited = [key for key in plan.families if key in FAMILIES[task]]
    unsuited = [key for key in plan.families if key not in FAMILIES[task]]
    if unsuited:
        plan.notes.append(f"Families that do not suit a {task} target were left out: {', '.join(unsuited)}.")
    wanted = suited if len(suited) >= 4 else [*suited, *(k for k in default_families(task, rows) if k not in suited)]
    plan.families = wanted if suited else default_families(task, rows)


def apply(plan: Plan, change: Change, rows: int) -> None:
    """Make one change, or mark it as not done with the reason."""
    if not change.done or change.field not in WINDOWS:
        return
    number = int(change.stage[:2])
    last, why = WINDOWS[change.field]
    if change.field == "metric" and number > last and change.value in METRICS.get(plan.task, ()):
        change.field, change.how = "secondary", "add"
        change.why = "reported beside the primary metric, which is fixed with the hypotheses"
        last = WINDOWS["secondary"][0]
    if change.field == "extras" and change.value in NEEDS_FITS and number > 5:
        last, why = 5, f"{change.value.replace('_', ' ')} needs new fits; roll back to stage 05"
    problem = why if number > last else _make(plan, change, rows)
    if problem:
        change.done, change.why = False, problem


def _make(plan: Plan, change: Change, rows: int) -> str:
    """Change the plan; answers with the reason when that is impossible."""
    field, value = change.field, change.value
    if field in LIMITS:
        low, high = LIMITS[field]
        if not value.isdigit() or not low <= int(value) <= high:
            return f"{field.replace('_', ' ')} must be from {low} to {high}"
        if int(value) == getattr(plan, field):
            change.why = "it already was so"
        setattr(plan, field, int(value))
        return ""
    if field == "rope":
        return _rope(plan, value)
    if field == "families":
        return _family(plan, change, rows)
    if field in ("metric", "secondary") and plan.task and value not in METRICS[plan.task]:
        return f"{value} is not defined for a {plan.task} target (known: {', '.join(METRICS[plan.task])})"
    if field == "extras" and value.removeprefix("subgroup:") in (plan.group, *plan.units.get("ids", [])):
        return "that column names units, one or a few rows each: no part of the rows that could be compared"
    if field == "extras" and value == "calibration" and plan.task not in ("", "binary"):
        return "calibration is assessed for two classes only"
    if field in ("metric", "target", "group", "time"):
        setattr(plan, field, value)
        return ""
    return _list(getattr(plan, field), change)


def _rope(plan: Plan, value: str) -> str:
    if not 0 < float(value) < float("inf"):
        return "it must be a positive number"
    plan.rope, plan.rope_text = float(value), "asked for by the person"
    return ""


def _family(plan: Plan, change: Change, rows: int) -> str:
    key = change.value
    if plan.task and key not in FAMILIES[plan.task]:
        return f"{FAMILY_TITLES[key]} does not suit a {plan.task} target"
    if change.how == "add" and rows > SLOW.get(key, rows):
        return f"{FAMILY_TITLES[key]} is too slow for {rows} rows (more than {SLOW[key]})"
    if change.how == "remove" and key in plan.families and len(plan.families) <= 4:
        return "at least four tuned families are compared; add another one first"
    return _list(plan.families, change)


def _list(values: list[str], change: Change) -> str:
    if change.how == "remove":
        if change.value not in values:
            return "it is not part of the study"
        values.remove(change.value)
    elif change.value in values:
        change.why = "it already was part of the study"
    else:
        values.append(change.value)
    return ""


def fresh(change: Change) -> Change:
    """The same request, not yet judged."""
    return msgspec.structs.replace(change)
