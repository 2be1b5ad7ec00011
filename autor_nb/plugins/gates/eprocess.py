"""The default gate: a one-sided t e-process on fresh pairs, within an error budget of the session (e-LOND form)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import msgspec

from autor_nb.domain.loops.blocks import Reading, differences, ignores_seed, read
from autor_nb.domain.loops.case import BLOCK, Case, Confirm, Decided, Pair, Requirement, Route, Step
from autor_nb.domain.loops.eprocess import HORIZON_MOST, PRIOR_SCALE, alpha_at, calibrated, e_value, log_e
from autor_nb.domain.loops.gate import (
    block_after,
    broken_guard,
    budget_spent,
    ended_early,
    interval_of,
    screen,
    seed_not_honoured,
)
from autor_nb.domain.loops.gate_options import GateOptions
from autor_nb.domain.loops.verdict import Verdict

FUTILE = math.log(0.5)
PLAIN_BAR = math.log(20.0)
REFERENCE_RUNS = 4


class _Look(NamedTuple):
    """The evidence after a whole block: of the best route, its weakest requirement."""

    log: float
    keep: bool
    futile: bool
    moved: bool


class EProcessGate:
    """Options: alpha (.10), horizon (none, or 1–20 confirms), n_max (16 pairs, even), calibrate (0 pairs), c2 (.25)."""

    name = "eprocess"
    fresh_reference = False
    reference_runs = REFERENCE_RUNS
    time_like = True
    several = True
    margins = True

    def __init__(self, **options: Any) -> None:
        given = GateOptions(self.name, options)
        self.alpha = given.share("alpha", 0.10)
        self.horizon = given.optional_within("horizon", low=1, high=HORIZON_MOST)
        self.n_max = given.even("n_max", 16, low=4)
        self.calibration_pairs = given.within("calibrate", 0, low=0, high=64)
        self.c2 = given.positive("c2", PRIOR_SCALE)
        given.finish()
        self.claimed_rate: float | None = self.alpha
        self.options: dict[str, Any] = {
            "alpha": self.alpha, "horizon": self.horizon, "n_max": self.n_max,
            "calibrate": self.calibration_pairs, "c2": self.c2,
        }

    def next(self, case: Case) -> Step:
        """Screen, then whole blocks of fresh pairs until the evidence, the futility or n_max ends it."""
        if first := screen(case, self.reference_runs):
            return first
        alpha_t = alpha_at(self.alpha, case.confirms, case.keeps, self.horizon)
        if alpha_t is None and case.mode == "strict":
            return budget_spent(self.horizon)
        reading = read(case)
        return ended_early(reading) or self._walk(case, reading.valid, alpha_t) or self._more(case, reading, alpha_t)

    def _more(self, case: Case, reading: Reading, alpha_t: float | None) -> Confirm:
        asked = block_after(reading, case)
        if not reading.valid:
            return asked
        shown = self._shown(case, reading.valid, alpha_t)
        return msgspec.structs.replace(asked, **shown)

    def _walk(self, case: Case, pairs: tuple[Pair, ...], alpha_t: float | None) -> Decided | None:
        """The verdict by whole blocks from the first; a keep at any look stands, added repeats move only the end."""
        bar = math.log(max(len(case.routes), 1) / alpha_t) if alpha_t else math.inf
        end: int | None = None
        for n in range(BLOCK, len(pairs) + 1, BLOCK):
            seen = pairs[:n]
            look = self._look(case, seen, bar)
            if not look.moved:
                return Decided(verdict=Verdict.DISCARD, pairs=n, mean=0.0, interval=None, alpha_t=alpha_t,
                               reason=f"no effect: all {n} pairs gave the same score twice")
            same = ignores_seed(seen)
            if same and (refused := seed_not_honoured(seen)):
                return refused
            if look.keep and not same:
                return self._kept(case, seen, alpha_t)
            if end is None and (look.futile or n >= self.n_max or (case.mode == "explore" and not same)):
                end = n + case.extra_pairs
            if end is not None and n >= end:
                return self._ended(case, seen, alpha_t, look)
        return None

    def _look(self, case: Case, pairs: tuple[Pair, ...], bar: float) -> _Look:
        if not case.routes:
            asked = Requirement(margin=case.margin) if case.margin else None
            return self._judge(differences(pairs, asked), case.calibration, bar)
        ways = [self._route(pairs, route, bar) for route in case.routes]
        return _Look(max(way.log for way in ways), any(way.keep for way in ways),
                     all(way.futile for way in ways), any(way.moved for way in ways))

    def _route(self, pairs: tuple[Pair, ...], route: Route, bar: float) -> _Look:
        """One way to a keep: every requirement must stand at the bar, and one that is futile closes it."""
        looks = [self._judge(differences(pairs, asked), (), bar) for asked in route]
        return _Look(min(look.log for look in looks), all(look.keep for look in looks),
                     any(look.futile for look in looks), any(look.moved for look in looks))

    def _judge(self, d: tuple[float, ...], calibration: tuple[float, ...], bar: float) -> _Look:
        """One test. Calibration never decides alone: E(0) must reach 20 too, and both must be below ½ to give up."""
        plain = log_e(d, c2=self.c2)
        known = calibration[: self.calibration_pairs]
        if not known:
            return _Look(plain, plain >= bar, plain < FUTILE, any(d))
        other = log_e(d, math.fsum(value * value for value in known), len(known), self.c2)
        mixed = calibrated(d, known, self.c2)
        return _Look(mixed, mixed >= bar and plain >= PLAIN_BAR, max(plain, other) < FUTILE, any(d))

    def _shown(self, case: Case, pairs: tuple[Pair, ...], alpha_t: float | None) -> dict[str, Any]:
        """The numbers that people see beside any verdict; an interval is of the case's own score."""
        d = differences(pairs)
        log = self._look(case, pairs, math.inf).log
        return {
            "e_value": e_value(log), "alpha_t": alpha_t,
            "bar": max(len(case.routes), 1) / alpha_t if alpha_t else None,
            "mean": math.fsum(d) / len(d), "interval": interval_of(d),
        }

    def _kept(self, case: Case, pairs: tuple[Pair, ...], alpha_t: float | None) -> Decided:
        shown = self._shown(case, pairs, alpha_t)
        if broken := broken_guard(case.guards):
            return Decided(verdict=Verdict.DISCARD, reason=broken, pairs=len(pairs), **shown)
        within = 0.0 if case.routes else case.margin
        if within and self._judge(differences(pairs), case.calibration, math.log(shown["bar"])).keep:
            within = 0.0  # the stronger claim at the same share of the budget: its "not better" holds the weaker's
        claim = f"as good within {within:g}" if within else "better"
        return Decided(
            verdict=Verdict.KEEP, confirmed=True, within=within, pairs=len(pairs), **shown,
            reason=f"{claim}: E {shown['e_value']:.4g} ≥ {shown['bar']:.4g} on {len(pairs)} fresh pairs",
        )

    def _ended(self, case: Case, pairs: tuple[Pair, ...], alpha_t: float | None, look: _Look) -> Decided:
        shown = self._shown(case, pairs, alpha_t)
        evidence = f"E {shown['e_value']:.4g} on {len(pairs)} pairs"
        verdict, reason = Verdict.INCONCLUSIVE, f"inconclusive: {evidence}, short of {shown['bar'] or math.inf:.4g}"
        seen = f"mean {shown['mean']:+.4g}" if not case.routes else "by the means of what each way to a keep asks"
        if case.mode == "explore" and _better_on_average(case, pairs):
            broken = broken_guard(case.guards)
            verdict = Verdict.DISCARD if broken else Verdict.ADVANCE
            reason = broken or f"a step, not a claim: {seen} on fresh pairs ({evidence})"
        elif case.mode == "explore":
            verdict, reason = Verdict.DISCARD, f"not better on fresh pairs: {seen} ({evidence})"
        elif look.futile:
            verdict, reason = Verdict.DISCARD, f"futile: {evidence}, below ½"
        return Decided(verdict=verdict, reason=reason, pairs=len(pairs), **shown)


def _better_on_average(case: Case, pairs: tuple[Pair, ...]) -> bool:
    """Whether the means, untested, meet the claim; of several metrics all that one of the ways to a keep asks."""
    ways = case.routes or ((Requirement(margin=case.margin),),)
    return any(all(math.fsum(differences(pairs, asked)) > 0 for asked in route) for route in ways)
