"""How the state follows the experiment at work: its idea, its change, its trials, its evidence."""

from __future__ import annotations

from typing import Any

import msgspec

from autor_nb.domain.loops import auditing
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.at_work import Current, Reading, TrialRow
from autor_nb.domain.loops.cases import scores_of
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.state import REFERENCE, LoopState

ASKED_MOST = 1000
"""As many fresh runs of the incumbent as a gate may ask for before it tests anything."""


def fresh_scores(current: Current) -> list[float]:
    """The candidate's scores on fresh confirm seeds, oldest first: never its screening score."""
    return [
        row.score
        for row in current.trials
        if row.role == "confirm" and row.subject == "candidate" and row.score is not None
    ][-REFERENCE:]


def _proposed(state: LoopState, event: ev.IdeaProposed) -> None:
    state.current = Current(
        n=event.n,
        idea=event.idea,
        critic=event.critic,
        pinned_by=event.pinned_by,
        proposed_at=event.at,
        cost_usd=event.cost_usd or 0.0,
        reference=tuple(state.reference),
        reference_scores=state.reference_scores,
    )
    if event.pinned_by is not None and state.pins:
        state.pins = state.pins[1:]
    if state.session is not None:
        state.session.out_of_ideas = ""
    state.take_n(event.n)
    _spent(state, event.cost_usd)
    _worked(state, event.duration_s)


def _refused(state: LoopState, event: ev.IdeaRefused) -> None:
    state.refused = [*state.refused[-19:], event.why]
    state.refused_changes = [*state.refused_changes[-19:], event.change]
    state.refused_total += 1
    _spent(state, event.cost_usd)
    if state.current is not None and state.current.n == event.n and not state.current.commit:
        state.give_back(event.n)
        state.current = None
    elif event.kind == "pin" and state.pins:
        state.pins = state.pins[1:]


def _applied(state: LoopState, event: ev.ChangeApplied) -> None:
    current = _at_work(state, event.n)
    if current is None:
        return
    current.commit, current.parent, current.files = event.commit, event.parent, event.files
    current.added, current.removed = event.added, event.removed
    current.diff, current.diff_sha256 = event.diff, event.diff_sha256
    current.suspicions, current.tampered = event.suspicions, event.tampered
    current.margin, current.against = event.margin, event.against
    if event.fixes:
        current.fixes = event.fixes
        current.trials = [row for row in current.trials if row.role != "screen"]
    current.cost_usd += event.cost_usd or 0.0
    _spent(state, event.cost_usd)
    _worked(state, event.duration_s)


def _trial_started(state: LoopState, event: ev.TrialStarted) -> None:
    row = TrialRow(
        trial=event.trial,
        role=event.role,
        subject=event.subject,
        seed=event.seed,
        pair=event.pair,
        started_at=event.at,
        pid=event.pid,
        process_started=event.process_started,
        marker=event.marker,
        output=event.output,
    )
    state.next_trial = max(state.next_trial, event.trial + 1)
    rows = _rows(state, event.role, event.n)
    if rows is not None:
        rows.append(row)


def _trial_ended(state: LoopState, event: ev.TrialEnded) -> None:
    rows = _rows(state, event.role, event.n)
    row = next((row for row in reversed(rows or []) if row.trial == event.trial), None)
    if row is None:
        row = TrialRow(trial=event.trial, role=event.role, subject=event.subject, seed=event.seed, pair=event.pair)
        if rows is not None:
            rows.append(row)
    for name in (
        "ending", "score", "metric", "metrics", "duration_s", "resource", "exit_code", "reason", "tampered",
        "suspicions", "slept", "unwatched", "output", "output_sha256",
    ):  # fmt: skip
        setattr(row, name, getattr(event, name))
    state.trials += row.counts
    state.next_trial = max(state.next_trial, event.trial + 1)
    _worked(state, event.duration_s)
    if event.score is None or not _ran_the_head(state, event):
        return
    state.remeasured = [*state.remeasured, event.score][-4 * REFERENCE :]
    if event.role == "reference":
        state.reference = [*state.reference, event.score][-ASKED_MOST:]
        if state.frozen:
            single = scores_of(row, msgspec.convert(state.config, LoopConfig))
            state.reference_scores = (*state.reference_scores, *filter(None, (single,)))[-ASKED_MOST:]
        if state.current is not None:
            state.current.reference = tuple(state.reference)
            state.current.reference_scores = state.reference_scores


