"""What happens to an experiment while it is at work: its idea, its change, its trials, its evidence; see `events`."""

from __future__ import annotations

from typing import Any

import msgspec

from autor_nb.domain.events import Event
from autor_nb.domain.loops.idea import Idea
from autor_nb.domain.run import Actor

Interval = tuple[float | None, float | None]


class IdeaProposed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A critic proposed what experiment `n` is to try (or a person, who pinned it)."""

    n: int
    idea: Idea
    critic: str = ""
    model: str = ""
    log: str = ""
    pinned_by: Actor | None = None
    cost_usd: float | None = None
    duration_s: float = 0.0


class IdeaRefused(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A proposal was refused before any run of it: invalid, a repeat, or it changes nothing; it cost all the same."""

    n: int
    why: str
    kind: str = "invalid"
    hypothesis: str = ""
    repeats: int | None = None
    change: dict[str, Any] = {}
    cost_usd: float | None = None
    log: str = ""


class ChangeApplied(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A coder made the change, and it was committed in the clone on top of `parent`; not adopted.

    `diff_sha256` is `memory.diff_key` of the edit, `values` all knobs as they are in it, if the idea turns some.
    """

    n: int
    commit: str
    parent: str
    files: tuple[str, ...] = ()
    added: int = 0
    removed: int = 0
    diff: str = ""
    diff_sha256: str = ""
    coder: str = ""
    cost_usd: float | None = None
    duration_s: float = 0.0
    suspicions: tuple[str, ...] = ()
    tampered: tuple[str, ...] = ()
    fixes: int = 0
    """Above 0: the coder mended a change whose screening run had crashed; that run counts no more."""
    values: dict[str, Any] = {}
    margin: float = 0.0
    """What "as good" may cost, where the change makes the code shorter; 0: it must be better."""
    against: str = ""
    """The commit that its pairs run beside it, if that is not its parent: the last confirmed one."""
    otherwise: str = ""
    """What was made, where the edit turned other knobs than the idea said: then the verdict is about the edit."""


class PlannedPair(msgspec.Struct, frozen=True, kw_only=True):
    """One pair to be run: both on the same new seed; `order` is AB (candidate first) or BA.

    `incumbent` false: the candidate only. `repeats`: each side so many times in turn, for metrics that are times.
    """

    pair: int
    seed: int
    order: str = "AB"
    incumbent: bool = True
    repeats: int = 1


class BlockPlanned(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The gate asked for more runs; they are read only when all of them are done.

    `confirms` and `keeps` are those before this experiment in the session of the error budget, over all forks; they
    are in the experiment's first block only, and stay.
    """

    n: int
    pairs: tuple[PlannedPair, ...] = ()
    warm_up: bool = False
    confirms: int | None = None
    keeps: int | None = None


class TrialStarted(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The command was started; a resumed engine ends it by pid and start time, group and marker."""

    trial: int
    n: int
    role: str
    subject: str
    commit: str
    seed: int | None = None
    pair: int | None = None
    pid: int = 0
    process_started: float = 0.0
    marker: str = ""
    output: str = ""


class TrialEnded(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The command ended. `score` is there only from positive facts: exit 0, in time, contract intact, finite metric."""

    trial: int
    n: int
    role: str
    subject: str
    ending: str
    score: float | None = None
    metric: float | None = None
    metrics: dict[str, float] = {}
    seed: int | None = None
    pair: int | None = None
    exit_code: int | None = None
    duration_s: float = 0.0
    resource: float | None = None
    reason: str = ""
    tampered: tuple[str, ...] = ()
    suspicions: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    output: str = ""
    output_bytes: int = 0
    output_sha256: str = ""
    slept: bool = False
    unwatched: bool = False
    """Somebody killed what watched over it: run again, as long as that stays rare."""


class PairVoided(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A pair does not count: the incumbent crashed, or the machine slept."""

    n: int
    pair: int
    why: str


class EvidenceRead(Event, frozen=True, kw_only=True, omit_defaults=True):
    """The e-value was read, after a whole block and only then."""

    n: int
    pairs: int
    e_value: float
    bar: float | None = None
    alpha_t: float | None = None
    mean: float | None = None
    interval: Interval | None = None
