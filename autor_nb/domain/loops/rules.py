"""What a command may do to a loop as it stands: the events that answer it, or the reason why not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec

from autor_nb.domain.events import CommandRefused
from autor_nb.domain.loops import auditing, hints, seeding
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.state import LoopState, LoopStatus
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.domain.rules import Refused

MOST_PAIRS = 64
MEASURING = ("command", "metric", "metrics", "scalarizer", "scalarizer_options", "seed_env")
STATUSES = ("baseline", "keep", "discard", "crash")


def answer(state: LoopState, command: cmd.LoopCommand) -> list[Any]:
    """The events that carry the command out; Refused with a reason and what to do instead."""
    if state.damaged:
        raise Refused(f"Loop {state.name} cannot go on: {state.damaged}.", "Put a copy of its log in place.")
    return _ANSWERS[type(command)](state, command)


def carried_out(state: LoopState, command: cmd.LoopCommand) -> list[Any]:
    """The events that answer the command, a refusal among them."""
    try:
        decided = answer(state, command)
    except Refused as refused:
        return [
            CommandRefused(
                command_id=command.id,
                command=str(type(command).__struct_config__.tag),
                reason=refused.reason[:2000],
                suggestion=refused.suggestion[:2000],
                by=command.by,
            )
        ]
    if isinstance(command, cmd.AddRepeats) and state.current is None:
        return [*decided, ev.ExperimentReopened(n=decided[0].n)]
    return decided


def _start(state: LoopState, command: cmd.StartLoop) -> list[Any]:
    if state.status is LoopStatus.RUNNING:
        raise Refused(f"Loop {state.name} works already.", f"`autor loop stop {state.name}` ends the session first.")
    bounds = {name: getattr(command, name) for name in ("iterations", "wall_s", "cost_usd", "target", "plateau")}
    if command.step:
        bounds["iterations"] = 1
    if bounds["iterations"] is None and bounds["wall_s"] is None:
        if state.confirmed_by is None or state.confirmed_wall_s is None:
            raise Refused(
                f"Loop {state.name} was given no end: neither a number of iterations nor a time.",
                f"`autor loop start {state.name} --iterations 20` or `--wall 8h`; for an endless loop a person first "
                f"says so with a budget: `autor loop confirm {state.name} --wall 12h`.",
            )
        bounds["wall_s"] = state.confirmed_wall_s
        if bounds["cost_usd"] is None:
            bounds["cost_usd"] = state.confirmed_cost_usd
    for name, value in bounds.items():
        if value is not None and name != "target" and value <= 0:
            raise Refused(f"The bound {name} = {value} leaves nothing to do.", "Give a number above 0.")
    events: list[Any] = []
    if command.config and not _is_same(command.config, state.config):
        _must_measure_the_same(state, command.config)
        events.append(_by(ev.LoopConfigChanged, command, config=command.config, contract=command.contract))
    mode = command.mode or str((command.config or state.config).get("mode", "strict"))
    events.append(_by(ev.LoopStarted, command, mode=mode, step=command.step, **bounds))
    return events


def _must_measure_the_same(state: LoopState, wanted: dict[str, Any]) -> None:
    """Refuse what would hold new scores against a baseline that was measured in another way."""
    if not state.baseline:
        return
    before, after = (msgspec.convert(config, LoopConfig) for config in (state.config, wanted))
    changed = [name for name in MEASURING if getattr(before, name) != getattr(after, name)]
    if [guard for guard in before.guards if guard.soft] != [guard for guard in after.guards if guard.soft]:
        changed.append("soft guards")  # they are a part of the score
    if changed:
        raise Refused(
            f"{' and '.join(changed)} of loop {state.name} changed after its baseline was measured: scores from before "
            "and after cannot be compared.",
            f"Put it back as it was, or make another loop of the new configuration: {seeding.anew(state)}.",
        )


def _is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two tables say the same; what is a default may be written out or left out."""
    try:
        return msgspec.convert(one, LoopConfig) == msgspec.convert(other, LoopConfig)
    except msgspec.ValidationError:
        return one == other


def _confirm(state: LoopState, command: cmd.ConfirmLoop) -> list[Any]:
    if command.wall_s is None or command.wall_s <= 0:
        raise Refused(
            "An endless loop needs a budget of time.", f"`autor loop confirm {state.name} --wall 12h` gives it one."
        )
    return [_by(ev.LoopConfirmed, command, wall_s=command.wall_s, cost_usd=command.cost_usd)]


