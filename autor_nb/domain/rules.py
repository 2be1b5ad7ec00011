"""The rules of a run: what a command leads to, or why it is refused; what comes next is in `steps`.

Pure: state in, events out. The engine carries them out and fills in what only the disk can tell.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from autor_nb.domain import commands as cmd
from autor_nb.domain import events as ev
from autor_nb.domain.run import Actor, Question, RunConfig, RunStatus
from autor_nb.domain.stage import models_by_slug
from autor_nb.domain.state import NOT_RESTORED, AttemptState, RunState, StageState
from autor_nb.domain.steps import (
    Complete,
    Decide,
    Judge,
    Lose,
    Restore,
    Step,
    Wait,
    Work,
    config_of,
    fails_the_same,
    lost_by,
    next_step,
    verdict,
)

__all__ = [
    "Complete",
    "Decide",
    "Judge",
    "Lose",
    "Refused",
    "Restore",
    "Step",
    "Wait",
    "Work",
    "answer",
    "config_of",
    "fails_the_same",
    "lost_by",
    "next_step",
    "verdict",
    "withdrawal",
]

FEEDBACK_CAP = 32_000
DRAFT_CAP = 400_000


class Refused(Exception):
    """A command is refused: `reason`, and the `suggestion` that mends it."""

    def __init__(self, reason: str, suggestion: str = "") -> None:
        super().__init__(reason)
        self.reason, self.suggestion = reason, suggestion


# -------------------------------------------------------------------------------------------- commands


def answer(state: RunState, command: cmd.RunCommand) -> Sequence[ev.Event]:
    """The events a command leads to; raises Refused. `files` of Redone and RolledBack is the engine's to fill."""
    who: dict[str, Any] = {"by": command.by, "command_id": command.id}
    match command:
        case cmd.Start():
            return _start(state, command, who)
        case cmd.Stop():
            return _stop(state, who)
        case cmd.Abort():
            if state.status in (RunStatus.COMPLETED, RunStatus.ABORTED):
                raise Refused(f"Run {state.run_id} is {state.status} already.")
            return [ev.Aborted(reason=command.reason, **who)]
        case cmd.Approve():
            return _approve(state, command, who)
        case cmd.Waive():
            attempt = _reviewed(state, command.attempt, "waive")
            return [_waiver(attempt, command.check_id, command.why, command.by, who)]
        case cmd.Refine():
            return _refine(state, command, who)
        case cmd.Edit():
            return _edit(state, command, who)
        case cmd.Answer():
            return _answer(state, command, who)
        case cmd.Redo():
            stage = _known(state, command.stage)
            if not stage.attempts:
                raise Refused(f"Stage {stage.ref.number} has not been worked on yet, so there is nothing to redo.")
            return [ev.Redone(stage=stage.ref.slug, **who)]
        case cmd.Rollback():
            return _rollback(state, command, who)
        case cmd.Undo():
            if state.undoable is None:
                raise Refused("There is no rollback to undo: undo is possible until the next approval after it.")
            return [ev.RollbackUndone(**who)]


def _start(state: RunState, command: cmd.Start, who: dict[str, Any]) -> list[ev.Event]:
    if state.status is RunStatus.COMPLETED:
        raise Refused(
            f"Run {state.run_id} is complete.",
            "`autor redo STAGE` or `autor rollback STAGE` takes up work on it again.",
        )
    changed: list[ev.Event] = []
    if command.config:
        config = {**state.config, **command.config}
        try:
            models = msgspec.convert(config, RunConfig).models
            if models:
                config["models"] = models_by_slug(models, [stage.ref for stage in state.stages])
        except msgspec.ValidationError as error:
            raise Refused(f"That is not a valid configuration: {error}.", "`autor resume --help`") from error
        except KeyError as error:
            raise Refused(
                f"A model is named for the stage {error}, which this run does not have.",
                "Stages: " + ", ".join(stage.ref.slug for stage in state.stages),
            ) from error
        changed.append(ev.ConfigChanged(config=config, by=command.by))
    return [*changed, *_worked_again(state), ev.RunStarted(**who)]  # who asked goes on when its answer is there


def _worked_again(state: RunState) -> list[ev.Event]:
    """Going on under a review that holds no new work, with nothing else to go on with, is working again."""
    attempt = state.under_review
    if attempt is None or attempt.is_new_work:
        return []
    reason = f"The run goes on, and attempt {attempt.attempt} left nothing to approve."
    return [ev.AttemptRetried(stage=attempt.stage, attempt=attempt.attempt, reason=reason)]


