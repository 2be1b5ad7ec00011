"""What every gate shares: blocks and coins, void pairs and redraws, the reference, guards, and the final audit."""

from __future__ import annotations

import random

import msgspec
import pytest

from autor_nb.domain.loops.blocks import orders, read
from autor_nb.domain.loops.case import Case, Confirm, Decided, GuardReading, Pair
from autor_nb.domain.loops.gate import (
    REFERENCE_MEMORY,
    audit_next,
    reference_after,
    reference_scores_after,
    score_of,
)
from autor_nb.domain.loops.verdict import Verdict


def case(*pairs: Pair, **fields: object) -> Case:
    """A case in confirm."""
    return Case(**{"reference": (0.0,), "screen": 9.0, "screened": True, "pairs": pairs, "confirms": 0,
                   "mode": "strict", **fields})  # type: ignore[arg-type]


def pair(seed: int, ours: float | None = 1.0, theirs: float | None = 0.0, **how: object) -> Pair:
    """One pair."""
    return Pair(seed=seed, candidate=ours, incumbent=theirs, **how)  # type: ignore[arg-type]


def test_the_coin_is_fair_and_falls_the_same_in_a_replay() -> None:
    """ABBA or BAAB, each in about half of the blocks of one coin and of the first blocks of many coins."""
    assert all(set(orders(coin, block)) == {"AB", "BA"} for coin in range(50) for block in range(8))
    for drawn in ([orders(12345, block) for block in range(4000)], [orders(coin, 0) for coin in range(4000)]):
        assert abs(drawn.count(("AB", "BA")) - 2000) < 150
    assert orders(2**40 + 1, 3) == orders(2**40 + 1, 3)


def test_only_whole_blocks_are_read() -> None:
    """An odd last pair waits for its partner, in the order that the coin gave it."""
    reading = read(case(pair(1), pair(2), pair(3), coin=5))
    assert [p.seed for p in reading.valid] == [1, 2]
    assert reading.missing == (orders(5, 1)[1],)


def test_a_void_pair_is_redrawn_in_its_own_place_and_order() -> None:
    """The incumbent crashed, or the machine slept: the next pair takes the place."""
    crashed, slept = pair(1, theirs=None), pair(4, void=True)
    reading = read(case(crashed, pair(2), coin=1))
    assert (reading.valid, reading.missing) == ((), (orders(1, 0)[0],))
    reading = read(case(crashed, pair(2), pair(3), slept, pair(5), pair(6), coin=1))
    assert [p.seed for p in reading.valid] == [3, 2, 6, 5]
    assert not reading.missing


def test_an_incumbent_is_redrawn_at_most_twice_and_a_sleeping_machine_is_not_counted() -> None:
    """Three crashes of one place end the case; sleep never does."""
    lost = [pair(seed, theirs=None) for seed in range(5)]
    assert not read(case(lost[0], pair(9), lost[1])).dead
    assert "3 draws of pair 1" in read(case(lost[0], pair(9), lost[1], lost[2])).dead
    asleep = [pair(seed, slept=True) for seed in range(8)]
    assert read(case(*asleep, pair(9), pair(10))).valid == (pair(9), pair(10))


def test_a_candidate_that_crashes_on_a_counted_seed_is_a_crash() -> None:
    """Not when the pair is void for another reason: that seed is drawn again."""
    assert "seed 7" in read(case(pair(6), pair(7, ours=None))).crashed
    assert "seed 7" in read(case(pair(6), pair(7, ours=float("nan")))).crashed
    assert not read(case(pair(6), pair(7, ours=None, theirs=None))).crashed
    assert not read(case(pair(6), pair(7, ours=None, slept=True))).crashed


def test_the_reference_is_the_incumbents_own_latest_runs() -> None:
    """The winner's confirm runs after a keep, never its screening score; else what the pairs added."""
    seen = case(pair(1, 5.0, 0.5), pair(2, 6.0, -0.5), pair(3, 99.0, None), reference=(0.1, 0.2))
    assert reference_after(seen, Verdict.KEEP) == (5.0, 6.0)
    assert reference_after(seen, Verdict.ADVANCE) == (5.0, 6.0)
    assert reference_after(seen, Verdict.DISCARD) == (0.1, 0.2, 0.5, -0.5)
    assert reference_after(case(), Verdict.KEEP) == (9.0,)
    assert reference_after(seen, Verdict.KEEP, fresh=True) == ()
    assert reference_after(seen, Verdict.INCONCLUSIVE, fresh=True) == (0.1, 0.2)
    many = case(*(pair(n, theirs=float(n)) for n in range(30)))
    assert reference_after(many, Verdict.DISCARD) == tuple(float(n) for n in range(30 - REFERENCE_MEMORY, 30))
    both = case(pair(1, candidate_scores=(1.0, 2.0), incumbent_scores=(3.0, 4.0)), reference_scores=((0.0, 0.0),))
    assert reference_scores_after(both, Verdict.KEEP) == ((1.0, 2.0),)
    assert reference_scores_after(both, Verdict.DISCARD) == ((0.0, 0.0), (3.0, 4.0))


