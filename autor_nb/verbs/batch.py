"""`batch`: several goals, one after the other, from a YAML file; again goes on with what is not complete.

    defaults: {agent: tabular, venue: report}
    runs:
      - goal: Which model …?
        set: {dataset: iris}
        resources: [data.csv]

A run remembers its entry (by a hash of what it says) in its configuration, so no other record is needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from autor_nb import control
from autor_nb.domain.errors import AutorError, UsageError
from autor_nb.domain.run import RunStatus
from autor_nb.store import layout
from autor_nb.store.layout import RunFolder
from autor_nb.verbs import clean, follow, request, target
from autor_nb.verbs.blocks import Block, Cell, Heading, Mark, Next, Table
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import Interrupted, pass_face, verb


class Entry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One run of a batch; what is None comes from the batch's and the user's defaults."""

    goal: str
    agent: str | None = None
    model: str | None = None
    models: dict[str, str] = {}
    venue: str | None = None
    reviewer: str | None = None
    decisions: str | None = None
    seed: int | None = None
    intake: bool = False
    set: dict[str, str | int | float | bool] = {}
    resources: list[str] = []
    timeout_s: float | None = None
    idle_timeout_s: float | None = None
    budget_s: float | None = None
    retries: int | None = None


@verb(name="batch", examples=("autor batch goals.yaml", "autor batch goals.yaml --plan"))
@click.argument("file", type=click.Path())
@click.option("--plan", "plan_only", is_flag=True, help="Judge every entry, and start nothing.")
@pass_face
def batch(face: Face, file: str, plan_only: bool) -> Result:
    """Carry several runs out, one after the other. Exit 1 if any did not complete; again goes on."""
    path = Path(file).expanduser()
    entries = read(path)
    wanted = [(key, _request(face, path, entry, key)) for key, entry in _keyed(entries)]
    for number, (_, item) in enumerate(wanted, 1):
        _judge(number, item)
    earlier = _earlier(face)
    rows: list[tuple[Cell, ...]] = []
    facts: list[dict[str, Any]] = []
    for number, (key, item) in enumerate(wanted, 1):
        status, run, detail = (
            ("planned", earlier.get(key), "")
            if plan_only
            else _carry_out(face, f"{number}/{len(wanted)}", item, earlier.get(key))
        )
        rows.append((str(number), Mark(status), run.run_id if run else "", detail or clean.line(item.goal, 80)))
        facts.append(
            {
                "entry": number,
                "state": status,
                "run_id": run.run_id if run else None,
                "goal": item.goal,
                "path": str(run.path) if run else None,
                "detail": detail or None,
            }
        )
    failed = sum(fact["state"] not in ("completed", "planned") for fact in facts)
    blocks: list[Block] = [
        Heading(
            f"Batch {path.name}",
            Mark("failed" if failed else "ok"),
            f"{len(facts) - failed} of {len(facts)} " + ("planned" if plan_only else "complete"),
        ),
        Table(("", "State", "Run", "Goal or reason"), tuple(rows)),
    ]
    if failed:
        blocks.append(Next(((f"autor batch {path}", "goes on with what is not complete"),)))
    return Result(
        facts={"file": str(path), "runs": facts, "failed": failed},
        blocks=tuple(blocks),
        exit_code=1 if failed else 0,
    )


def read(path: Path) -> list[Entry]:
    """The file's entries, with the defaults filled in; UsageError names the entry and the key."""
    import yaml

    try:
        content = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"The batch file {path} cannot be read: {error.strerror}.", "`autor batch FILE.yaml`"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid YAML: {' '.join(str(error).split())}", "Mend the file.") from error
    items, common = (content, {}) if isinstance(content, list) else _parts(path, content)
    if not isinstance(items, list) or not items:
        raise UsageError(f"{path} names no runs.", "Write a list `runs:` of entries with a `goal:`.")
    return [_entry(path, number, common, item) for number, item in enumerate(items, 1)]


