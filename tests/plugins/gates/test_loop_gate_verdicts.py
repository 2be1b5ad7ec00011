"""What each gate says in the cases that STATISTICS names: crashes, ties, seeds, repeats, routes, budgets, guards."""

from __future__ import annotations

import math
import random
from typing import Any

import msgspec
import pytest

from autor_nb import registry
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.case import Case, Confirm, Decided, GuardReading, Pair, Reference, Requirement, Screen
from autor_nb.domain.loops.eprocess import alpha_at, log_e
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.plugins.gates.eprocess import EProcessGate
from autor_nb.plugins.gates.fixed import FixedGate
from autor_nb.plugins.gates.shared import SharedGate
from autor_nb.testing.gate_contracts import drive, noise


def case(*differences: float | None, **fields: Any) -> Case:
    """A candidate in confirm whose pairs differ by these; the incumbent's scores vary."""
    pairs = tuple(
        Pair(seed=n, candidate=None if d is None else n % 3 + d, incumbent=float(n % 3))
        for n, d in enumerate(differences)
    )
    return Case(**{"reference": (0.0, 1.0, 2.0), "screen": 9.0, "screened": True, "pairs": pairs, "confirms": 0,
                   "mode": "strict", **fields})


def decided(gate: Any, known: Case) -> Decided:
    """The verdict, which must be there."""
    step = gate.next(known)
    assert isinstance(step, Decided), step
    return step


def test_screening_is_strict_and_by_the_mean_of_fresh_runs() -> None:
    """Equal to the mean is not better; what is not better costs no pair."""
    gate = EProcessGate()
    assert isinstance(gate.next(case(reference=(), screen=None, screened=False)), Reference)
    assert isinstance(gate.next(case(screen=None, screened=False)), Screen)
    assert decided(gate, case(screen=1.0)).verdict is Verdict.DISCARD
    asked = gate.next(case(screen=1.0001))
    assert isinstance(asked, Confirm)
    assert (asked.pairs, asked.warm_up, asked.incumbent) == (2, True, True)


def test_the_first_confirm_is_warmed_up_and_later_ones_show_the_evidence() -> None:
    """What the panel draws beside its bar."""
    asked = EProcessGate().next(case(0.5, 1.0))
    assert isinstance(asked, Confirm)
    assert not asked.warm_up
    assert asked.e_value == pytest.approx(3.157379, rel=1e-6)
    assert asked.alpha_t == alpha_at(0.10, 0, 0)
    assert asked.bar == pytest.approx(1 / (asked.alpha_t or 1))


def test_a_keep_needs_the_bar_and_the_bar_falls_with_keeps() -> None:
    """E of four pairs is about 124: not enough for the first candidate of a session, enough after two keeps."""
    strong = (1.0, 1.05, 0.95, 1.02)
    e = math.exp(log_e(strong))
    assert 90 < e < 140
    asked = EProcessGate().next(case(*strong))
    assert isinstance(asked, Confirm)
    assert (asked.bar or 0) > e
    kept = decided(EProcessGate(), case(*strong, keeps=2))
    assert (Verdict.KEEP, True, 4) == (kept.verdict, kept.confirmed, kept.pairs)
    assert kept.e_value == pytest.approx(e)
    assert kept.bar == pytest.approx(1 / (0.3 * 2.352 / (11 * math.log(11) ** 2)))
    assert kept.mean == pytest.approx(1.005)


def test_futile_and_inconclusive() -> None:
    """E < ½ after a whole block ends it; 16 pairs without a word end it too, read only in whole blocks."""
    assert "futile" in decided(EProcessGate(), case(-1.0, -1.0)).reason
    assert isinstance(EProcessGate().next(case(0.9, -0.1)), Confirm)
    weak = tuple(0.5 + (-1) ** n * 0.9 for n in range(16))
    ended = decided(EProcessGate(), case(*weak))
    assert (Verdict.INCONCLUSIVE, 16) == (ended.verdict, ended.pairs)
    assert isinstance(EProcessGate().next(case(*weak[:15])), Confirm)


