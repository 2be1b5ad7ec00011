"""The verbs by which a run begins, goes on and pauses: `new`, `resume`, `stop`."""

from __future__ import annotations

import dataclasses
from typing import Any

import click
import msgspec

from autor_nb import control
from autor_nb.domain import commands as cmd
from autor_nb.domain.run import Limits, RunStatus
from autor_nb.domain.state import RunState
from autor_nb.store import templates
from autor_nb.store.eventlog import utc_now
from autor_nb.store.layout import RunFolder
from autor_nb.verbs import card, follow, request, target
from autor_nb.verbs.blocks import Block, Cell, Facts, Heading, Items, Next, Para, Table
from autor_nb.verbs.decision import decided, text_of, wait_option
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


def _config_options(command: Any) -> Any:
    """Options that say how a run is carried out; `new` and `resume` share them."""
    for option in reversed(
        (
            click.option("--agent", metavar="NAME", help="Who does the work (`autor agents`)."),
            click.option(
                "--model",
                "model",
                multiple=True,
                metavar="[STAGE=]NAME",
                help="The model that the agent is asked for, in all stages or in one (`--model 03=NAME`). Repeatable.",
            ),
            click.option("--venue", metavar="KEY", help="Where the paper goes (`autor venues`)."),
            click.option(
                "--reviewer", type=click.Choice(["person", "auto"]), help="Who decides at the end of a stage."
            ),
            click.option("--set", "options", multiple=True, metavar="KEY=VALUE", help="An option of the agent."),
            click.option("--seed", type=int, help="The seed of whatever is random."),
            click.option(
                "--timeout",
                "timeout_s",
                type=click.FloatRange(min=1),
                metavar="SECONDS",
                help="The longest attempt (4 h).",
            ),
            click.option(
                "--idle-timeout",
                "idle_timeout_s",
                type=click.FloatRange(min=1),
                metavar="SECONDS",
                help="The longest silence of an agent (20 min).",
            ),
            click.option(
                "--budget",
                "budget_s",
                type=click.FloatRange(min=1),
                metavar="SECONDS",
                help="The longest that the engine may work before a person is heard (12 h where none decides).",
            ),
            click.option(
                "--retries",
                type=click.IntRange(min=0, max=100),
                help="How often the engine tries again by itself before it asks.",
            ),
        )
    ):
        command = option(command)
    return command


@verb(
    name="new",
    text="words",
    examples=(
        'autor new --set dataset=breast_cancer --goal "Which model detects malignant tumours best?"',
        'autor new --resources my.csv="the measurements" --set target=y --goal "What predicts y?"',
        "autor new --reviewer auto --wait --set dataset=iris Compare classifiers on iris",
        "autor new --goal - < goal.txt",
    ),
)
@click.option("--goal", metavar="TEXT", help="What is to be found out (`-` reads standard input).")
@click.option(
    "--resources",
    "resources",
    multiple=True,
    metavar="PATH[=TEXT]",
    help="A file or folder to work with, and what it is. Repeatable.",
)
@_config_options
@click.option("--decisions", type=click.Path(), metavar="FILE", help="Replay recorded decisions.")
@click.option("--intake/--no-intake", default=None, help="Whether the agent may ask first (when a person is there).")
@click.option("--plan", "plan_only", is_flag=True, help="Show what would be done, and start nothing.")
@wait_option
@click.argument("words", nargs=-1, metavar="[GOAL]")
@pass_face
def new(
    face: Face,
    goal: str | None,
    words: tuple[str, ...],
    plan_only: bool,
    wait: bool,
    resources: tuple[str, ...],
    options: tuple[str, ...],
    model: tuple[str, ...],
    **said: Any,
) -> Result:
    """Start a run: a goal in, a research package out, approved stage by stage."""
    head = face.stdin() if goal == "-" and face.stdin is not None else goal
    text = "\n".join(part for part in (head, text_of(face, words)) if part)
    wanted = request.build(
        face,
        text,
        {
            **said,
            **request.models(model),
            "options": request.pairs(options),
            "resources": [request.resource(item) for item in resources],
        },
    )
    if plan_only:
        return planned(control.plan(wanted))
    run = control.create(wanted)
    return begun(face, run, wait=wait or face.waits)


def begun(face: Face, run: RunFolder, *, wait: bool) -> Result:
    """The card of a run that has just begun."""
    if wait:
        face.say(f"Run {run.run_id} has begun.")
    snapshot = follow.until(face, run, "review") if wait else control.snapshot(run)
    said = card.run_card(
        run,
        snapshot,
        Para(f"Run {run.run_id} has begun in {run.path}."),
        exit_code=follow.exit_code(snapshot, wait),
    )
    return dataclasses.replace(said, panel="run")


