"""The verbs that look on: `wait` and `watch`; interrupting them stops nothing else."""

from __future__ import annotations

import time

import click

from autor_nb import control
from autor_nb.domain.events import Event, Unknown
from autor_nb.domain.run import RunStatus
from autor_nb.store.layout import RunFolder
from autor_nb.verbs import card, story, target
from autor_nb.verbs.blocks import Para
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import Interrupted, pass_face, verb

WATCH_POLL_S = 0.1
ENDED_WELL = (RunStatus.COMPLETED, RunStatus.IN_REVIEW)


def exit_code(snapshot: control.Snapshot, waited: bool = True) -> int:
    """0 when the run is complete or waits for a person; before anybody waited there is nothing to blame."""
    if not waited or snapshot.status in ENDED_WELL:
        return 0
    return 1


def until(face: Face, run: RunFolder, goal: str, timeout_s: float | None = None) -> control.Snapshot:
    """Wait, telling the face's watcher what happens."""
    tail = control.Tail(run)
    tail.read()

    def tell(snapshot: control.Snapshot) -> None:
        _say(face, tail.read())

    try:
        return control.wait(run, goal, timeout_s, on_change=tell)
    except KeyboardInterrupt as error:
        raise goes_on(run) from error


def goes_on(run: RunFolder) -> Interrupted:
    """What is said when somebody interrupts the looking on."""
    if control.snapshot(run).waiting == "engine":
        return Interrupted(
            f"You stopped looking on; run {run.run_id} goes on.",
            f"`autor stop --run {run.run_id}` stops it, `autor watch {run.run_id}` looks on again.",
        )
    return Interrupted(f"You stopped looking on; run {run.run_id} stands as it was.", f"`autor status {run.run_id}`")


def _say(face: Face, events: list[Event | Unknown]) -> None:
    for event in events:
        said = story.told(event)
        if said:
            face.say(said)


def _followed(face: Face, run_id: str | None) -> RunFolder:
    if run_id:
        return target.named(face, run_id)
    return target.only(face, None, lambda snapshot: snapshot.waiting == "engine", "are at work")


@verb(name="wait", examples=("autor wait", "autor wait 20260101_120000 --until done --timeout 3600"))
@target.run_argument
@target.run_too
@click.option(
    "--until",
    "goal",
    type=click.Choice(["review", "done"]),
    default="review",
    help="review: it waits for a person or has ended. done: it has ended.",
)
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0), metavar="SECONDS", help="Wait no longer.")
@pass_face
def wait(face: Face, run_id: str | None, run_too: str | None, goal: str, timeout_s: float | None) -> Result:
    """Wait until a run waits for a person, or has ended."""
    return waited(face, _followed(face, target.either(run_id, run_too)), goal, timeout_s)


@verb(name="watch", examples=("autor watch",))
@target.run_argument
@target.run_too
@click.option("--from-start", is_flag=True, help="Tell everything that has happened, not only what is new.")
@pass_face
def watch(face: Face, run_id: str | None, run_too: str | None, from_start: bool) -> Result:
    """Tell what happens to a run as it happens, until it waits for a person or has ended."""
    run = _followed(face, target.either(run_id, run_too))
    tail = control.Tail(run)
    try:
        seen = tail.read()
        _say(face, seen if from_start else seen[-3:])
        while (snapshot := tail.snapshot()).waiting == "engine" and snapshot.live:
            time.sleep(WATCH_POLL_S)
            _say(face, tail.read())
    except KeyboardInterrupt as error:
        raise goes_on(run) from error
    return card.run_card(run, snapshot)


def is_unfinished(snapshot: control.Snapshot, goal: str) -> bool:
    """Whether it has not come to where it was waited for."""
    return snapshot.waiting == "engine" or (goal == "done" and snapshot.waiting == "person")


def waited(face: Face, run: RunFolder, goal: str, timeout_s: float | None) -> Result:
    """The card after waiting."""
    snapshot = until(face, run, goal, timeout_s)
    if timeout_s is not None and is_unfinished(snapshot, goal):
        return card.run_card(run, snapshot, Para(f"Not yet, after {timeout_s:g} s."), exit_code=1, timed_out=True)
    return card.run_card(run, snapshot, exit_code=exit_code(snapshot))
