"""The experiment at work: its idea, its runs, its evidence so far."""

from __future__ import annotations

import msgspec

from autor_nb.domain.loops.events import Interval, PlannedPair
from autor_nb.domain.loops.idea import Idea
from autor_nb.domain.run import Actor


class TrialRow(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One trial of the experiment at work; `ending` is empty while it runs."""

    trial: int
    role: str
    subject: str
    seed: int | None = None
    pair: int | None = None
    ending: str = ""
    score: float | None = None
    metric: float | None = None
    metrics: dict[str, float] = {}
    duration_s: float = 0.0
    resource: float | None = None
    exit_code: int | None = None
    reason: str = ""
    tampered: tuple[str, ...] = ()
    suspicions: tuple[str, ...] = ()
    slept: bool = False
    unwatched: bool = False
    output: str = ""
    output_sha256: str = ""
    started_at: str = ""
    pid: int = 0
    process_started: float = 0.0
    marker: str = ""

    @property
    def counts(self) -> bool:
        """Whether it came to its own end: one that was stopped or lost says nothing and is run again."""
        return self.ending not in ("", "stopped", "lost")


class Reading(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The evidence as read after a block."""

    pairs: int
    e_value: float
    bar: float | None = None
    alpha_t: float | None = None
    mean: float | None = None
    interval: Interval | None = None


class Current(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The experiment at work, the baseline among them; `commit` is empty until the change is made."""

    n: int
    idea: Idea | None = None
    critic: str = ""
    pinned_by: Actor | None = None
    proposed_at: str = ""
    commit: str = ""
    parent: str = ""
    files: tuple[str, ...] = ()
    added: int = 0
    removed: int = 0
    diff: str = ""
    diff_sha256: str = ""
    suspicions: tuple[str, ...] = ()
    tampered: tuple[str, ...] = ()
    fixes: int = 0
    trials: list[TrialRow] = []
    planned: tuple[PlannedPair, ...] = ()
    warm_up: bool = False
    voided: tuple[int, ...] = ()
    readings: list[Reading] = []
    extra_pairs: int = 0
    cost_usd: float = 0.0
    vetoed_by: Actor | None = None
    veto: str = ""
    repeated: bool = False
    reference: tuple[float, ...] = ()
    reference_scores: tuple[tuple[float, ...], ...] = ()
    confirms: int = 0
    keeps: int = 0
    margin: float = 0.0
    """What "as good" may cost, where the change makes the code shorter and nothing unconfirmed lies beneath it."""
    against: str = ""
    """What its pairs run beside it, if that is not its parent."""

    @property
    def reached_confirm(self) -> bool:
        """Whether it costs a part of the budget of errors."""
        return bool(self.planned)

    def running(self) -> TrialRow | None:
        """The trial at work."""
        return self.trials[-1] if self.trials and not self.trials[-1].ending else None