def _stop(state: RunState, who: dict[str, Any]) -> list[ev.Decision]:
    if state.status not in (RunStatus.RUNNING, RunStatus.IN_REVIEW):
        raise Refused(f"Run {state.run_id} is not working: it is {state.status}.")
    return [ev.Stopped(**who)]


def _known(state: RunState, key: str) -> StageState:
    stage = state.stage(key)
    if stage is None:
        raise Refused(f"This run has no stage {key!r}.", "Stages: " + ", ".join(s.ref.slug for s in state.stages))
    return stage


def _reviewed(state: RunState, number: int | None, verb: str) -> AttemptState:
    if state.status is RunStatus.ABORTED:
        raise Refused(f"Run {state.run_id} was aborted.", f"`autor resume {state.run_id}` takes it up again.")
    attempt = state.under_review
    if attempt is None:
        now = f"stage {state.current} is being worked on" if state.current else f"the run is {state.status}"
        raise Refused(f"Nothing waits for a decision: {now}.", "`autor status` shows what comes next.")
    if number is not None and number != attempt.attempt:
        raise Refused(
            f"Attempt {number} is not in review: attempt {attempt.attempt} of {attempt.stage} is.",
            f"Look at it, then `autor {verb}`.",
        )
    return attempt


def _waiver(attempt: AttemptState, check_id: str, why: str, by: Actor, who: dict[str, Any]) -> ev.CheckWaived:
    if not by.is_person:
        raise Refused("A policy never waives a check.", "A person can: `autor approve --waive CHECK --why TEXT`.")
    if not why.strip():
        raise Refused(f"Waiving {check_id} needs a reason.", f'`autor waive {check_id} --why "…"`')
    if len(why) > 2000:
        raise Refused("A reason for a waiver has at most 2,000 characters.")
    if check_id not in attempt.blocking:
        known = ", ".join(attempt.blocking) or "none"
        raise Refused(f"{check_id} is not a failing blocking check of this attempt.", f"Failing: {known}.")
    if check_id in attempt.unwaivable:
        raise Refused(
            f"{check_id} cannot be waived: {attempt.detail or 'there is no new work to approve'}.",
            '`autor refine "…"` or `autor redo STAGE`.',
        )
    return ev.CheckWaived(stage=attempt.stage, attempt=attempt.attempt, check_id=check_id, why=why.strip(), **who)


def _approve(state: RunState, command: cmd.Approve, who: dict[str, Any]) -> list[ev.Decision]:
    attempt = _reviewed(state, command.attempt, "approve")
    if command.draft_sha256 and command.draft_sha256 != attempt.draft_sha256:
        raise Refused("The draft is not the one that you saw.", "Look at it again, then approve.")
    if not attempt.is_new_work:
        raise Refused(
            f"Attempt {attempt.attempt} of {attempt.stage} is not new work ({attempt.ending}): {attempt.detail}",
            '`autor refine "…"` sets the agent to work again; `autor abort` ends the run.',
        )
    unanswered = [q.text for q in attempt.questions if not q.default and q.text not in _asked(state)]
    if unanswered:
        raise Refused(f"A question waits that has no default: {unanswered[0]}", '`autor answer 1 "…"`')
    waived = [_waiver(attempt, check, why, command.by, {"by": command.by}) for check, why in command.waive.items()]
    left = [check for check in attempt.open_blocking if check not in command.waive]
    if left == [NOT_RESTORED]:
        raise Refused(
            f"{len(state.missing)} files of attempt {attempt.attempt} could not be brought back, because they were too "
            f"large to be kept: {', '.join(state.missing[:5])}.",
            f"`autor undo` takes the rollback back; or approve without them: `autor approve --waive {NOT_RESTORED} "
            '--why "…"`.',
        )
    if left:
        raise Refused(
            f"{len(left)} blocking check{'s' if len(left) > 1 else ''} of {attempt.stage} attempt "
            f"{attempt.attempt} fail{'' if len(left) > 1 else 's'}: {', '.join(left)}.",
            f'`autor refine "…"`, or a person takes it over: `autor approve --waive {left[0]} --why "…"`.',
        )
    approved = ev.Approved(
        stage=attempt.stage, attempt=attempt.attempt, draft_sha256=attempt.draft_sha256, note=command.note[:2000], **who
    )
    return [*waived, approved]


def _asked(state: RunState) -> set[str]:
    return {qa.question for qa in state.intake if qa.answer.strip()}


