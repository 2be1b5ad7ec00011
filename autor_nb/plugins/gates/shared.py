"""The gate for runs that take hours: candidates are tested against one shared set of fresh incumbent runs."""

from __future__ import annotations

import math
from typing import Any

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.case import Case, Confirm, Decided, Reference, Step
from autor_nb.domain.loops.eprocess import HORIZON_MOST, PRIOR_SCALE, alpha_at, e_value, log_e_two_sample
from autor_nb.domain.loops.gate import broken_guard, budget_spent, screen
from autor_nb.domain.loops.gate_options import GateOptions
from autor_nb.domain.loops.verdict import Verdict

FUTILE = math.log(0.5)
SEEDS_TO_JUDGE = 4
EXPLORE_RUNS = 2


class SharedGate:
    """Options: alpha (.10), horizon (10 confirms, 1–20), k (12 incumbent runs), n_max (8 runs), c2 (.25).

    Two-sample t e-process; nothing is paired, so that only the candidate runs in a confirm, and the k incumbent runs
    are drawn anew after each keep. A time drifts with the machine between the two: refused for time-like metrics.
    """

    name = "shared"
    fresh_reference = True
    calibration_pairs = 0
    time_like = False
    several = False
    margins = False

    def __init__(self, **options: Any) -> None:
        given = GateOptions(self.name, options)
        self.alpha = given.share("alpha", 0.10)
        self.horizon = given.within("horizon", 10, low=1, high=HORIZON_MOST)
        self.reference_runs = given.within("k", 12, low=2, high=1000)
        self.n_max = given.within("n_max", 8, low=2, high=1000)
        self.c2 = given.positive("c2", PRIOR_SCALE)
        given.finish()
        self.claimed_rate: float | None = self.alpha
        self.options: dict[str, Any] = {
            "alpha": self.alpha, "horizon": self.horizon, "k": self.reference_runs, "n_max": self.n_max, "c2": self.c2,
        }

    def next(self, case: Case) -> Step:
        """Reference runs, screen, then one candidate run after the other until the evidence ends it."""
        if case.time_like:
            raise UsageError("The gate shared cannot judge a time: the machine drifts between shared runs.",
                             "Use the gate eprocess, which interleaves its pairs.")
        if case.routes or case.margin:
            raise ValueError("the gate shared judges one score; several metrics and margins need the gate eprocess")
        if len(case.reference) < self.reference_runs:
            return Reference(runs=self.reference_runs - len(case.reference))
        if first := screen(case, self.reference_runs):
            return first
        alpha_t = alpha_at(self.alpha, case.confirms, case.keeps, self.horizon)
        if alpha_t is None and case.mode == "strict":
            return budget_spent(self.horizon)
        ours: list[float] = []
        for pair in case.pairs:
            if pair.void or pair.slept:
                continue
            if pair.candidate is None or not math.isfinite(pair.candidate):
                return Decided(verdict=Verdict.CRASH, reason=f"the candidate gave no score on confirm seed {pair.seed}")
            ours.append(pair.candidate)
        return self._walk(case, ours, alpha_t)

    def _walk(self, case: Case, ours: list[float], alpha_t: float | None) -> Step:
        """The verdict by runs from the first; a keep at any look stands, added repeats move only the end."""
        bar = 1 / alpha_t if alpha_t else math.inf
        mean_then = sum(case.reference) / len(case.reference)
        end: int | None = None
        shown: dict[str, Any] = {"alpha_t": alpha_t, "bar": bar if alpha_t else None}
        for n in range(1, len(ours) + 1):
            seen = ours[:n]
            log = log_e_two_sample(seen, case.reference, self.c2)
            shown |= {"e_value": e_value(log), "mean": sum(seen) / n - mean_then}
            same = len({case.screen, *seen}) == 1 and len(set(case.reference)) > 1
            if same and n >= SEEDS_TO_JUDGE:
                return Decided(verdict=Verdict.DISCARD, suspicious=True, pairs=n, **shown,
                               reason=f"seed not honoured: {n} seeds gave the candidate one and the same score")
            if not same and shown["e_value"] >= bar:
                return self._moved(case, n, shown)
            explored = n >= EXPLORE_RUNS and (not same or n >= self.n_max)
            enough = explored if case.mode == "explore" else log < FUTILE or n >= self.n_max
            if end is None and enough:
                end = n + case.extra_pairs
            if end is not None and n >= end:
                return self._ended(case, n, shown, futile=log < FUTILE)
        return Confirm(pairs=1, warm_up=not case.pairs, orders=("AB",), incumbent=False, **shown)

    def _moved(self, case: Case, n: int, shown: dict[str, Any]) -> Decided:
        if broken := broken_guard(case.guards):
            return Decided(verdict=Verdict.DISCARD, reason=broken, pairs=n, **shown)
        return Decided(
            verdict=Verdict.KEEP, confirmed=True, pairs=n, **shown,
            reason=f"better: E {shown['e_value']:.4g} ≥ {shown['bar']:.4g} on {n} fresh runs "
                   f"against {len(case.reference)} of the incumbent",
        )

    def _ended(self, case: Case, n: int, shown: dict[str, Any], futile: bool) -> Decided:
        evidence = f"E {shown['e_value']:.4g} on {n} runs"
        verdict, reason = Verdict.INCONCLUSIVE, f"inconclusive: {evidence}, short of {shown['bar'] or math.inf:.4g}"
        if case.mode == "explore" and shown["mean"] > 0:
            broken = broken_guard(case.guards)
            verdict = Verdict.DISCARD if broken else Verdict.ADVANCE
            reason = broken or f"a step, not a claim: mean {shown['mean']:+.4g} over {n} fresh runs ({evidence})"
        elif case.mode == "explore":
            verdict, reason = Verdict.DISCARD, f"not better on fresh runs: mean {shown['mean']:+.4g} ({evidence})"
        elif futile:
            verdict, reason = Verdict.DISCARD, f"futile: {evidence}, below ½"
        return Decided(verdict=verdict, reason=reason, pairs=n, **shown)
