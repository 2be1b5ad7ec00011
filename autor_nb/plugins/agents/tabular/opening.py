"""Opening an attempt: data found and locked, the plan folded from options, intake and all feedback so far."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.ports import AgentTask
from autor_nb.plugins.agents.tabular import (
    applying,
    bundled,
    choosing,
    locking,
    options,
    requests,
    tablefile,
    units,
)
from autor_nb.plugins.agents.tabular.intake_answers import answers
from autor_nb.plugins.agents.tabular.plan import Change, Plan
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.suggestions import change_of_suggestion, offered_path
from autor_nb.plugins.agents.tabular.vocabulary import FAMILY_NAMES, METRIC_NAMES
from autor_nb.store import atomic

PLAN = "notes/plan.json"
MINE = 6  # the last stage whose settings this plan decides


def open_session(task: AgentTask, out: Any = None) -> Session:
    """A session whose plan is settled; from stage 01 on the holdout is locked before all else is read."""
    session = Session(task, out=out)
    given = {**task.options, **answers(session)}
    wrong, mend = options.problem(given)
    if wrong:
        raise UsageError(wrong, mend)
    dataset = find_dataset(session, given)
    plan = base_plan(session, dataset, given)
    session.plan = plan
    columns = list(dataset.header.names)
    if int(task.stage.number) == 0:
        plan.changes = _requests(session, columns)
        for change in plan.changes:
            applying.apply(plan, change, 0)
    else:
        earlier = _earlier(session)
        for change in earlier:
            if change.stage.startswith("00"):
                applying.apply(plan, change, 0)
        split = ensure_lock(session, dataset)
        applying.settle(plan, split["task"], split["train_rows"])
        plan.positive = split["positive"]
        for change in earlier:
            if not change.stage.startswith("00"):
                applying.apply(plan, change, split["train_rows"])
        mine = _requests(session, columns)
        for change in mine:
            applying.apply(plan, change, split["train_rows"])
        plan.changes = [*earlier, *mine]
        if int(task.stage.number) >= 2:
            _settle_rope(session)
    session.write_text(PLAN, msgspec.json.format(msgspec.json.encode(plan), indent=1).decode("utf-8") + "\n")
    return session


def find_dataset(session: Session, given: dict[str, str]) -> choosing.Dataset:
    """The run's data set: the copy of a resource in the workspace, or a bundled one."""
    run = session.workspace.parent
    files = [run / resource.dest_relative for resource in session.task.resources]
    wanted = {**given}
    for resource, path in zip(session.task.resources, files, strict=True):
        if wanted.get("dataset") in (Path(resource.source_path).name, resource.source_path):
            wanted["dataset"] = path.name  # a collision may have renamed the copy
    dataset = choosing.choose_dataset(wanted, files)
    if dataset is None:
        raise UsageError("This run names no data set.", "Start it with --set dataset=NAME or --resources FILE.csv.")
    return dataset


def base_plan(session: Session, dataset: choosing.Dataset, given: dict[str, str]) -> Plan:
    """The plan that options and intake answers make, before feedback."""
    target = choosing.choose_target(given, dataset, session.task.goal)
    if not target.name and int(session.task.stage.number) > 0:
        raise UsageError(
            f"It is not clear which column of {dataset.name} to predict.",
            f"Say it with --set target=COLUMN. Columns: {choosing.listed(dataset.header.names)}.",
        )
    names = dataset.header.names
    raw = f"data/{dataset.name}.csv" if dataset.path is None else dataset.path.relative_to(session.workspace).as_posix()
    plan = Plan(
        dataset=dataset.name,
        raw_file=raw,
        encoding=dataset.header.encoding,
        delimiter=dataset.header.delimiter,
        target=target.name,
        target_text=target.text,
        positive=given.get("positive", "").strip(),
        seed=session.task.seed,
        notes=list(dataset.header.notes),
    )
    if given.get("time"):
        plan.time = choosing.choose_column(given["time"], names, "time")
    if given.get("group", "").strip().lower() in units.NO_GROUP and given["group"] not in names:
        plan.group_text = "none, as the person said"
    elif given.get("group"):
        plan.group = choosing.choose_column(given["group"], names, "group")
        plan.group_text = "named by the person"
    for name in filter(None, (part.strip() for part in given.get("drop", "").split(","))):
        plan.drop.append(choosing.choose_column(name, names, "setting drop"))
    for key in options.RANGES:
        if key in given:
            setattr(plan, key, int(given[key]))
    if "metric" in given:
        plan.metric = options.key_of(given["metric"], METRIC_NAMES)
    if "rope" in given:
        plan.rope, plan.rope_text = float(given["rope"]), "set by the person"
    if "families" in given:
        plan.families = list(
            dict.fromkeys(options.key_of(n.strip(), FAMILY_NAMES) for n in given["families"].split(",") if n.strip())
        )
    return plan


