"""`autor loop fork`: more loops from one loop's head, each in its own direction, with one budget of errors together."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from autor_nb import loop_control, loop_forks
from autor_nb.domain.errors import RunError, UsageError
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops.forks import ContentionReport, ForkRun
from autor_nb.domain.loops.state import LoopState
from autor_nb.record.units import count_words, duration_words, number_words
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Heading, Next, Para, Table
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


@verb(
    name="fork",
    examples=(
        "autor loop fork tsp -n 2",
        "autor loop fork tsp --direction 'better starts' --direction 'better moves' --iterations 20",
    ),
)
@loop_named.loop_argument
@loop_named.loop_option
@click.option("-n", "count", type=click.IntRange(1, loop_forks.MOST_FORKS), help="How many (else one a direction).")
@click.option("--name", "called", default="", metavar="NAME", help="Their name; several get -1, -2 … behind it.")
@click.option("--direction", "directions", multiple=True, metavar="TEXT",
              help="What they are to try: told to the critic with program.md. Once for all, or once for each.")
@click.option("--seed", type=click.IntRange(0), metavar="N", help="The seed of the first (else random).")
@click.option("--iterations", type=click.IntRange(1), metavar="N", help="Set them to work at once, N experiments each.")
@click.option("--contention/--no-contention", default=True,
              help="Measure how much slower a run is while others run (some runs of the command).")
@pass_face
def fork(
    face: Face,
    name: str | None,
    name_too: str | None,
    count: int | None,
    called: str,
    directions: tuple[str, ...],
    seed: int | None,
    iterations: int | None,
    contention: bool,
) -> Result:
    """Make loops that begin from this loop's head, each with its own folder, clone and log."""
    loop = loop_named.either(name, name_too)
    state = loop_control.snapshot(loop).state
    by = loop_control.actor(face.name)
    forks = loop_forks.fork(
        loop, by, count=count or max(1, len(directions)), name=called, directions=directions, seed=seed
    )
    limit = loop_forks.at_once(loop_forks.config_of(state))
    measured = _measured(face, loop, min(limit, len(forks))) if contention and limit > 1 and len(forks) > 1 else None
    for one in forks if iterations else ():
        loop_control.ask(one, cmd.StartLoop(**loop_control.fields(by), iterations=iterations))
    return _shown(loop, state, forks, limit, measured, started=bool(iterations))


def _measured(face: Face, loop: LoopFolder, together: int) -> ContentionReport:
    face.say(f"How much slower a run is beside {count_words(together - 1, 'other')}:")
    try:
        return loop_forks.contention(loop, together, lambda run: face.say(progress(run)))
    except (UsageError, RunError) as error:  # the forks are made: a measurement that fails undoes nothing
        return ContentionReport(together=together, reason=error.message)


def progress(run: ForkRun) -> str:
    """One line about a run that ended."""
    said = number_words(run.value, 6) if run.value is not None else f"no value: {run.reason}"
    where = f"{run.at}/{run.of}" if run.at else "warm-up"
    return clean.line(f"{where}  {run.side}  seed {run.seed}: {said}  ({duration_words(run.duration_s)})")


def contention_words(report: ContentionReport) -> str:
    """What was measured, in a sentence."""
    clones = count_words(report.together, "clone")
    if report.factor is None:
        return f"How much {clones} slow each other down could not be measured: {clean.line(report.reason, 300)}."
    return f"{clones[0].upper()}{clones[1:]} run at a time; each run takes {report.factor:.2f} × as long as alone."


def _shown(
    loop: LoopFolder,
    state: LoopState,
    forks: list[LoopFolder],
    limit: int,
    measured: ContentionReport | None,
    *,
    started: bool,
) -> Result:
    rows = [(one.name, loop_control.snapshot(one).state) for one in forks]
    made = f"{count_words(len(forks), 'fork')} from the head {state.head[:10]} of {loop.name}"
    said = [f"{made}; all of the family share one budget of errors."]
    metrics = (state.config.get("metric") or {}, *(state.config.get("metrics") or ()))
    if timed := [str(one.get("name")) for one in metrics if one.get("time_like")]:
        said.append(f"{clean.line(timed[0], 60)} is a time, which others beside it spoil: one of them works at a time.")
    elif len(forks) > limit:
        waits = count_words(len(forks) - limit, "fork")
        said.append(f"At most {limit} work at a time (parallel in autor.toml): {waits} must wait.")
    if measured is not None:
        said.append(contention_words(measured))
    table = Table(
        ("fork", "direction", "folder"),
        tuple((one, clean.line(now.direction, 80) or "–", f"autor_loops/{one}") for one, now in rows),
    )
    blocks: list[Block] = [Heading(f"Forks of loop {loop.name}", None, ""), *(Para(one) for one in said), table]
    start = [] if started else [(f"autor loop start {forks[0].name} --iterations 20", "sets one to work")]
    after = [(f"autor loop compare {loop.name}", "ranks what they came to on common fresh seeds")]
    blocks.append(Next(tuple(start + after)))
    facts: dict[str, Any] = {
        "loop": loop.name,
        "head": state.head,
        "forks": [{"loop": one, "direction": now.direction, "base": now.base, "seed": now.seed} for one, now in rows],
        "at_once": limit,
        "started": started,
        "contention": None if measured is None else {**msgspec.to_builtins(measured), "factor": measured.factor},
        "sentences": said,
    }
    return Result(facts, tuple(blocks), tuple(said), state=forks)
