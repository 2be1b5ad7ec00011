"""Shipped for builders of gates: a person who sees every e-value and works on whichever of many forks looks best."""

from __future__ import annotations

import random

import msgspec

from autor_nb.domain.loops.case import Case, Confirm, Decided, Pair, Reference, Screen, Step
from autor_nb.domain.loops.gate import Gate, reference_after
from autor_nb.domain.loops.verdict import Verdict

PARKED = 8


class Siege(msgspec.Struct, kw_only=True):
    """What was tried in one session of the budget, in which nothing is better than anything else.

    `longest`: the pairs of the experiment that was given most of them. `peak`: the highest e-value that was seen.
    """

    kept: int = 0
    ideas: int = 0
    confirms: int = 0
    runs: int = 0
    vetoes: int = 0
    reopened: int = 0
    longest: int = 0
    peak: float = 0.0


class _Fork(msgspec.Struct):
    """A clone of its own: its incumbent's runs, the experiment at work, and those that may be given more pairs."""

    reference: tuple[float, ...] = ()
    case: Case | None = None
    step: Step | None = None
    parked: list[tuple[float, Case]] = []

    @property
    def e_value(self) -> float:
        """What the panel shows of the experiment at work; 1 before there is any."""
        shown = self.step.e_value if isinstance(self.step, Confirm | Decided) else None
        return 1.0 if shown is None else shown


class Besieger:
    """Uses all that a person may do, by the e-values alone, to have the gate keep an idea that changes nothing.

    Several forks with one budget stay open at once, and only the one with the highest e-value is worked on; what fell
    below `veto_below` is vetoed before it is called futile, and the same idea is tried again as a new one; what ended
    inconclusive is given one block more whenever it leads, up to `repeats` pairs; the session ends at the first keep,
    or when `ideas` ideas are used up and nothing is left to hope for.
    """

    def __init__(
        self, gate: Gate, *, forks: int = 4, ideas: int = 100, repeats: int = 32, veto_below: float = 0.9, seed: int = 0
    ) -> None:
        self.gate, self.forks, self.ideas, self.repeats = gate, forks, ideas, repeats
        self.veto_below, self.seed = veto_below, seed
        self.random = random.Random()

    def session(self, number: int) -> Siege:
        """One session, the same whenever it is played again."""
        self.random.seed(self.seed * 1_000_003 + number)
        self.seen = Siege()
        forks = [_Fork(parked=[]) for _ in range(self.forks)]
        while not self.seen.kept and (fork := self._best(forks)) is not None:
            if fork.case is None and not self._open(fork):
                break
            self._work(fork)
        return self.seen

    def _best(self, forks: list[_Fork]) -> _Fork | None:
        """The fork that looks best: one at work by its e-value, an idle one by its best parked experiment."""
        def hope(fork: _Fork) -> float:
            if fork.case is not None:
                return fork.e_value
            parked = max((e for e, _ in fork.parked), default=0.0)
            return max(parked, 1.0 if self.seen.ideas < self.ideas else 0.0)

        best = max(forks, key=hope)
        return best if hope(best) > 0.0 else None

    def _open(self, fork: _Fork) -> bool:
        """Give the best parked experiment one block more, or propose an idea; false when there is neither."""
        fork.parked.sort(key=lambda one: one[0])
        if fork.parked and (fork.parked[-1][0] > 1.0 or self.seen.ideas >= self.ideas):
            _, case = fork.parked.pop()
            fork.case = msgspec.structs.replace(case, extra_pairs=case.extra_pairs + 2)
            self.seen.reopened += 1
        elif self.seen.ideas < self.ideas:
            self.seen.ideas += 1
            fork.case = Case(reference=fork.reference, screen=None, screened=False, pairs=(), mode="strict",
                             confirms=self.seen.confirms, coin=self.random.getrandbits(32))
        else:
            return False
        fork.step = self.gate.next(fork.case)
        return True

    def _work(self, fork: _Fork) -> None:
        """Carry out what the gate asked for on this fork, unless the person has seen enough of it."""
        case, step = fork.case, fork.step
        assert case is not None and step is not None
        if isinstance(step, Confirm) and case.pairs and fork.e_value < self.veto_below and not case.extra_pairs:
            self.seen.vetoes += 1
            self._end(fork, case, Verdict.DISCARD)
            return
        if isinstance(step, Decided):
            self.seen.kept += step.verdict is Verdict.KEEP
            hopeful = step.verdict is Verdict.INCONCLUSIVE and case.extra_pairs < self.repeats
            self._end(fork, case, step.verdict)
            if hopeful and step.e_value is not None:
                fork.parked = [*fork.parked[1 - PARKED:], (step.e_value, case)]
            return
        fork.case = self._run(case, step)
        fork.step = self.gate.next(fork.case)
        self.seen.peak = max(self.seen.peak, fork.e_value)

    def _end(self, fork: _Fork, case: Case, verdict: Verdict) -> None:
        self.seen.longest = max(self.seen.longest, len(case.pairs))
        fork.reference = reference_after(case, verdict, fresh=self.gate.fresh_reference)
        fork.case = fork.step = None

    def _run(self, case: Case, step: Step) -> Case:
        """The runs that were asked for: nothing but noise; the first block takes its place in the common budget."""
        draw = self.random.gauss
        if isinstance(step, Reference):
            self.seen.runs += step.runs
            fresh = tuple(draw(0.0, 1.0) for _ in range(step.runs))
            return msgspec.structs.replace(case, reference=case.reference + fresh)
        if isinstance(step, Screen):
            self.seen.runs += 1
            return msgspec.structs.replace(case, screened=True, screen=draw(0.0, 1.0))
        assert isinstance(step, Confirm)
        if not case.pairs:
            case = msgspec.structs.replace(case, confirms=self.seen.confirms)
            self.seen.confirms += 1
        self.seen.runs += len(step.orders) * (2 if step.incumbent else 1)
        fresh_pairs = tuple(
            Pair(seed=len(case.pairs) + at, order=order, candidate=draw(0.0, 1.0),
                 incumbent=draw(0.0, 1.0) if step.incumbent else None)
            for at, order in enumerate(step.orders)
        )
        return msgspec.structs.replace(case, pairs=(*case.pairs, *fresh_pairs))