def _parts(path: Path, content: Any) -> tuple[Any, dict[str, Any]]:
    if not isinstance(content, Mapping) or set(content) - {"runs", "defaults"}:
        raise UsageError(f"{path} is no batch.", "It has the keys `runs` (a list) and, if you like, `defaults`.")
    common = content.get("defaults") or {}
    if not isinstance(common, Mapping):
        raise UsageError(f"{path}: defaults is no mapping.", "E.g. `defaults: {agent: tabular}`.")
    return content.get("runs"), dict(common)


def _entry(path: Path, number: int, common: dict[str, Any], item: Any) -> Entry:
    said: Any = {"goal": item} if isinstance(item, str) else item
    if not isinstance(said, Mapping):
        raise UsageError(f"{path}: entry {number} is neither a goal nor a mapping.", "E.g. `- goal: Which …?`")
    merged = {**common, **said, "set": {**(common.get("set") or {}), **(said.get("set") or {})}}
    try:
        entry = msgspec.convert(merged, Entry)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{path}: entry {number}: {error}.", f"Its keys are: {', '.join(Entry.__struct_fields__)}."
        ) from error
    if not entry.goal.strip():
        raise UsageError(f"{path}: the goal of entry {number} is empty.", "Write what is to be found out.")
    return entry


def _keyed(entries: list[Entry]) -> list[tuple[str, Entry]]:
    seen: dict[str, int] = {}
    keyed = []
    for entry in entries:
        digest = hashlib.sha256(msgspec.json.encode(entry, order="sorted")).hexdigest()[:16]
        seen[digest] = seen.get(digest, 0) + 1
        keyed.append((f"{digest}-{seen[digest]}", entry))
    return keyed


def _request(face: Face, path: Path, entry: Entry, key: str) -> control.NewRequest:
    folder = path.resolve().parent
    said = {name: getattr(entry, name) for name in Entry.__struct_fields__}
    resources = [request.resource(str(folder / item)) for item in entry.resources]
    options = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in entry.set.items()}
    decisions = str(folder / entry.decisions) if entry.decisions else None
    return request.build(
        face,
        entry.goal,
        {
            **said,
            "reviewer": entry.reviewer or (None if entry.decisions else "auto"),
            "decisions": decisions,
            "options": options,
            "resources": resources,
            "extra": {"batch_key": key},
        },
    )


def _judge(number: int, item: control.NewRequest) -> None:
    try:
        control.plan(item)
    except AutorError as error:
        error.message = f"Entry {number}: {error.message}"
        raise


def _earlier(face: Face) -> dict[str, RunFolder]:
    """Runs of earlier calls by their entry's key, the newest of each."""
    found: dict[str, RunFolder] = {}
    for run in layout.all_runs(target.root(face)):
        key = (control.snapshot(run).state.config.get("extra") or {}).get("batch_key")
        if isinstance(key, str):
            found.setdefault(key, run)
    return found


def _carry_out(
    face: Face, where: str, item: control.NewRequest, earlier: RunFolder | None
) -> tuple[str, RunFolder | None, str]:
    """(state, run, reason) of one entry; a failure is that entry's and nobody else's."""
    try:
        if earlier is None:
            run = control.create(item)
        else:
            run = earlier
            status = control.snapshot(run).status
            if status is RunStatus.COMPLETED:
                return "completed", run, ""
            if status not in (RunStatus.RUNNING, RunStatus.IN_REVIEW):
                control.resume(run, item.by)
        face.say(f"[{where}] run {run.run_id}: {clean.line(item.goal, 80)}")
        snapshot = follow.until(face, run, "done" if item.config.reviewer != "person" else "review")
    except Interrupted:
        raise
    except AutorError as error:
        return "failed", earlier, clean.line(str(error), 300)
    reason = snapshot.state.last_error or snapshot.state.pause_reason
    return str(snapshot.status), run, "" if snapshot.status is RunStatus.COMPLETED else reason
