"""Everything that can have happened to a loop: a closed union, written only by the engine, in the past tense.

A trial is one execution of the command; `role` says what for: screen, confirm, reference, warm_up, calibrate, no_op,
control, audit or repeat. `subject` says of what: candidate, incumbent or baseline. Scores are the metric turned so
that higher is better.
"""

from __future__ import annotations

from typing import Any, Union

from autor_nb.domain.events import CommandRefused, Decision, Event, LogRecovered, WorkerStarted, WorkerStopped
from autor_nb.domain.loops.idea import Idea
from autor_nb.domain.loops.trial_events import (
    BlockPlanned,
    ChangeApplied,
    EvidenceRead,
    IdeaProposed,
    IdeaRefused,
    Interval,
    PairVoided,
    PlannedPair,
    TrialEnded,
    TrialStarted,
)
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.domain.run import Actor

__all__ = [
    "AUDIT",
    "AuditAsked",
    "AuditEnded",
    "BlockPlanned",
    "BudgetGranted",
    "ChangeApplied",
    "CommandRefused",
    "Decision",
    "DoctorAnswered",
    "Event",
    "EvidenceRead",
    "ExperimentEnded",
    "ExperimentRecorded",
    "ExperimentReopened",
    "GateTested",
    "IdeaPinned",
    "IdeaProposed",
    "IdeaRefused",
    "IdeaVetoed",
    "Interval",
    "LogRecovered",
    "LoopConfigChanged",
    "LoopConfirmed",
    "LoopCreated",
    "LoopEvent",
    "LoopFailed",
    "LoopPaused",
    "LoopResumed",
    "LoopStarted",
    "LoopStopped",
    "Merged",
    "PairVoided",
    "PlannedPair",
    "ProgramRead",
    "RepeatsAdded",
    "ScalesFrozen",
    "TrialEnded",
    "TrialStarted",
    "WorkerStarted",
    "WorkerStopped",
]
AUDIT = -1
"""Stands for an experiment's number in the runs of an audit."""


