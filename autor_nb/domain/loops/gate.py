"""The port `Gate`, keep or discard and nothing else, with what every gate shares: the screen, the words, the audit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import msgspec

from autor_nb.domain.loops.blocks import SEEDS_TO_JUDGE, Reading, differences, ignores_seed, orders, read
from autor_nb.domain.loops.case import (
    BLOCK,
    Case,
    Confirm,
    Decided,
    GuardReading,
    Interval,
    Pair,
    Reference,
    Requirement,
    Route,
    Screen,
    Step,
)
from autor_nb.domain.loops.eprocess import confidence, e_value, log_e
from autor_nb.domain.loops.verdict import Verdict

__all__ = [
    "AUDIT_BAR", "AUDIT_PAIRS", "BLOCK", "Case", "Confirm", "Decided", "Gate", "GuardReading", "Interval", "Pair",
    "Reference", "Requirement", "Route", "Screen", "Step", "audit_next", "reference_after", "reference_scores_after",
    "score_of",
]

AUDIT_BAR = 20.0
AUDIT_PAIRS = 10
INTERVAL_LEVEL = 0.05
REFERENCE_MEMORY = 16
TIME_REPEATS = 3


@runtime_checkable
class Gate(Protocol):
    """Decides from a case what is to be done next, and at the end whether the candidate is kept.

    `next` is a pure function of the case: a killed engine asks it again and gets the same answer. It raises
    UsageError only for a case it can never judge (a time-like metric for `shared`). Made by
    `registry.load("gates", name)(**options)`, which raises UsageError for an option that is wrong or unknown.
    """

    name: str
    options: dict[str, Any]
    """Every option as it is in force, for the log."""
    claimed_rate: float | None
    """At most this share of sessions of no-ops keeps anything; None: nothing is claimed, keeps are unconfirmed."""
    reference_runs: int
    """Fresh runs of the incumbent that the screen wants at the start."""
    fresh_reference: bool
    """Whether those runs are drawn anew after each keep, because the test itself uses them."""
    calibration_pairs: int
    """Pairs of baseline against baseline that it wants in `Case.calibration`."""
    time_like: bool
    """Whether it can judge a metric that is a time."""
    several: bool
    """Whether it can judge `Case.routes`: several metrics, each by a requirement of its own."""
    margins: bool
    """Whether it can judge `Case.margin`: "as good, within δ"."""

    def next(self, case: Case) -> Step:
        """The next step of this case."""
        ...


def score_of(metric: float, *, higher: bool, time_like: bool = False) -> float | None:
    """The metric turned so that higher is better; a time as −log (seconds cancel in a difference: a log ratio).

    None for a number that is not finite, and for a time that is not above 0.
    """
    if not math.isfinite(metric) or (time_like and metric <= 0):
        return None
    value = math.log(metric) if time_like else metric
    return value if higher else -value


def reference_after(case: Case, verdict: Verdict, *, fresh: bool = False) -> tuple[float, ...]:
    """The incumbent's most recent fresh scores once this case is decided, oldest first; at most REFERENCE_MEMORY.

    After a keep or an advance the winner's confirm scores, never its screening score unless there are no others (a
    greedy gate); else the old ones and what the incumbent's confirm runs added. `fresh`: a gate whose test uses the
    reference gets none after a move, so that the engine draws new ones, and nothing is added in between. Nor is
    anything added by the pairs of a margin: they ran the last confirmed state, which need not be the incumbent.
    """
    valid = _both_ran(case)
    if verdict.moves:
        if fresh:
            return ()
        ours = tuple(pair.candidate for pair in valid if pair.candidate is not None)
        return (ours or tuple(score for score in (case.screen,) if score is not None))[-REFERENCE_MEMORY:]
    if fresh or case.margin:
        return case.reference
    theirs = tuple(pair.incumbent for pair in valid if pair.incumbent is not None)
    return (*case.reference, *theirs)[-REFERENCE_MEMORY:]


def reference_scores_after(case: Case, verdict: Verdict) -> tuple[tuple[float, ...], ...]:
    """The same for the single metrics of a case with routes: (runs, metrics), oldest first."""
    valid = _both_ran(case)
    if verdict.moves:
        ours = tuple(pair.candidate_scores for pair in valid if pair.candidate_scores)
        return (ours or tuple(filter(None, (case.screen_scores,))))[-REFERENCE_MEMORY:]
    theirs = tuple(pair.incumbent_scores for pair in valid if pair.incumbent_scores)
    return (*case.reference_scores, *theirs)[-REFERENCE_MEMORY:]


def _both_ran(case: Case) -> list[Pair]:
    """The pairs that are not void and in which both sides gave a score."""
    return [pair for pair in case.pairs if not pair.void and not pair.slept
            and pair.candidate is not None and pair.incumbent is not None]


def screen(case: Case, runs: int) -> Step | None:
    """What comes before any confirm, or None when the candidate is through: one run against the reference's mean.

    A candidate in confirm is through, whatever a reference that has grown since would say of its screening run.
    """
    if not case.reference:
        return Reference(runs=runs)
    if case.pairs:
        return None
    if not case.screened:
        return Screen()
    if case.screen is None or not math.isfinite(case.screen):
        return Decided(verdict=Verdict.CRASH, reason="the screening run gave no score")
    if any(_promises(case, route) for route in case.routes) if case.routes else _better(case):
        return None
    if case.routes:
        return Decided(verdict=Verdict.DISCARD, reason="not better on any route in its screening run")
    mean = sum(case.reference) / len(case.reference)
    return Decided(
        verdict=Verdict.DISCARD,
        reason=f"not better in its screening run: {case.screen:.6g} against {mean:.6g}, "
               f"the mean of the incumbent's {len(case.reference)} latest runs",
    )


def _better(case: Case) -> bool:
    assert case.screen is not None
    return case.screen + case.margin > sum(case.reference) / len(case.reference)


def _promises(case: Case, route: Route) -> bool:
    """Whether the one screening run meets all that the route asks; a margin of 0 asks for more than the mean."""
    for asked in route:
        if asked.metric is None:
            ours, known = case.screen, case.reference
        else:
            if asked.metric >= len(case.screen_scores):
                raise ValueError(f"a route asks for metric {asked.metric}; there are {len(case.screen_scores)} scores")
            ours, known = case.screen_scores[asked.metric], tuple(row[asked.metric] for row in case.reference_scores)
        if asked.bound is None and not known:
            raise ValueError("a case with routes needs reference_scores")
        other = asked.bound if asked.bound is not None else sum(known) / len(known)
        if ours is None or not ours - other + asked.margin > 0:
            return False
    return True


def block_after(reading: Reading, case: Case) -> Confirm:
    """The rest of the open block, or a whole new one."""
    if reading.missing:
        return Confirm(pairs=len(reading.missing), orders=reading.missing, repeats=repeats_of(case))
    block = orders(case.coin, len(reading.valid) // BLOCK)
    return Confirm(warm_up=not case.pairs, orders=block, repeats=repeats_of(case))


def repeats_of(case: Case) -> int:
    """How many interleaved runs a side of a pair stands for: a single time says more about the machine's moment."""
    return TIME_REPEATS if case.time_like else 1