def _refine(state: RunState, command: cmd.Refine, who: dict[str, Any]) -> list[ev.Decision]:
    attempt = _reviewed(state, command.attempt, "refine")
    text = command.feedback.strip()
    if command.suggestion is not None:
        if not 1 <= command.suggestion <= len(attempt.suggestions):
            raise Refused(
                f"There is no suggestion {command.suggestion}: the draft has {len(attempt.suggestions)}.",
                '`autor refine 1`, or `autor refine "your own words"`.',
            )
        text = attempt.suggestions[command.suggestion - 1]
    if not text:
        raise Refused("Refining needs a suggestion's number or your own words.", "`autor refine 2`")
    if len(text) > FEEDBACK_CAP:
        raise Refused(
            f"Feedback has at most {FEEDBACK_CAP:,} characters; this has {len(text):,}.",
            "Put the long part into a file and name it in the feedback.",
        )
    return [
        ev.Refined(stage=attempt.stage, attempt=attempt.attempt, feedback=text, suggestion=command.suggestion, **who)
    ]


def _edit(state: RunState, command: cmd.Edit, who: dict[str, Any]) -> list[ev.Decision]:
    attempt = _reviewed(state, command.attempt, "edit")
    if not command.by.is_person:
        raise Refused("A policy never edits a draft.")
    if command.draft_sha256 and command.draft_sha256 != attempt.draft_sha256:
        raise Refused("The draft is not the one that you edited.", "Look at it again, then edit it.")
    if not command.text.strip():
        raise Refused("An edited draft needs a text.", "`autor show` prints the draft as it is.")
    if len(command.text) > DRAFT_CAP:
        raise Refused(
            f"A draft has at most {DRAFT_CAP:,} characters; this has {len(command.text):,}.",
            "Put the long part into a file of the workspace and name it in the draft.",
        )
    edited = sha256(command.text.encode("utf-8", "replace")).hexdigest()
    if edited == attempt.draft_sha256:
        raise Refused("The draft is as it was: nothing was edited.", "`autor approve` takes it as it is.")
    return [ev.DraftEdited(stage=attempt.stage, attempt=attempt.attempt, draft_sha256=edited, **who)]


def _answer(state: RunState, command: cmd.Answer, who: dict[str, Any]) -> list[ev.Decision]:
    intake = next((stage for stage in state.stages if stage.latest and stage.latest.questions), None)
    if intake is None or intake.latest is None:
        raise Refused("This run has asked nothing.", "Questions come from the intake stage (`new --intake`).")
    if intake.approved is not None:
        raise Refused("The intake is approved: its answers count.", f"`autor redo {intake.ref.number}` reopens it.")
    known = {key: q for q in intake.latest.questions for key in (q.id, q.text)}
    answers = []
    for qa in command.answers:
        if qa.question not in known:
            raise Refused(
                f"There is no question {qa.question!r}.",
                "Questions: " + "; ".join(q.id for q in intake.latest.questions),
            )
        if not qa.answer.strip() or len(qa.answer) > 4000:
            raise Refused("An answer has between 1 and 4,000 characters.")
        _check_choice(known[qa.question], qa.answer)
        answers.append(msgspec.structs.replace(qa, question=known[qa.question].text))
    return [ev.Answered(answers=tuple(answers), **who)]


def _check_choice(question: Question, answer: str) -> None:
    """Refuse what names no choice (case, spaces and underscores forgiven where that is clear) of a closed question."""
    if not question.closed:
        return
    for same in (str.strip, _loosely):
        if sum(same(choice) == same(answer) for choice in question.choices) == 1:
            return
    near = difflib.get_close_matches(answer, question.choices, n=1)
    raise Refused(
        f"{answer[:100]!r} is no answer to the question {question.id!r}: {question.text}",
        (f"Did you mean {near[0]!r}? " if near else "") + f"Choices: {', '.join(map(repr, question.choices))}.",
    )


def _loosely(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split())


def _rollback(state: RunState, command: cmd.Rollback, who: dict[str, Any]) -> list[ev.Decision]:
    stage = _known(state, command.stage)
    if stage.last_approved is None:
        raise Refused(
            f"Stage {stage.ref.number} was never approved, so there is nothing to roll back to.",
            f"`autor redo {stage.ref.number}` starts it afresh.",
        )
    return [ev.RolledBack(stage=stage.ref.slug, attempt=stage.last_approved, **who)]


# --------------------------------------------------------------------------------------------- preview


def withdrawal(state: RunState, key: str) -> list[StageState]:
    """The stages that redoing or rolling back `key` would withdraw, for a preview."""
    first = _known(state, key)
    return [stage for stage in state.stages[state.stages.index(first) :] if stage.attempts]
