"""Stage 03: the study design, with its data profile, leakage checks, power and hashes; from the training
part only."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autor_nb.domain.errors import UsageError
from autor_nb.plugins.agents.tabular import leakage, limits
from autor_nb.plugins.agents.tabular.draft import Draft, bullets, code, counted, plain, table
from autor_nb.plugins.agents.tabular.locking import sha256
from autor_nb.plugins.agents.tabular.plan import Plan
from autor_nb.plugins.agents.tabular.profiling import profile
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.statistics import detectable
from autor_nb.plugins.agents.tabular.suggestions import asked_table, choose, offer
from autor_nb.plugins.agents.tabular.survey_sources import SOURCES
from autor_nb.plugins.agents.tabular.vocabulary import FAMILY_TITLES, METRIC_TITLES, METRICS, lower_is_better

ASSUMED_SD = 2.0  # the folds' SD of a difference, in units of the smallest effect that matters, until data is there


def work(session: Session) -> None:
    """Profile, check for leaks, write the design and the manifest."""
    plan = session.plan
    with session.step("profile training part", data="data/train.csv") as step:
        seen = profile(plan, session.path("data/train.csv"))
        step.output = f"{seen['rows']} rows, {len(seen['columns'])} columns besides the target"
    with session.step("check for leakage", columns=len(seen["columns"])) as step:
        found = leakage.checks(plan, session.path("data/train.csv"), seen)
        step.output = "; ".join(f"{c['id']}: {len(c['columns'])}" for c in found if c["found"]) or "nothing found"
    split = session.read_json("data/split.json")
    columns, dropped = choose_columns(plan, seen, found)
    if not columns:
        raise UsageError(
            "No column is left to predict from: all are ids, constants, text, dates or copies of the target.",
            "Give a table with numeric or categorical columns.",
        )
    design = make_design(plan, seen, split, columns, dropped)
    session.write_json("data/profile.json", seen, "profile of the training part")
    session.write_json("data/leakage.json", {"checks": found}, "leakage checks, naming columns")
    session.write_json("data/design.json", design, "the design as the code reads it")
    session.write_json("data/data_manifest.json", manifest(session, split), "the data files with their hashes")
    session.write_text("notes/study_design.md", _text(design, split), "the design as text")
    limits.record(session, _limits(plan, split, seen, found))
    session.made("notes/limits.json", "known limits of the study so far")
    _draft(session, design, split, seen, found)


def choose_columns(
    plan: Plan, seen: dict[str, Any], found: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """(predictors, columns left out with why)."""
    copies = next(check["columns"] for check in found if check["id"] == "target_copies")
    why = {
        "id": "numbers or names the rows",
        "constant": "one value only",
        "text": "free text",
        "date": "a date",
    }
    columns: list[dict[str, Any]] = []
    dropped: list[dict[str, str]] = []
    for column in seen["columns"]:
        name, kind = column["name"], column["kind"]
        reason = (
            "the group column"
            if name == plan.group
            else "the time column"
            if name == plan.time
            else "asked for by the person"
            if name in plan.drop
            else "an id: names a unit, which another table would not hold"
            if name in plan.units.get("ids", [])
            else "determines the target"
            if name in copies
            else why.get(kind, "")
        )
        if reason:
            dropped.append({"name": name, "why": reason})
        else:
            extra = {"decimal": column["decimal"]} if kind == "numeric" else {}
            columns.append({"name": name, "kind": kind, **extra})
    return columns, dropped


def make_design(
    plan: Plan,
    seen: dict[str, Any],
    split: dict[str, Any],
    columns: list[dict[str, Any]],
    dropped: list[dict[str, str]],
) -> dict[str, Any]:
    """The content of data/design.json."""
    names = sorted(seen["target"].get("classes", {}))
    outer, inner = fold_counts(plan, seen)
    scheme = (
        "by time" if plan.time else "grouped" if plan.group else "plain" if plan.task == "regression" else "stratified"
    )
    keys = ["baseline", *plan.families]
    return {
        "dataset": plan.dataset,
        "task": plan.task,
        "target": plan.target,
        "positive": plan.positive,
        "classes": [n for n in names if n != plan.positive] + [plan.positive] if plan.task == "binary" else names,
        "metric": plan.metric,
        "direction": "lower" if lower_is_better(plan.metric) else "higher",
        "metrics": [plan.metric, *(m for m in METRICS[plan.task] if m != plan.metric)],
        "secondary": plan.secondary,
        "rope": plan.rope,
        "rope_text": plan.rope_text,
        "families": [
            {"key": k, "title": FAMILY_TITLES[k], "citation": SOURCES[k], "settings": plan.settings}
            for k in plan.families
        ],
        "seeds": [plan.seed + 1 + n for n in range(plan.seeds)],
        "outer_folds": outer,
        "inner_folds": inner,
        "settings_per_family": plan.settings,
        "fold_scheme": scheme,
        "group": plan.group,
        "time": plan.time,
        "columns": columns,
        "dropped": dropped,
        "permutations": plan.permutations,
        "permutation_family": "ridge" if plan.task == "regression" else "logistic",
        "comparisons": [[a, b] for n, b in enumerate(keys) for a in keys[n + 1 :]],
        "extras": plan.extras,
        "power": power(plan, outer),
        "seed": plan.seed,
        "train": "data/train.csv",
        "holdout": "data/holdout.csv" if split["holdout_rows"] else None,
    }


def fold_counts(plan: Plan, seen: dict[str, Any]) -> tuple[int, int]:
    """Folds, fewer where the smallest class would not reach every fold; whole groups count as one row."""
    if plan.task == "regression":
        rows = seen["groups"] if plan.group else seen["rows"]
        return max(2, min(plan.outer_folds, rows // 3)), min(plan.inner_folds, 3 if rows < 30 else plan.inner_folds)
    smallest = min(seen["class_groups" if plan.group else "target"]["classes"].values())
    outer = max(2, min(plan.outer_folds, smallest))
    return outer, max(2, min(plan.inner_folds, smallest - math.ceil(smallest / outer)))


def power(plan: Plan, outer: int) -> dict[str, Any]:
    """What difference the design can find, by the corrected t-test, under an assumed spread of fold
    differences."""
    ratio = 1 / (outer - 1)
    sd = ASSUMED_SD * plan.rope

    def folds(seeds: int) -> int:
        return outer if plan.time else outer * seeds

    rows = [
        {"seeds": s, "J": folds(s), "detectable_difference": float(f"{detectable(sd, folds(s), ratio):.6g}")}
        for s in sorted({1, plan.seeds, 5, 10, 20})
    ]
    mine = next(row for row in rows if row["seeds"] == plan.seeds)
    floor = float(f"{detectable(sd, 10**6, ratio):.6g}")
    return {
        "assumed_sd": float(f"{sd:.6g}"),
        "J": mine["J"],
        "df": int(mine["J"]) - 1,
        "detectable_difference": mine["detectable_difference"],
        "floor": floor,
        "rows": rows,
        "text": f"If fold differences have a standard deviation of {sd:.3g} (an assumption: "
        f"{ASSUMED_SD:g} times the smallest "
        f"effect that matters), a difference of {mine['detectable_difference']:.3g} is found with 80 % "
        f"power at the 5 % "
        f"level, before the correction for several comparisons. More seeds cannot bring this below "
        f"{floor:.3g}: the "
        "correction for overlapping training sets remains.",
    }


def manifest(session: Session, split: dict[str, Any]) -> dict[str, Any]:
    """The content of data/data_manifest.json."""
    parts = [(split["raw"], "raw", split["raw_rows"]), ("data/train.csv", "training", split["train_rows"])]
    if split["holdout_rows"]:
        parts.append(("data/holdout.csv", "holdout", split["holdout_rows"]))
    files = []
    for path, role, rows in parts:
        content = session.path(path).read_bytes()
        files.append({"path": path, "sha256": sha256(content), "size_bytes": len(content), "rows": rows, "role": role})
    return {"dataset": session.plan.dataset, "target": session.plan.target, "files": files}


def _limits(
    plan: Plan, split: dict[str, Any], seen: dict[str, Any], found: list[dict[str, Any]]
) -> list[dict[str, str]]:
    said: list[tuple[str, str]] = [
        ("assumption", f"The smallest effect that matters is {plan.rope:.4g} ({plan.rope_text}).")
    ]
    if plan.target_text.startswith("assumed"):
        said.append(("assumption", f"The target was {plan.target_text}."))
    if not split["holdout_rows"]:
        said.append(("limit", split["why"]))
    if split["unlabelled_rows"]:
        said.append(("excluded", f"{split['unlabelled_rows']} rows without a target were left out."))
    if split["excluded_rows"]:
        said.append(
            (
                "excluded",
                (
                    f"{split['excluded_rows']} rows were left out: classes too rare to cross-validate "
                    "or later copies of earlier rows."
                ),
            )
        )
    said += [
        ("limit", f"{c['title']}: {c['finding']}. {c['action'][:1].upper()}{c['action'][1:]}.")
        for c in found
        if c["found"] and c["id"] in ("groups", "time", "separators", "near_copies", "duplicates", "text")
    ]
    unreadable = sum(c.get("unreadable", 0) for c in seen["columns"])
    if unreadable:
        said.append(("limit", f"{unreadable} cells of numeric columns are no numbers and count as missing."))
    gaps = [c for c in seen["columns"] if c["missing_share"] > 0.3]
    if gaps:
        said.append(
            (
                "limit",
                f"{len(gaps)} columns miss over 30 % of their values; each fold puts in its own medians.",
            )
        )
    said += [("limit", note) for note in plan.notes]
    return [{"kind": kind, "text": text} for kind, text in said]


def _text(design: dict[str, Any], split: dict[str, Any]) -> str:
    return f"# Study design\n\n{_design_bullets(design, split)}\n\n{plain(design['power']['text'])}\n"


def _design_bullets(design: dict[str, Any], split: dict[str, Any]) -> str:
    titles = ", ".join(family["title"] for family in design["families"])
    return bullets(
        [
            f"Task: {design['task']}, target {code(design['target'])}"
            + (f", positive class {code(design['positive'])}." if design["positive"] else "."),
            (f"Rows: {split['train_rows']} for training, {split['holdout_rows']} locked away ({plain(split['why'])})."),
            f"Families: {titles}, and a baseline that knows no column.",
            (
                f"Nested cross-validation: {design['outer_folds']} outer folds ({design['fold_scheme']}), "
                f"{design['inner_folds']} inner "
                f"folds, repeated with {counted(len(design['seeds']), 'seed')}; {design['settings_per_family']} "
                f"settings "
                f"for every family."
            ),
            (
                f"Primary metric: {METRIC_TITLES[design['metric']]} ({design['direction']} is better); also "
                f"computed: "
                f"{', '.join(METRIC_TITLES[m] for m in design['metrics'][1:])}."
            ),
            f"Smallest difference that matters: {design['rope']:.4g} ({plain(design['rope_text'])}).",
            (
                f"{len(design['comparisons'])} comparisons, all fixed now: every pair of families and the "
                f"baseline. Nadeau–Bengio 95 % "
                "intervals with J − 1 degrees of freedom; Holm over all of them."
            ),
            f"Permutation test with {design['permutations']} permutations for any signal at all.",
            "Imputation, scaling and one-hot coding are learnt inside each training fold.",
        ]
    )


def _draft(
    session: Session,
    design: dict[str, Any],
    split: dict[str, Any],
    seen: dict[str, Any],
    found: list[dict[str, Any]],
) -> None:
    kinds = {kind: sum(c["kind"] == kind for c in seen["columns"]) for kind in ("numeric", "categorical")}
    missing = int(np.sum([c["missing"] for c in seen["columns"]]))
    rows = [
        [
            plain(c["title"]),
            ", ".join(code(name) for name in c["columns"][:12])
            + (f" and {len(c['columns']) - 12} more" if len(c["columns"]) > 12 else "")
            or "—",
            plain(c["finding"]),
            plain(c["action"]),
        ]
        for c in found
    ]
    power_rows = [[str(r["seeds"]), str(r["J"]), f"{r['detectable_difference']:.3g}"] for r in design["power"]["rows"]]
    session.write_draft(
        Draft(
            objective=f"Design a comparison that can answer the hypotheses about {code(design['target'])} "
            f"without deceiving itself.",
            did=[
                (
                    f"I profiled the training part: {seen['rows']} rows, {kinds['numeric']} numeric and "
                    f"{kinds['categorical']} "
                    f"categorical columns, {missing} missing cells. The holdout was not read."
                ),
                f"I checked for leakage and left {len(design['dropped'])} columns out.",
                *filter(None, [asked_table(session)]),
            ],
            results=[
                _design_bullets(design, split),
                "Leakage checks:\n\n" + table(["check", "columns", "finding", "action"], rows),
                "Power:\n\n"
                + plain(design["power"]["text"])
                + "\n\n"
                + table(["seeds", "J", "detectable difference"], power_rows),
            ],
            suggestions=offer(session, choose(session)),
            ledger=[
                "Locked: the comparisons, their tests and their correction are fixed before any result.",
                *(f"Decided: {code(d['name'])} is left out ({plain(d['why'])})." for d in design["dropped"][:30]),
            ],
        )
    )
