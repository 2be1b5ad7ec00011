"""Everything that can be asked of a loop's engine: a closed union, imperative, refusable with a reason."""

from __future__ import annotations

from typing import Any, Union

from autor_nb.domain.commands import Command
from autor_nb.domain.loops.idea import Idea


class StartLoop(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Work until one of these bounds; None means no bound of that kind. `step` does one experiment."""

    iterations: int | None = None
    wall_s: float | None = None
    cost_usd: float | None = None
    target: float | None = None
    plateau: int | None = None
    mode: str = ""
    step: bool = False
    config: dict[str, Any] = {}
    contract: dict[str, str] = {}


class ConfirmLoop(Command, frozen=True, kw_only=True, omit_defaults=True):
    """The go-ahead of a person for a loop without a bound on iterations; `wall_s` and `cost_usd` are its budget."""

    wall_s: float | None = None
    cost_usd: float | None = None


class PauseLoop(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Work no more after the trial in work has been ended; the experiment in work goes on when resumed."""

    reason: str = ""


class ResumeLoop(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Go on after a pause, within the same bounds."""


class StopLoop(Command, frozen=True, kw_only=True, omit_defaults=True):
    """End the session; the experiment in work is kept for the next one."""

    reason: str = ""


class VetoIdea(Command, frozen=True, kw_only=True, omit_defaults=True):
    """End the experiment in work, whatever its evidence; `n` pins which."""

    n: int | None = None
    why: str = ""


class PinIdea(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Try this next."""

    idea: Idea


class AddRepeats(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Grant more pairs to the experiment in work, or to one that ended inconclusive."""

    n: int | None = None
    pairs: int = 4


class GrantBudget(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Grant a new budget of errors."""

    alpha: float | None = None


class RecordExperiment(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Record one that was run outside; `status` is baseline, keep, discard or crash."""

    metric: float | None = None
    status: str = ""
    summary: str = ""
    commit: str = ""
    hypothesis: str = ""
    duration_s: float | None = None
    resource: float | None = None
    cost_usd: float | None = None
    imported: bool = False
    ran_at: str = ""


class AuditLoop(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Test the best against the baseline on fresh pairs."""


class MergeFork(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Take over a fork's best."""

    fork: str
    commit: str
    detail: str = ""
    metric: float | None = None
    scores: tuple[float, ...] = ()
    parent: str = ""


LoopCommand = Union[  # noqa: UP007 - msgspec reads the union once, at import
    StartLoop,
    ConfirmLoop,
    PauseLoop,
    ResumeLoop,
    StopLoop,
    VetoIdea,
    PinIdea,
    AddRepeats,
    GrantBudget,
    RecordExperiment,
    AuditLoop,
    MergeFork,
]