def ended_early(reading: Reading) -> Decided | None:
    """The verdict of a case that no test can save: a crash, or an incumbent that does not run."""
    if reading.crashed:
        return Decided(verdict=Verdict.CRASH, reason=reading.crashed)
    if reading.dead:
        return Decided(verdict=Verdict.INCONCLUSIVE, reason=reading.dead, suspicious=True)
    return None


def seed_not_honoured(pairs: tuple[Pair, ...]) -> Decided | None:
    """The refusal of a candidate that is bit-identical on four or more seeds while the incumbent varies."""
    if not ignores_seed(pairs) or len(pairs) < SEEDS_TO_JUDGE:
        return None
    return Decided(
        verdict=Verdict.DISCARD, suspicious=True, pairs=len(pairs),
        reason=f"seed not honoured: {len(pairs)} seeds gave the candidate one and the same score, "
               "and the incumbent different ones",
    )


def budget_spent(horizon: int | None) -> Decided:
    """The verdict past a known horizon: the candidate stays untested, and the loop pauses for a person."""
    return Decided(
        verdict=Verdict.UNTESTED, pauses=True,
        reason=f"the session's error budget of {horizon} confirms is spent; a person may grant another",
    )


def broken_guard(guards: Iterable[GuardReading]) -> str:
    """The first guard that does not hold, in words, or nothing."""
    return next((guard.broken for guard in guards if guard.broken), "")


