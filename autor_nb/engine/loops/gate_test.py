"""The gate's own test: thousands of simulated sessions in which nothing is better, before the gate is trusted."""

from __future__ import annotations

import math
import time

import msgspec

from autor_nb.domain.loops.case import Requirement
from autor_nb.domain.loops.gate import Gate
from autor_nb.engine.loops.simulation import Simulator, World

SESSIONS = 2000
CANDIDATES = 100
CONFIDENCE = 0.999


class GateTestResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen. `rate` is the share of sessions that kept anything, `bound` the most that the claim allows.

    `labelled`: the gate claims nothing (greedy), so that it is not refused and its keeps are called unconfirmed.
    `sessions` may be fewer than were asked for when the bound was passed long before the last.
    """

    gate: str
    passed: bool
    labelled: bool
    claimed: float | None
    kept: int
    sessions: int
    rate: float
    bound: float | None
    candidates: int
    duration_s: float
    words: str


def binomial_bound(sessions: int, rate: float, confidence: float = CONFIDENCE) -> int:
    """The smallest k with P(X ≤ k) ≥ confidence, for X of `sessions` draws at `rate` (0 < rate < 1)."""
    log_rate, log_other = math.log(rate), math.log1p(-rate)
    total = 0.0
    for k in range(sessions + 1):
        total += math.exp(
            math.lgamma(sessions + 1) - math.lgamma(k + 1) - math.lgamma(sessions - k + 1)
            + k * log_rate + (sessions - k) * log_other
        )
        if total >= confidence:
            return k
    return sessions


def test_gate(
    gate: Gate, *, mode: str = "strict", candidates: int = CANDIDATES, sessions: int = SESSIONS, seed: int = 0,
    metrics: int = 0, routes: tuple[tuple[Requirement, ...], ...] = (), time_like: bool = False,
) -> GateTestResult:
    """Drive this very gate object, with this loop's settings, through null sessions of at most 100 candidates.

    Every candidate is the incumbent under another name, with Gaussian noise of SD 1. It fails when more sessions keep
    anything than 99.9 % of tests of a gate with the claimed rate would show. `metrics` and `routes` are those of the
    loop's scalarizer; margins are set to 0, so that no candidate is truly within them.
    """
    started = time.perf_counter()
    candidates = max(1, min(candidates, CANDIDATES))
    world = World(
        candidates=candidates, mode="explore" if mode == "explore" else "strict", metrics=metrics, time_like=time_like,
        routes=tuple(tuple(msgspec.structs.replace(asked, margin=0.0, bound=None) for asked in route)
                     for route in routes),
    )
    simulator = Simulator(gate, world, seed)
    allowed = None if gate.claimed_rate is None else binomial_bound(sessions, gate.claimed_rate)
    kept = done = 0
    while done < sessions and (allowed is None or kept <= allowed):
        kept += bool(simulator.session(done, until_first_keep=True).keeps)
        done += 1
    passed = allowed is None or kept <= allowed
    return GateTestResult(
        gate=gate.name, passed=passed, labelled=allowed is None, claimed=gate.claimed_rate, kept=kept, sessions=done,
        rate=kept / done, bound=None if allowed is None else allowed / sessions, candidates=candidates,
        duration_s=time.perf_counter() - started, words=_words(gate, kept, done, allowed, sessions, candidates),
    )


test_gate.__test__ = False  # type: ignore[attr-defined]  # its name would make pytest run it


def _words(gate: Gate, kept: int, done: int, allowed: int | None, sessions: int, candidates: int) -> str:
    """The result as a person reads it."""
    seen = (f"{kept} of {done} simulated sessions of {candidates} ideas that change nothing kept something "
            f"({kept / done:.1%})")
    if allowed is None:
        return f"{seen}. The gate {gate.name} claims no error rate: its keeps are unconfirmed."
    if kept <= allowed:
        return f"{seen}; the gate {gate.name} claims at most {gate.claimed_rate:.3g}."
    return (f"{seen}, more than the {allowed / sessions:.1%} that a gate with the claimed rate of "
            f"{gate.claimed_rate:.3g} may show: the gate {gate.name} keeps noise and is refused.")