def planned(plan: control.Plan) -> Result:
    """What a run would be: stages, time, disk, cost, and what would leave this machine."""
    config = plan.config
    minutes = card.duration(plan.duration_s) if plan.duration_s is not None else "not known"
    cost = "none" if plan.cost_usd == 0 else "not known" if plan.cost_usd is None else f"{plan.cost_usd:.2f} USD"
    facts: dict[str, Any] = {
        "started": False,
        "goal": plan.goal,
        "root": str(plan.root),
        "config": msgspec.to_builtins(config),
        "stages": [spec.slug for spec in plan.stages],
        "notes": list(plan.notes),
        "left_out": list(plan.left_out),
        "venue": plan.venue.key,
        "leaves_machine": plan.leaves_machine,
        "cost_usd": plan.cost_usd,
        "duration_s": plan.duration_s,
        "free_bytes": plan.free_bytes,
    }
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (spec.number, spec.title, ", ".join(spec.produces) or "its summary") for spec in plan.stages
    )
    blocks: tuple[Block, ...] = (
        Heading("Plan", None, "nothing was started"),
        Para(plan.goal[:600], quiet=True),
        Facts(
            (
                ("Agent", config.agent),
                ("Model", ", ".join([config.model, *(f"{s[:2]}: {m}" for s, m in config.models.items())]).strip(", ")),
                ("Venue", plan.venue.display_name),
                ("Reviewer", config.reviewer),
                ("Time", minutes),
                ("Cost", cost),
                ("Leaves this machine", plan.leaves_machine),
                ("Disk free", f"{plan.free_bytes / 1e9:.1f} GB"),
                ("Runs lie in", str(plan.root)),
                ("Options", ", ".join(f"{key}={value}" for key, value in config.options.items())),
            )
        ),
        Table(("", "Stage", "Produces"), rows),
        *(Para(note) for note in plan.notes),
        *([Items(plan.left_out, title="Left out of the resources")] if plan.left_out else []),
        Next((("autor new …", "the same line without --plan starts it"),)),
    )
    return Result(facts=facts, blocks=blocks)


@verb(name="resume", examples=("autor resume", "autor resume latest --venue report"))
@target.run_argument
@target.run_too
@_config_options
@wait_option
@pass_face
def resume(
    face: Face,
    run_id: str | None,
    run_too: str | None,
    wait: bool,
    options: tuple[str, ...],
    model: tuple[str, ...],
    **said: Any,
) -> Result:
    """Set a run to work again, after a stop, an abort or a crash; options replace its configuration."""
    open_ones = (
        RunStatus.PAUSED,
        RunStatus.ABORTED,
        RunStatus.FAILED,
        RunStatus.INTERRUPTED,
        RunStatus.CREATED,
    )
    run = target.only(
        face,
        target.either(run_id, run_too),
        lambda snapshot: snapshot.status in open_ones,
        "could be resumed",
    )
    events = again(face, run, {**said, **request.models(model), "options": request.pairs(options)})
    said_so = decided(face, run, f"Run {run.run_id} goes on.", events, wait=wait or face.waits)
    return dataclasses.replace(said_so, panel="run")


def again(face: Face, run: RunFolder, said: dict[str, Any]) -> list[Any]:
    """Resume with what was said about the configuration, judged before anything changes."""
    state = control.snapshot(run).state
    config = {key: said[key] for key in ("agent", "model", "venue", "reviewer", "seed") if said.get(key) is not None}
    if said.get("models"):
        config["models"] = {**state.config.get("models", {}), **_by_slug(state, said["models"])}
    if said.get("options"):
        config["options"] = {**state.config.get("options", {}), **said["options"]}
    names = {
        "timeout_s": "attempt_timeout_s",
        "idle_timeout_s": "idle_timeout_s",
        "budget_s": "run_budget_s",
        "retries": "retries",
    }
    limits = {limit: said[name] for name, limit in names.items() if said.get(name) is not None}
    if limits:
        before = msgspec.convert(state.config.get("limits", {}), Limits)
        config["limits"] = msgspec.to_builtins(msgspec.structs.replace(before, **limits))
    if "agent" in config:
        from autor_nb import registry

        registry.load("agents", config["agent"])
    if "venue" in config:
        from autor_nb.store import venues

        config["venue"] = venues.find_venue(config["venue"], run.path.parent.parent).key
    return control.resume(run, control.actor(face.name), config)


def _by_slug(state: RunState, models: dict[str, str]) -> dict[str, str]:
    refs = [stage.ref for stage in state.stages]
    return {templates.resolve_stage(name, refs).slug: model for name, model in models.items()}


def stop_run(run: RunFolder, face_name: str) -> list[Any]:
    """End the work on a run; it can be resumed."""
    return control.ask(run, cmd.Stop(id=control.new_id(), at=utc_now(), by=control.actor(face_name)))


@verb(name="stop", examples=("autor stop",))
@target.run_argument
@target.run_too
@pass_face
def stop(face: Face, run_id: str | None, run_too: str | None) -> Result:
    """End the work on a run: the agent stops, the run is paused; `resume` goes on."""
    run = target.only(face, target.either(run_id, run_too), lambda snapshot: snapshot.live, "are at work")
    events = stop_run(run, face.name)
    return decided(face, run, f"Run {run.run_id} is stopped.", events)
