"""A loop whose runner is a random number: the real gate decides over sessions of candidates whose truth is known."""

from __future__ import annotations

import math
import random
from typing import Literal, Protocol

import msgspec

from autor_nb.domain.loops.case import Case, Confirm, Decided, Pair, Reference, Requirement, Screen
from autor_nb.domain.loops.gate import Gate, audit_next, reference_after, reference_scores_after
from autor_nb.domain.loops.verdict import Verdict

NoiseKind = Literal["gaussian", "t3", "diverging", "reruns"]
DIVERGED = -50.0
DIVERGES = 0.02
NINE_RERUNS = (2.1997, 2.2065, 2.2532, 2.2566, 2.2650, 2.2667, 2.2155, 2.2590, 2.2760)
"""Validation losses of nine reruns of one training, code and settings identical; lower is better."""
_RERUN_MEAN = sum(NINE_RERUNS) / len(NINE_RERUNS)
_RERUN_SD = math.sqrt(sum((loss - _RERUN_MEAN) ** 2 for loss in NINE_RERUNS) / len(NINE_RERUNS))
RERUN_NOISE = tuple((_RERUN_MEAN - loss) / _RERUN_SD for loss in NINE_RERUNS)


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What is true in a simulated session; every number is in σ, the SD of one run of the incumbent.

    `candidates`: ideas a session. `effects`: (share, effect) of those that change the truth, the rest change nothing;
    effects add up along what is kept. `noise`: gaussian, t3 (3 degrees of freedom, SD 1), diverging (gaussian, 2 %
    of the runs at −50) or reruns (drawn from nine real ones).
    `candidate_sd`: SD of a candidate's runs. `correlation`: of the two runs of a pair.
    `margin`: δ that every candidate, being shorter, may cost (simplicity); its pairs run the last
    state that was confirmed to be better.
    `metrics`: how many single metrics, with noise of their own, stand beside the score (for `routes`).
    """

    candidates: int = 100
    effects: tuple[tuple[float, float], ...] = ()
    noise: NoiseKind = "gaussian"
    candidate_sd: float = 1.0
    correlation: float = 0.0
    metrics: int = 0
    routes: tuple[tuple[Requirement, ...], ...] = ()
    mode: Literal["strict", "explore"] = "strict"
    time_like: bool = False
    margin: float = 0.0


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate of a session: its true effect, the gate's verdict, and what the gate estimated."""

    effect: float
    verdict: Verdict
    mean: float | None
    pairs: int
    pinned: bool = False


class Session(msgspec.Struct, kw_only=True):
    """How one simulated session went. `gain`: true, in σ."""

    tried: list[Tried] = []
    gain: float = 0.0
    runs: int = 0
    confirms: int = 0
    paused: bool = False

    @property
    def keeps(self) -> list[Tried]:
        """What the gate kept."""
        return [one for one in self.tried if one.verdict is Verdict.KEEP]


class Person(Protocol):
    """Somebody who sees every e-value and may interfere by what a person may do, and by nothing else."""

    def vetoes(self, asked: Confirm, case: Case) -> bool:
        """Whether to end the experiment here."""
        ...

    def repeats(self, decided: Decided, case: Case) -> int:
        """How many pairs to add to an experiment that was not kept (0: let it go)."""
        ...

    def pins(self, tried: Tried, decided: Decided) -> bool:
        """Whether to have the same change proposed again, as the next idea."""
        ...


