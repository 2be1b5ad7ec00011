"""How the state follows an experiment's verdict: its row, the head it moves, the marks it leaves."""

from __future__ import annotations

from typing import Any

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.state import KEPT, PARKED, RECENT, LoopState, Row
from autor_nb.domain.loops.verdict import Verdict

SHORT = 7


def _ended(state: LoopState, event: ev.ExperimentEnded) -> None:
    current = state.current if state.current is not None and state.current.n == event.n else None
    row = Row(
        n=event.n,
        verdict=str(event.verdict),
        summary=event.summary,
        reason=event.reason,
        commit=event.commit,
        metric=event.metric,
        score=event.score,
        delta=event.delta,
        mean=event.mean,
        e_value=event.e_value,
        bar=event.bar,
        interval=event.interval,
        expected_delta=current.idea.expected_delta if current and current.idea else None,
        trials=event.trials,
        duration_s=event.duration_s,
        at=event.at,
        suspicious=event.suspicious,
        confirmed=event.confirmed,
        within=event.within,
    )
    state.current = None if current is not None else state.current
    state.refused, state.refused_changes = [], []
    if current is not None and current.repeated:
        _forget(state, event.n)
    elif event.reached_confirm:
        state.confirms += 1
    if current is not None and event.verdict is Verdict.INCONCLUSIVE:
        state.parked = [*state.parked[-(PARKED - 1) :], current]
    if event.reference is not None:
        state.reference = list(event.reference)
    if event.reference_scores is not None:
        state.reference_scores = event.reference_scores
    if event.baseline:
        state.calibration = event.calibration
        state.baseline, state.baseline_metric = True, event.metric
        state.baseline_n = state.head_n = state.confirmed_n = event.n
        state.head_metric = state.kept_metric = event.metric
        state.head_score = row.score
        state.baseline_scores = list(state.reference)
        state.remeasured = list(event.reference) if event.reference is not None else state.remeasured
    keeps = event.verdict.moves and not event.baseline
    if keeps:
        _adopt(state, event, row)
    _count(state, row)
    if state.session is not None and not event.baseline:
        state.session.done += 1
        state.session.since_improved = 0 if keeps else state.session.since_improved + 1


def _adopt(state: LoopState, event: ev.ExperimentEnded, row: Row) -> None:
    state.head, state.head_n, state.head_metric, state.head_score = event.commit, event.n, event.metric, row.score
    state.kept_metric = event.metric
    if event.confirmed:
        state.keeps += 1
    if not event.confirmed:
        state.stepped = True
    elif not event.within:  # what is only "as good" moves no mark: margins would add up without end
        state.confirmed_head, state.confirmed_n, state.stepped = event.commit, event.n, False
    state.remeasured = []  # its confirm runs are what chose it: they flatter it
    state.parked = []
    if len(state.kept) < KEPT:
        state.kept.append(row)


def _forget(state: LoopState, n: int) -> None:
    """An experiment that was reopened has no verdict any more."""
    before = next((row for row in reversed(state.recent) if row.n == n), None)
    if before is not None:
        state.recent = [row for row in state.recent if row is not before]
        state.counts[before.verdict] = state.counts.get(before.verdict, 1) - 1


def _reopened(state: LoopState, event: ev.ExperimentReopened) -> None:
    again = next((parked for parked in state.parked if parked.n == event.n), None)
    if again is not None:
        state.parked = [parked for parked in state.parked if parked is not again]
        again.repeated = True
        state.current = again


def _count(state: LoopState, row: Row) -> None:
    state.counts[row.verdict] = state.counts.get(row.verdict, 0) + 1
    state.recent = [*state.recent[-(RECENT - 1) :], row]
    state.take_n(row.n)
    if row.verdict in ("keep", "advance"):
        state.streak = 0
    elif row.verdict == "discard":
        state.streak += 1
    valid = row.metric is not None and row.verdict not in ("tampered", "crash", "timeout")
    if valid and _is_best(state, row):
        state.best_n, state.best_metric, state.best_commit = row.n, row.metric, row.commit
        state.best_score = row.score


def _is_best(state: LoopState, row: Row) -> bool:
    if state.weighs:  # what somebody only recorded has no score
        return row.score is not None and (state.best_score is None or row.score > state.best_score)
    return row.metric is not None and state.better(row.metric, state.best_metric)


def _is_of_head(state: LoopState, commit: str) -> bool:
    """Whether a recorded metric is that of the code which the head holds."""
    return len(commit) >= SHORT and state.head.startswith(commit)


def _recorded(state: LoopState, event: ev.ExperimentRecorded) -> None:
    row = Row(
        n=event.n,
        verdict=event.status,
        summary=event.summary,
        commit=event.commit,
        metric=event.metric,
        delta=event.delta,
        duration_s=event.duration_s or 0.0,
        at=event.at,
        suspicious=event.suspicious,
        recorded=True,
    )
    if event.status in ("keep", "baseline"):
        state.kept_metric = event.metric if event.metric is not None else state.kept_metric
        if not state.baseline and _is_of_head(state, event.commit):
            state.head_metric = event.metric
        if event.status == "keep":
            state.kept = [*state.kept[-(KEPT - 1) :], row]
        elif state.baseline_metric is None:
            state.baseline_metric = event.metric
            state.baseline_n = state.head_n = state.confirmed_n = event.n
    if event.cost_usd and not event.imported:  # a session's bound is about what the loop itself spends
        state.cost_usd += event.cost_usd
    _count(state, row)


STEPS: dict[type, Any] = {
    ev.ExperimentEnded: _ended,
    ev.ExperimentReopened: _reopened,
    ev.ExperimentRecorded: _recorded,
}
