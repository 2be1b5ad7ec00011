"""The real gates with their default settings over a simulated runner: how often noise is kept, and what is real found.

Seeded and deterministic; the sharper figures are printed by tests/benchmarks/bench_gates.py.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import pytest

from autor_nb import registry
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.engine.loops.gate_test import binomial_bound
from autor_nb.engine.loops.gate_test import test_gate as null_test
from autor_nb.testing.simulated import (
    BestOfBlock,
    CachedIncumbent,
    EveryPair,
    Meddler,
    OneStandardError,
    Session,
    Simulator,
    World,
)

SESSIONS = 2000


@lru_cache
def played(gate: str, world: World, sessions: int, meddled: bool = False, first: bool = False) -> list[Session]:
    """Sessions of a gate with its default options."""
    simulator = Simulator(registry.create("gates", gate), world, seed=11, person=Meddler() if meddled else None)
    return [simulator.session(number, until_first_keep=first) for number in range(sessions)]


def null_rate(world: World, sessions: int, meddled: bool = False) -> float:
    """The share of null sessions in which the default gate keeps anything."""
    return sum(bool(session.keeps) for session in played("eprocess", world, sessions, meddled, True)) / sessions


def test_null_sessions_keep_nothing() -> None:
    """2,000 sessions of 100 edits that change nothing: at most 2 % keep anything (1.1–1.4 % expected)."""
    result = null_test(registry.create("gates", "eprocess"), seed=11)
    assert (True, False, SESSIONS) == (result.passed, result.labelled, result.sessions)
    assert 0.002 < result.rate <= 0.02
    assert result.rate <= (result.bound or 0)


def test_greedy_keeps_noise_exactly_as_the_theory_of_records_says() -> None:
    """1 − 1/101 of the sessions keep something, H₁₀₁ − 1 = 4.197 on average, and the recorded gain is 2.51 σ."""
    sessions = played("greedy", World(), SESSIONS)
    keeps = [len(session.keeps) for session in sessions]
    mean = sum(keeps) / SESSIONS
    error = math.sqrt(sum((count - mean) ** 2 for count in keeps) / (SESSIONS - 1) / SESSIONS)
    harmonic = sum(1 / n for n in range(2, 102))
    assert harmonic == pytest.approx(4.197, abs=5e-4)
    assert abs(mean - harmonic) < 3 * error
    kept = sum(count > 0 for count in keeps) / SESSIONS
    assert abs(kept - 100 / 101) < 3 * math.sqrt(100 / 101 / 101 / SESSIONS)
    recorded = [sum(one.mean or 0.0 for one in session.keeps) for session in sessions]
    assert sum(recorded) / SESSIONS == pytest.approx(2.51, abs=0.1)


@pytest.mark.parametrize(("sigma", "power"), [(2.0, 0.64), (3.0, 0.96)])
def test_real_improvements_are_found(sigma: float, power: float) -> None:
    """At 10 % prevalence, over 2,000 real candidates: power, false discoveries, and the cost in runs."""
    tried = [one for session in played("eprocess", World(effects=((0.1, sigma),)), 220) for one in session.tried]
    real, kept = [one for one in tried if one.effect > 0], [one for one in tried if one.verdict is Verdict.KEEP]
    assert len(real) >= 2000
    assert sum(one.verdict is Verdict.KEEP for one in real) / len(real) >= power
    assert sum(one.effect <= 0 for one in kept) / len(kept) <= 0.05
    runs = sum(session.runs for session in played("eprocess", World(effects=((0.1, sigma),)), 220)) / len(tried)
    assert 3.6 <= runs <= 7.0


@pytest.mark.parametrize("world", [
    World(noise="t3"), World(noise="diverging"), World(candidate_sd=2.0), World(noise="reruns"),
], ids=["t3", "diverging", "doubled", "nine real reruns"])
def test_heavier_noise_does_not_break_it(world: World) -> None:
    """Student's t with 3 df, 2 % diverging runs, candidates with doubled noise, draws from real reruns: at most 4 %."""
    assert null_rate(world, 1000 if world.noise == "reruns" else SESSIONS) <= 0.04


@pytest.mark.parametrize("mode", ["strict", "explore"])
def test_a_person_who_sees_every_e_value_cannot_raise_it(mode: Any) -> None:
    """Vetoes what looks bad, adds pairs to what looks good, pins the near misses again: still at most 2 %."""
    world = World(mode=mode)
    assert null_rate(world, 1000, meddled=True) <= 0.02
    meddled = played("eprocess", world, 1000, True, True)
    tried = [one for session in meddled for one in session.tried]
    assert sum(one.pinned for one in tried) > 1000
    if mode == "strict":
        assert max(one.pairs for one in tried) > 16


