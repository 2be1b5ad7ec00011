"""`autor loop record`: the result of an experiment that somebody ran outside, told to the loop's log."""

from __future__ import annotations

import math
from typing import Any

import click

from autor_nb import loop_control
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.record import STATUSES, known_status
from autor_nb.record.units import number_words
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Facts, Heading, Items, Mark, Next
from autor_nb.verbs.loops import loop_named, loop_target
from autor_nb.verbs.loops.experiment_table import signed
from autor_nb.verbs.loops.session import one_of, seconds
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


@verb(
    name="record",
    examples=(
        "autor loop record --metric 0.912 --status baseline --summary 'the code as it is'",
        "autor loop record --metric 0.887 --status keep --summary 'cosine schedule' --duration 5m",
        "autor loop record --status crash --summary 'out of memory at batch 512'",
    ),
)
@loop_named.loop_argument
@loop_named.loop_option
@click.option("--metric", metavar="VALUE", help="What was measured; none for a crash.")
@click.option("--status", type=loop_named.Known("status", lambda: STATUSES), metavar="|".join(STATUSES),
              help="What became of it.")
@click.option("--summary", default="", metavar="TEXT", help="What was tried, in a line.")
@click.option("--hypothesis", default="", metavar="TEXT", help="What it was to show.")
@click.option("--commit", metavar="HASH", help="The commit that was measured (else HEAD of the repository here).")
@click.option("--duration", metavar="TIME", help="How long it ran: 90s, 5m, 2h.")
@click.option("--resource", metavar="VALUE", help="What else was measured, such as peak memory.")
@click.option("--cost-usd", metavar="USD", help="What it cost.")
@pass_face
def record(face: Face, name: str | None, name_too: str | None, **said: Any) -> Result:
    """Record an experiment that was run outside: its number, commit, delta and time are filled in.

    For any agent that edits and measures by itself; it needs no session, and is told what its results look like
    from a distance. What is recorded is never tested: `autor loop recheck` and `audit` do that.
    """
    status = _status(said["status"])
    numbers: dict[str, Any] = {
        "metric": _number("--metric", said["metric"]),
        "resource": _number("--resource", said["resource"]),
        "cost_usd": _number("--cost-usd", said["cost_usd"]),
        "duration_s": seconds("--duration", said["duration"]),
    }
    if numbers["metric"] is None and status != "crash":
        raise UsageError(f"A {status} needs its metric.", "Add --metric VALUE, or say --status crash.")
    by = loop_control.actor(face.name)
    loop = loop_target.made(face, loop_target.wanted(one_of(name, name_too)), by)
    done = loop_control.record(
        loop, by, status=status, commit=said["commit"], summary=said["summary"], hypothesis=said["hypothesis"],
        **numbers,
    )  # fmt: skip
    return shown(loop.name, done)


def shown(loop: str, done: loop_control.Recorded) -> Result:
    """The record as it stands, with what is to be told of it."""
    event = done.event
    facts = {
        "loop": loop,
        "run": event.n,
        "status": event.status,
        "metric": event.metric,
        "delta": event.delta,
        "hash": event.commit,
        "short_hash": event.commit[:8],
        "summary": event.summary,
        "hypothesis": event.hypothesis,
        "timestamp": event.at,
        "duration_s": event.duration_s,
        "resource": event.resource,
        "cost_usd": event.cost_usd,
        "suspicious": list(event.suspicious),
        "hints": list(done.hints),
    }
    blocks: list[Block] = [
        Heading(f"Experiment {event.n} of loop {loop}", Mark(event.status), "recorded, not tested"),
        Facts(
            (
                ("Metric", number_words(event.metric, 6) if event.metric is not None else "none"),
                ("Delta", signed(event.delta) if event.delta is not None else ""),
                ("Commit", event.commit[:12]),
                ("Summary", clean.line(event.summary, 200)),
            )
        ),
    ]
    if done.hints:
        blocks.append(Items(done.hints, title="Hints"))
    blocks.append(Next(((f"autor loop log {loop}", "all of them"), (f"autor loop best {loop}", "what stands out"))))
    return Result(facts=facts, blocks=tuple(blocks), hints=done.hints, state=done)


def _status(word: str | None) -> str:
    if not word:
        raise UsageError("What became of it is not said.", f"Add --status {'|'.join(STATUSES)}.")
    found = known_status(word)
    if found is None:
        raise UsageError(f"--status {clean.line(word, 40)} is none that is known.", f"Known: {', '.join(STATUSES)}.")
    return found


def _number(option: str, text: str | None) -> float | None:
    """A finite number as any program prints it; NaN and infinities are what a crash has."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        raise UsageError(
            f"{option} {clean.line(text, 40)} is no number.", "Write it like 0.912 or 1.5e-3; leave it out for a crash."
        ) from None
    if not math.isfinite(value) or "_" in text:
        raise UsageError(
            f"{option} {clean.line(text, 40)} is no finite number.", "Record it with --status crash, without a metric."
        )
    return value
