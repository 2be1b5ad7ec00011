"""`autor loop` without a verb: the loops of the project here, how they stand, and what to type next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autor_nb import loop_control
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import story
from autor_nb.domain.loops.state import LoopState
from autor_nb.store.loops.config_file import declared
from autor_nb.store.loops.layout import all_loops
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Cell, Heading, Mark, Next, Para, Table
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.loops.status import Steps, next_steps
from autor_nb.verbs.result import Result

FIRST: Steps = (
    ("autor loop init", "asks what is yours, and declares a loop"),
    ("autor loop init --template tsp", "makes one to try"),
    ("autor loop noise -- CMD", "says how noisy a metric is; needs no loop"),
)


def loops_now() -> Result:
    """A short card: one row a loop, and the next command of each."""
    project = loop_named.project_here()
    here = loops_of(project)
    said = f"{len(here.facts)} in {clean.line(project.name, 80)}" if here.facts else "none in this project yet"
    blocks: list[Block] = [Heading("Loops", None, said), *here.blocks]
    blocks += [Next(here.steps), Para("`autor loop --help` lists every verb.", quiet=True)]
    facts = {"project": str(project), "loops": here.facts, "next": [step for step, _ in here.steps]}
    return Result(facts, tuple(blocks), tuple(f"{step}: {why}" for step, why in here.steps))


@dataclass(frozen=True)
class Here:
    """A project's loops: a table of them (none without any), the same for programs, what to type next."""

    blocks: tuple[Block, ...]
    facts: list[dict[str, Any]]
    steps: Steps


def beside_runs() -> Here:
    """The same for the card of `autor` alone, which a faulty autor.toml does not take away."""
    try:
        return loops_of(loop_named.project_here(), "Loops here")
    except UsageError as error:
        return Here((Para(clean.line(f"{error.message} {error.suggestion}", 600)),), [], ())


def loops_of(project: Path, title: str = "") -> Here:
    """Those that were made, and those that its files only declare."""
    made = [loop_control.snapshot(loop) for loop in all_loops(project)]
    names = {one.loop.name for one in made}
    others = sorted({one.name for one in declared(project)} - names)
    rows: list[tuple[Cell, ...]] = [
        (one.loop.name, Mark(str(one.status)), _experiments(one.state), _confirmed(one.state)) for one in made
    ]
    rows += [(name, Mark("declared"), "none yet", "") for name in others]
    columns = ("Loop", "State", "Experiments", "Confirmed")
    return Here(
        blocks=(Table(columns, tuple(rows), title),) if rows else (),
        facts=[*(_facts(one) for one in made), *({"loop": name, "state": "declared"} for name in others)],
        steps=_steps(made, others),
    )


def _facts(one: loop_control.Snapshot) -> dict[str, Any]:
    return {"loop": one.loop.name, "state": str(one.status), "waiting": one.waiting, "fault": one.fault or None,
            "experiments": one.state.experiments, "path": str(one.loop.path)}  # fmt: skip


def _experiments(state: LoopState) -> str:
    counts = story.counts_words(state)
    return f"{state.experiments:,} ({counts})" if counts else "none yet"


def _confirmed(state: LoopState) -> str:
    return f"experiment {state.confirmed_n}" if state.has_confirmed else ""


def _steps(made: list[loop_control.Snapshot], others: list[str]) -> Steps:
    """The first of every loop's next steps, those that wait for a person before the rest; of a single loop all."""
    if len(made) == 1 and not others:
        return (*next_steps(made[0].loop, made[0]), (f"autor loop status {made[0].loop.name}", "all that is known"))
    first = sorted(made, key=lambda one: ("person", "engine", "nobody").index(one.waiting))
    steps = [_named(one.loop.name, *next_steps(one.loop, one)[0]) for one in first[:5]]
    steps += [(f"autor loop start {name} --iterations 20", "makes it, and sets it to work") for name in others[:3]]
    return tuple(steps) or FIRST


def _named(loop: str, step: str, why: str) -> tuple[str, str]:
    """The step with the loop's name, which is needed where there are several."""
    words = step.split(" ")
    return (step if loop in words else " ".join([*words[:3], loop, *words[3:]])), why