@pytest.mark.parametrize(("sigma", "explored", "confirmed"), [(1.0, 4.9, 0.43), (2.0, 17.0, 15.0)])
def test_explore_finds_more_and_the_audit_says_so(sigma: float, explored: float, confirmed: float) -> None:
    """10 % better, 30 % worse by 1 or 2 σ: true final gains, greedy's beside them, checked by the audit of the whole."""
    effects = ((0.1, sigma), (0.3, -sigma))
    steps = played("eprocess", World(effects=effects, mode="explore"), 200)
    gain = sum(session.gain for session in steps) / 200
    assert gain == pytest.approx(explored, rel=0.15)
    strict = sum(session.gain for session in played("eprocess", World(effects=effects), 200)) / 200
    assert strict == pytest.approx(confirmed, abs=0.15 if sigma == 1.0 else 1.0)
    greedy = sum(session.gain for session in played("greedy", World(effects=effects), 200)) / 200
    assert greedy == pytest.approx({1.0: 1.86, 2.0: 12.5}[sigma], abs=0.5 if sigma == 1.0 else 1.5)
    assert gain > greedy + 1
    auditor = Simulator(registry.create("gates", "eprocess"), World(), seed=3)
    found = [auditor.audit(session.gain, n).verdict is Verdict.KEEP for n, session in enumerate(steps)]
    assert sum(found) / 200 > 0.9


@pytest.mark.parametrize(("sigma", "gain"), [(1.0, 0.6), (2.0, 15.0)])
def test_the_published_gain_of_strict_comes_out_by_reading_every_pair_at_a_higher_rate(sigma: float, gain: float) -> None:
    """STATISTICS has .6 and 15 σ: α = .15 read after every pair gives these; whole blocks at .10 give .43 and 15 σ."""
    simulator = Simulator(EveryPair(0.15), World(effects=((0.1, sigma), (0.3, -sigma))), seed=2)
    assert sum(simulator.session(n).gain for n in range(250)) / 250 == pytest.approx(gain, abs=0.15 * sigma ** 2.5)


def test_an_audit_after_exploring_nothing_claims_nothing() -> None:
    """Explore walks through null sessions by steps that mean nothing; the audit confirms fewer than one in twenty."""
    world = World(mode="explore")
    sessions = played("eprocess", world, 300)
    steps = sum(one.verdict is Verdict.ADVANCE for session in sessions for one in session.tried)
    assert steps > 300
    assert not any(session.gain for session in sessions)
    auditor = Simulator(registry.create("gates", "eprocess"), World(), seed=4)
    assert sum(auditor.audit(0.0, n).verdict is Verdict.KEEP for n in range(2000)) / 2000 <= 0.05


def test_shared_runs_hold_their_rate_and_find_most() -> None:
    """20 candidates, H = 10, k = 12, at most 8 runs: null near 1.8 %, power .60 and .85 at 2 and 3 σ, about 80 runs."""
    null = played("shared", World(candidates=20), SESSIONS, first=True)
    assert sum(bool(session.keeps) for session in null) / SESSIONS <= 0.04
    for sigma, power in ((2.0, 0.55), (3.0, 0.80)):
        sessions = played("shared", World(candidates=20, effects=((0.1, sigma),)), 1000)
        offered = 1000 * 20 * 0.1
        assert sum(one.effect > 0 for session in sessions for one in session.keeps) / offered >= power
        assert sum(session.runs for session in sessions) / 1000 <= 90


@pytest.mark.parametrize("broken", [CachedIncumbent, OneStandardError, BestOfBlock])
def test_a_broken_gate_fails_its_own_test(broken: Any) -> None:
    """Cached incumbent, paired one standard error, and best-of picks inside blocks: refused in words."""
    result = null_test(broken())
    assert not result.passed
    assert result.bound is not None and result.rate > result.bound
    assert "keeps noise and is refused" in result.words


@pytest.mark.parametrize("gate", ["fixed", "shared"])
def test_an_honest_gate_passes_its_own_test_within_seconds(gate: str) -> None:
    """1,000 sessions through the very object that will decide."""
    result = null_test(registry.create("gates", gate), sessions=1000)
    assert result.passed
    assert (1000, False) == (result.sessions, result.labelled)
    assert result.kept / 1000 == result.rate <= (result.bound or 0)


def test_greedy_is_labelled_and_not_refused() -> None:
    """It claims nothing, and the words say what it does."""
    result = null_test(registry.create("gates", "greedy"), sessions=500)
    assert (True, True, None) == (result.passed, result.labelled, result.bound)
    assert result.rate > 0.95
    assert "unconfirmed" in result.words


def test_the_own_test_uses_the_loops_settings() -> None:
    """Its routes, its mode, and sessions as short as the loop's."""
    from autor_nb.domain.loops.case import Requirement

    routes = ((Requirement(metric=0),), (Requirement(metric=0, margin=0.5), Requirement(metric=1)))
    result = null_test(registry.create("gates", "eprocess"), sessions=100, metrics=2, routes=routes, candidates=20)
    assert (result.passed, result.candidates) == (True, 20)
    assert null_test(registry.create("gates", "eprocess"), sessions=50, mode="explore", candidates=9999).candidates == 100


@pytest.mark.parametrize(("sessions", "rate"), [(2000, 0.10), (300, 0.05), (50, 0.5)])
def test_the_bound_is_the_binomials(sessions: int, rate: float) -> None:
    """The 99.9 % quantile."""
    from scipy import stats

    assert binomial_bound(sessions, rate) == int(stats.binom.ppf(0.999, sessions, rate))
