"""A run's state: the fold of its log. Views, panels, rules and the engine read this and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec

from autor_nb.domain.check import Check
from autor_nb.domain.run import QA, Actor, Question, Resource, RunStatus, Usage
from autor_nb.domain.stage import AttemptStatus, Ending, StageRef, StageStatus


class Waiver(msgspec.Struct, frozen=True, kw_only=True):
    """A failing Check that a person passed by name."""

    check_id: str
    why: str
    by: Actor
    at: str


NOT_RESTORED = "files.restored"
"""The check that fails in a review whose files could not all be brought back; a person may waive it knowingly."""


class AttemptState(msgspec.Struct, kw_only=True):
    """One attempt. Times are ISO 8601 UTC; `files_*` are object hashes of file manifests."""

    stage: str
    attempt: int
    status: AttemptStatus = AttemptStatus.RUNNING
    agent: str = ""
    model: str = ""
    trigger: str = "start"
    feedback: str = ""
    session_id: str | None = None
    started_at: str = ""
    ended_at: str = ""
    decided_at: str = ""
    decided_by: Actor | None = None
    pid: int = 0
    process_started: float = 0.0
    marker: str = ""
    prompt_path: str = ""
    prompt_sha256: str = ""
    prompt_bytes: int = 0
    ending: Ending | None = None
    detail: str = ""
    written_by: str = "agent"
    edited_by: Actor | None = None
    draft_sha256_before: str = ""
    draft_sha256: str = ""
    summary_path: str = ""
    suggestions: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    files_before: str = ""
    files_after: str = ""
    changed: int = 0
    outside: tuple[str, ...] = ()
    exit_code: int | None = None
    duration_s: float = 0.0
    usage: Usage = Usage()
    cost_usd: float | None = None
    agent_events: int = 0
    checked: bool = False
    checks: tuple[Check, ...] = ()
    checks_object: str = ""
    blocking: tuple[str, ...] = ()
    unwaivable: tuple[str, ...] = ()
    warnings: int = 0
    checks_total: int = 0
    checked_seq: int = 0
    notebook: str = ""
    notebook_complete: bool | None = None
    judged: bool = False
    cap_reached: bool = False
    waivers: tuple[Waiver, ...] = ()

    @property
    def is_new_work(self) -> bool:
        """Whether there is something here that a person can approve."""
        return self.ending is Ending.FINISHED

    @property
    def open_blocking(self) -> tuple[str, ...]:
        """Ids of failing blocking Checks that nobody waived."""
        waived = {waiver.check_id for waiver in self.waivers}
        return tuple(check for check in self.blocking if check not in waived)


class StageState(msgspec.Struct, kw_only=True):
    """One stage. `approved` is the number of its approved attempt; `stale` once an earlier one was reopened."""

    ref: StageRef
    status: StageStatus = StageStatus.PENDING
    attempts: list[AttemptState] = []
    approved: int | None = None
    approved_at: str = ""
    stale: bool = False
    stale_by: str = ""
    stale_reason: str = ""
    last_approved: int | None = None
    updated_at: str = ""

    @property
    def latest(self) -> AttemptState | None:
        """The newest attempt."""
        return self.attempts[-1] if self.attempts else None

    def attempt(self, number: int) -> AttemptState | None:
        """The attempt of that number; numbers grow for ever, so position is number − 1."""
        return self.attempts[number - 1] if 1 <= number <= len(self.attempts) else None


class FeedbackGiven(msgspec.Struct, frozen=True, kw_only=True):
    """Feedback on a stage, kept for its later attempts until the stage is redone or rolled back."""

    stage: str
    attempt: int
    text: str
    suggestion: int | None
    by: Actor
    at: str


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A refused command."""

    command_id: str
    command: str
    reason: str
    suggestion: str
    by: Actor
    at: str


class PendingEdit(msgspec.Struct, frozen=True, kw_only=True):
    """A draft edited by hand that has not become an attempt yet; the text is the object `draft_sha256`."""

    stage: str
    draft_sha256: str
    by: Actor


class Undoable(msgspec.Struct, kw_only=True):
    """What an `undo` restores: the stages, feedback, review, work in hand and files of before the rollback."""

    stages: bytes
    feedback: tuple[FeedbackGiven, ...]
    files: str
    current: str | None
    review: tuple[str, int] | None
    status: RunStatus
    frozen: str
    next_trigger: str = "start"
    pending_edit: PendingEdit | None = None
    completed_at: str = ""


class RunState(msgspec.Struct, kw_only=True):
    """A run. `current` is the slug of the stage in work; `review` the (slug, attempt) that waits for a decision.

    `retries` counts the engine's own attempts since the last human command; `pending_files` is a manifest that
    the workspace must be restored to before anything else; `missing` are files of it that nobody had kept (they were
    over the cap), until the next approval. `damaged` says where the log cannot be read, empty if
    it can: everything else is then as of the line before, and nothing goes on from there.
    """

    run_id: str = ""
    goal: str = ""
    original_goal: str = ""
    status: RunStatus = RunStatus.CREATED
    created_at: str = ""
    updated_at: str = ""
    completed_at: str = ""
    created_by: Actor | None = None
    config: dict[str, Any] = {}
    config_sha256: str = ""
    inputs: dict[str, str] = {}
    resources: tuple[Resource, ...] = ()
    left_out: tuple[str, ...] = ()
    software: dict[str, str] = {}
    stages: list[StageState] = []
    current: str | None = None
    review: tuple[str, int] | None = None
    intake: tuple[QA, ...] = ()
    feedback: tuple[FeedbackGiven, ...] = ()
    frozen_hypotheses: str = ""
    files: str = ""
    pending_files: str = ""
    missing: tuple[str, ...] = ()
    next_trigger: str = "start"
    pending_edit: PendingEdit | None = None
    retries: int = 0
    policy_decisions: int = 0
    last_seq: int = 0
    last_event: str = ""
    last_error: str = ""
    mend: str = ""
    pause_reason: str = ""
    worker_pid: int = 0
    refusals: list[Refusal] = []
    answered: dict[str, int] = {}
    undoable: Undoable | None = None
    unknown: int = 0
    damaged: str = ""
    cost_usd: float = 0.0
    work_s: float = 0.0
    started_work_at: str = ""
    unattended_s: float = 0.0
    budget_told: float = 0.0

    def stage(self, key: str) -> StageState | None:
        """The stage of that slug or number."""
        for stage in self.stages:
            if key in (stage.ref.slug, stage.ref.number):
                return stage
        return None

    @property
    def failure(self) -> str:
        """Why the run failed, and what mends it; empty if it has not."""
        return f"{self.last_error} {self.mend}".strip() if self.last_error else ""

    @property
    def under_review(self) -> AttemptState | None:
        """The attempt that waits for a decision."""
        if self.review is None:
            return None
        stage = self.stage(self.review[0])
        return stage.attempt(self.review[1]) if stage else None
