"""A loop's log → its state: every event once, in order; what a newer version wrote is counted and passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from autor_nb.domain import events as run_events
from autor_nb.domain.events import Damaged, Event, Unknown
from autor_nb.domain.loops import auditing, fold_trials, fold_verdicts
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.state import (
    ANSWERED,
    REFERENCE,
    Holdout,
    LoopState,
    LoopStatus,
    Pin,
    Session,
)

Step = Callable[[LoopState, Any], None]


class LoopFold:
    """Keeps a state up with a log; a checkpoint may be given to begin from."""

    def __init__(self, state: LoopState | None = None) -> None:
        self.state = state or LoopState()

    def apply(self, events: Iterable[Event | Unknown]) -> LoopState:
        """Fold these events in."""
        state = self.state
        for event in events:
            if event.seq > state.last_seq + 1 and not state.damaged:
                state.damaged = f"its log has no event {state.last_seq + 1}, though {event.seq} follows"
            if isinstance(event, Damaged):  # what follows is shown all the same; nobody works on it until it is mended
                state.damaged = state.damaged or str(event)
            elif isinstance(event, Unknown):
                state.unknown += 1
            else:
                step = _STEPS.get(type(event))
                if step is not None:
                    step(state, event)
                _note(state, event)
            state.last_seq = max(state.last_seq, event.seq)
        return state


_NOT_AT_WORK = (ev.LoopStarted, ev.LoopResumed, ev.TurnTaken, run_events.WorkerStarted, run_events.LogRecovered)


def seconds_between(earlier: str, later: str) -> float:
    """Seconds from one time of the log to another; 0 if they are none, or the clock was put back."""
    try:
        return max(0.0, (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds())
    except ValueError:
        return 0.0


def _note(state: LoopState, event: Event) -> None:
    if state.session is not None and state.updated_at and not isinstance(event, _NOT_AT_WORK):
        state.session.worked_s += seconds_between(state.updated_at, event.at)
    state.updated_at = event.at
    if isinstance(event, run_events.Decision) and event.command_id:
        _remember(state, event.command_id)
        if event.by.is_person and not isinstance(event, ev.ExperimentRecorded):
            kind = type(event).__struct_config__.tag
            state.decisions = [*state.decisions[-49:], {"what": kind, "at": event.at, "by": str(event.by)}]


def _remember(state: LoopState, command_id: str) -> None:
    state.answered.append(command_id)
    if len(state.answered) > 2 * ANSWERED:
        state.answered = state.answered[-ANSWERED:]


# --------------------------------------------------------------------------------------- its life


def _created(state: LoopState, event: ev.LoopCreated) -> None:
    state.name, state.config, state.base, state.seed = event.name, event.config, event.base, event.seed
    state.contract, state.direction, state.dirty = event.contract, event.direction, event.dirty
    state.forked_from, state.forked_at = event.forked_from, event.forked_at
    state.family = event.family or event.forked_from
    state.created_at = event.at
    state.head = state.confirmed_head = event.base


def _started(state: LoopState, event: ev.LoopStarted) -> None:
    state.sessions += 1
    if not state.baseline:  # what was mended since may be what it measures: it is measured again
        if state.current is not None:
            state.give_back(state.current.n)
        state.current, state.reference, state.remeasured, state.frozen = None, [], [], {}
    state.session = Session(
        at=event.at,
        by=event.by,
        seq=event.seq,
        iterations=event.iterations,
        wall_s=event.wall_s,
        cost_usd=event.cost_usd,
        target=event.target,
        plateau=event.plateau,
        mode=event.mode or "strict",
        sandbox=event.sandbox,
    )
    state.tested = {part: ok for part, ok in state.tested.items() if ok}  # what failed may have been mended
    _goes_on(state)


def _goes_on(state: LoopState) -> None:
    state.status = LoopStatus.RUNNING
    state.pause_reason = state.pause_cause = state.stop_reason = state.stop_cause = ""
    state.failure = state.failure_suggestion = ""
    state.refused, state.refused_changes = [], []


def _config_changed(state: LoopState, event: ev.LoopConfigChanged) -> None:
    if event.config != state.config:
        state.tested = {}
    state.config, state.contract = event.config, event.contract


def _confirmed(state: LoopState, event: ev.LoopConfirmed) -> None:
    state.confirmed_by, state.confirmed_wall_s = event.by, event.wall_s
    state.confirmed_cost_usd = event.cost_usd


def _budget(state: LoopState, event: ev.BudgetGranted) -> None:
    state.budget_session, state.alpha, state.budget_by = event.session, event.alpha, event.by
    state.confirms = state.keeps = 0
    if state.status is LoopStatus.PAUSED and state.pause_cause == "budget":
        _goes_on(state)


def _paused(state: LoopState, event: ev.LoopPaused) -> None:
    state.status = LoopStatus.PAUSED
    state.pause_reason, state.pause_cause = event.reason, event.cause


def _resumed(state: LoopState, event: ev.LoopResumed) -> None:
    _goes_on(state)


def _stopped(state: LoopState, event: ev.LoopStopped) -> None:
    state.status = LoopStatus.STOPPED
    state.stop_reason, state.stop_cause = event.reason, event.cause
    auditing.put_aside(state)


def _failed(state: LoopState, event: ev.LoopFailed) -> None:
    state.status = LoopStatus.FAILED
    state.failure, state.failure_suggestion = event.reason, event.suggestion


def _doctor(state: LoopState, event: ev.DoctorAnswered) -> None:
    state.doctor = event.checks
    if state.session is not None:
        state.session.doctor, state.session.blocking = True, event.blocking


def _tested(state: LoopState, event: ev.GateTested) -> None:
    state.tested[event.part] = event.ok
    state.test_details[event.part] = event.detail


def _scales(state: LoopState, event: ev.ScalesFrozen) -> None:
    state.frozen = event.frozen_scales


def _program(state: LoopState, event: ev.ProgramRead) -> None:
    state.program_sha256 = event.sha256


def _refused_command(state: LoopState, event: run_events.CommandRefused) -> None:
    _remember(state, event.command_id)
    said = {"at": event.at, "what": event.command, "reason": event.reason, "by": str(event.by)}
    state.refusals = [*state.refusals[-19:], said]


# ------------------------------------------------------------------------------- beside experiments


def _audited(state: LoopState, event: ev.AuditEnded) -> None:
    auditing.ended(state, event)


def _pinned(state: LoopState, event: ev.IdeaPinned) -> None:
    state.pins.append(Pin(pin=event.pin, idea=event.idea, by=event.by, at=event.at))
    state.next_pin = max(state.next_pin, event.pin + 1)


def _merged(state: LoopState, event: ev.Merged) -> None:
    state.merged = (*state.merged, event.fork)
    state.head = state.confirmed_head = state.merged_head = event.commit
    state.parked, state.stepped, state.remeasured = [], False, []
    if event.metric is not None:
        state.head_metric = state.kept_metric = event.metric
        state.head_score = sum(event.scores) / len(event.scores) if event.scores else None
    if event.scores:
        state.reference = list(event.scores)[-REFERENCE:]
    if state.frozen and state.reference_scores:  # of its single metrics nothing is told: they are measured
        state.reference, state.reference_scores = [], ()


def _awaited(state: LoopState, event: ev.TurnAwaited) -> None:
    state.awaits = event.reason


def _turn(state: LoopState, event: Event) -> None:
    state.awaits = ""


def _holdout(state: LoopState, event: ev.HoldoutAsked) -> None:
    known = state.holdout or Holdout()
    known.asked, known.last_n, known.failed = known.asked + 1, event.n, event.failed
    known.protected = event.protected
    if not event.failed:
        known.released, known.leader, known.examples = event.released, event.leader, event.examples
        known.losses = event.losses
    state.holdout = known


def _log_mended(state: LoopState, event: run_events.LogRecovered) -> None:
    if event.line:  # else it stands in the place of one that is missing
        state.mended = mended_words(event)


def mended_words(event: run_events.LogRecovered) -> str:
    """What a mended log had lost: what is known of it, and what is not."""
    begun = f", the first of them line {event.line}" if event.lines > 1 else f" (line {event.line})"
    said = []
    if event.lines:
        said.append(f"{event.lines} damaged line{'s' if event.lines > 1 else ''} of its log{begun} set aside")
    if event.restored:
        said.append(f"{_events(event.restored)} put back from what its other files know")
    if event.missing:
        said.append(f"nothing is known of {_events(event.missing)}: what was acknowledged there is lost")
    elif event.lines and not event.restored:
        said.append("no numbered event is missing behind it, unless its last lines held one")
    return f"{'; '.join(said)}; the log as it was is kept in {event.kept_in}"


def _events(numbers: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, numbers[:5])) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")
    return f"event{'s' if len(numbers) > 1 else ''} {shown}"


_STEPS: dict[type, Step] = {
    run_events.LogRecovered: _log_mended,
    ev.LoopCreated: _created,
    ev.LoopStarted: _started,
    ev.LoopConfigChanged: _config_changed,
    ev.LoopConfirmed: _confirmed,
    ev.BudgetGranted: _budget,
    ev.LoopPaused: _paused,
    ev.LoopResumed: _resumed,
    ev.LoopStopped: _stopped,
    ev.LoopFailed: _failed,
    ev.DoctorAnswered: _doctor,
    ev.GateTested: _tested,
    ev.ProgramRead: _program,
    ev.ScalesFrozen: _scales,
    ev.AuditEnded: _audited,
    ev.IdeaPinned: _pinned,
    ev.Merged: _merged,
    ev.TurnAwaited: _awaited,
    ev.TurnTaken: _turn,
    run_events.WorkerStarted: _turn,
    run_events.WorkerStopped: _turn,
    ev.HoldoutAsked: _holdout,
    run_events.CommandRefused: _refused_command,
    **fold_trials.STEPS,
    **fold_verdicts.STEPS,
}
