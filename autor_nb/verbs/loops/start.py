"""`autor loop start` and `step`: set a loop to work within bounds, by its configuration as its file has it now."""

from __future__ import annotations

import dataclasses
from typing import Any

import click
import msgspec

from autor_nb import loop_control, registry
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops.config import CoderSpec, CriticSpec, GateSpec, LoopConfig, StopSpec
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.record.units import count_words, duration_words, number_words
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.verbs.blocks import Items
from autor_nb.verbs.loops import loop_named, loop_target
from autor_nb.verbs.loops.session import asked, card, exit_code, one_of, seconds, until, wait_option
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

Bounds = dict[str, Any]
BOUNDS = ("iterations", "wall_s", "cost_usd", "target", "plateau")


def _part(kind: str) -> loop_named.Known:
    return loop_named.Known(kind[:-1], lambda: registry.names(kind))


def _parts_options(command: Any) -> Any:
    """Options that stand in for what the configuration names, for this session."""
    for option in reversed(
        (
            click.option("--gate", type=_part("gates"), metavar="NAME", help="What decides about a keep."),
            click.option("--critic", type=_part("critics"), metavar="NAME", help="Who has the ideas."),
            click.option("--coder", type=_part("coders"), metavar="NAME", help="Who makes the change."),
            click.option("--sandbox", is_flag=True, help="Run the command in a sandbox, where bubblewrap is there."),
            click.option("--mode", type=click.Choice(["strict", "explore"]), help="strict: keep only what is shown."),
        )
    ):
        command = option(command)
    return command


@verb(
    name="start",
    examples=(
        "autor loop start --iterations 20",
        "autor loop start tsp --wall 8h --cost-usd 20 --wait",
        "autor loop start --iterations 50 --target 4.2 --plateau 15 --gate greedy",
    ),
)
@loop_named.loop_argument
@loop_named.loop_option
@click.option("--iterations", type=click.IntRange(1), metavar="N", help="End after so many experiments.")
@click.option("--wall", metavar="TIME", help="End after that time at work (90s, 5m, 8h), and a final audit.")
@click.option("--cost-usd", type=click.FloatRange(0, min_open=True), metavar="USD", help="End when that is spent.")
@click.option("--target", type=float, metavar="VALUE", help="End when the metric has come there.")
@click.option("--plateau", type=click.IntRange(1), metavar="N", help="End after N experiments without a keep.")
@_parts_options
@wait_option
@pass_face
def start(face: Face, name: str | None, name_too: str | None, wait: bool, wall: str | None, **said: Any) -> Result:
    """Set a loop to work: propose, apply, run, judge, keep or discard, until a bound is reached.

    It returns at once and the loop goes on by itself; with --wait it returns when the loop rests. Without a bound
    here the [loop.<name>.stop] of its file counts. A loop that a file declares is made if it is not there yet. Exit
    code 2: something must be mended first; 1: it broke off.
    """
    want = loop_target.wanted(one_of(name, name_too))
    bounds: Bounds = {"wall_s": seconds("--wall", wall), **{key: said.pop(key) for key in BOUNDS if key != "wall_s"}}
    config = _with(want.config, **said)
    loop = loop_target.made(face, want, loop_control.actor(face.name))
    return _set_to_work(face, loop, config, bounds, mode=said["mode"] or "", wait=wait or face.waits, notes=want.notes)


@verb(name="step", examples=("autor loop step", "autor loop step tsp --gate greedy"))
@loop_named.loop_argument
@loop_named.loop_option
@_parts_options
@pass_face
def step(face: Face, name: str | None, name_too: str | None, **said: Any) -> Result:
    """Do one experiment (after the baseline, if there is none yet), and wait for its verdict."""
    want = loop_target.wanted(one_of(name, name_too))
    config = _with(want.config, **said)
    loop = loop_target.made(face, want, loop_control.actor(face.name))
    return _set_to_work(face, loop, config, {}, mode=said["mode"] or "", wait=True, notes=want.notes, step=True)