def ensure_raw(session: Session, dataset: choosing.Dataset) -> None:
    """Write a bundled set into the workspace, once."""
    if dataset.path is None and not session.exists(session.plan.raw_file):
        with session.step("write data set", name=dataset.name) as step:
            session.write_text(
                session.plan.raw_file,
                bundled.as_csv(dataset.name),
                "the data set as bundled with scikit-learn",
            )
            step.output = bundled.ABOUT[dataset.name]


def ensure_lock(session: Session, dataset: choosing.Dataset) -> dict[str, Any]:
    """data/split.json; made here if this is the first stage that touches rows, verified if it is there."""
    plan = session.plan
    ensure_raw(session, dataset)
    raw = session.path(plan.raw_file).read_bytes()
    digest = locking.sha256(raw)
    if session.exists("data/split.json"):
        split: dict[str, Any] = session.read_json("data/split.json")
        plan.units = split.get("units", {})
        if not (plan.group or plan.group_text):
            plan.group, plan.group_text = split["group"], split.get("group_text", "")
        same = all(split[key] == getattr(plan, key) for key in ("target", "group", "time", "seed"))
        if same and split["raw_sha256"] == digest:
            _verify(session, split)
            return split
        session.notice("The data or the target differs from what the holdout was locked for; it is locked anew.")
    with session.step("lock holdout", data=plan.raw_file, target=plan.target) as step:
        table, notes = locking.raw_table(plan, dataset, session.path(plan.raw_file))
        locked = locking.lock(plan, table, digest)
        split = _write_parts(session, locked)
        for note in (*notes, *locked.notes, *_grouped(plan)):
            session.notice(note)
        step.output = (
            f"{split['raw_rows']} rows: {split['train_rows']} for training, {split['holdout_rows']} held out "
            f"({split['method']})"
        )
    return split


def _grouped(plan: Plan) -> list[str]:
    if not plan.group_text.startswith("found"):
        return []
    said = f"Rows that share {plan.group!r} stay on one side of every split ({plan.group_text})."
    return [f"{said} If they do not belong together, start again with --set group=none."]


def _write_parts(session: Session, locked: locking.Lock) -> dict[str, Any]:
    split = locked.split
    content = locking.as_csv(locked.train)
    split["train_sha256"] = locking.sha256(content)
    atomic.write_bytes(session.path("data/train.csv"), content, durable=False)
    session.made("data/train.csv", "training part: the only rows that are profiled and modelled")
    if locked.holdout is not None:
        held = locking.as_csv(locked.holdout)
        split["holdout_sha256"] = locking.sha256(held)
        atomic.write_bytes(session.path("data/holdout.csv"), held, durable=False)
        session.made("data/holdout.csv", "locked holdout: not read before stage 06")
    session.write_json("data/split.json", split, "which rows went where, by which rule, with hashes")
    return split


def _verify(session: Session, split: dict[str, Any]) -> None:
    for part in ("train", "holdout"):
        if split[f"{part}_rows"]:
            path = f"data/{part}.csv"
            if not session.exists(path) or locking.sha256(session.path(path).read_bytes()) != split[f"{part}_sha256"]:
                raise UsageError(
                    f"{path} is missing or is not the file that was locked in data/split.json.",
                    "Redo stage 01, so that the data is split again.",
                )


def _earlier(session: Session) -> list[Change]:
    """The requests of earlier stages, as the last plan holds them, to be judged again."""
    if not session.exists(PLAN):
        return []
    kept = msgspec.json.decode(session.path(PLAN).read_bytes(), type=Plan).changes
    return [change for change in kept if change.stage < session.task.stage.slug and int(change.stage[:2]) <= MINE]


def _requests(session: Session, columns: list[str]) -> list[Change]:
    """All feedback on this stage as changes, oldest first."""
    slug = session.task.stage.slug
    offered = session.read_json(offered_path(slug)) if session.exists(offered_path(slug)) else {}
    found: list[Change] = []
    for feedback in session.task.feedback:
        change = change_of_suggestion(feedback, slug, offered) if feedback.suggestion else None
        found += (
            [change]
            if change
            else requests.changes_of_text(feedback.text, slug, feedback.attempt, session.plan, columns)
        )
    return found


def _settle_rope(session: Session) -> None:
    """The smallest effect that matters, by rule from the training part when nobody set it."""
    from autor_nb.plugins.agents.tabular.rope import default_rope

    if not session.plan.rope:
        session.plan.rope, session.plan.rope_text = default_rope(session.plan, session.path("data/train.csv"))


def header_of(session: Session) -> tablefile.Header:
    """The raw file's header as the workspace has it."""
    return tablefile.read_header(session.path(session.plan.raw_file))
