"""Audits asked for again and again: fresh seeds for ever, one e-process a state, and an error rate that is bounded."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable

import pytest

from autor_nb.domain.events import Event
from autor_nb.domain.loops import auditing, rules, steps
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.case import Confirm, Decided, Pair
from autor_nb.domain.loops.config import LoopConfig, MetricSpec
from autor_nb.domain.loops.fold import LoopFold
from autor_nb.domain.loops.gate import AUDIT_PAIRS, audit_next
from autor_nb.domain.loops.state import Audit, LoopState
from autor_nb.domain.loops.story import state_text
from autor_nb.domain.rules import Refused
from autor_nb.domain.run import Actor
from autor_nb.record.loop_headline import headline
from autor_nb.registry import load

ADA = Actor(face="test", os_user="ada")
BASE, HEAD, OTHER = "b" * 40, "h" * 40, "o" * 40
CONFIG = LoopConfig(name="tsp", objective="faster", mutable=("s.py",), readonly=(), command="python s.py",
                    metric=MetricSpec(name="loss", direction="lower"))  # fmt: skip
GATE = load("gates", "eprocess")()
LEVEL_OF_ALL, LEVEL_OF_ONE = 0.10, 0.05


class Bench:
    """A loop whose runs are random numbers, through the real rules, steps, arithmetic and fold."""

    def __init__(self, number: int = 0, gain: float = 0.0) -> None:
        state = LoopState(name="tsp", config={"metric": {"name": "loss"}}, base=BASE, seed=number, head=HEAD, head_n=3,
                          baseline=True)  # fmt: skip
        self.fold, self.random, self.gain = LoopFold(state), random.Random(number), gain
        self.trial, self.seeds = 0, list[int]()

    @property
    def state(self) -> LoopState:
        return self.fold.state

    def apply(self, *events: Event) -> None:
        self.fold.apply(events)

    def ask(self) -> None:
        """What the command `audit` is answered with."""
        self.apply(*rules.answer(self.state, cmd.AuditLoop(id=f"c{self.trial}", at="", by=ADA)))

    def audit(self, runs: int | None = None) -> bool:
        """A whole audit, or so many runs of one; whether it says "better"."""
        self.ask()
        for _ in itertools.count() if runs is None else range(runs):
            step = steps.next_step(self.state, CONFIG, GATE)
            if isinstance(step, steps.ConcludeAudit):
                self.end(step.decided)
                return self.state.audits[-1].better
            self.work(step)
            if runs is not None and not self.state.audit:
                break
        return False

    def work(self, step: object) -> None:
        if isinstance(step, steps.PlanBlock):
            self.apply(ev.BlockPlanned(n=step.n, pairs=step.pairs, warm_up=step.warm_up))
            self.seeds += [one.seed for one in step.pairs]
            step = steps.next_step(self.state, CONFIG, GATE)
        assert isinstance(step, steps.Run)
        self.trial += 1
        score = self.random.gauss(self.gain * (step.subject == "candidate"), 1.0)
        self.apply(ev.TrialEnded(trial=self.trial, n=step.n, role=step.role, subject=step.subject, ending="finished",
                                 score=score, metric=-score, seed=step.seed, pair=step.pair))  # fmt: skip

    def end(self, decided: Decided) -> None:
        audit = self.state.audit
        assert audit is not None
        self.apply(ev.AuditEnded(commit=audit.commit, n=audit.n, pairs=decided.pairs, better=decided.verdict == "keep",
                                 e_value=decided.e_value or 0.0, bar=auditing.bar(audit.place), place=audit.place,
                                 before=len(audit.done), reason=decided.reason))  # fmt: skip


def of_new_heads(bench: Bench, times: int) -> Iterable[bool]:
    """Audits, each of another head."""
    for at in range(times):
        bench.state.head, bench.state.head_n = f"{at:040d}", at + 1
        yield bench.audit()


def old_audits(number: int, times: int) -> Iterable[bool]:
    """As it was: every audit of the same head began anew, with the same bar."""
    draw = random.Random(number)
    for at in range(times):
        pairs: tuple[Pair, ...] = ()
        while isinstance(step := audit_next(pairs, at), Confirm):
            pairs += tuple(Pair(seed=0, candidate=draw.gauss(0, 1), incumbent=draw.gauss(0, 1)) for _ in step.orders)
        assert isinstance(step, Decided)
        yield step.verdict == "keep"


# ---------------------------------------------------------------------------------------- error rates


def test_the_bars_of_all_places_together_spend_no_more_than_is_stated() -> None:
    """The first is the bar of one test; the sum of all 1/bar comes to 0.10 from below."""
    assert [20.0, 40.0, 120.0, 240.0, 400.0] == [auditing.bar(place) for place in range(5)]
    spent = math.fsum(1 / auditing.bar(place) for place in range(100_000))
    assert LEVEL_OF_ALL - 1e-6 < spent < LEVEL_OF_ALL


@pytest.mark.parametrize(("sessions", "times"), [(200, 10), (30, 50)])
def test_audits_of_one_head_on_noise_again_and_again_stay_below_five_per_cent(sessions: int, times: int) -> None:
    """The same e-process goes on; audits begun anew with one bar said "better" far more often than that."""
    ours = 0
    for number in range(sessions):
        bench = Bench(number)
        ours += any(bench.audit() for _ in range(times))
    before = sum(any(old_audits(number, times)) for number in range(sessions))
    assert ours <= LEVEL_OF_ONE * sessions < 2 * LEVEL_OF_ONE * sessions < before


def test_fifty_audits_of_fifty_heads_on_noise_stay_below_what_is_stated_of_all() -> None:
    """Each is a hypothesis of its own, and its bar grows with its place."""
    sessions = 40
    ours = sum(any(of_new_heads(Bench(number), 50)) for number in range(sessions))
    before = sum(any(old_audits(number, 50)) for number in range(sessions))
    assert ours <= LEVEL_OF_ALL * sessions < 2 * LEVEL_OF_ALL * sessions < before


def test_a_real_gain_is_shown_by_asking_again() -> None:
    """What ten pairs leave open more pairs settle, at the same bar: asking again adds evidence."""
    late = 0
    for number in range(20):
        bench = Bench(number, gain=1.0)
        first = bench.audit()
        later = any(bench.audit() for _ in range(8))
        assert first or later
        assert {20.0} == {row.bar for row in bench.state.audits}
        late += not first
    assert late


# ------------------------------------------------------------------------------- one state, one e-process


def test_the_seeds_of_many_audits_are_all_different() -> None:
    """Of one head and of many, past the twenty audits that a state remembers."""
    bench = Bench()
    for at in range(25):
        bench.audit()
        assert bench.state.audits[-1].number == at + 1 == bench.state.audits_made
    assert list(of_new_heads(bench, 25)) and auditing.ROWS == len(bench.state.audits)
    assert len(bench.seeds) == len(set(bench.seeds)) >= 50 * 4
    assert 50 == bench.state.audits_made and 26 == bench.state.audit_places


def test_a_further_audit_reads_the_pairs_of_the_ones_before_too() -> None:
    """E of all pairs, at most ten new ones, one warm-up, and the means over all of them."""
    bench = Bench(3)
    bench.audit()
    (trail,) = bench.state.trails
    assert AUDIT_PAIRS == len(trail.done) and not trail.trials
    bench.ask()
    step = steps.next_step(bench.state, CONFIG, GATE)
    assert isinstance(step, steps.PlanBlock) and step.warm_up and [10, 11] == [one.pair for one in step.pairs]
    while not isinstance(step := steps.next_step(bench.state, CONFIG, GATE), steps.ConcludeAudit):
        bench.work(step)
    bench.end(step.decided)
    row = bench.state.audits[-1]
    assert (20, 10, 0, 2) == (row.pairs, row.before, row.place, row.number)
    (trail,) = bench.state.trails
    whole = audit_next(trail.done, before=10)
    assert isinstance(whole, Decided) and whole.e_value == row.e_value


def test_one_that_a_person_stopped_goes_on_where_it_was() -> None:
    """Its open pair keeps its seed and the run that was seen: nobody can drop what looks bad."""
    bench = Bench(4)
    bench.audit(runs=6)  # a warm-up, two pairs, and one side of the third
    seen = [row.score for row in bench.state.audit.trials] if bench.state.audit else []
    bench.apply(ev.LoopStopped(reason="a person", cause="person"))
    assert bench.state.audit is None and 0 == bench.state.audits_made
    bench.ask()
    step = steps.next_step(bench.state, CONFIG, GATE)
    assert bench.state.audit is not None and isinstance(step, steps.Run)
    assert (6, 2, bench.seeds[2]) == (len(seen), step.pair, step.seed)
    assert seen == [row.score for row in bench.state.audit.trials]


def test_another_head_is_another_hypothesis_and_the_first_goes_on_when_it_is_back() -> None:
    """Its pairs and its bar are its own."""
    bench = Bench(5)
    bench.audit()
    bench.state.head = OTHER
    bench.audit()
    bench.state.head = HEAD
    bench.audit()
    rows = bench.state.audits
    assert [(20.0, 0), (40.0, 0), (20.0, 10)] == [(row.bar, row.before) for row in rows]
    assert [0, 1, 0] == [row.place for row in rows]


def test_what_no_test_could_judge_is_taken_up_anew_at_a_higher_bar() -> None:
    """A crash leaves pairs that cannot be gone on with: leaving it out would be a choice."""
    bench = Bench(6)
    bench.ask()
    bench.end(Decided(verdict="crash", reason="the candidate gave no score on confirm seed 1"))  # type: ignore[arg-type]
    assert not bench.state.trails
    bench.audit()
    assert (40.0, 1) == (bench.state.audits[-1].bar, bench.state.audits[-1].place)


def test_a_head_that_many_others_came_after_is_a_new_hypothesis() -> None:
    """What a state keeps is bounded, and what it forgets raises the bar."""
    bench = Bench(7)
    bench.audit()
    assert list(of_new_heads(bench, auditing.TRAILS)) and auditing.TRAILS == len(bench.state.trails)
    bench.state.head = HEAD
    bench.audit()
    assert bench.state.audits[-1].place == auditing.TRAILS + 1 and not bench.state.audits[-1].before


def test_an_audit_of_a_head_that_was_measured_to_the_end_is_refused() -> None:
    """With what there is to read instead."""
    pair = Pair(seed=1, candidate=0.0, incumbent=0.0)
    bench = Bench()
    bench.state.trails = [Audit(commit=HEAD, n=3, done=(pair,) * auditing.MOST_PAIRS)]
    with pytest.raises(Refused, match="500 fresh pairs of experiment 3"):
        bench.ask()


def test_a_log_whose_audits_each_began_anew_folds_and_every_one_takes_a_place() -> None:
    """Pairs counted from 0 again are not taken for those of the audit before."""
    bench, plan = Bench(8), (ev.PlannedPair(pair=0, seed=1), ev.PlannedPair(pair=1, seed=2))
    for trial in (10, 20):
        bench.apply(ev.AuditAsked(command_id=f"x{trial}", by=ADA), ev.BlockPlanned(n=ev.AUDIT, pairs=plan))
        for at, (pair, subject) in enumerate(itertools.product((0, 1), ("candidate", "incumbent"))):
            bench.apply(ev.TrialEnded(trial=trial + at, n=ev.AUDIT, role="audit", subject=subject, ending="finished",
                                      score=float(at), seed=pair + 1, pair=pair))  # fmt: skip
        bench.apply(ev.AuditEnded(commit=HEAD, n=3, pairs=2, better=False, e_value=1.0, bar=20.0))
    assert (2, 2) == (bench.state.audits_made, bench.state.audit_places)
    (trail,) = bench.state.trails
    assert (2, 1, 2) == (len(trail.done), trail.place, trail.drawn)


# ------------------------------------------------------------------------------------------ what is told


def test_a_headline_tells_which_audit_it_is_and_what_came_before() -> None:
    """The one that says "better" at last is not taken for the only one, and nothing is said twice."""
    bench = Bench(9)
    bench.audit()
    first = headline(bench.state)
    assert not first.better and 1 == first.text.count("not show") and "before it" not in first.text
    bench.audit()
    assert "audit 2 of this loop, did not show" in headline(bench.state).text
    assert "20 fresh pairs, 10 of them of audits before" in headline(bench.state).text
    bench.gain = 30.0
    while not bench.audit():
        pass
    said, last = headline(bench.state), bench.state.audits_made
    assert said.better and f"audit {last} of this loop, shows experiment 3 better" in said.text
    assert f"Of the {last - 1} audits before it, {last - 1} did not show" in said.text
    assert f"Audit {last}: experiment 3 is better" in state_text(bench.state)
