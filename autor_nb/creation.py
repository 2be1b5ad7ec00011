"""Making a run: everything is validated before anything exists, and the first event is written last."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from autor_nb import registry
from autor_nb.domain import events as ev
from autor_nb.domain import policy
from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.domain.ports import Agent, NewRun, Preflight
from autor_nb.domain.run import Actor, RunConfig
from autor_nb.domain.stage import StageSpec, models_by_slug
from autor_nb.domain.venue import Venue
from autor_nb.store import atomic, objects, resources, templates, venues
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.eventlog import EventLog
from autor_nb.store.layout import RunFolder, new_run_folder, runs_root
from autor_nb.store.lock import EngineLock
from autor_nb.store.resources import Supplied
from autor_nb.version import __version__

GOAL_IN_LOG = 16_000
ResourceRequest = Supplied


@dataclass(frozen=True)
class NewRequest:
    """A run that somebody wants."""

    goal: str
    by: Actor
    config: RunConfig = field(default_factory=RunConfig)
    resources: tuple[Supplied, ...] = ()
    runs_dir: Path | None = None
    decisions: Path | None = None
    project: Path | None = None


@dataclass(frozen=True)
class Plan:
    """What a run would be; nothing was started."""

    goal: str
    root: Path
    config: RunConfig
    stages: tuple[StageSpec, ...]
    venue: Venue
    notes: tuple[str, ...]
    left_out: tuple[str, ...]
    leaves_machine: str
    cost_usd: float | None
    duration_s: float | None
    free_bytes: int
    recorded: tuple[policy.Recorded, ...] = field(default=())


def plan(request: NewRequest) -> Plan:
    """Validate everything about a run; UsageError names what is wrong and how to mend it."""
    if not request.goal.strip():
        raise UsageError("The goal is empty.", '`autor new --goal "Which model predicts y best?"`')
    root = runs_root(request.runs_dir)
    project = request.project or root.parent
    resources.check(request.resources, root)
    venue = venues.find_venue(request.config.venue, project)
    if request.config.reviewer not in ("person", "auto", "decisions"):
        raise UsageError(
            f"There is no reviewer {request.config.reviewer!r}.", "Known: person, auto; or --decisions FILE."
        )
    specs = templates.stages(project, intake=request.config.intake, checkers=registry.names("checkers"))
    for spec in specs:
        templates.check_placeholders(templates.prompt_template(spec), f"{spec.folder}/prompt.md")
    recorded = _recorded(request, specs)
    models = _models(request.config, specs)
    agent: Agent = registry.create("agents", request.config.agent)
    looked = agent.preflight(
        NewRun(
            goal=request.goal,
            config=request.config,
            resources=tuple(item.path.expanduser().resolve() for item in request.resources),
        )
    )
    _settle(looked, request.config)
    config = msgspec.structs.replace(
        request.config, venue=venue.key, models=models, options={**looked.options, **request.config.options}
    )
    place = next(folder for folder in (root, *root.parents) if folder.is_dir())
    return Plan(
        goal=request.goal,
        root=root,
        config=config,
        stages=tuple(specs),
        venue=venue,
        notes=looked.notes,
        left_out=resources.left_out(request.resources),
        leaves_machine=looked.leaves_machine,
        cost_usd=looked.cost_usd,
        duration_s=looked.duration_s,
        free_bytes=shutil.disk_usage(place).free,
        recorded=recorded,
    )


def _models(config: RunConfig, specs: list[StageSpec]) -> dict[str, str]:
    for name in config.models:
        templates.resolve_stage(name, [spec.ref for spec in specs])
    return models_by_slug(config.models, [spec.ref for spec in specs])


def _settle(looked: Preflight, config: RunConfig) -> None:
    if looked.problem:
        raise UsageError(looked.problem, looked.suggestion)
    if looked.open and not config.intake:
        raise UsageError(
            f"Nobody has settled: {', '.join(looked.open)}.", f"`--set {looked.open[0]}=…`, or `--intake` to be asked."
        )


def _recorded(request: NewRequest, specs: list[StageSpec]) -> tuple[policy.Recorded, ...]:
    """The decisions file, read and checked."""
    if request.decisions is None:
        return ()
    import yaml

    try:
        items = yaml.safe_load(request.decisions.read_text(encoding="utf-8"))
        if isinstance(items, list):  # YAML reads an unquoted 01 as a number
            items = [
                {**item, "stage": str(item.get("stage", ""))} if isinstance(item, dict) else item for item in items
            ]
        recorded = tuple(msgspec.convert(items, list[policy.Recorded], strict=False))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise UsageError(
            f"The decisions file {request.decisions} cannot be read: {error}.",
            "It is a list of {stage, decision: approve|refine, suggestion or feedback} and nothing else; a check is "
            "waived by a person only. `autor show --decisions` prints those of a run.",
        ) from error
    for number, entry in enumerate(recorded, 1):
        templates.resolve_stage(entry.stage, [spec.ref for spec in specs])
        if entry.problem:
            raise UsageError(
                f"{request.decisions}: decision {number} ({entry.stage}): {entry.problem}.",
                "E.g. `{stage: 02, decision: refine, suggestion: 1}`.",
            )
    return tuple(
        msgspec.structs.replace(e, stage=templates.resolve_stage(e.stage, [s.ref for s in specs]).slug)
        for e in recorded
    )


def create(request: NewRequest, announce: Callable[[RunFolder], None] | None = None) -> RunFolder:
    """Make the run; on any error there is none."""
    planned = plan(request)
    run = new_run_folder(planned.root)
    try:
        run.make()
        _write(run, request, planned)
    except BaseException as error:
        if not run.exists:
            shutil.rmtree(run.path, ignore_errors=True)
        if isinstance(error, OSError):
            raise StoreError(
                f"Cannot make a run in {planned.root}: {error.strerror}.",
                "Free some space, or choose another place with --runs-dir.",
                path=str(run.path),
            ) from error
        raise
    if announce is not None:
        announce(run)
    return run


def _write(run: RunFolder, request: NewRequest, planned: Plan) -> None:
    taken = resources.take_in(run, request.resources)
    config: dict[str, Any] = msgspec.to_builtins(planned.config)
    long = len(request.goal) > GOAL_IN_LOG
    if long:
        config["goal_is_long"] = True
    inputs = {
        "user_input.txt": request.goal.encode("utf-8", "backslashreplace"),
        "run_config.json": msgspec.json.format(msgspec.json.encode(config)),
    }
    if planned.recorded:
        inputs["decisions.json"] = msgspec.json.format(msgspec.json.encode(planned.recorded))
    for name, content in inputs.items():
        atomic.write_bytes(run.path / name, content)
    index = ArtifactIndex(run)
    files = index.scan()
    index.save()
    for entry in files.values():
        if entry.size_bytes <= planned.config.limits.object_cap_bytes:
            objects.keep_file(run, run.workspace / entry.path, entry.sha256)
    with EngineLock(run), contextlib.closing(EventLog(run.events)) as log:
        log.append(
            ev.RunCreated(
                run_id=run.run_id,
                goal=request.goal[:GOAL_IN_LOG],
                workflow=tuple(s.ref for s in planned.stages),
                config=config,
                resources=taken,
                left_out=planned.left_out,
                by=request.by,
                files=objects.put_files(run, files),
                inputs={name: hashlib.sha256(content).hexdigest() for name, content in inputs.items()},
                software={"autor_nb": __version__, "python": platform.python_version(), "system": platform.platform()},
            )
        )
