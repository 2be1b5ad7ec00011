"""The verbs about a loop's session: `pause`, `resume`, `stop`, `confirm`, `budget`; and waiting for its end."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from typing import Any

import click
import msgspec

from autor_nb import loop_control, registry
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import seeding
from autor_nb.domain.loops.config import LoopConfig, duration_s
from autor_nb.domain.loops.state import LoopState, LoopStatus
from autor_nb.record.units import duration_words
from autor_nb.store import eventlog
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.words import EVENTS
from autor_nb.verbs.blocks import Block, Para
from autor_nb.verbs.loops import loop_named, loop_target
from autor_nb.verbs.loops.status import loop_card
from autor_nb.verbs.loops.told import told
from autor_nb.verbs.loops.watch import goes_on
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

NOT_READY, FAILED = 2, 1
RESTS = ("person", "budget")

wait_option = click.option("--wait", is_flag=True, help="Return when it rests, and tell meanwhile what happens.")


def exit_code(snapshot: loop_control.Snapshot, *, waited: bool = True) -> int:
    """0 when it ended at a bound or rests for a person, 2 when it was not ready to start, 1 when it broke off."""
    state = snapshot.state
    if not waited or snapshot.status in (LoopStatus.STOPPED, LoopStatus.CREATED):
        return 0
    if snapshot.status is LoopStatus.PAUSED and state.pause_cause in RESTS:
        return 0
    seedless = snapshot.status is LoopStatus.PAUSED and state.pause_cause == seeding.CAUSE
    return NOT_READY if seedless or (snapshot.status is LoopStatus.FAILED and not_ready(state)) else FAILED


def not_ready(state: LoopState) -> bool:
    """Whether something must be mended before it can work: a check, its baseline, or the gate's own test failed."""
    session = state.session
    runs = state.current.trials if state.current is not None and not state.baseline else []
    blocked = bool(session and session.blocking) or any(not passed for passed in state.tested.values())
    return blocked or any(run.counts and run.score is None for run in runs)


def until(
    face: Face,
    loop: LoopFolder,
    since: int,
    enough: Callable[[loop_control.Snapshot], bool] | None = None,
    timeout_s: float | None = None,
) -> loop_control.Snapshot:
    """Wait until the loop rests (or `enough`), telling what happens from that offset of the log on.

    A session that came to its own end has its report when this answers.
    """
    offset = since

    def tell(snapshot: loop_control.Snapshot) -> None:
        nonlocal offset
        events, offset = eventlog.read(loop.events, offset, EVENTS)
        for event in events:
            if said := told(event):
                face.say(said)

    try:
        found = loop_control.wait(loop, timeout_s, tell, enough)
    except KeyboardInterrupt as error:
        raise goes_on(loop) from error
    if enough is None:
        with contextlib.suppress(KeyboardInterrupt):  # it is written all the same
            loop_control.wait_for_report(loop, lambda: face.say("its report is being written"))
    return found


def asked(loop: LoopFolder, kind: type[Any], face: Face, **said: Any) -> list[Any]:
    """Give a command of that kind; RefusedError with the reason if it is refused."""
    return loop_control.ask(loop, kind(**loop_control.fields(loop_control.actor(face.name)), **said))


def card(loop: LoopFolder, what: str, *more: Block, code: int = 0, **facts: Any) -> Result:
    """The loop's card under a sentence of what was done; `facts` join the envelope."""
    said = loop_card(loop, Para(what), *more, exit_code=code)
    return dataclasses.replace(said, facts={**said.facts, "loop": loop.name, "done": what, **facts})


def seconds(option: str, text: str | None) -> float | None:
    """A time above 0 as seconds; UsageError names the option."""
    if text is None:
        return None
    try:
        found = duration_s(text)
    except UsageError:
        found = None
    if not found:
        raise UsageError(f"{option} {text!r} is no time above 0.", "Write 90s, 5m or 2h.")
    return found


@verb(name="pause", examples=("autor loop pause", "autor loop pause tsp --why 'the GPU is needed'"))
@loop_named.loop_argument
@loop_named.loop_option
@click.option("--why", default="", metavar="TEXT", help="The reason, kept with it.")
@pass_face
def pause(face: Face, name: str | None, name_too: str | None, why: str) -> Result:
    """Let a loop rest: the trial in work ends, and `resume` goes on with the same experiment."""
    loop = loop_target.only(one_of(name, name_too), loop_target.is_at_work)
    asked(loop, cmd.PauseLoop, face, reason=why)
    return card(loop, f"Loop {loop.name} rests.")


