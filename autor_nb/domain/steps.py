"""What the engine does next, read off the state alone, and what becomes of an attempt that has ended."""

from __future__ import annotations

import msgspec

from autor_nb.domain import events as ev
from autor_nb.domain.run import RunConfig, RunStatus
from autor_nb.domain.stage import AttemptStatus, Ending
from autor_nb.domain.state import AttemptState, RunState


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what the engine does next."""


class Wait(Step, frozen=True, kw_only=True):
    """Nothing to do until somebody decides (or ever)."""


class Restore(Step, frozen=True, kw_only=True):
    """Bring the workspace back to the manifest `files`."""

    files: str


class Work(Step, frozen=True, kw_only=True):
    """Set an agent to work on the stage."""

    stage: str
    trigger: str


class Lose(Step, frozen=True, kw_only=True):
    """An attempt was in work when its engine died: record it as lost."""

    stage: str
    attempt: int


class Judge(Step, frozen=True, kw_only=True):
    """Bring a finished attempt on: `part` is check · notebook · verdict."""

    stage: str
    attempt: int
    part: str


class Decide(Step, frozen=True, kw_only=True):
    """A policy decides the attempt in review."""


class Complete(Step, frozen=True, kw_only=True):
    """Every stage is approved."""


def next_step(state: RunState) -> Step:
    """What the engine does next in this state."""
    if state.damaged:
        return Wait()
    working = state.status in (RunStatus.RUNNING, RunStatus.IN_REVIEW)
    if state.pending_files and (working or state.status is RunStatus.COMPLETED):
        return Restore(files=state.pending_files)
    if not working:
        return Wait()
    if state.review is not None:
        return Decide() if config_of(state).reviewer != "person" else Wait()
    if state.current is None:
        return Complete()
    stage = state.stage(state.current)
    attempt = stage.latest if stage else None
    if attempt is not None and not attempt.judged:
        return _unfinished(attempt)
    return Work(stage=state.current, trigger=state.next_trigger)


def _unfinished(attempt: AttemptState) -> Step:
    if attempt.ending is None:
        return Lose(stage=attempt.stage, attempt=attempt.attempt)
    part = "check" if not attempt.checked else "notebook" if attempt.notebook_complete is None else "verdict"
    return Judge(stage=attempt.stage, attempt=attempt.attempt, part=part)


def verdict(state: RunState, attempt: AttemptState, retries: int) -> ev.ReviewOpened | ev.AttemptRetried:
    """New work goes to review; anything else is tried again, until it is no news or at the cap: a person decides."""
    if attempt.is_new_work:
        return ev.ReviewOpened(stage=attempt.stage, attempt=attempt.attempt, draft_sha256=attempt.draft_sha256)
    again = state.retries < retries and not fails_the_same(state, attempt)
    if again or state.pending_edit is not None:
        reason = f"{attempt.ending}: {attempt.detail}"[:500]
        return ev.AttemptRetried(stage=attempt.stage, attempt=attempt.attempt, reason=reason)
    return ev.ReviewOpened(
        stage=attempt.stage,
        attempt=attempt.attempt,
        draft_sha256=attempt.draft_sha256,
        cap_reached=state.retries >= retries,
    )


def fails_the_same(state: RunState, attempt: AttemptState) -> bool:
    """Whether the attempt ended as the one before it did, word for word: trying once more would be no news.

    Only endings that the agent itself explains count; what the engine says of a lost, stopped or silent one does not.
    """
    stage = state.stage(attempt.stage)
    before = stage.attempt(attempt.attempt - 1) if stage else None
    return (
        before is not None
        and attempt.ending in (Ending.FAILED, Ending.TIMED_OUT)
        and bool(attempt.detail)
        and (before.ending, before.detail) == (attempt.ending, attempt.detail)
        and before.status is not AttemptStatus.WITHDRAWN
    )


def config_of(state: RunState) -> RunConfig:
    """The run's configuration, typed; keys that are not ours are ignored."""
    return msgspec.convert(state.config, RunConfig)


def lost_by(attempt: AttemptState) -> ev.AttemptEnded:
    """What is recorded of an attempt whose engine died."""
    return ev.AttemptEnded(
        stage=attempt.stage,
        attempt=attempt.attempt,
        ending=Ending.LOST,
        detail="The engine ended while the agent was at work.",
    )
