"""`autor loop watch`: what happens to a loop, line by line as it happens; interrupting it stops nothing else."""

from __future__ import annotations

import time

import click

from autor_nb import loop_control
from autor_nb.domain.events import Event, Unknown
from autor_nb.domain.loops import events as ev
from autor_nb.store import eventlog
from autor_nb.store.loops import standing
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.words import EVENTS
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.loops.experiment_table import spark
from autor_nb.verbs.loops.status import loop_card
from autor_nb.verbs.loops.told import told
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import Interrupted, pass_face, verb

POLL_S = 0.1
GRACE_S = 3.0
LATEST = 5


@verb(name="watch", examples=("autor loop watch", "autor loop watch tsp --from-start"))
@loop_named.loop_argument
@loop_named.loop_option
@click.option("--from-start", is_flag=True, help="Tell everything that has happened, not only what is new.")
@click.option("--trials/--no-trials", default=True, help="Tell every single run, too.")
@pass_face
def watch(face: Face, name: str | None, name_too: str | None, from_start: bool, trials: bool) -> Result:
    """Tell what happens to a loop as it happens, until it rests or waits for a person."""
    loop = loop_named.either(name, name_too)
    tail = loop_control.Tail(loop)
    offset = 0 if from_start else standing.load(loop)[1]
    try:
        events, offset = eventlog.read(loop.events, offset, EVENTS)
        tail.read()
        _say(face, tail, events if from_start else events[-LATEST:], trials)
        quiet_since = time.monotonic()
        while True:
            snapshot = tail.snapshot()
            events, offset = eventlog.read(loop.events, offset, EVENTS)
            _say(face, tail, events, trials)
            if snapshot.live:
                quiet_since = time.monotonic()
            if snapshot.waiting != "engine" or time.monotonic() - quiet_since > GRACE_S:
                break
            time.sleep(POLL_S)
    except KeyboardInterrupt as error:
        raise goes_on(loop) from error
    return loop_card(loop)


def goes_on(loop: LoopFolder) -> Interrupted:
    """What is said when somebody interrupts the looking on."""
    if loop_control.snapshot(loop).waiting == "engine":
        return Interrupted(
            f"You stopped looking on; loop {loop.name} goes on.",
            f"`autor loop stop {loop.name}` stops it, `autor loop watch {loop.name}` looks on again.",
        )
    return Interrupted(
        f"You stopped looking on; loop {loop.name} stands as it was.", f"`autor loop status {loop.name}`"
    )


def _say(face: Face, tail: loop_control.Tail, events: list[Event | Unknown], trials: bool) -> None:
    for event in events:
        if isinstance(event, ev.TrialEnded) and not trials:
            continue
        said = told(event)
        if said:
            face.say(said)
        if isinstance(event, ev.ExperimentEnded):
            state = tail.snapshot().state
            bars = spark([row.metric for row in state.recent if row.n <= event.n], higher=not state.lower_is_better)
            if bars:
                face.say(f"          {bars}")
