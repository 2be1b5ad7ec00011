"""The classical gate: a fixed number of fresh pairs and one paired t-test, at a share of the session's error rate."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from autor_nb.domain.loops.blocks import SEEDS_TO_JUDGE, differences, ignores_seed, read
from autor_nb.domain.loops.case import BLOCK, Case, Decided, Pair, Step
from autor_nb.domain.loops.eprocess import HORIZON_MOST, alpha_at
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
from autor_nb.domain.loops.student import upper
from autor_nb.domain.loops.verdict import Verdict


class FixedGate:
    """Options: n (8 pairs, even), alpha (.10, of the session), horizon (none, or 1–20 confirms).

    The t-th confirm is tested once, after its n pairs, at α_t = α·γ_t·(keeps + 1). The p-value holds for normal noise
    and for one look only: repeats that persons add are not read.
    """

    name = "fixed"
    fresh_reference = False
    reference_runs = 4
    calibration_pairs = 0
    time_like = True
    several = False
    margins = False

    def __init__(self, **options: Any) -> None:
        given = GateOptions(self.name, options)
        self.n = given.even("n", 8, low=4)
        self.alpha = given.share("alpha", 0.10)
        self.horizon = given.optional_within("horizon", low=1, high=HORIZON_MOST)
        given.finish()
        self.claimed_rate: float | None = self.alpha
        self.options: dict[str, Any] = {"n": self.n, "alpha": self.alpha, "horizon": self.horizon}

    def next(self, case: Case) -> Step:
        """Screen, run all n pairs, decide once."""
        if case.routes or case.margin:
            raise ValueError("the gate fixed judges one score; several metrics and margins need the gate eprocess")
        if first := screen(case, self.reference_runs):
            return first
        alpha_t = alpha_at(self.alpha, case.confirms, case.keeps, self.horizon)
        if alpha_t is None and case.mode == "strict":
            return budget_spent(self.horizon)
        reading = read(case)
        if end := ended_early(reading):
            return end
        pairs = reading.valid[: self.n]
        enough = self.n
        if case.mode == "explore":
            enough = SEEDS_TO_JUDGE if ignores_seed(pairs) else BLOCK
        if len(pairs) < enough:
            return msgspec.structs.replace(block_after(reading, case), alpha_t=alpha_t)
        return self._decide(case, pairs, alpha_t)

    def _decide(self, case: Case, pairs: tuple[Pair, ...], alpha_t: float | None) -> Decided:
        d = differences(pairs)
        n, mean = len(d), math.fsum(d) / len(d)
        deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in d) / (n - 1))
        p = upper(mean / deviation * math.sqrt(n), n - 1) if deviation else None
        shown: dict[str, Any] = {"alpha_t": alpha_t, "mean": mean, "interval": interval_of(d), "p_value": p, "pairs": n}
        if not any(d):
            reason = f"no effect: all {n} pairs gave the same score twice"
            return Decided(verdict=Verdict.DISCARD, reason=reason, **shown)
        if refused := seed_not_honoured(pairs):
            return refused
        verdict, confirmed = Verdict.INCONCLUSIVE, False
        reason = "the differences do not vary, which no t-test can judge"
        if case.mode == "explore" and n < self.n:
            verdict = Verdict.ADVANCE if mean > 0 else Verdict.DISCARD
            words = "a step, not a claim" if mean > 0 else "not better on fresh pairs"
            reason = f"{words}: mean {mean:+.4g} over {n} pairs"
        elif p is not None:
            confirmed = alpha_t is not None and p <= alpha_t
            verdict = Verdict.KEEP if confirmed else Verdict.INCONCLUSIVE if mean > 0 else Verdict.DISCARD
            reason = f"paired t-test on {n} fresh pairs: p {p:.4g} against {alpha_t or 0.0:.4g}"
        if verdict.moves and (broken := broken_guard(case.guards)):
            return Decided(verdict=Verdict.DISCARD, reason=broken, **shown)
        return Decided(verdict=verdict, reason=reason, confirmed=confirmed, **shown)