def test_repeats_continue_the_same_evidence_at_the_same_bar() -> None:
    """Added pairs move the end, not the bar; a block that was asked for is read, and an old keep stands."""
    weak = tuple(0.5 + (-1) ** n * 0.9 for n in range(16))
    more = EProcessGate().next(case(*weak, extra_pairs=4))
    assert isinstance(more, Confirm)
    assert more.bar == decided(EProcessGate(), case(*weak)).bar
    longer = decided(EProcessGate(), case(*weak, *weak[:4], extra_pairs=4))
    assert (Verdict.INCONCLUSIVE, 20) == (longer.verdict, longer.pairs)
    assert longer.e_value == pytest.approx(math.exp(log_e((*weak, *weak[:4]))))
    turned = case(-1.0, -1.0, *(3.0 + n % 2 / 10 for n in range(40)), extra_pairs=40)
    assert decided(EProcessGate(), turned).verdict is Verdict.KEEP


def test_no_effect() -> None:
    """All differences 0 is its own word."""
    assert decided(EProcessGate(), case(0.0, 0.0)).reason.startswith("no effect")


def test_a_crash_on_any_confirm_seed_is_not_keepable() -> None:
    """However good the others are."""
    assert decided(EProcessGate(), case(*(5.0 + n % 2 for n in range(6)), None, 5.0)).verdict is Verdict.CRASH


def test_a_void_pair_is_asked_for_again_alone() -> None:
    """The incumbent crashed: its place is drawn again in its order; after three crashes nothing can be concluded."""
    gate, lost = EProcessGate(), Pair(seed=9, candidate=1.0, incumbent=None)
    known = case(1.0, 1.1)
    asked = gate.next(msgspec.structs.replace(known, pairs=(*known.pairs, lost, lost)))
    assert isinstance(asked, Confirm)
    assert (asked.pairs, asked.warm_up, len(asked.orders)) == (2, False, 2)
    ended = decided(gate, msgspec.structs.replace(known, pairs=(*known.pairs, *(lost,) * 5)))
    assert (Verdict.INCONCLUSIVE, True) == (ended.verdict, ended.suspicious)


def test_a_reference_that_has_grown_cannot_end_a_candidate_in_confirm() -> None:
    """The screen was passed once; only the pairs speak from then on."""
    assert isinstance(EProcessGate().next(case(0.5, 1.0, screen=1.5, reference=(99.0,))), Confirm)


def test_times_are_medians_of_interleaved_repeats() -> None:
    """Three runs a side for a time, one for anything else."""
    for time_like, repeats in ((True, 3), (False, 1)):
        for gate in (EProcessGate(), FixedGate()):
            asked = gate.next(case(0.5, 1.0, time_like=time_like))
            assert isinstance(asked, Confirm)
            assert asked.repeats == repeats


def test_a_seed_that_is_not_honoured() -> None:
    """Four seeds with one and the same score while the incumbent varies; two may be chance, so they decide nothing."""
    fixed = tuple(Pair(seed=n, candidate=9.0, incumbent=random.Random(n).gauss(0, 1)) for n in range(6))
    for mode in ("strict", "explore"):
        early = msgspec.structs.replace(case(mode=mode), pairs=fixed[:2])
        assert isinstance(EProcessGate().next(early), Confirm)
        refused = decided(EProcessGate(), msgspec.structs.replace(case(mode=mode), pairs=fixed[:4]))
        assert (Verdict.DISCARD, True) == (refused.verdict, refused.suspicious)
        assert "seed not honoured" in refused.reason


def test_a_horizon_ends_in_untested_and_a_pause() -> None:
    """Past H nothing is tested; the screen still costs one run only, and mode explore goes on."""
    gate = EProcessGate(horizon=3)
    spent = decided(gate, case(confirms=3))
    assert (Verdict.UNTESTED, True) == (spent.verdict, spent.pauses)
    assert isinstance(gate.next(case(confirms=2)), Confirm)
    assert decided(gate, case(0.5, 1.0, confirms=3, mode="explore")).verdict is Verdict.ADVANCE


def test_explore_is_a_step_and_shows_the_evidence() -> None:
    """Two fresh pairs with a mean above 0 advance, unconfirmed; below 0 they are discarded."""
    step = decided(EProcessGate(), case(2.0, -0.5, mode="explore"))
    assert (Verdict.ADVANCE, False, 2) == (step.verdict, step.confirmed, step.pairs)
    assert step.e_value == pytest.approx(math.exp(log_e((2.0, -0.5))))
    assert step.bar is not None
    assert decided(EProcessGate(), case(0.5, -2.0, mode="explore")).verdict is Verdict.DISCARD


