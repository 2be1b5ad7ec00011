"""What a loop does next, as its log says: a pure function of the state, so that a killed engine goes on from there."""

from __future__ import annotations

from dataclasses import dataclass

from autor_nb.domain.loops import auditing, seeding
from autor_nb.domain.loops.at_work import Current, TrialRow
from autor_nb.domain.loops.case import Confirm, Decided, Reference, Route, Screen
from autor_nb.domain.loops.cases import case_of, guard_readings, next_run, pairs_of
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.events import AUDIT, PlannedPair
from autor_nb.domain.loops.gate import Gate, audit_next
from autor_nb.domain.loops.seeds import seed_for
from autor_nb.domain.loops.state import Audit, LoopState, LoopStatus, Session
from autor_nb.domain.loops.verdict import Verdict

TESTS = ("control", "null", "no_op")
LOST_MOST = 3
"""So many runs of the incumbent that its test asks for may give nothing."""


@dataclass(frozen=True)
class Wait:
    """Nothing: a person must say something first."""


@dataclass(frozen=True)
class Doctor:
    """Make the checks that come before a session."""


@dataclass(frozen=True)
class Test:
    """Test the gate: `part` is one of TESTS."""

    part: str


@dataclass(frozen=True)
class Fail:
    """Tell that the loop cannot go on."""

    reason: str
    suggestion: str = ""


@dataclass(frozen=True)
class Pause:
    """Wait for a person, and say why."""

    reason: str
    cause: str


@dataclass(frozen=True)
class End:
    """End the session: a bound was reached."""

    reason: str
    cause: str


@dataclass(frozen=True)
class Propose:
    """Ask for an idea for experiment n; a pinned one comes first."""

    n: int


@dataclass(frozen=True)
class Apply:
    """Have the change made."""

    n: int


@dataclass(frozen=True)
class Run:
    """Run the command once."""

    n: int
    role: str
    subject: str
    commit: str
    seed: int
    pair: int | None = None


@dataclass(frozen=True)
class PlanBlock:
    """Write down the pairs that are to be run, and what the evidence was before them."""

    n: int
    pairs: tuple[PlannedPair, ...]
    warm_up: bool
    asked: Confirm


@dataclass(frozen=True)
class Conclude:
    """Write down the verdict of experiment n."""

    n: int
    decided: Decided


@dataclass(frozen=True)
class ConcludeBaseline:
    """Write down the baseline."""


@dataclass(frozen=True)
class BeginAudit:
    """Audit the head before the session ends."""


@dataclass(frozen=True)
class ConcludeAudit:
    """Write down what the audit found."""

    decided: Decided


Step = (
    Wait | Doctor | Test | Fail | Pause | End | Propose | Apply | Run | PlanBlock | Conclude | ConcludeBaseline
    | BeginAudit | ConcludeAudit
)  # fmt: skip


def next_step(
    state: LoopState, config: LoopConfig, gate: Gate, worked_s: float = 0.0, routes: tuple[Route, ...] = ()
) -> Step:
    """The next step; `worked_s` is how long the session has taken, pauses left out."""
    if rests(state):
        return Wait()
    if state.audit is not None:
        return _audit_step(state, config, state.audit, routes)
    session = state.session
    assert session is not None
    if not session.doctor:
        return Doctor()
    if session.blocking:
        return _not_ready(state)
    if not state.baseline:
        return _out_of_time(session, worked_s) or _baseline_step(state, config, gate)
    for part in TESTS:
        if part not in state.tested:
            return _untested(state, gate) or Test(part)
        if not state.tested[part]:
            return Fail(state.test_details.get(part, f"The gate failed its test {part}."), _MENDS[part])
    if end := _end(state, worked_s):
        return end
    if state.current is None:
        return Propose(state.free_n)
    return _experiment_step(state, config, gate, state.current, routes)


def rests(state: LoopState) -> bool:
    """Whether nothing is to be done whatever the configuration says, so that a command may mend it first."""
    if state.damaged or not state.config:
        return True
    audits = state.audit is not None and state.status is not LoopStatus.PAUSED
    return not audits and (state.status is not LoopStatus.RUNNING or state.session is None)


_MENDS = {
    "control": "Mend what the command measures (an editable install of your tree? a cached result?), then start again.",
    "null": "Choose another gate or its default options: this one keeps noise.",
    "no_op": "Run the command by hand; it must succeed on any seed.",
}


