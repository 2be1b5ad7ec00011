"""A loop as folded from its log: bounded in size, however many experiments there are; the log is the truth.

The whole list of experiments is a view (`experiments.jsonl`); what is here decides, or is shown at once.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from autor_nb.domain.loops.at_work import Current, TrialRow
from autor_nb.domain.loops.case import Pair
from autor_nb.domain.loops.events import Interval, PlannedPair
from autor_nb.domain.loops.idea import Idea
from autor_nb.domain.run import Actor

RECENT = 100
REFERENCE = 16
ANSWERED = 2000
KEPT = 1000
PARKED = 8


class LoopStatus(StrEnum):
    """Where a loop stands; `interrupted` is the lock's to tell, never the log's, `damaged` the unreadable log's."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    DAMAGED = "damaged"


class Row(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One experiment that ended, as lists show it."""

    n: int
    verdict: str
    summary: str = ""
    reason: str = ""
    commit: str = ""
    metric: float | None = None
    score: float | None = None
    delta: float | None = None
    mean: float | None = None
    e_value: float | None = None
    bar: float | None = None
    interval: Interval | None = None
    expected_delta: float | None = None
    trials: int = 0
    duration_s: float = 0.0
    at: str = ""
    suspicious: tuple[str, ...] = ()
    confirmed: bool = False
    within: float = 0.0
    recorded: bool = False


class Session(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One `start`: its bounds, and what was there when it began."""

    at: str = ""
    by: Actor | None = None
    seq: int = 0
    iterations: int | None = None
    wall_s: float | None = None
    cost_usd: float | None = None
    target: float | None = None
    plateau: int | None = None
    mode: str = "strict"
    sandbox: str = ""
    done: int = 0
    worked_s: float = 0.0
    spent_usd: float = 0.0
    since_improved: int = 0
    out_of_ideas: str = ""
    doctor: bool = False
    blocking: tuple[str, ...] = ()

    @property
    def is_paid_out(self) -> bool:
        """Whether nothing that costs money may be asked any more."""
        return self.cost_usd is not None and self.spent_usd >= self.cost_usd


class AuditRow(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A final audit that was made: number `number` of its loop; `before` of its pairs are of earlier ones of `commit`.

    `place`: `commit` was the state in that place, from 0, of those that the loop had audited: the bar goes with it.
    """

    at: str
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
    number: int = 0
    place: int = 0
    before: int = 0


class Audit(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The audit at work: `commit` against the baseline. `done` are the pairs that earlier audits of it have read.

    `place` is its own among all that were audited in the loop, `drawn` how many pairs were planned before these.
    """

    commit: str
    n: int
    by: Actor | None = None
    planned: tuple[PlannedPair, ...] = ()
    trials: list[TrialRow] = []
    warm_up: bool = False
    place: int = 0
    drawn: int = 0
    done: tuple[Pair, ...] = ()


class Pin(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An idea of a person that waits for its turn."""

    pin: int
    idea: Idea
    by: Actor
    at: str = ""


class Holdout(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the holdout has told: the leader's mean loss; `last_n` is the experiment that it was last asked about."""

    released: float | None = None
    leader: int | None = None
    losses: str = ""
    examples: int = 0
    asked: int = 0
    last_n: int = -1
    protected: bool = False
    failed: str = ""


class LoopState(msgspec.Struct, kw_only=True, omit_defaults=True):
    """All that decides what happens next, and what is shown at once."""

    name: str = ""
    config: dict[str, Any] = {}
    contract: dict[str, str] = {}
    base: str = ""
    seed: int = 0
    dirty: bool = False
    direction: str = ""
    forked_from: str = ""
    forked_at: int | None = None
    family: str = ""
    created_at: str = ""
    status: LoopStatus = LoopStatus.CREATED
    session: Session | None = None
    sessions: int = 0
    confirmed_by: Actor | None = None
    confirmed_wall_s: float | None = None
    confirmed_cost_usd: float | None = None

    budget_session: int = 1
    alpha: float | None = None
    budget_by: Actor | None = None
    confirms: int = 0
    keeps: int = 0
    awaits: str = ""
    holdout: Holdout | None = None

    head: str = ""
    head_n: int = 0
    head_metric: float | None = None
    head_score: float | None = None
    kept_metric: float | None = None  # of the newest keep or baseline, recorded ones too, which move no head
    confirmed_head: str = ""
    confirmed_n: int = 0
    stepped: bool = False  # whether the head has moved without a confirmed keep since the confirmed head
    reference: list[float] = []
    reference_scores: tuple[tuple[float, ...], ...] = ()
    calibration: tuple[float, ...] = ()
    remeasured: list[float] = []
    baseline: bool = False
    baseline_n: int = 0
    baseline_scores: list[float] = []
    baseline_metric: float | None = None

    current: Current | None = None
    parked: list[Current] = []
    audit: Audit | None = None
    audits: list[AuditRow] = []
    audits_made: int = 0
    audits_failed: int = 0
    audit_places: int = 0
    """How many states were audited, each time one was begun anew: never taken back, for seeds and bars come from it."""
    trails: list[Audit] = []
    pins: list[Pin] = []
    refused: list[str] = []
    refused_changes: list[dict[str, Any]] = []
    refused_total: int = 0
    program_sha256: str = ""
    frozen: dict[str, Any] = {}
    tested: dict[str, bool] = {}
    test_details: dict[str, str] = {}
    doctor: tuple[dict[str, Any], ...] = ()

    next_n: int = 0
    spare_n: int | None = None
    next_trial: int = 1
    next_pin: int = 1
    counts: dict[str, int] = {}
    recent: list[Row] = []
    kept: list[Row] = []
    best_n: int | None = None
    best_metric: float | None = None
    best_score: float | None = None
    best_commit: str = ""
    streak: int = 0
    trials: int = 0
    worked_s: float = 0.0
    cost_usd: float = 0.0
    merged: tuple[str, ...] = ()
    merged_head: str = ""

    pause_reason: str = ""
    pause_cause: str = ""
    stop_reason: str = ""
    stop_cause: str = ""
    failure: str = ""
    failure_suggestion: str = ""
    decisions: list[dict[str, Any]] = []
    answered: list[str] = []
    refusals: list[dict[str, Any]] = []
    updated_at: str = ""
    last_seq: int = 0
    unknown: int = 0
    damaged: str = ""
    mended: str = ""
    """What was wrong with the log when it was last mended, and what that cost."""

    @property
    def free_n(self) -> int:
        """The number of the next experiment: one that a refused idea gave back comes first, so none is left out."""
        return self.next_n if self.spare_n is None else self.spare_n

    def take_n(self, n: int) -> None:
        """The number is in use."""
        self.next_n = max(self.next_n, n + 1)
        self.spare_n = None if self.spare_n == n else self.spare_n

    def give_back(self, n: int) -> None:
        """The number was in use by what is no experiment after all."""
        if self.next_n == n + 1:
            self.next_n = n
        else:
            self.spare_n = n

    @property
    def testing(self) -> Current | None:
        """The candidate at work; none between two, nor while the baseline is measured, which tests nothing."""
        return self.current if self.baseline else None

    @property
    def has_moved(self) -> bool:
        """Whether the head is another experiment than the baseline, whose number is 0 only where it came first."""
        return self.head_n != self.baseline_n

    @property
    def has_confirmed(self) -> bool:
        """Whether the confirmed head is another experiment than the baseline."""
        return self.confirmed_n != self.baseline_n

    @property
    def owes_audit(self) -> bool:
        """Whether the head is one that no audit has held against the baseline: a session ends with one."""
        return self.head != self.base and all(audit.commit != self.head for audit in self.audits)

    @property
    def experiments(self) -> int:
        """How many have ended or were recorded, the baseline included."""
        return sum(self.counts.values())

    @property
    def weighs(self) -> bool:
        """Whether several metrics are weighed into one score: that is what is compared, and higher is better."""
        return bool(self.config.get("scalarizer"))

    @property
    def baseline_score(self) -> float | None:
        """The mean score of the baseline's runs; by scales that put it at 0 that is 0, without what rounding leaves."""
        if not self.baseline_scores:
            return None
        return round(sum(self.baseline_scores) / len(self.baseline_scores), 12) + 0.0

    @property
    def lower_is_better(self) -> bool:
        """The metric's direction."""
        return bool(self.config.get("metric", {}).get("direction", "lower") == "lower")

    def better(self, metric: float, than: float | None) -> bool:
        """Whether a metric is strictly better than another."""
        return than is None or (metric < than if self.lower_is_better else metric > than)