def test_calibration_never_decides_alone() -> None:
    """One outlier against a quiet calibration: the calibrated E passes the bar, E(0) ≥ 20 does not."""
    known = (0.2, -0.1, 0.3, 0.1) * 6
    gate = EProcessGate(calibrate=24)
    outlier = gate.next(case(0.3, 60.0, calibration=known))
    assert isinstance(outlier, Confirm)
    assert (outlier.e_value or 0) > (outlier.bar or math.inf)
    kept = decided(gate, case(1.0, 1.2, 0.9, 1.1, calibration=known))
    assert (Verdict.KEEP, 4) == (kept.verdict, kept.pairs)
    assert isinstance(EProcessGate().next(case(1.0, 1.2, 0.9, 1.1)), Confirm)
    assert isinstance(gate.next(case(1.0, -0.5, calibration=known)), Confirm)
    assert "futile" in decided(EProcessGate(), case(1.0, -0.5)).reason


def test_simplicity_is_a_keep_only_within_a_declared_margin() -> None:
    """As good within δ: the same differences are futile without it."""
    worse = (-0.11, -0.09, -0.1, -0.12, -0.08, -0.1)
    assert decided(EProcessGate(), case(*worse)).verdict is Verdict.DISCARD
    kept = decided(EProcessGate(), case(*worse, margin=1.0))
    assert Verdict.KEEP is kept.verdict
    assert "as good within 1" in kept.reason
    assert kept.mean == pytest.approx(-0.1)


def many(rows: list[tuple[float, float]], routes: tuple[tuple[Requirement, ...], ...], **fields: Any) -> Case:
    """A case with two metrics; each row holds what the candidate has more of each."""
    pairs = tuple(
        Pair(seed=n, candidate=a, incumbent=0.1 * n, candidate_scores=(a + 0.1 * n, b + 0.2 * n),
             incumbent_scores=(0.1 * n, 0.2 * n)) for n, (a, b) in enumerate(rows))
    return Case(**{"reference": (0.0,), "screen": 1.0, "screened": True, "pairs": pairs, "confirms": 0, "keeps": 3,
                   "mode": "strict", "routes": routes, "screen_scores": (1.0, 1.0), "reference_scores": ((0.0, 0.0),),
                   **fields})


FIRST = Requirement(metric=0, name="error")
AS_GOOD = Requirement(metric=0, margin=1.0, name="error")
SECOND = Requirement(metric=1, name="size")


def test_two_routes_at_half_of_alpha_each() -> None:
    """Better on the first, or as good on it and better on the next; the bar is twice as high."""
    small = [(0.01 * (-1) ** n, 1.0 + 0.03 * n) for n in range(8)]
    routes = ((FIRST,), (AS_GOOD, SECOND))
    kept = decided(EProcessGate(), many(small, routes))
    single = decided(EProcessGate(), many(small, ((AS_GOOD, SECOND),)))
    assert Verdict.KEEP is kept.verdict is single.verdict
    assert kept.bar == pytest.approx(2 * (single.bar or 0))
    worse_first = [(-3.0 + 0.02 * n, 1.0 + 0.03 * n) for n in range(8)]
    assert decided(EProcessGate(), many(worse_first, routes)).verdict is Verdict.DISCARD


def test_a_route_needs_all_its_requirements_and_the_screen_reads_them_too() -> None:
    """One that is futile closes it; a screen that promises no route costs no pair."""
    rows = [(1.0 + 0.02 * n, -1.0 - 0.03 * n) for n in range(8)]
    assert decided(EProcessGate(), many(rows, ((AS_GOOD, SECOND),))).verdict is Verdict.DISCARD
    ended = decided(EProcessGate(), many([], ((FIRST, SECOND),), screen_scores=(1.0, -1.0)))
    assert (Verdict.DISCARD, 0) == (ended.verdict, ended.pairs)
    with pytest.raises(ValueError, match="metric 5"):
        EProcessGate().next(many(rows, ((Requirement(metric=5),),)))


