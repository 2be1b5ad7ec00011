"""Everything that can have happened to a run: a closed union, written only by the engine, in the past tense."""

from __future__ import annotations

import re
from typing import Any, Union

import msgspec

from autor_nb.domain.check import Check
from autor_nb.domain.run import QA, Actor, Question, Resource, Usage
from autor_nb.domain.stage import Ending, StageRef

ENGINE = Actor(face="engine")


def _tag(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=_tag):
    """Base: `seq` counts from 1 without gaps, `at` is UTC in ISO 8601. Both are set by the log on append."""

    seq: int = 0
    at: str = ""


class Decision(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Base of what somebody decided: who, and by which command (None when the engine acted by itself)."""

    by: Actor = ENGINE
    command_id: str | None = None


class RunCreated(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A run's folder was made. `config` is run_config.json as it was; `inputs` maps input files to SHA-256.

    `left_out` names what of the supplied folders was not taken in, each with its reason.
    """

    run_id: str
    goal: str
    original_goal: str = ""
    workflow: tuple[StageRef, ...] = ()
    config: dict[str, Any] = {}
    resources: tuple[Resource, ...] = ()
    left_out: tuple[str, ...] = ()
    inputs: dict[str, str] = {}
    files: str = ""
    software: dict[str, str] = {}


class RunStarted(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A person asked the engine to work (again); clears pause, failure, abort and the count of retries."""


class ConfigChanged(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """The run's configuration was replaced, by `resume --venue …` or by editing run_config.json."""

    config: dict[str, Any]
    sha256: str = ""


class WorkerStarted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """An engine process took the lock."""

    pid: int
    host: str = ""
    boot_id: str = ""
    process_started: float = 0.0
    version: str = ""
    lock: str = ""
    """What keeps other engines away, if it is not the usual lock of the file system."""


class WorkerStopped(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The engine process is about to release the lock: nothing is left to do, or it was told to stop."""

    reason: str


class AttemptStarted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """An agent was set to work, or a person's edit taken up. `trigger`: start · refine · retry · redo · edit.

    `files` is the object hash of the manifest of files as it began.
    """

    stage: str
    attempt: int
    agent: str
    trigger: str = "start"
    session_id: str | None = None
    model: str = ""
    prompt_path: str = ""
    prompt_sha256: str = ""
    prompt_bytes: int = 0
    feedback: str = ""
    draft_sha256_before: str = ""
    files: str = ""


class AgentSpawned(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The attempt's process exists; a resumed engine ends it by pid and start time, group and marker."""

    stage: str
    attempt: int
    pid: int
    process_started: float
    marker: str = ""


class AttemptEnded(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The agent ended, and this is what the engine read back. `summary_path` is relative to the run."""

    stage: str
    attempt: int
    ending: Ending
    detail: str = ""
    draft_sha256: str = ""
    summary_path: str = ""
    written_by: str = "agent"
    files: str = ""
    changed: int = 0
    outside: tuple[str, ...] = ()
    session_id: str | None = None
    exit_code: int | None = None
    duration_s: float = 0.0
    usage: Usage = Usage()
    cost_usd: float | None = None
    events: int = 0
    suggestions: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()


class AttemptChecked(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Every rule has answered. `checks` are inline while they fit a line, else in the object `checks_object`."""

    stage: str
    attempt: int
    checks: tuple[Check, ...] = ()
    checks_object: str = ""
    blocking: tuple[str, ...] = ()
    unwaivable: tuple[str, ...] = ()
    warnings: int = 0
    total: int = 0


class NotebookRendered(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The attempt's notebook was executed. `complete` only if every cell ran without error, by what ran."""

    stage: str
    attempt: int
    path: str
    complete: bool
    as_of: int = 0
    cells_run: int = 0
    cells: int = 0
    duration_s: float = 0.0
    detail: str = ""


class ReviewOpened(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A person (or policy) must decide. `cap_reached`: the engine's own retries are used up."""

    stage: str
    attempt: int
    draft_sha256: str = ""
    cap_reached: bool = False


class AttemptRetried(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The engine sets the same stage to work again by itself, because the attempt is not new work."""

    stage: str
    attempt: int
    reason: str = ""


class Approved(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """An attempt was approved; its summary becomes the stage's."""

    stage: str
    attempt: int
    draft_sha256: str = ""
    note: str = ""


class CheckWaived(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A person passed a failing Check by name, with a reason that is shown for ever after."""

    stage: str
    attempt: int
    check_id: str
    why: str


class Refined(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """The attempt goes back with feedback; `suggestion` is 1, 2 or 3 when one of the agent's was taken."""

    stage: str
    attempt: int
    feedback: str
    suggestion: int | None = None


class DraftEdited(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A person replaced the draft of `attempt`; the new text is the object `draft_sha256`, judged as a new attempt."""

    stage: str
    attempt: int
    draft_sha256: str


class Answered(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """Intake questions were answered."""

    answers: tuple[QA, ...]


class Redone(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A stage and all later ones were withdrawn; the stage starts afresh. `files` is what was there before."""

    stage: str
    files: str = ""


class RolledBack(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """The same withdrawal, but the stage's last approved attempt is open for review again."""

    stage: str
    attempt: int
    files: str = ""


class RollbackUndone(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """The last rollback was taken back. `files` is what was there before: attempts made since stay, withdrawn."""

    files: str = ""


class WorkspaceRestored(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The workspace equals the manifest `files` again; `missing` names what had not been kept (over the cap)."""

    files: str
    missing: tuple[str, ...] = ()


class HypothesesFrozen(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The hypotheses' hash before experiments: everything but `status` is fixed from here."""

    sha256: str


class Stopped(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """The worker was told to end; the run is paused."""


class Paused(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The engine paused the run by itself: a budget or limit was reached; `suggestion` is what takes it up again."""

    reason: str
    suggestion: str = ""


class BudgetWarned(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A share of the time budget is used up; said once at each share until a person is heard again."""

    share: float
    spent_s: float
    budget_s: float


class Aborted(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A person ended the run; it can be resumed."""

    reason: str = ""


class RunFailed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The run cannot go on unattended: a policy met its cap, or a plug-in is broken. Resumable."""

    reason: str
    suggestion: str = ""


class RunCompleted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Every stage is approved."""


class LogRecovered(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A damaged log was taken back to its last line before the damage; what it was is kept in the folder `kept_in`.

    `line` is the damaged line, `lines` how many it and those after it were, `files` the workspace as it was found.

    A loop's log goes on behind the damage: `lines` of it were no events, the events `restored` were put back from what
    the loop's other files know, and nothing is known of those `missing`.
    """

    line: int
    lines: int = 0
    kept_in: str = ""
    files: str = ""
    missing: tuple[int, ...] = ()
    restored: tuple[int, ...] = ()


class CommandRefused(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A command was refused, and why; `suggestion` is what to do instead."""

    command_id: str
    command: str
    reason: str
    suggestion: str = ""
    by: Actor = ENGINE


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """A whole line of a kind that only a newer version knows: kept as its bytes, shown as such."""

    raw: bytes
    seq: int = 0
    at: str = ""
    type: str = ""


class Damaged(Unknown, frozen=True, kw_only=True):
    """A line that no version wrote so: what it said is lost, and what follows cannot be relied on."""

    line: int = 0
    reason: str = ""

    def __str__(self) -> str:
        return f"line {self.line} of its log {self.reason}" if self.line else f"its log {self.reason}"


RunEvent = Union[  # noqa: UP007 - msgspec reads the union once, at import
    RunCreated,
    RunStarted,
    ConfigChanged,
    WorkerStarted,
    WorkerStopped,
    AttemptStarted,
    AgentSpawned,
    AttemptEnded,
    AttemptChecked,
    NotebookRendered,
    ReviewOpened,
    AttemptRetried,
    Approved,
    CheckWaived,
    Refined,
    DraftEdited,
    Answered,
    Redone,
    RolledBack,
    RollbackUndone,
    WorkspaceRestored,
    HypothesesFrozen,
    Stopped,
    Paused,
    BudgetWarned,
    Aborted,
    RunFailed,
    RunCompleted,
    LogRecovered,
    CommandRefused,
]