@verb(name="resume", examples=("autor loop resume", "autor loop resume tsp --wait"))
@loop_named.loop_argument
@loop_named.loop_option
@wait_option
@pass_face
def resume(face: Face, name: str | None, name_too: str | None, wait: bool) -> Result:
    """Go on after a pause, within the same bounds."""
    loop = loop_target.only(one_of(name, name_too), lambda one: one.status is LoopStatus.PAUSED)
    since = loop.events.stat().st_size
    asked(loop, cmd.ResumeLoop, face)
    waits = wait or face.waits
    snapshot = until(face, loop, since) if waits else loop_control.snapshot(loop)
    return card(loop, f"Loop {loop.name} goes on.", code=exit_code(snapshot, waited=waits))


@verb(name="stop", examples=("autor loop stop", "autor loop stop tsp --why 'good enough'"))
@loop_named.loop_argument
@loop_named.loop_option
@click.option("--why", default="", metavar="TEXT", help="The reason, kept with it.")
@pass_face
def stop(face: Face, name: str | None, name_too: str | None, why: str) -> Result:
    """End a loop's session; the experiment in work is kept, and the next `start` goes on with it."""
    loop = loop_target.only(one_of(name, name_too), loop_target.is_at_work)
    asked(loop, cmd.StopLoop, face, reason=why)
    return card(loop, f"Loop {loop.name} is stopped.")


@verb(
    name="confirm",
    examples=("autor loop confirm --wall 12h", "autor loop confirm tsp --wall 8h --cost-usd 20"),
)
@loop_named.loop_argument
@loop_named.loop_option
@click.option("--wall", metavar="TIME", help="How long it may work: 90s, 5m, 12h.")
@click.option("--cost-usd", type=click.FloatRange(min=0, min_open=True), metavar="USD", help="What it may spend.")
@click.option("--budget", "grants", is_flag=True, help="Grant a new budget of errors instead, as `loop budget` does.")
@pass_face
def confirm(
    face: Face, name: str | None, name_too: str | None, wall: str | None, cost_usd: float | None, grants: bool
) -> Result:
    """Give the go-ahead for a loop without a number of iterations; it needs a time at which it ends all the same."""
    want = loop_target.wanted(one_of(name, name_too))
    loop = loop_target.made(face, want, loop_control.actor(face.name))
    if grants:
        return _granted(face, loop, None)
    wall_s = seconds("--wall", wall)
    if wall_s is None:
        raise UsageError("An endless loop needs a budget of time.", f"`autor loop confirm {loop.name} --wall 12h`")
    asked(loop, cmd.ConfirmLoop, face, wall_s=wall_s, cost_usd=cost_usd)
    cost = f" and {cost_usd:.2f} USD" if cost_usd else ""
    return card(
        loop,
        f"Loop {loop.name} may work without a number of iterations, for {duration_words(wall_s)}{cost} a session. "
        f"`autor loop start {loop.name}` sets it to work.",
        wall_s=wall_s,
        cost_usd_budget=cost_usd,
    )


@verb(name="budget", examples=("autor loop budget", "autor loop budget tsp --alpha 0.05"))
@loop_named.loop_argument
@loop_named.loop_option
@click.option("--alpha", type=float, metavar="RATE", help="Its error rate, between 0 and 1 (else the gate's).")
@pass_face
def budget(face: Face, name: str | None, name_too: str | None, alpha: float | None) -> Result:
    """Grant a new budget of errors to a loop that has spent its own; shown as another session for ever after."""
    return _granted(face, loop_named.either(name, name_too), alpha)


def _granted(face: Face, loop: LoopFolder, alpha: float | None) -> Result:
    config = msgspec.convert(loop_control.snapshot(loop).state.config, LoopConfig)
    gate = registry.load("gates", config.gate.name)(**config.gate.options)
    if "alpha" not in gate.options:
        raise UsageError(
            f"The gate {gate.name} of loop {loop.name} claims no error rate, so it has no budget of errors.",
            'The gate eprocess has one: `gate = "eprocess"` in the loop\'s section.',
        )
    (event, *_) = asked(loop, cmd.GrantBudget, face, alpha=alpha)
    rate = f" at α = {alpha:g}" if alpha is not None else ""
    return card(
        loop,
        f"A new budget of errors was granted{rate}: this is budget session {event.session} now, and the chance that "
        "the loop keeps something that is no gain is the sum over all of them.",
        budget_session=event.session,
    )


def one_of(name: str | None, name_too: str | None) -> str | None:
    """A loop that may be named as a word or by --loop, but not as two different ones."""
    if name and name_too and name != name_too:
        raise UsageError(f"Two loops are named: {name} and {name_too}.", "Name one.")
    return name or name_too