def test_a_hard_bound_is_shown_to_hold_or_nothing_is_kept() -> None:
    """Against the bound itself, not the incumbent."""
    rows = [(1.0 + 0.02 * n, 1.0) for n in range(8)]
    within = Requirement(metric=1, bound=0.5)
    beyond = Requirement(metric=1, bound=9.0)
    assert decided(EProcessGate(), many(rows, ((within, Requirement()),))).verdict is Verdict.KEEP
    assert decided(EProcessGate(), many(rows, ((beyond, Requirement()),), screen_scores=(1.0, 99.0))
                   ).verdict is Verdict.DISCARD


def test_a_noisy_guard_is_judged_on_confirm_means_before_any_move() -> None:
    """A keep, an advance and a greedy keep give way to it."""
    broken = (GuardReading(name="memory", values=(150.0, 90.0), max=100.0),)
    good = tuple(5.0 + n % 2 for n in range(8))
    for gate in ("eprocess", "fixed", "greedy"):
        made = registry.create("gates", gate)
        assert decided(made, case(*good, keeps=3)).verdict is Verdict.KEEP
        assert "guard memory" in decided(made, case(*good, keeps=3, guards=broken)).reason
    assert decided(EProcessGate(), case(2.0, 1.5, mode="explore", guards=broken)).verdict is Verdict.DISCARD


def test_shared_runs_only_the_candidate_and_refuses_times() -> None:
    """k incumbent runs first, then candidate runs one at a time; a time-like metric is a usage error."""
    gate = SharedGate(k=6)
    kept, final, steps = drive(gate, noise(9.0), noise(0.0, 1))
    assert Reference(runs=6) == steps[0]
    confirms = [step for step in steps if isinstance(step, Confirm)]
    assert all((step.pairs, step.incumbent) == (1, False) for step in confirms)
    assert Verdict.KEEP is kept.verdict
    assert all(pair.incumbent is None for pair in final.pairs)
    with pytest.raises(UsageError, match="time"):
        gate.next(case(time_like=True))


def test_fixed_looks_once() -> None:
    """All n pairs, one p-value; neither fewer nor repeats are read."""
    gate = FixedGate(n=6)
    strong = (1.0, 1.2, 0.9, 1.1, 1.0)
    assert isinstance(gate.next(case(*strong)), Confirm)
    kept = decided(gate, case(*strong, 1.3))
    assert (Verdict.KEEP, True) == (kept.verdict, kept.confirmed)
    assert kept.p_value is not None and kept.p_value <= (kept.alpha_t or 0)
    assert kept == decided(gate, case(*strong, 1.3, -99.0, -99.0, extra_pairs=2))
    assert "do not vary" in decided(gate, case(*(1.0,) * 6)).reason


def test_greedy_says_that_its_keep_is_unconfirmed() -> None:
    """One run beat one run."""
    kept = decided(registry.create("gates", "greedy"), case(reference=(8.0,)))
    assert (Verdict.KEEP, False) == (kept.verdict, kept.confirmed)
    assert kept.reason.startswith("unconfirmed")


@pytest.mark.parametrize(("gate", "options", "named"), [
    ("eprocess", {"alpha": 0}, "alpha"), ("eprocess", {"alpha": 1.0}, "alpha"), ("eprocess", {"alpha": "5%"}, "alpha"),
    ("eprocess", {"alpha": math.nan}, "alpha"), ("eprocess", {"horizon": 21}, "horizon"),
    ("eprocess", {"horizon": 0}, "horizon"), ("eprocess", {"n_max": 7}, "n_max"), ("eprocess", {"n_max": True}, "n_max"),
    ("eprocess", {"n_max": 2}, "n_max"), ("eprocess", {"calibrate": -1}, "calibrate"), ("eprocess", {"c2": 0}, "c2"),
    ("eprocess", {"nmax": 8}, "nmax"), ("shared", {"k": 1}, "k"), ("shared", {"horizon": 1.5}, "horizon"),
    ("fixed", {"n": 5}, "n"), ("greedy", {"alpha": 0.1}, "alpha"),
])
def test_a_wrong_option_is_named_with_its_mend(gate: str, options: dict[str, Any], named: str) -> None:
    """As a person's configuration would bring it."""
    with pytest.raises(UsageError, match=named) as refused:
        registry.load("gates", gate)(**options)
    assert gate in refused.value.message
    assert refused.value.suggestion