def _ran_the_head(state: LoopState, event: ev.TrialEnded) -> bool:
    """Whether it was a run of the head on a fresh seed that no verdict about the head has read."""
    if event.role == "audit":
        return event.subject == "candidate" and state.audit is not None and state.audit.commit == state.head
    beside_another = event.role == "confirm" and state.current is not None and bool(state.current.against)
    return event.subject == "incumbent" and event.role in ("confirm", "reference") and not beside_another


def _planned(state: LoopState, event: ev.BlockPlanned) -> None:
    current = _at_work(state, event.n)
    if current is not None:
        if not current.planned:
            current.confirms = state.confirms if event.confirms is None else event.confirms
            state.confirms = max(state.confirms, current.confirms)  # what the rest of the family used up
            current.keeps = state.keeps if event.keeps is None else event.keeps
        current.planned = (*current.planned, *event.pairs)
        current.warm_up = event.warm_up or current.warm_up
    elif state.audit is not None:
        auditing.planned(state.audit, state, event)


def _voided(state: LoopState, event: ev.PairVoided) -> None:
    current = _at_work(state, event.n)
    if current is not None:
        current.voided = (*current.voided, event.pair)


def _read(state: LoopState, event: ev.EvidenceRead) -> None:
    current = _at_work(state, event.n)
    if current is not None:
        current.readings.append(
            Reading(
                pairs=event.pairs,
                e_value=event.e_value,
                bar=event.bar,
                alpha_t=event.alpha_t,
                mean=event.mean,
                interval=event.interval,
            )
        )


def _vetoed(state: LoopState, event: ev.IdeaVetoed) -> None:
    current = _at_work(state, event.n)
    if current is not None:
        current.vetoed_by, current.veto = event.by, event.why


def _repeats(state: LoopState, event: ev.RepeatsAdded) -> None:
    current = _at_work(state, event.n)
    parked = next((parked for parked in state.parked if parked.n == event.n), None)
    for experiment in (current, parked):
        if experiment is not None:
            experiment.extra_pairs += event.pairs


def _audit_asked(state: LoopState, event: ev.AuditAsked) -> None:
    auditing.begin(state, event.by)
    if state.session is not None:
        state.session.out_of_ideas = event.out_of_ideas


def _at_work(state: LoopState, n: int) -> Current | None:
    return state.current if state.current is not None and state.current.n == n else None


def _rows(state: LoopState, role: str, n: int) -> list[TrialRow] | None:
    if n == ev.AUDIT:
        return state.audit.trials if state.audit is not None else None
    if role in ("reference", "calibrate") and state.current is None and not state.baseline:
        state.current = Current(n=n, commit=state.base, parent=state.base)
        state.take_n(n)
    current = _at_work(state, n)
    return current.trials if current is not None else None


def _worked(state: LoopState, duration_s: float) -> None:
    state.worked_s += duration_s


def _spent(state: LoopState, cost_usd: float | None) -> None:
    if cost_usd:
        state.cost_usd += cost_usd
        if state.session is not None:
            state.session.spent_usd += cost_usd


STEPS: dict[type, Any] = {
    ev.IdeaProposed: _proposed,
    ev.IdeaRefused: _refused,
    ev.ChangeApplied: _applied,
    ev.TrialStarted: _trial_started,
    ev.TrialEnded: _trial_ended,
    ev.BlockPlanned: _planned,
    ev.PairVoided: _voided,
    ev.EvidenceRead: _read,
    ev.IdeaVetoed: _vetoed,
    ev.RepeatsAdded: _repeats,
    ev.AuditAsked: _audit_asked,
}
