"""As good with less code: a keep within a declared margin, its error rate at that margin, and no sum of small losses."""

from __future__ import annotations

from typing import Any

import pytest

from autor_nb import registry
from autor_nb.domain.loops.case import Case, Decided, Pair
from autor_nb.domain.loops.eprocess import alpha_at, e_value, log_e
from autor_nb.domain.loops.gate import reference_after
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.plugins.gates.eprocess import EProcessGate
from autor_nb.testing.simulated import Session, Simulator, World


def sessions(world: World, number: int, first: bool = False, **options: Any) -> list[Session]:
    """Sessions in which every candidate is shorter than its incumbent."""
    simulator = Simulator(registry.load("gates", "eprocess")(**options), world, seed=7)
    return [simulator.session(n, until_first_keep=first) for n in range(number)]


def keeps(played: list[Session]) -> float:
    """The share of all candidates that were kept."""
    tried = [one for session in played for one in session.tried]
    return sum(one.verdict is Verdict.KEEP for one in tried) / len(tried)


@pytest.mark.parametrize("margin", [0.5, 2.0])
def test_worse_by_exactly_the_margin_is_kept_at_most_alpha_of_the_time(margin: float) -> None:
    """The edge of the null hypothesis: at a level of .2 for a single idea, and of .10 for a session of a hundred."""
    edge = World(effects=((1.0, -margin),), margin=margin, candidates=1)
    assert 0.01 < keeps(sessions(edge, 3000, alpha=0.2, horizon=1)) <= 0.2
    assert keeps(sessions(edge, 6000)) <= (alpha_at(0.10, 0, 0) or 0.0)
    whole = sessions(World(effects=((1.0, -margin),), margin=margin), 400, first=True)
    assert sum(bool(session.keeps) for session in whole) / 400 <= 0.02


def test_the_evidence_is_of_the_difference_plus_the_margin() -> None:
    """The number that is shown is E of d + δ; the mean beside it is that of d."""
    d = (-0.11, -0.09, -0.1, -0.12, -0.08, -0.1)
    step = EProcessGate().next(of(d, margin=0.3))
    assert isinstance(step, Decided)
    assert step.e_value == pytest.approx(e_value(log_e(tuple(value + 0.3 for value in d))))
    assert (step.mean, step.within, step.confirmed) == (pytest.approx(-0.1), 0.3, True)


def of(d: tuple[float, ...], **fields: Any) -> Case:
    """A shorter candidate whose pairs differ by these."""
    pairs = tuple(Pair(seed=n, candidate=n % 3 + value, incumbent=float(n % 3)) for n, value in enumerate(d))
    return Case(reference=(0.0, 1.0, 2.0), screen=9.0, screened=True, pairs=pairs, confirms=0, mode="strict", **fields)


def test_what_is_as_good_is_found_within_a_margin_that_noise_allows() -> None:
    """Edits that cost nothing: most within 2 σ, nearly all within 3 σ."""
    for margin, found in ((2.0, 0.75), (3.0, 0.97)):
        assert keeps(sessions(World(margin=margin), 20)) >= found


def test_a_hundred_small_losses_do_not_add_up_beyond_the_margin() -> None:
    """Each .2 σ worse, within a margin of 2 σ: against the last state that was confirmed to be better they stop there."""
    played = sessions(World(effects=((1.0, -0.2),), margin=2.0), 40)
    assert all(session.keeps for session in played)
    assert -2.0 <= sum(session.gain for session in played) / 40 < -0.5
    assert min(session.gain for session in played) >= -2.4


def test_what_is_shown_to_be_better_is_called_so_and_moves_the_mark() -> None:
    """The stronger claim needs the same bar without the margin."""
    better = EProcessGate().next(of((5.0, 5.2, 4.9, 5.1, 5.3, 4.8), margin=0.1))
    assert isinstance(better, Decided)
    assert (better.verdict, better.within) == (Verdict.KEEP, 0.0)
    assert better.reason.startswith("better")
    as_good = EProcessGate().next(of((0.2, -0.2, 0.1, -0.1, 0.2, -0.2), margin=5.0))
    assert isinstance(as_good, Decided)
    assert (as_good.verdict, as_good.within) == (Verdict.KEEP, 5.0)


def test_runs_of_the_last_confirmed_state_are_not_taken_for_the_incumbents() -> None:
    """The screen's reference stays what it was."""
    known = of((0.5, -0.5), margin=1.0)
    assert reference_after(known, Verdict.DISCARD) == known.reference
    assert reference_after(of((0.5, -0.5)), Verdict.DISCARD) == (*known.reference, 0.0, 1.0)