def _not_ready(state: LoopState) -> Fail:
    assert state.session is not None
    bad = [check for check in state.doctor if check.get("id") in state.session.blocking]
    said = " ".join(f"{check.get('title', check.get('id'))}: {check.get('detail', '')}" for check in bad)
    fix = next((str(check.get("fix")) for check in bad if check.get("fix")), "")
    return Fail(said or "The loop is not ready.", fix or f"`autor loop doctor {state.name}` says what to mend.")


def _baseline_step(state: LoopState, config: LoopConfig, gate: Gate) -> Step:
    runs = [row for row in state.current.trials if row.counts] if state.current else []
    if bad := next((row for row in runs if row.score is None), None):
        name = config.metric.name
        mend = "Mend the command until it ends with exit code 0 in a fresh clone"
        if bad.ending == "finished":
            mend = f"Print `{name}: 1.23`, a finite number, on a line of its own, or mend metric.pattern"
        return Fail(
            f"The baseline gives no {name}: {(bad.reason or bad.ending).rstrip('.')}.",
            f"{mend} (`autor loop doctor {state.name}` looks again), then start again.",
        )
    if len(runs) >= max(1, gate.reference_runs) + 2 * gate.calibration_pairs:
        unread = next((guard for guard in guard_readings(runs, config) if not guard.values), None)
        return _unread_guard(config, unread.name) if unread is not None else ConcludeBaseline()
    began = len(state.current.trials) if state.current else 0
    n = state.current.n if state.current else state.free_n
    role = "reference" if len(runs) < max(1, gate.reference_runs) else "calibrate"
    return Run(n=n, role=role, subject="incumbent", commit=state.base, seed=seed_for(state.seed, "base", began))


def _out_of_time(session: Session, worked_s: float) -> End | None:
    """A bound of time holds for the baseline too, which may be many runs of hours."""
    if session.wall_s is None or worked_s < session.wall_s:
        return None
    said = f"The session has worked for {worked_s:.0f} s of {session.wall_s:g} s, and its baseline is not whole yet"
    return End(f"{said}: a new start measures it from the beginning, so give it more time.", "wall")


def _unread_guard(config: LoopConfig, name: str) -> Fail:
    metric = next(guard.metric for guard in config.guards if guard.name == name)
    return Fail(
        f"Guard {name} reads {metric}, which no run of the unchanged code gave: it would discard every candidate.",
        f"Print `{metric}: 1.23`, a finite number, on a line of its own, or mend its pattern in "
        f"[[loop.{config.name}.metrics]]; then start again.",
    )


def _untested(state: LoopState, gate: Gate) -> Step | None:
    """A metric that is the same on every seed cannot be tested: it must be told how to vary."""
    scores = state.baseline_scores
    if gate.claimed_rate is None or len(scores) < 2 or len(set(scores)) > 1:
        return None
    return Pause(seeding.reason(state), seeding.CAUSE)


def _end(state: LoopState, worked_s: float) -> Step | None:
    session = state.session
    assert session is not None
    over = session.wall_s is not None and worked_s >= session.wall_s
    if state.current is not None and not over and not (session.is_paid_out and _asks_for_money(state.current)):
        return None
    due: tuple[str, str] | None = None
    if over:
        audited = bool(state.audits) and state.audits[-1].at >= session.at
        beyond = " Its final audit is made whatever the time, and is counted in." if audited else ""
        due = f"The session has worked for {worked_s:.0f} s of {session.wall_s:g} s.{beyond}", "wall"
    elif session.iterations is not None and session.done >= session.iterations:
        due = f"{session.done} of {session.iterations} experiments are done.", "iterations"
    elif session.is_paid_out:
        due = f"${session.spent_usd:.2f} of ${session.cost_usd:.2f} are spent.", "cost"
    elif session.target is not None and (metric := _reached(state, session.target)) is not None:
        due = f"The target {session.target:g} is reached: {metric:.6g}.", "target"
    elif session.plateau is not None and session.since_improved >= session.plateau:
        due = f"{session.since_improved} experiments in a row kept nothing.", "plateau"
    elif session.out_of_ideas and not state.pins:
        due = session.out_of_ideas, "idle"
    if due is None:
        return None
    return BeginAudit() if state.owes_audit else End(*due)


def _asks_for_money(current: Current) -> bool:
    """Whether the next step is a coder's, who costs; the runs of a change that is made are paid for already."""
    return not current.commit and current.vetoed_by is None