class Simulator:
    """Sessions of one gate in one world; each from its own seed, so that a session is the same in any order."""

    def __init__(self, gate: Gate, world: World, seed: int = 0, person: Person | None = None) -> None:
        self.gate, self.world, self.seed, self.person = gate, world, seed, person
        self.random = random.Random()

    def session(self, number: int, *, until_first_keep: bool = False) -> Session:
        """One whole session; `until_first_keep` ends it at the first keep, when that is all one asks."""
        self.random.seed(self.seed * 1_000_003 + number)
        self.truth, self.confirmed, keeps = 0.0, 0.0, 0
        ended = Session(tried=[])
        self._calibrate(ended)
        reference: tuple[float, ...] = ()
        self.base_scores: tuple[tuple[float, ...], ...] = ()
        pinned: float | None = None
        for _ in range(self.world.candidates):
            effect = self._effect() if pinned is None else pinned
            case, decided = self._experiment(effect, reference, ended, keeps)
            one = Tried(effect=effect, verdict=decided.verdict, mean=decided.mean, pairs=len(case.pairs),
                        pinned=pinned is not None)
            ended.tried.append(one)
            ended.confirms += bool(case.pairs)
            reference = reference_after(case, decided.verdict, fresh=self.gate.fresh_reference)
            self.base_scores = reference_scores_after(case, decided.verdict)
            pinned = None
            if decided.verdict.moves:
                self.truth += effect
                keeps += decided.verdict is Verdict.KEEP
                self.confirmed = self.truth if decided.confirmed and not decided.within else self.confirmed
                if until_first_keep and decided.verdict is Verdict.KEEP:
                    break
            elif self.person is not None and self.person.pins(one, decided):
                pinned = effect
            if decided.pauses:
                ended.paused = True
                break
        ended.gain = self.truth
        return ended

    def audit(self, gain: float, number: int) -> Decided:
        """The final audit of a session whose true gain is known."""
        self.random.seed(self.seed * 7_368_787 + number)
        pairs: tuple[Pair, ...] = ()
        while isinstance(step := audit_next(pairs, number), Confirm):
            for order in step.orders:
                shared = self._shared()
                pairs += (Pair(seed=len(pairs), candidate=gain + self._noise(1.0, shared),
                               incumbent=self._noise(1.0, shared), order=order),)
        assert isinstance(step, Decided)
        return step

    def _calibrate(self, ended: Session) -> None:
        """Baseline against baseline on different seeds, if the gate wants it."""
        self.calibration = tuple(
            self._noise(1.0) - self._noise(1.0) for _ in range(self.gate.calibration_pairs)
        )
        ended.runs += 2 * len(self.calibration)

    def _effect(self) -> float:
        point = self.random.random()
        for share, effect in self.world.effects:
            if point < share:
                return effect
            point -= share
        return 0.0

    def _shared(self) -> float:
        return self.random.gauss(0.0, 1.0) if self.world.correlation else 0.0

    def _noise(self, sd: float, shared: float = 0.0) -> float:
        """One run's noise; with a correlation ρ, √ρ of it comes from the seed that a pair shares."""
        world, draw = self.world, self.random
        if world.noise == "gaussian" and not world.correlation:
            return sd * draw.gauss(0.0, 1.0)
        if world.noise == "t3":
            own = draw.gauss(0.0, 1.0) / math.sqrt(draw.gammavariate(1.5, 2.0))
        elif world.noise == "reruns":
            own = draw.choice(RERUN_NOISE)
        else:
            own = draw.gauss(0.0, 1.0)
            if world.noise == "diverging" and draw.random() < DIVERGES:
                return DIVERGED
        if world.correlation:
            own = math.sqrt(world.correlation) * shared + math.sqrt(1 - world.correlation) * own
        return sd * own

    def _metrics(self, at: float) -> tuple[float, ...]:
        if not self.world.metrics:
            return ()
        return tuple(at + self.random.gauss(0.0, 1.0) for _ in range(self.world.metrics))

    def _experiment(
        self, effect: float, reference: tuple[float, ...], ended: Session, keeps: int
    ) -> tuple[Case, Decided]:
        """Ask the gate until it decides, running what it asks for."""
        case = Case(
            reference=reference, screen=None, screened=False, pairs=(), calibration=self.calibration,
            confirms=ended.confirms, keeps=keeps, mode=self.world.mode, routes=self.world.routes,
            coin=self.random.getrandbits(32), reference_scores=self.base_scores, time_like=self.world.time_like,
            margin=self.world.margin,
        )
        while True:
            step = self.gate.next(case)
            if isinstance(step, Decided):
                extra = 0
                if self.person is not None and step.verdict is not Verdict.KEEP and case.pairs:
                    extra = self.person.repeats(step, case)
                if not extra:
                    return case, step
                case = msgspec.structs.replace(case, extra_pairs=case.extra_pairs + extra)
            elif isinstance(step, Confirm):
                if self.person is not None and case.pairs and self.person.vetoes(step, case):
                    return case, Decided(verdict=Verdict.DISCARD, reason="vetoed")
                case = self._confirm(case, step, effect, ended)
            elif isinstance(step, Screen):
                ended.runs += 1
                case = msgspec.structs.replace(
                    case, screened=True, screen=self.truth + effect + self._noise(self.world.candidate_sd),
                    screen_scores=self._metrics(self.truth + effect),
                )
            elif isinstance(step, Reference):
                ended.runs += step.runs
                fresh = tuple(self.truth + self._noise(1.0) for _ in range(step.runs))
                if self.world.metrics:
                    self.base_scores = tuple(self._metrics(self.truth) for _ in range(step.runs))
                case = msgspec.structs.replace(
                    case, reference=case.reference + fresh, reference_scores=self.base_scores)

    def _confirm(self, case: Case, step: Confirm, effect: float, ended: Session) -> Case:
        """Run the pairs that were asked for, both sides on one seed."""
        sd, ours = self.world.candidate_sd, self.truth + effect
        theirs = self.confirmed if self.world.margin else self.truth
        fresh: list[Pair] = []
        for order in step.orders:
            shared = self._shared()
            fresh.append(Pair(
                seed=len(case.pairs) + len(fresh), order=order,
                candidate=ours + self._noise(sd, shared),
                incumbent=theirs + self._noise(1.0, shared) if step.incumbent else None,
                candidate_scores=self._metrics(ours), incumbent_scores=self._metrics(theirs),
            ))
        ended.runs += len(fresh) * (2 if step.incumbent else 1)
        return msgspec.structs.replace(case, pairs=(*case.pairs, *fresh))
