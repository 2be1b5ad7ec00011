"""How honest, how strong and how fast the gates are: `python bench_gates.py [sessions]`; prints, asserts nothing."""

from __future__ import annotations

import sys
import time
from typing import Any

from autor_nb import registry
from autor_nb.domain.loops.eprocess import log_e
from autor_nb.domain.loops.gate import Gate
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.engine.loops.gate_test import test_gate as null_test
from autor_nb.testing.siege import Besieger
from autor_nb.testing.simulated import (
    BestOfBlock,
    CachedIncumbent,
    EveryPair,
    Meddler,
    OneStandardError,
    Simulator,
    World,
)


def percent(share: float, n: int) -> str:
    """A share and its standard error."""
    return f"{100 * share:5.2f} % ± {100 * (share * (1 - share) / n) ** 0.5:.2f}"


def made(gate: str | Gate, options: dict[str, Any] | None) -> Gate:
    """A gate by its name, or the one that is given."""
    found: Gate = registry.load("gates", gate)(**(options or {})) if isinstance(gate, str) else gate
    return found


def null(name: str, gate: str | Gate, world: World, sessions: int, options: dict[str, Any] | None = None,
         person: Meddler | None = None) -> None:
    """The share of null sessions that keep anything, and the runs a candidate."""
    started = time.perf_counter()
    simulator = Simulator(made(gate, options), world, seed=1, person=person)
    played = [simulator.session(number, until_first_keep=True) for number in range(sessions)]
    kept = sum(bool(session.keeps) for session in played)
    runs = sum(session.runs for session in played) / sum(len(session.tried) for session in played)
    print(f"  null  {name:<44} {percent(kept / sessions, sessions)}   {runs:4.1f} runs a candidate   "
          f"{time.perf_counter() - started:5.1f} s", flush=True)


def real(name: str, gate: str | Gate, world: World, sessions: int, options: dict[str, Any] | None = None) -> None:
    """Power over all real candidates that were offered, false discoveries, true gain, inflation of the estimate."""
    simulator = Simulator(made(gate, options), world, seed=2)
    played = [simulator.session(number) for number in range(sessions)]
    tried = [one for session in played for one in session.tried]
    truly = [one for one in tried if one.effect > 0]
    kept = [one for one in tried if one.verdict is Verdict.KEEP]
    found = [one for one in kept if one.effect > 0]
    false = sum(any(one.effect <= 0 for one in session.keeps) for session in played) / sessions
    audits = sum(simulator.audit(session.gain, n).verdict is Verdict.KEEP for n, session in enumerate(played))
    inflation = sum((one.mean or 0) / one.effect for one in found) / max(len(found), 1)
    print(f"  real  {name:<34} power {percent(len(found) / max(len(truly), 1), max(len(truly), 1))} of {len(truly)}   "
          f"FDR {100 * (len(kept) - len(found)) / max(len(kept), 1):4.1f} %   any false {100 * false:4.1f} %   "
          f"gain {sum(session.gain for session in played) / sessions:5.2f} σ   estimate × {inflation:.2f}   "
          f"audit {100 * audits / sessions:3.0f} %   {sum(session.runs for session in played) / len(tried):3.1f} runs",
          flush=True)