def _pause(state: LoopState, command: cmd.PauseLoop) -> list[Any]:
    _must_work(state, "pause")
    return [_by(ev.LoopPaused, command, reason=command.reason or "Paused by a person.", cause="person")]


def _resume(state: LoopState, command: cmd.ResumeLoop) -> list[Any]:
    if state.status is not LoopStatus.PAUSED or state.session is None:
        works = state.status is LoopStatus.RUNNING
        mend = f"`autor loop watch {state.name}`" if works else f"`autor loop start {state.name} --iterations 20`"
        raise Refused(f"Loop {state.name} is not paused: it is {state.status}.", mend)
    if state.pause_cause == "budget":
        raise Refused(
            "The budget of errors of this session is spent: nothing more can be tested within it.",
            f"`autor loop budget {state.name}` grants a new one, shown as session {state.budget_session + 1}.",
        )
    if state.pause_cause == seeding.CAUSE:
        raise Refused("Its metric is one and the same on every seed: it would rest again.", seeding.mends(state))
    return [_by(ev.LoopResumed, command)]


def _stop(state: LoopState, command: cmd.StopLoop) -> list[Any]:
    if state.status not in (LoopStatus.RUNNING, LoopStatus.PAUSED) and state.audit is None:
        raise Refused(f"Loop {state.name} is not at work: it is {state.status}.", f"`autor loop status {state.name}`")
    return [_by(ev.LoopStopped, command, reason=command.reason or "Stopped by a person.", cause="person")]


def _must_work(state: LoopState, what: str) -> None:
    if state.status is not LoopStatus.RUNNING:
        start = f"`autor loop start {state.name} --iterations 20`"
        mend = f"`autor loop resume {state.name}`" if state.status is LoopStatus.PAUSED else start
        raise Refused(f"There is nothing to {what}: loop {state.name} is {state.status}.", mend)


def _veto(state: LoopState, command: cmd.VetoIdea) -> list[Any]:
    current = state.testing
    if current is None:
        raise Refused("No idea is at work.", f"`autor loop status {state.name}` shows what is.")
    if command.n is not None and command.n != current.n:
        raise Refused(f"Experiment {command.n} is not at work any more; {current.n} is.", "Look again, then decide.")
    return [_by(ev.IdeaVetoed, command, n=current.n, why=command.why)]


def _pin(state: LoopState, command: cmd.PinIdea) -> list[Any]:
    if len(state.pins) >= 20:
        raise Refused("Twenty pinned ideas wait already.", "Let the loop try some of them first.")
    return [_by(ev.IdeaPinned, command, idea=command.idea, pin=state.next_pin)]


def _repeat(state: LoopState, command: cmd.AddRepeats) -> list[Any]:
    if not 0 < command.pairs <= MOST_PAIRS or command.pairs % 2:
        raise Refused(
            f"{command.pairs} pairs cannot be added.", f"An even number up to {MOST_PAIRS} can: blocks of two."
        )
    current = state.testing
    if current is not None and current.vetoed_by is not None and command.n in (None, current.n):
        raise Refused(
            f"Experiment {current.n} was vetoed: it ends without a verdict, whatever pairs it is given.",
            "Pin the idea again to have it tested.",
        )
    if current is not None and command.n in (None, current.n):
        return [_by(ev.RepeatsAdded, command, n=current.n, pairs=command.pairs)]
    parked = next((one for one in reversed(state.parked) if command.n in (None, one.n)), None)
    if parked is None or parked.parent != state.head:
        wanted = f"Experiment {command.n} can be given no" if command.n is not None else "No experiment can be given"
        raise Refused(
            f"{wanted} more pairs: only one at work, or one that ended inconclusive against today's "
            "incumbent, can.",
            "Pin the idea again to test it against today's incumbent.",
        )
    return [_by(ev.RepeatsAdded, command, n=parked.n, pairs=command.pairs)]


def _grant(state: LoopState, command: cmd.GrantBudget) -> list[Any]:
    if not command.by.is_person:
        raise Refused("Only a person grants a budget of errors.")
    if command.alpha is not None and not 0 < command.alpha < 1:
        raise Refused(f"α = {command.alpha} is no error rate.", "Give a number between 0 and 1, e.g. 0.1.")
    return [_by(ev.BudgetGranted, command, session=state.budget_session + 1, alpha=command.alpha)]


