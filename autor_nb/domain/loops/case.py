"""What a gate is shown and what it may answer: the case of one candidate, and the next step."""

from __future__ import annotations

from typing import Literal

import msgspec

from autor_nb.domain.loops.verdict import Verdict

Order = Literal["AB", "BA"]
Interval = tuple[float | None, float | None]
BLOCK: int = 2


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Candidate and incumbent on one fresh seed; `order` AB ran the candidate first.

    A score is None when its run gave none (a crash, a timeout, a metric that could not be read). A pair whose
    incumbent gave none is void whether or not it is said. `slept`: the machine slept, which voids it too and is
    nobody's fault. `candidate_scores` and `incumbent_scores` are the single metrics, each turned so that higher is
    better, in the order of the scalarizer's metrics; needed only where the case has routes.
    """

    seed: int
    candidate: float | None
    incumbent: float | None
    order: Order = "AB"
    void: bool = False
    slept: bool = False
    candidate_scores: tuple[float, ...] = ()
    incumbent_scores: tuple[float, ...] = ()


class Requirement(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a route asks of the candidate, tested on its own.

    Its difference is candidate − incumbent + `margin` on metric number `metric` (None: on the case's own score), or
    with a `bound` candidate − bound + margin. So a margin above 0 asks for "not worse by as much as the margin".
    """

    metric: int | None = None
    margin: float = 0.0
    bound: float | None = None
    name: str = ""


Route = tuple[Requirement, ...]


class GuardReading(msgspec.Struct, frozen=True, kw_only=True):
    """What a guard's metric read in all runs that a candidate is judged by; judged by the mean."""

    name: str
    values: tuple[float, ...]
    min: float | None = None
    max: float | None = None

    @property
    def broken(self) -> str:
        """Why it does not hold, or nothing; without a value it does not hold."""
        if not self.values:
            return f"guard {self.name}: no value was read"
        mean = sum(self.values) / len(self.values)
        if self.min is not None and not mean >= self.min:
            return f"guard {self.name}: mean {mean:.6g} is below {self.min:.6g}"
        if self.max is not None and not mean <= self.max:
            return f"guard {self.name}: mean {mean:.6g} is above {self.max:.6g}"
        return ""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """All that a gate may know of one candidate; everything that is not here cannot sway it.

    `reference`: the incumbent's own most recent fresh scores (a greedy gate: its one recorded score).
    `screen`: the candidate's screening score; `screened` tells "gave none" from "not run yet".
    `pairs`: the confirm pairs in the order they were run, void ones and their redraws too.
    `calibration`: differences of baseline against baseline, mean 0 by construction.
    `confirms`, `keeps`: how many candidates reached confirm, and were kept, before this one in this session of the
    error budget, over all forks. `extra_pairs`: what persons added to this experiment.
    `margin`: δ > 0 makes the claim "as good, within δ" (simplicity) against the last state
    that was confirmed to be better: the engine runs that one, so that small losses cannot add up beyond δ.
    `routes`: alternative ways to a keep, each a set of requirements; empty means the one on the case's own score.
    `coin`: any whole number drawn by the engine for this experiment; the orders of the pairs follow from it.
    """

    reference: tuple[float, ...]
    screen: float | None
    screened: bool
    pairs: tuple[Pair, ...]
    confirms: int
    mode: Literal["strict", "explore"]
    keeps: int = 0
    calibration: tuple[float, ...] = ()
    extra_pairs: int = 0
    deterministic: bool = False
    time_like: bool = False
    coin: int = 0
    margin: float = 0.0
    routes: tuple[Route, ...] = ()
    screen_scores: tuple[float, ...] = ()
    reference_scores: tuple[tuple[float, ...], ...] = ()
    guards: tuple[GuardReading, ...] = ()


class Reference(msgspec.Struct, frozen=True, kw_only=True, tag="reference"):
    """Run the incumbent `runs` times on fresh seeds first, and put the scores into `Case.reference`."""

    runs: int


class Screen(msgspec.Struct, frozen=True, kw_only=True, tag="screen"):
    """Run the candidate once, on a fresh seed."""


class Confirm(msgspec.Struct, frozen=True, kw_only=True, tag="confirm"):
    """Run this many pairs on fresh seeds, in these orders, and ask again when all of them are done.

    `warm_up`: one unrecorded run first. `incumbent` false: only the candidate runs (the gate `shared`), and each
    pair's incumbent stays None. `repeats`: run each side of a pair so many times, alternating A B A B … with nothing
    beside it, and take the median score (times only). The rest is the evidence so far, for people to look at, None
    before there is any.
    """

    pairs: int = BLOCK
    warm_up: bool = False
    orders: tuple[Order, ...] = ("AB", "BA")
    incumbent: bool = True
    repeats: int = 1
    e_value: float | None = None
    bar: float | None = None
    alpha_t: float | None = None
    interval: Interval | None = None
    mean: float | None = None


class Decided(msgspec.Struct, frozen=True, kw_only=True, tag="decided"):
    """The gate's last word. `confirmed` is true only of a keep that a test with a stated error rate stands behind.

    `mean` and `interval` are of the paired difference, in the score's units; an infinite bound is None.
    `within` is the margin of a keep that claims no more than "as good"; 0 claims "better".
    `suspicious` asks for a person; `pauses` says that the session's error budget is spent.
    """

    verdict: Verdict
    reason: str
    e_value: float | None = None
    bar: float | None = None
    alpha_t: float | None = None
    interval: Interval | None = None
    mean: float | None = None
    suspicious: bool = False
    confirmed: bool = False
    within: float = 0.0
    p_value: float | None = None
    pairs: int = 0
    pauses: bool = False


Step = Reference | Screen | Confirm | Decided
