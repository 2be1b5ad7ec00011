"""Shipped for builders of gates: the simulated runner, a person who meddles, and gates broken on purpose."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from autor_nb import registry
from autor_nb.domain.loops.blocks import differences, read
from autor_nb.domain.loops.case import BLOCK, Case, Confirm, Decided, Order, Step
from autor_nb.domain.loops.eprocess import alpha_at, e_value, log_e
from autor_nb.domain.loops.gate import screen
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.engine.loops.simulation import Session, Simulator, Tried, World

__all__ = [
    "BestOfBlock", "CachedIncumbent", "EveryPair", "Meddler", "OneStandardError", "Session", "Simulator", "Tried",
    "World",
]


class Meddler:
    """Sees every e-value and wants a keep at any price: cuts losses, adds pairs to hopes, tries the best ones again."""

    def __init__(self, *, veto_below: float = 0.55, repeats: int = 16, repeat_above: float = 0.6, pin_above: float = 1.5
                 ) -> None:
        self.veto_below, self.most, self.repeat_above, self.pin_above = veto_below, repeats, repeat_above, pin_above
        self.peak = 0.0

    def vetoes(self, asked: Confirm, case: Case) -> bool:
        """Ends what is about to be called futile, before it is."""
        self.peak = max(self.peak, asked.e_value or 0.0)
        return asked.e_value is not None and asked.e_value < self.veto_below

    def repeats(self, decided: Decided, case: Case) -> int:
        """One block more, as long as the evidence looks hopeful and the most is not reached."""
        self.peak = max(self.peak, decided.e_value or 0.0)
        hopeful = decided.e_value is not None and decided.e_value > self.repeat_above
        return BLOCK if hopeful and case.extra_pairs < self.most and decided.verdict is not Verdict.UNTESTED else 0

    def pins(self, tried: Tried, decided: Decided) -> bool:
        """Again what at any moment came near."""
        peak, self.peak = self.peak, 0.0
        return peak > self.pin_above


class _Broken:
    """What the broken ones share: they claim .10 and look like the default gate."""

    name = "broken"
    claimed_rate: float | None = 0.10
    reference_runs = 4
    fresh_reference = False
    calibration_pairs = 0
    time_like = True
    several = True
    margins = True

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}


class CachedIncumbent(_Broken):
    """Compares fresh candidate runs with the incumbent's recorded score, instead of running the incumbent again."""

    name = "cached_incumbent"
    reference_runs = 1

    def __init__(self) -> None:
        super().__init__()
        self.inner = registry.create("gates", "eprocess")

    def next(self, case: Case) -> Step:
        """The honest test on dishonest pairs."""
        cached = case.reference[0] if case.reference else 0.0
        pairs = tuple(msgspec.structs.replace(pair, incumbent=cached) for pair in case.pairs)
        step: Step = self.inner.next(msgspec.structs.replace(case, pairs=pairs))
        return step


class OneStandardError(_Broken):
    """Keeps when the paired mean is above one standard error after any block."""

    name = "one_standard_error"

    def next(self, case: Case) -> Step:
        """The rule of thumb, read after every block."""
        if first := screen(case, self.reference_runs):
            return first
        d = differences(read(case).valid)
        if len(d) >= 2 * BLOCK:
            mean = math.fsum(d) / len(d)
            error = math.sqrt(math.fsum((value - mean) ** 2 for value in d) / (len(d) - 1) / len(d))
            if mean > error:
                return Decided(verdict=Verdict.KEEP, reason="above one standard error", confirmed=True, mean=mean)
            return Decided(verdict=Verdict.DISCARD, reason="within one standard error", mean=mean)
        return Confirm(warm_up=not case.pairs)


class EveryPair(_Broken):
    """The honest e-process, screened as ever but read after every pair: still valid, and a little less careful.

    Not how the gate eprocess reads (whole blocks only). The figures of STATISTICS come out in this way, those of
    heavier noise and of the gain of mode strict at `alpha` .15; it does not say how they were simulated.
    """

    name = "every_pair"
    asks = 1
    orders: tuple[Order, Order] = ("AB", "BA")

    def __init__(self, alpha: float = 0.10) -> None:
        super().__init__()
        self.claimed_rate = self.alpha = alpha

    def pick(self, d: tuple[float, ...], place: int, picked: tuple[float, ...]) -> tuple[float, ...]:
        """The differences that the test reads after pair `place`."""
        return d[: place + 1]

    def next(self, case: Case) -> Step:
        """Screen, then pairs until the evidence, the futility or the sixteenth ends it."""
        if first := screen(case, self.reference_runs):
            return first
        alpha_t = alpha_at(self.alpha, case.confirms, case.keeps)
        assert alpha_t is not None
        d = differences(case.pairs)
        read_so_far: tuple[float, ...] = ()
        log = 0.0
        for place in range(len(d)):
            read_so_far = self.pick(d, place, read_so_far)
            log = log_e(read_so_far)
            if log >= -math.log(alpha_t):
                return Decided(verdict=Verdict.KEEP, reason="read inside a block", confirmed=True,
                               e_value=e_value(log), mean=math.fsum(d[: place + 1]) / (place + 1))
        if len(d) >= 16 or (d and log < math.log(0.5)):
            return Decided(verdict=Verdict.DISCARD, reason="futile or inconclusive", e_value=e_value(log))
        return Confirm(pairs=self.asks, orders=self.orders[: self.asks], warm_up=not d)


class BestOfBlock(EveryPair):
    """Reads the e-value inside blocks, and of each block takes the pair that suits it."""

    name = "best_of_block"
    asks = BLOCK

    def pick(self, d: tuple[float, ...], place: int, picked: tuple[float, ...]) -> tuple[float, ...]:
        """One difference a block: its best so far."""
        inside = place % BLOCK
        return (*picked[: len(picked) - bool(inside)], max(d[place - inside : place + 1]))
