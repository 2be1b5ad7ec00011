"""The fold: a run's log → its state. Every face and the engine see the run through this and nothing else.

`Fold.apply` takes events in order and mutates a state that it owns; `snapshot` answers with a copy that nobody
mutates. Unknown events count and change nothing else; at a damaged line the fold ends, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from autor_nb.domain import budget, withdrawing
from autor_nb.domain import events as ev
from autor_nb.domain.run import RunStatus
from autor_nb.domain.stage import AttemptStatus, Ending, StageStatus
from autor_nb.domain.state import (
    NOT_RESTORED,
    AttemptState,
    FeedbackGiven,
    PendingEdit,
    Refusal,
    RunState,
    StageState,
    Waiver,
)
from autor_nb.domain.withdrawing import stage_of

_ENDINGS = {
    Ending.TIMED_OUT: AttemptStatus.TIMED_OUT,
    Ending.LOST: AttemptStatus.LOST,
}
_copy_encoder = msgspec.msgpack.Encoder()
_copy_decoder = msgspec.msgpack.Decoder(RunState)
REFUSALS_KEPT = 50


class Fold:
    """A state under construction."""

    def __init__(self) -> None:
        self.state = RunState()

    def apply(self, events: Iterable[ev.Event | ev.Unknown]) -> RunState:
        """Take events in; answers with the live state (see `snapshot`)."""
        state = self.state
        if state.damaged:
            return state
        event: ev.Event | ev.Unknown | None = None
        try:
            event = self._apply(state, events)
        except LookupError as error:
            state.damaged = f"its log speaks of {error}, which this run does not have"
        if event is not None:
            state.last_event = type(event).__struct_config__.tag or ""  # type: ignore[assignment]
            if isinstance(event, ev.Unknown):
                state.last_event = "unknown"
        return state

    def _apply(self, state: RunState, events: Iterable[ev.Event | ev.Unknown]) -> ev.Event | ev.Unknown | None:
        """Every event in order, up to a damaged line; answers with the last one."""
        event: ev.Event | ev.Unknown | None = None
        for event in events:
            handler = _HANDLERS.get(type(event))
            if handler is None:
                if isinstance(event, ev.Damaged):
                    state.damaged = str(event)
                    break
                state.unknown += 1
                state.updated_at = event.at or state.updated_at
                continue
            handler(state, event)
            state.updated_at = event.at or state.updated_at
            if event.seq > state.last_seq:
                state.last_seq = event.seq
            command_id = getattr(event, "command_id", None)
            if command_id is not None:
                state.answered[command_id] = event.seq
        return event

    def snapshot(self) -> RunState:
        """A copy of the state as it is."""
        return _copy_decoder.decode(_copy_encoder.encode(self.state))


def fold(events: Iterable[ev.Event | ev.Unknown]) -> RunState:
    """The state after these events."""
    return Fold().apply(events)


def _attempt(state: RunState, slug: str, number: int) -> AttemptState | None:
    stage = state.stage(slug)
    return stage.attempt(number) if stage else None


def _created(state: RunState, event: ev.RunCreated) -> None:
    state.run_id, state.goal, state.original_goal = event.run_id, event.goal, event.original_goal or event.goal
    state.created_at, state.created_by = event.at, event.by
    state.config, state.inputs, state.resources = event.config, event.inputs, event.resources
    state.config_sha256 = event.inputs.get("run_config.json", "")
    state.software, state.left_out = event.software, event.left_out
    state.stages = [StageState(ref=ref, attempts=[]) for ref in event.workflow]
    state.files = event.files
    state.current = event.workflow[0].slug if event.workflow else None


def _started(state: RunState, event: ev.RunStarted) -> None:
    state.retries = 0
    state.last_error = state.pause_reason = ""
    if state.status is not RunStatus.COMPLETED:
        state.status = RunStatus.IN_REVIEW if state.review else RunStatus.RUNNING
    state.mend = ""
    budget.begin_anew(state, event.at)


def _config_changed(state: RunState, event: ev.ConfigChanged) -> None:
    state.config, state.config_sha256 = event.config, event.sha256


def _worker_started(state: RunState, event: ev.WorkerStarted) -> None:
    state.worker_pid = event.pid
    budget.engine_began(state, event.at)


def _worker_stopped(state: RunState, event: ev.WorkerStopped) -> None:
    state.worker_pid = 0
    budget.engine_ended(state, event.at)


def _attempt_started(state: RunState, event: ev.AttemptStarted) -> None:
    stage = stage_of(state, event.stage)
    stage.attempts.append(
        AttemptState(
            stage=event.stage,
            attempt=event.attempt,
            agent=event.agent,
            model=event.model,
            trigger=event.trigger,
            feedback=event.feedback,
            session_id=event.session_id,
            started_at=event.at,
            prompt_path=event.prompt_path,
            prompt_sha256=event.prompt_sha256,
            prompt_bytes=event.prompt_bytes,
            draft_sha256_before=event.draft_sha256_before,
            files_before=event.files,
        )
    )
    if event.trigger == "edit" and state.pending_edit is not None:
        stage.attempts[-1].edited_by = state.pending_edit.by
    stage.status, stage.updated_at = StageStatus.RUNNING, event.at
    stage.stale = False
    state.current, state.status, state.next_trigger = event.stage, RunStatus.RUNNING, "start"


def _agent_spawned(state: RunState, event: ev.AgentSpawned) -> None:
    attempt = _attempt(state, event.stage, event.attempt)
    if attempt:
        attempt.pid, attempt.process_started, attempt.marker = event.pid, event.process_started, event.marker


def _attempt_ended(state: RunState, event: ev.AttemptEnded) -> None:
    attempt = _attempt(state, event.stage, event.attempt)
    if attempt is None:
        return
    attempt.ending, attempt.detail, attempt.ended_at = event.ending, event.detail, event.at
    attempt.draft_sha256, attempt.summary_path, attempt.written_by = (
        event.draft_sha256,
        event.summary_path,
        event.written_by,
    )
    attempt.files_after, attempt.changed, attempt.outside = event.files, event.changed, event.outside
    attempt.session_id = event.session_id
    attempt.exit_code, attempt.duration_s = event.exit_code, event.duration_s
    attempt.usage, attempt.cost_usd, attempt.agent_events = event.usage, event.cost_usd, event.events
    attempt.suggestions, attempt.questions = event.suggestions, event.questions
    attempt.pid = 0
    if attempt.trigger == "edit" and event.ending is Ending.FINISHED:
        state.pending_edit = None
    if event.ending is not Ending.FINISHED:
        attempt.status = _ENDINGS.get(event.ending, AttemptStatus.FAILED)
    state.files = event.files or state.files
    state.cost_usd += event.cost_usd or 0.0
    state.work_s += event.duration_s


def _attempt_checked(state: RunState, event: ev.AttemptChecked) -> None:
    attempt = _attempt(state, event.stage, event.attempt)
    if attempt is None:
        return
    attempt.checked, attempt.checked_seq = True, event.seq
    attempt.checks, attempt.checks_object = event.checks, event.checks_object
    attempt.blocking, attempt.unwaivable = event.blocking, event.unwaivable
    attempt.warnings, attempt.checks_total = event.warnings, event.total


def _notebook_rendered(state: RunState, event: ev.NotebookRendered) -> None:
    attempt = _attempt(state, event.stage, event.attempt)
    if attempt:
        attempt.notebook, attempt.notebook_complete = event.path, event.complete


def _review_opened(state: RunState, event: ev.ReviewOpened) -> None:
    attempt = _attempt(state, event.stage, event.attempt)
    if attempt is None:
        return
    attempt.judged, attempt.cap_reached = True, event.cap_reached
    if attempt.is_new_work:
        attempt.status = AttemptStatus.IN_REVIEW
    stage = stage_of(state, event.stage)
    stage.status, stage.updated_at = StageStatus.IN_REVIEW, event.at
    state.review, state.status = (event.stage, event.attempt), RunStatus.IN_REVIEW


def _attempt_retried(state: RunState, event: ev.AttemptRetried) -> None:
    state.retries += 1
    state.next_trigger = "edit" if state.pending_edit is not None else "retry"
    attempt = _attempt(state, event.stage, event.attempt)
    if attempt:
        attempt.judged = True
        stage_of(state, event.stage).status = StageStatus.PENDING
    if state.review == (event.stage, event.attempt):  # nothing in it to approve, and somebody said to go on
        state.review, state.status = None, RunStatus.RUNNING


def _approved(state: RunState, event: ev.Approved) -> None:
    attempt = _attempt(state, event.stage, event.attempt)
    if attempt is None:
        return
    stage = stage_of(state, event.stage)
    attempt.status, attempt.decided_at, attempt.decided_by = AttemptStatus.APPROVED, event.at, event.by
    stage.status, stage.approved, stage.approved_at = StageStatus.APPROVED, event.attempt, event.at
    stage.last_approved, stage.stale, stage.updated_at = event.attempt, False, event.at
    state.review, state.undoable, state.missing = None, None, ()
    _human(state, event)
    state.feedback = tuple(given for given in state.feedback if given.stage != event.stage)
    later = state.stages[state.stages.index(stage) + 1 :]
    state.current = later[0].ref.slug if later else None
    state.status = RunStatus.RUNNING


def _human(state: RunState, event: ev.Decision) -> None:
    if event.by.is_person:
        state.retries = 0
        budget.begin_anew(state, event.at)
    else:
        state.policy_decisions += 1
        state.retries = 0 if isinstance(event, ev.Approved) else state.retries + 1


def _check_waived(state: RunState, event: ev.CheckWaived) -> None:
    attempt = _attempt(state, event.stage, event.attempt)
    if attempt:
        waiver = Waiver(check_id=event.check_id, why=event.why, by=event.by, at=event.at)
        attempt.waivers = (*(w for w in attempt.waivers if w.check_id != event.check_id), waiver)


def _sent_back(state: RunState, event: ev.Refined | ev.DraftEdited, trigger: str) -> None:
    """What was in review is not any more; the stage is taken up again."""
    attempt = _attempt(state, event.stage, event.attempt)
    assert attempt is not None
    if attempt.status is AttemptStatus.IN_REVIEW:
        attempt.status = AttemptStatus.REFINED
    attempt.decided_at, attempt.decided_by = event.at, event.by
    stage_of(state, event.stage).status = StageStatus.PENDING
    state.review, state.next_trigger = None, trigger
    state.status = RunStatus.RUNNING
    _human(state, event)


def _refined(state: RunState, event: ev.Refined) -> None:
    if _attempt(state, event.stage, event.attempt) is None:
        return
    given = FeedbackGiven(
        stage=event.stage,
        attempt=event.attempt,
        text=event.feedback,
        suggestion=event.suggestion,
        by=event.by,
        at=event.at,
    )
    state.feedback = (*state.feedback, given)
    _sent_back(state, event, "refine")


def _draft_edited(state: RunState, event: ev.DraftEdited) -> None:
    if _attempt(state, event.stage, event.attempt) is None:
        return
    state.pending_edit = PendingEdit(stage=event.stage, draft_sha256=event.draft_sha256, by=event.by)
    _sent_back(state, event, "edit")


def _answered(state: RunState, event: ev.Answered) -> None:
    asked = {qa.question for qa in event.answers}
    state.intake = (*(qa for qa in state.intake if qa.question not in asked), *event.answers)


def _redone(state: RunState, event: ev.Redone) -> None:
    withdrawing.redo(state, event)
    _human(state, event)


def _rolled_back(state: RunState, event: ev.RolledBack) -> None:
    withdrawing.roll_back(state, event)
    _human(state, event)


def _workspace_restored(state: RunState, event: ev.WorkspaceRestored) -> None:
    state.pending_files, state.files, state.missing = "", event.files, event.missing
    attempt = state.under_review
    if attempt is not None and event.missing and NOT_RESTORED not in attempt.blocking:
        attempt.blocking = (*attempt.blocking, NOT_RESTORED)


def _log_recovered(state: RunState, event: ev.LogRecovered) -> None:
    state.pending_files, state.undoable = state.files, None


def _hypotheses_frozen(state: RunState, event: ev.HypothesesFrozen) -> None:
    state.frozen_hypotheses = event.sha256


def _stopped(state: RunState, event: ev.Stopped) -> None:
    state.status, state.pause_reason, state.mend = RunStatus.PAUSED, f"stopped by {event.by}", ""


def _paused(state: RunState, event: ev.Paused) -> None:
    state.status, state.pause_reason, state.mend = RunStatus.PAUSED, event.reason, event.suggestion


def _budget_warned(state: RunState, event: ev.BudgetWarned) -> None:
    state.budget_told = event.share


def _rollback_undone(state: RunState, event: ev.RollbackUndone) -> None:
    withdrawing.undo(state, event)
    budget.begin_anew(state, event.at)


def _aborted(state: RunState, event: ev.Aborted) -> None:
    state.status, state.pause_reason = RunStatus.ABORTED, event.reason or f"aborted by {event.by}"


def _run_failed(state: RunState, event: ev.RunFailed) -> None:
    state.status, state.last_error, state.mend = RunStatus.FAILED, event.reason, event.suggestion


def _run_completed(state: RunState, event: ev.RunCompleted) -> None:
    state.status, state.completed_at, state.current = RunStatus.COMPLETED, event.at, None


def _command_refused(state: RunState, event: ev.CommandRefused) -> None:
    refusal = Refusal(
        command_id=event.command_id,
        command=event.command,
        reason=event.reason,
        suggestion=event.suggestion,
        by=event.by,
        at=event.at,
    )
    state.refusals = [*state.refusals[-REFUSALS_KEPT + 1 :], refusal]


_HANDLERS: dict[type, Callable[[RunState, Any], None]] = {
    ev.RunCreated: _created,
    ev.RunStarted: _started,
    ev.ConfigChanged: _config_changed,
    ev.WorkerStarted: _worker_started,
    ev.WorkerStopped: _worker_stopped,
    ev.AttemptStarted: _attempt_started,
    ev.AgentSpawned: _agent_spawned,
    ev.AttemptEnded: _attempt_ended,
    ev.AttemptChecked: _attempt_checked,
    ev.NotebookRendered: _notebook_rendered,
    ev.ReviewOpened: _review_opened,
    ev.AttemptRetried: _attempt_retried,
    ev.Approved: _approved,
    ev.CheckWaived: _check_waived,
    ev.Refined: _refined,
    ev.DraftEdited: _draft_edited,
    ev.Answered: _answered,
    ev.Redone: _redone,
    ev.RolledBack: _rolled_back,
    ev.RollbackUndone: _rollback_undone,
    ev.WorkspaceRestored: _workspace_restored,
    ev.HypothesesFrozen: _hypotheses_frozen,
    ev.Stopped: _stopped,
    ev.Paused: _paused,
    ev.BudgetWarned: _budget_warned,
    ev.Aborted: _aborted,
    ev.RunFailed: _run_failed,
    ev.RunCompleted: _run_completed,
    ev.LogRecovered: _log_recovered,
    ev.CommandRefused: _command_refused,
}