def test_a_metric_is_turned_so_that_higher_is_better() -> None:
    """A time as its negative logarithm, so that a difference is a log ratio; no number is no score."""
    assert [score_of(2.0, higher=True), score_of(2.0, higher=False)] == [2.0, -2.0]
    faster, slower = (score_of(t, higher=False, time_like=True) for t in (1.0, 2.0))
    assert faster is not None and slower is not None
    assert faster - slower == pytest.approx(0.693147, abs=1e-6)
    assert score_of(0.0, higher=False, time_like=True) is None
    assert score_of(float("inf"), higher=True) is None


def test_a_guard_is_judged_by_its_mean() -> None:
    """One bad run does not break it, one good run does not save it, none at all breaks it."""
    assert not GuardReading(name="memory", values=(90.0, 105.0, 95.0), max=100.0).broken
    assert "mean 105" in GuardReading(name="memory", values=(90.0, 120.0), max=100.0).broken
    assert "below" in GuardReading(name="recall", values=(0.1,), min=0.5).broken
    assert GuardReading(name="recall", values=(), min=0.5).broken


def audit(gain: float, salt: int = 0) -> tuple[Decided, tuple[Pair, ...]]:
    """Baseline against final with noise of SD 1."""
    draw, pairs = random.Random(salt), ()
    while isinstance(step := audit_next(pairs, salt), Confirm):
        assert step.warm_up is not bool(pairs)
        pairs += tuple(pair(len(pairs) + k, gain + draw.gauss(0, 1), draw.gauss(0, 1), order=order)
                       for k, order in enumerate(step.orders))
    assert isinstance(step, Decided)
    return step, pairs


def test_the_audit_confirms_a_real_gain_and_stops_early() -> None:
    """E ≥ 20 after a whole block; the numbers of the verdict are those of the pairs."""
    decided, pairs = audit(6.0)
    assert (Verdict.KEEP, True) == (decided.verdict, decided.confirmed)
    assert len(pairs) == decided.pairs <= 10
    assert decided.e_value is not None and decided.e_value >= 20 == decided.bar
    assert decided.mean == pytest.approx(sum((p.candidate or 0) - (p.incumbent or 0) for p in pairs) / len(pairs))


def test_the_audit_ends_after_ten_pairs_and_is_wrong_in_less_than_one_of_twenty() -> None:
    """4,000 null audits: the 99.9 % bound of 5 % is 6.1 %; 1.5 to 2 % are seen."""
    ended = [audit(0.0, salt) for salt in range(4000)]
    assert max(len(pairs) for _, pairs in ended) == 10
    assert sum(decided.verdict is Verdict.KEEP for decided, _ in ended) < 0.05 * 4000
    assert {decided.verdict for decided, _ in ended} == {Verdict.KEEP, Verdict.DISCARD, Verdict.INCONCLUSIVE}


def test_the_audit_reads_crashes_and_identical_scores_as_a_gate_does() -> None:
    """A final state that crashes is a crash; one that ignores its seed is no headline."""
    assert audit_next((pair(1, ours=None), pair(2))).verdict is Verdict.CRASH  # type: ignore[union-attr]
    same = tuple(pair(seed, 5.0, random.Random(seed).gauss(0, 1)) for seed in range(4))
    refused = audit_next(same)
    assert isinstance(refused, Decided)
    assert (Verdict.DISCARD, True) == (refused.verdict, refused.suspicious)
    nothing = audit_next(tuple(pair(seed, 1.0, 1.0) for seed in range(10)))
    assert isinstance(nothing, Decided)
    assert (Verdict.DISCARD, "no effect") == (nothing.verdict, nothing.reason[:9])


def test_a_case_and_every_step_go_through_json() -> None:
    """The log and a worker in another process need them written down."""
    known = case(pair(1), coin=3, guards=(GuardReading(name="memory", values=(1.0,)),))
    assert msgspec.json.decode(msgspec.json.encode(known), type=Case) == known
    decided, _ = audit(6.0)
    assert msgspec.json.decode(msgspec.json.encode(decided), type=Decided) == decided