def nulls(sessions: int) -> None:
    """Every kind of noise, option and meddling."""
    null("eprocess", "eprocess", World(), sessions)
    null("eprocess, pairs correlated .5", "eprocess", World(correlation=0.5), sessions)
    null("eprocess, t with 3 df", "eprocess", World(noise="t3"), sessions)
    null("eprocess, 2 % diverging", "eprocess", World(noise="diverging"), sessions)
    null("eprocess, candidates' noise doubled", "eprocess", World(candidate_sd=2.0), sessions)
    null("eprocess, nine real reruns", "eprocess", World(noise="reruns"), sessions)
    null("eprocess, horizon 20", "eprocess", World(), sessions, {"horizon": 20})
    null("eprocess, calibrate 8", "eprocess", World(), sessions, {"calibrate": 8})
    null("eprocess, calibrate 8, 2 % diverging", "eprocess", World(noise="diverging"), sessions, {"calibrate": 8})
    null("eprocess, meddled with", "eprocess", World(), sessions, person=Meddler())
    null("eprocess, meddled with, 200 pairs more", "eprocess", World(), sessions, person=Meddler(repeats=200))
    null("eprocess, explore, meddled with", "eprocess", World(mode="explore"), sessions, person=Meddler())
    besieged("eprocess, besieged over 4 forks", sessions)
    besieged("eprocess, besieged, 400 ideas, 200 pairs more", sessions // 5, ideas=400, repeats=200)
    for margin in (0.5, 2.0):
        null(f"eprocess, worse by the very margin of {margin:g} σ", "eprocess",
             World(effects=((1.0, -margin),), margin=margin), sessions)
    null("shared, 20 candidates", "shared", World(candidates=20), sessions)
    null("fixed", "fixed", World(), sessions)
    null("greedy", "greedy", World(), sessions)


def besieged(name: str, sessions: int, **how: int) -> None:
    """The share of null sessions that keep anything under the strongest person there is."""
    person = Besieger(registry.create("gates", "eprocess"), seed=5, **how)
    sieges = [person.session(number) for number in range(sessions)]
    kept = sum(bool(siege.kept) for siege in sieges)
    print(f"  null  {name:<44} {percent(kept / sessions, sessions)}   "
          f"{sum(siege.reopened for siege in sieges) / sessions:4.1f} reopened and "
          f"{sum(siege.vetoes for siege in sieges) / sessions:4.1f} vetoed a session", flush=True)


def published(sessions: int) -> None:
    """The settings in which STATISTICS' figures come out: E read after every pair, heavier noise and small gains at α = .15."""
    null("every pair, α .10", EveryPair(), World(), sessions)
    for name, world in (("t with 3 df", World(noise="t3")), ("2 % diverging", World(noise="diverging")),
                        ("noise doubled", World(candidate_sd=2.0)), ("Gaussian", World())):
        null(f"every pair, α .15, {name}", EveryPair(0.15), world, sessions)
    for sigma in (1.0, 2.0, 3.0):
        real(f"every pair, α .10, {sigma:g} σ", EveryPair(), World(effects=((0.1, sigma),)), sessions // 5)
    for sigma in (1.0, 2.0):
        real(f"every pair, α .15, ±{sigma:g} σ", EveryPair(0.15), World(effects=((0.1, sigma), (0.3, -sigma))),
             sessions // 5)


def reals(sessions: int) -> None:
    """10 % real candidates of 1, 2, 3 σ; and with 30 % harmful ones, by mode."""
    for sigma in (1.0, 2.0, 3.0):
        real(f"eprocess {sigma:g} σ", "eprocess", World(effects=((0.1, sigma),)), sessions)
    for sigma in (2.0, 3.0):
        real(f"shared {sigma:g} σ, 20 candidates", "shared", World(candidates=20, effects=((0.1, sigma),)), sessions)
    real("fixed 2 σ", "fixed", World(effects=((0.1, 2.0),)), sessions)
    real("greedy 2 σ", "greedy", World(effects=((0.1, 2.0),)), sessions)
    for sigma in (1.0, 2.0):
        effects = ((0.1, sigma), (0.3, -sigma))
        real(f"greedy ±{sigma:g} σ", "greedy", World(effects=effects), sessions)
        real(f"explore ±{sigma:g} σ", "eprocess", World(effects=effects, mode="explore"), sessions)
        real(f"strict ±{sigma:g} σ", "eprocess", World(effects=effects), sessions)


def main(sessions: int) -> None:
    """All of it."""
    print(f"{sessions} sessions of 100 candidates each, unless said")
    nulls(sessions)
    reals(max(sessions // 5, 10))
    published(max(sessions, 50))
    auditor = Simulator(registry.create("gates", "eprocess"), World(), seed=3)
    found = sum(auditor.audit(0.0, n).verdict is Verdict.KEEP for n in range(10 * sessions))
    print(f"  audit of nothing: {percent(found / sessions / 10, 10 * sessions)} called better")
    for gate in (registry.create("gates", "eprocess"), CachedIncumbent(), OneStandardError(), BestOfBlock()):
        result = null_test(gate)
        print(f"  own test, {result.duration_s:.1f} s: {result.words}")
    started = time.perf_counter()
    for n in range(20_000):
        log_e((0.1 + n, 1.0, 0.4, -0.2))
    print(f"  one e-value of four pairs: {(time.perf_counter() - started) / 20_000 * 1e6:.1f} µs")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