def _record(state: LoopState, command: cmd.RecordExperiment) -> list[Any]:
    status = command.status
    if status not in STATUSES:
        raise Refused(f"{status!r} is no status of an experiment.", f"Known: {', '.join(STATUSES)}.")
    if command.metric is None and status != "crash":
        raise Refused(f"A {status} needs its metric.", "Give --metric, or --status crash.")
    for name in ("metric", "duration_s", "resource", "cost_usd"):
        value = getattr(command, name)
        if value is not None and not math.isfinite(value):
            raise Refused(f"{name} = {value} is no finite number.", "Record it as --status crash, without a metric.")
    standing = state.kept_metric if state.kept_metric is not None else state.baseline_metric
    delta = command.metric - standing if command.metric is not None and standing is not None else None
    return [
        _by(
            ev.ExperimentRecorded,
            command,
            n=state.free_n,
            status=status,
            metric=command.metric,
            summary=command.summary,
            commit=command.commit,
            delta=delta,
            duration_s=command.duration_s,
            resource=command.resource,
            hypothesis=command.hypothesis,
            cost_usd=command.cost_usd,
            imported=command.imported,
            ran_at=command.ran_at,
            suspicious=() if command.imported else hints.suspicions(state, status, command.metric),
        )
    ]


def _audit(state: LoopState, command: cmd.AuditLoop) -> list[Any]:
    told = f"`autor loop recheck --loop {state.name}` measures again what was recorded from outside."
    told = told if any(row.recorded for row in state.kept) else ""
    if not state.baseline:
        mend = told or f"`autor loop start {state.name} --iterations 20`"
        raise Refused("There is no baseline to audit against yet.", mend)
    if state.head == state.base:
        mend = told or "Let the loop work first."
        raise Refused("Nothing was kept or advanced: there is nothing to audit.", mend)
    if state.audit is not None:
        raise Refused("An audit is at work already.", f"`autor loop status {state.name}`")
    if auditing.is_exhausted(state):
        raise Refused(
            f"Audits have run {auditing.MOST_PAIRS} fresh pairs of experiment {state.head_n}: more say nothing new.",
            f"`autor loop report {state.name}` has what they found.",
        )
    return [_by(ev.AuditAsked, command)]


def _merge(state: LoopState, command: cmd.MergeFork) -> list[Any]:
    if state.status is LoopStatus.RUNNING:
        raise Refused(f"Loop {state.name} is at work.", f"`autor loop stop {state.name}` first.")
    if command.parent and command.parent != state.head:
        raise Refused(
            f"Loop {state.name} has moved on from {command.parent[:10]}, which the merge was made from.",
            f"`autor loop merge-best {state.name}` again.",
        )
    if state.audit is not None:
        raise Refused(f"An audit of loop {state.name} is at work.", f"`autor loop stop {state.name}` first.")
    told = {name: getattr(command, name) for name in ("fork", "commit", "detail", "metric", "scores")}
    return [*_overtaken(state, command), _by(ev.Merged, command, **told)]


def _overtaken(state: LoopState, command: cmd.MergeFork) -> list[Any]:
    """The end of an experiment whose incumbent is no more."""
    current = state.testing
    if current is None:
        return []
    return [
        ev.ExperimentEnded(
            n=current.n,
            verdict=Verdict.UNTESTED,
            reason=f"fork {command.fork} was merged while it waited: its incumbent is no more",
            commit=current.commit,
            parent=current.parent,
            summary=current.idea.hypothesis if current.idea else "",
            reached_confirm=current.reached_confirm,
        )
    ]


def _by(kind: type[Any], command: Any, **fields: Any) -> Any:
    return kind(by=command.by, command_id=command.id, **fields)


_ANSWERS: dict[type, Callable[[LoopState, Any], list[Any]]] = {
    cmd.StartLoop: _start,
    cmd.ConfirmLoop: _confirm,
    cmd.PauseLoop: _pause,
    cmd.ResumeLoop: _resume,
    cmd.StopLoop: _stop,
    cmd.VetoIdea: _veto,
    cmd.PinIdea: _pin,
    cmd.AddRepeats: _repeat,
    cmd.GrantBudget: _grant,
    cmd.RecordExperiment: _record,
    cmd.AuditLoop: _audit,
    cmd.MergeFork: _merge,
}