class LoopCreated(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A loop's folder was made. `config` is the configuration as read, `seed` what every later draw comes from.

    A fork begins at `forked_from`'s head; `family` names the loop that it all began with, which keeps the one counter.

    `base` is the commit that the clone was made from; `dirty` says that it holds uncommitted edits of then.
    """

    name: str
    config: dict[str, Any]
    base: str
    seed: int
    project: str = ""
    dirty: bool = False
    forked_from: str = ""
    forked_at: int | None = None
    family: str = ""
    direction: str = ""
    imported: int = 0
    contract: dict[str, str] = {}
    software: dict[str, str] = {}


class LoopStarted(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A person set the loop to work (again), until one of these bounds; None means no bound of that kind."""

    iterations: int | None = None
    wall_s: float | None = None
    cost_usd: float | None = None
    target: float | None = None
    plateau: int | None = None
    mode: str = ""
    step: bool = False
    sandbox: str = ""


class LoopConfigChanged(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """The configuration was replaced, by its file between two sessions; never while a loop works."""

    config: dict[str, Any]
    contract: dict[str, str] = {}


class LoopConfirmed(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A person gave the go-ahead for a loop that has no bound on iterations or time but `wall_s`."""

    wall_s: float | None = None
    cost_usd: float | None = None


class BudgetGranted(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A person granted a new budget of errors, shown as the next session."""

    session: int
    alpha: float | None = None


class DoctorAnswered(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The preflight checks were made; `blocking` are the ids of those that forbid to start."""

    checks: tuple[dict[str, Any], ...] = ()
    blocking: tuple[str, ...] = ()


class GateTested(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The gate was tested before it was trusted: part `null` (simulated), `no_op` (one real) or `control`."""

    part: str
    ok: bool
    detail: str = ""
    rate: float | None = None
    bound: float | None = None
    sessions: int = 0
    duration_s: float = 0.0


class ProgramRead(Event, frozen=True, kw_only=True, omit_defaults=True):
    """program.md is not what it was; `object` is its text by hash."""

    sha256: str
    object: str = ""
    first: bool = False


class ScalesFrozen(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Several metrics were put on scales that stay as the baseline had them (`domain.loops.scalarizer.Frozen`)."""

    frozen_scales: dict[str, Any]


class ExperimentEnded(Event, frozen=True, kw_only=True, omit_defaults=True):
    """All trials of one idea are done, and this is the verdict. `delta` is metric minus the incumbent's, then."""

    n: int
    verdict: Verdict
    reason: str
    commit: str = ""
    parent: str = ""
    summary: str = ""
    score: float | None = None
    metric: float | None = None
    delta: float | None = None
    metrics: dict[str, float] = {}
    e_value: float | None = None
    bar: float | None = None
    alpha_t: float | None = None
    mean: float | None = None
    interval: Interval | None = None
    confirmed: bool = False
    within: float = 0.0
    """The margin of a confirmed keep that claims no more than "as good", in units of the score; 0: it is better."""
    reached_confirm: bool = False
    suspicious: tuple[str, ...] = ()
    trials: int = 0
    duration_s: float = 0.0
    resource: float | None = None
    cost_usd: float | None = None
    baseline: bool = False
    seed: int | None = None
    reference: tuple[float, ...] | None = None
    """The incumbent's latest fresh scores from now on; None: as before."""
    reference_scores: tuple[tuple[float, ...], ...] | None = None
    """The same for its single metrics, (runs, metrics)."""
    calibration: tuple[float, ...] = ()
    """Of the baseline only: differences of baseline against baseline."""


class ExperimentReopened(Event, frozen=True, kw_only=True, omit_defaults=True):
    """An inconclusive experiment goes on, with pairs that a person granted; its evidence stays."""

    n: int


class ExperimentRecorded(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody outside ran one and told its result: recorded, not tested."""

    n: int
    status: str
    metric: float | None = None
    summary: str = ""
    commit: str = ""
    delta: float | None = None
    duration_s: float | None = None
    resource: float | None = None
    hypothesis: str = ""
    cost_usd: float | None = None
    imported: bool = False
    ran_at: str = ""
    suspicious: tuple[str, ...] = ()


class AuditEnded(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Baseline against `commit` on fresh pairs, one test: what a headline may come from.

    `before` of the pairs are of earlier audits of the same commit; `place` is its own among those that were audited.
    """

    commit: str
    n: int
    pairs: int
    better: bool
    e_value: float
    bar: float
    mean: float | None = None
    interval: Interval | None = None
    baseline_metric: float | None = None
    final_metric: float | None = None
    reason: str = ""
    place: int = 0
    before: int = 0
    by: Actor | None = None


class IdeaPinned(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A person said what to try next."""

    idea: Idea
    pin: int


class IdeaVetoed(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A person ended the experiment at work, whatever its evidence."""

    n: int
    why: str = ""


class RepeatsAdded(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A person granted more pairs to an experiment; the same evidence goes on at the same bar."""

    n: int
    pairs: int


class AuditAsked(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A person asked whether the best is better than the baseline, or a session is about to end.

    `out_of_ideas` is what a critic said who has none left: the session ends after this audit.
    """

    out_of_ideas: str = ""


class Merged(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A fork's best was taken over, confirmed on common fresh seeds; `scores` are the result's own there."""

    fork: str
    commit: str
    detail: str = ""
    metric: float | None = None
    scores: tuple[float, ...] = ()


class TurnAwaited(Event, frozen=True, kw_only=True, omit_defaults=True):
    """As many of the family are at work as may be: this one waits until one of them ends. Told once a wait."""

    limit: int
    working: tuple[str, ...] = ()
    reason: str = ""


class TurnTaken(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The wait is over; its time does not count as worked."""

    waited_s: float = 0.0


class HoldoutAsked(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The holdout was asked about what is to be kept; it tells the leader's mean loss and nothing else.

    `n` is whose losses they were, `leader` whose `released` is. `losses` is the object with the leader's, which no
    critic is shown. `failed` says why nothing could be learnt.
    """

    n: int
    released: float | None = None
    leader: int | None = None
    leads: bool = False
    examples: int = 0
    losses: str = ""
    protected: bool = False
    failed: str = ""


class LoopPaused(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """The loop works no more until it is resumed. `cause`: person · budget · critic · coder · gate · fault."""

    reason: str
    cause: str = "person"


class LoopResumed(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A person lets the loop go on."""


class LoopStopped(Decision, frozen=True, kw_only=True, omit_defaults=True):
    """A bound was reached, or a person ended the session; `cause`: person iterations wall cost target plateau idle."""

    reason: str
    cause: str = "person"


class LoopFailed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The loop cannot go on for a reason that a person can mend; `loop start` tries again."""

    reason: str
    suggestion: str = ""


LoopEvent = Union[  # noqa: UP007 - msgspec reads the union once, at import
    LoopCreated,
    LoopStarted,
    LoopConfigChanged,
    LoopConfirmed,
    BudgetGranted,
    DoctorAnswered,
    GateTested,
    ProgramRead,
    ScalesFrozen,
    IdeaProposed,
    IdeaRefused,
    ChangeApplied,
    TrialStarted,
    TrialEnded,
    BlockPlanned,
    PairVoided,
    EvidenceRead,
    ExperimentEnded,
    ExperimentReopened,
    ExperimentRecorded,
    AuditEnded,
    IdeaPinned,
    IdeaVetoed,
    RepeatsAdded,
    AuditAsked,
    Merged,
    TurnAwaited,
    TurnTaken,
    HoldoutAsked,
    LoopPaused,
    LoopResumed,
    LoopStopped,
    LoopFailed,
    WorkerStarted,
    WorkerStopped,
    LogRecovered,
    CommandRefused,
]