def _reached(state: LoopState, target: float) -> float | None:
    """The head's metric if it is as good as the target; what somebody only recorded, untested, reaches none."""
    metric = state.head_metric if state.baseline else None
    if metric is None:
        return None
    return metric if (metric <= target if state.lower_is_better else metric >= target) else None


def _experiment_step(
    state: LoopState, config: LoopConfig, gate: Gate, current: Current, routes: tuple[Route, ...]
) -> Step:
    if current.vetoed_by is not None:
        why = f": {current.veto}" if current.veto else ""
        return Conclude(current.n, Decided(verdict=Verdict.DISCARD, reason=f"vetoed by {current.vetoed_by}{why}"))
    if not current.commit:
        return Apply(current.n)
    if ended := _trial_ended_it(current):
        return Conclude(current.n, ended)
    following = next_run(current.planned, current.trials, current.warm_up)
    if following is not None:
        plan, role, subject = following
        commit = current.commit if subject == "candidate" else current.against or current.parent
        return Run(current.n, role, subject, commit, plan.seed, plan.pair)
    asked = gate.next(case_of(state, current, config, routes))
    match asked:
        case Decided():
            return Conclude(current.n, asked)
        case Screen():
            seed = seed_for(state.seed, "screen", current.n)
            return Run(current.n, "screen", "candidate", current.commit, seed)
        case Reference():
            seed = seed_for(state.seed, "reference", current.n, len(current.trials))
            return Run(current.n, "reference", "incumbent", current.parent, seed)
        case Confirm():
            pairs = _drawn(state.seed, ("pair", current.n), len(current.planned), asked)
            return PlanBlock(current.n, pairs, asked.warm_up, asked)


def _trial_ended_it(current: Current) -> Decided | None:
    """A run of the candidate that was tampered with or ran out of time leaves a gate nothing to judge."""
    if current.tampered:
        return Decided(verdict=Verdict.TAMPERED, reason="; ".join(current.tampered)[:1000], suspicious=True)
    for row in current.trials:
        if row.counts and row.tampered:
            return Decided(verdict=Verdict.TAMPERED, reason="; ".join(row.tampered)[:1000], suspicious=True)
    for row in current.trials:
        if row.subject == "candidate" and row.ending == "timed_out":
            return Decided(verdict=Verdict.TIMEOUT, reason=row.reason)
        if row.subject == "candidate" and row.counts and row.score is None and row.role in ("screen", "confirm"):
            return Decided(verdict=Verdict.CRASH, reason=row.reason or row.ending)
    dead = [row for row in current.trials if row.role == "reference" and row.counts and row.score is None]
    if len(dead) < LOST_MOST:
        return None
    said = f"the incumbent gave no score in {len(dead)} of the runs that the test asks for: {dead[-1].reason}"
    return Decided(verdict=Verdict.INCONCLUSIVE, reason=said[:1000], suspicious=True)


def _drawn(seed: int, what: tuple[object, ...], first: int, asked: Confirm) -> tuple[PlannedPair, ...]:
    return tuple(
        PlannedPair(
            pair=first + at,
            seed=seed_for(seed, *what, first + at),
            order=order,
            incumbent=asked.incumbent,
            repeats=asked.repeats,
        )
        for at, order in enumerate(asked.orders[: asked.pairs])
    )


def _audit_step(state: LoopState, config: LoopConfig, audit: Audit, routes: tuple[Route, ...]) -> Step:
    following = next_run(audit.planned, audit.trials, audit.warm_up)
    if following is not None:
        plan, role, subject = following
        commit = audit.commit if subject == "candidate" else state.base
        return Run(AUDIT, "audit" if role == "confirm" else role, subject, commit, plan.seed, plan.pair)
    pairs = (*audit.done, *pairs_of(audit.planned, audit.trials, config if routes else None))
    coin = seed_for(state.seed, "audit coin", audit.place)
    bar, before = auditing.bar(audit.place), len(audit.done)
    asked = audit_next(pairs, coin=coin, time_like=config.metric.time_like, bar=bar, before=before, routes=routes)
    if isinstance(asked, Decided):
        return ConcludeAudit(asked)
    assert isinstance(asked, Confirm)
    planned = _drawn(state.seed, ("audit", audit.place), audit.drawn + len(audit.planned), asked)
    return PlanBlock(AUDIT, planned, asked.warm_up, asked)


def runs_of(rows: list[TrialRow]) -> int:
    """How many runs came to their own end."""
    return sum(row.counts for row in rows)