def interval_of(d: tuple[float, ...]) -> Interval:
    """The time-uniform 95 % interval of the mean difference; None for an infinite bound."""
    low, high = confidence(d, INTERVAL_LEVEL)
    return (low if math.isfinite(low) else None, high if math.isfinite(high) else None)


def audit_next(
    pairs: tuple[Pair, ...], coin: int = 0, *, time_like: bool = False, bar: float = AUDIT_BAR, before: int = 0,
    routes: tuple[Route, ...] = (),
) -> Step:
    """The final audit: baseline (as incumbent) against final (as candidate) on at most 10 fresh pairs, one test.

    Asks for blocks of two; keep when E ≥ `bar` after a whole block, else inconclusive (discard when E < ½) at the
    tenth pair. The pairs must be new: none that any verdict of the loop has read. `before`: how many valid pairs
    earlier audits of the same two states have read, which come first; their E goes on with at most 10 more.
    `routes`: as a gate's, the best of them counts and the weakest of what it asks, at the bar times their number.
    """
    bar *= max(len(routes), 1)
    case = Case(reference=(), screen=None, screened=True, pairs=pairs, confirms=0, mode="strict", coin=coin,
                time_like=time_like)
    reading = read(case)
    if end := ended_early(reading):
        return end
    d: tuple[float, ...] = ()
    shown: dict[str, Any] = {}
    most = before + AUDIT_PAIRS
    for n in range(before + BLOCK, min(len(reading.valid), most) + 1, BLOCK):
        d = differences(reading.valid[:n])
        mean = math.fsum(d) / n
        shown = {"e_value": e_value(_evidence(reading.valid[:n], routes)), "bar": bar, "alpha_t": 1 / bar,
                 "mean": mean, "interval": interval_of(d)}
        if refused := seed_not_honoured(reading.valid[:n]):
            return refused
        if shown["e_value"] >= bar:
            return Decided(verdict=Verdict.KEEP, confirmed=True, pairs=n, **shown,
                           reason=f"better than the baseline: E {shown['e_value']:.4g} ≥ {bar:g} on {n} pairs")
    if len(d) < most:
        asked = block_after(reading, case)
        again = before > 0 and len(reading.valid) == before and not reading.missing
        return msgspec.structs.replace(asked, **shown, warm_up=asked.warm_up or again)
    if not any(d) and not routes:
        reason = f"no effect: all {len(d)} pairs gave the same score twice"
        return Decided(verdict=Verdict.DISCARD, pairs=len(d), reason=reason, **shown)
    worse = shown["e_value"] < 0.5
    return Decided(
        verdict=Verdict.DISCARD if worse else Verdict.INCONCLUSIVE, pairs=len(d), **shown,
        reason=f"not shown to be better than the baseline: E {shown['e_value']:.4g} < {bar:g} "
               f"on {len(d)} fresh pairs",
    )


def _evidence(pairs: tuple[Pair, ...], routes: tuple[Route, ...]) -> float:
    """The log of E."""
    if not routes:
        return log_e(differences(pairs))
    return max(min(log_e(differences(pairs, asked)) for asked in route) for route in routes)
