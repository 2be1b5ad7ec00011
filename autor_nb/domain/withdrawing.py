"""Taking a stage and all later ones back, and taking that back: the part of the fold that undoes."""

from __future__ import annotations

import msgspec

from autor_nb.domain import events as ev
from autor_nb.domain.run import RunStatus
from autor_nb.domain.stage import AttemptStatus, StageStatus
from autor_nb.domain.state import AttemptState, RunState, StageState, Undoable

_encoder = msgspec.msgpack.Encoder()
_stages_decoder = msgspec.msgpack.Decoder(list[StageState])


def stage_of(state: RunState, slug: str) -> StageState:
    """The stage of that slug; LookupError if the run has none."""
    for stage in state.stages:
        if stage.ref.slug == slug:
            return stage
    raise LookupError(f"stage {slug!r}")


def _withdraw(state: RunState, slug: str, reason: str) -> StageState:
    """Take a stage and all later ones back; what they had approved becomes stale."""
    first = stage_of(state, slug)
    position = state.stages.index(first)
    for stage in state.stages[position:]:
        for attempt in stage.attempts:
            attempt.judged = True
            if attempt.status in (AttemptStatus.APPROVED, AttemptStatus.IN_REVIEW, AttemptStatus.REFINED):
                attempt.status = AttemptStatus.WITHDRAWN
        was_worked_on = bool(stage.attempts)
        stage.approved = None
        stage.approved_at = ""
        stage.stale = was_worked_on and stage is not first
        stage.stale_by, stage.stale_reason = (slug, reason) if stage.stale else ("", "")
        stage.status = StageStatus.STALE if stage.stale else StageStatus.PENDING
    withdrawn = {stage.ref.slug for stage in state.stages[position:]}
    state.feedback = tuple(given for given in state.feedback if given.stage not in withdrawn)
    state.current, state.review, state.pending_edit = slug, None, None
    state.completed_at = ""
    if first.ref.number < "05":
        state.frozen_hypotheses = ""
    return first


def _files_before(state: RunState, slug: str) -> str:
    """The workspace as it was when the stage was first set to work."""
    first = stage_of(state, slug)
    position = state.stages.index(first)
    for stage in reversed(state.stages[:position]):
        approved = stage.attempt(stage.approved) if stage.approved else None
        if approved:
            return approved.files_after
    return first.attempts[0].files_before if first.attempts else state.files


def redo(state: RunState, event: ev.Redone) -> None:
    """The stage starts afresh, from the files as they were before it."""
    _withdraw(state, event.stage, "redone")
    state.pending_files = _files_before(state, event.stage)
    state.next_trigger, state.status, state.undoable = "redo", RunStatus.RUNNING, None
    state.last_error = state.pause_reason = ""


def roll_back(state: RunState, event: ev.RolledBack) -> None:
    """The stage's last approved attempt is open for review again; what was there is kept for an undo."""
    state.undoable = Undoable(
        stages=_encoder.encode(state.stages),
        feedback=state.feedback,
        files=event.files,
        current=state.current,
        review=state.review,
        status=state.status,
        frozen=state.frozen_hypotheses,
        next_trigger=state.next_trigger,
        pending_edit=state.pending_edit,
        completed_at=state.completed_at,
    )
    first = _withdraw(state, event.stage, "rolled back")
    attempt = first.attempt(event.attempt)
    if attempt is None:
        return
    attempt.status = AttemptStatus.IN_REVIEW
    first.status = StageStatus.IN_REVIEW
    state.pending_files = attempt.files_after
    state.review, state.status = (event.stage, event.attempt), RunStatus.IN_REVIEW
    state.last_error = state.pause_reason = ""


def undo(state: RunState, event: ev.RollbackUndone) -> None:
    """Stages, approvals, feedback, review and files are as they were before the rollback.

    What was done since (refined, edited) stays in the log and its attempts keep their numbers, as withdrawn ones.
    """
    before = state.undoable
    if before is None:
        return
    since = {stage.ref.slug: stage.attempts for stage in state.stages}
    state.stages = _stages_decoder.decode(before.stages)
    for stage in state.stages:
        _keep_as_withdrawn(stage, since[stage.ref.slug][len(stage.attempts) :])
    state.feedback, state.current, state.review = before.feedback, before.current, before.review
    state.status, state.frozen_hypotheses = before.status, before.frozen
    state.pending_files, state.undoable = before.files, None
    state.next_trigger, state.pending_edit, state.retries = before.next_trigger, before.pending_edit, 0
    state.completed_at = before.completed_at
    state.last_error = state.pause_reason = ""


_OPEN = (AttemptStatus.RUNNING, AttemptStatus.APPROVED, AttemptStatus.IN_REVIEW, AttemptStatus.REFINED)


def _keep_as_withdrawn(stage: StageState, made_since: list[AttemptState]) -> None:
    if not made_since:
        return
    for attempt in stage.attempts:
        if not attempt.judged:  # it was in the middle, and is not the newest any more
            attempt.judged, attempt.status = True, AttemptStatus.WITHDRAWN
    for attempt in made_since:
        attempt.judged = True
        if attempt.status in _OPEN:
            attempt.status = AttemptStatus.WITHDRAWN
    stage.attempts += made_since