def _with(
    config: LoopConfig | None, *, gate: str | None, critic: str | None, coder: str | None, sandbox: bool, mode: Any
) -> LoopConfig | None:
    """The configuration with what was said for this session; an unknown part is refused before anything begins."""
    for kind, name in (("gates", gate), ("critics", critic), ("coders", coder)):
        if name:
            registry.load(kind, name)
    if config is None:
        return None
    if gate and gate != config.gate.name:
        config = msgspec.structs.replace(config, gate=GateSpec(name=gate))
    if critic and critic != config.critic.provider:
        config = msgspec.structs.replace(
            config, critic=CriticSpec(provider=critic, context_last_n=config.critic.context_last_n)
        )
    if coder and coder != config.coder.agent:
        config = msgspec.structs.replace(config, coder=CoderSpec(agent=coder, timeout_s=config.coder.timeout_s))
    if sandbox:
        config = msgspec.structs.replace(config, sandbox=True)
    return msgspec.structs.replace(config, mode=mode) if mode else config


def _set_to_work(
    face: Face,
    loop: LoopFolder,
    config: LoopConfig | None,
    bounds: Bounds,
    *,
    mode: str,
    wait: bool,
    notes: tuple[str, ...],
    step: bool = False,
) -> Result:
    """Start a session, or go on with the interrupted one where nothing new was said."""
    snapshot = loop_control.snapshot(loop)
    since = loop.events.stat().st_size
    if snapshot.status is LoopStatus.INTERRUPTED and not step and not any(bounds.values()):
        loop_control.go_on(loop)
        what = f"Loop {loop.name} goes on where it was interrupted."
    else:
        if snapshot.status is LoopStatus.INTERRUPTED:
            asked(loop, cmd.StopLoop, face, reason="Started anew with other bounds.")
        what = _started(face, loop, config, bounds, mode, step)
    if wait:
        face.say(what)
    after = until(face, loop, since) if wait else loop_control.snapshot(loop)
    more = (Items(notes, title="What stands in for parts that are not here"),) if notes else ()
    said = card(loop, what, *more, code=exit_code(after, waited=wait), notes=list(notes), waited=wait)
    return dataclasses.replace(said, panel="loop")


def _started(
    face: Face, loop: LoopFolder, config: LoopConfig | None, bounds: Bounds, mode: str, step: bool
) -> str:
    stop = config.stop if config is not None else _stop_in_log(loop)
    if not step:
        ends = bounds["iterations"] is None and bounds["wall_s"] is None
        for bound in BOUNDS if ends else BOUNDS[2:]:
            bounds[bound] = bounds[bound] if bounds[bound] is not None else getattr(stop, bound)
    told = {} if config is None else {"config": msgspec.to_builtins(config)}
    asked(loop, cmd.StartLoop, face, mode=mode, step=step, **bounds, **told)
    return f"Loop {loop.name} was set to work{'' if not step else ' for one experiment'}{_words(bounds)}."


def _stop_in_log(loop: LoopFolder) -> StopSpec:
    return msgspec.convert(loop_control.snapshot(loop).state.config.get("stop", {}), StopSpec)


def _words(bounds: Bounds) -> str:
    """`, until 20 experiments, 8 h`: the first that is reached ends it."""
    said = []
    if bounds.get("iterations") is not None:
        said.append(count_words(bounds["iterations"], "experiment"))
    if bounds.get("wall_s") is not None:
        said.append(duration_words(bounds["wall_s"]))
    if bounds.get("cost_usd") is not None:
        said.append(f"{bounds['cost_usd']:.2f} USD")
    if bounds.get("target") is not None:
        said.append(f"the metric is at {number_words(bounds['target'], 6)}")
    if bounds.get("plateau") is not None:
        said.append(f"{bounds['plateau']} in a row without a keep")
    return f", until {' or '.join(said)}" if said else ""
