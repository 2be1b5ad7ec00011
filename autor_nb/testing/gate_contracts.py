"""Contracts of gates and scalarizers as test classes to subclass: `gate = YourGate`, and run pytest."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.case import Case, Confirm, Decided, Pair, Reference, Screen, Step
from autor_nb.domain.loops.config import MetricSpec
from autor_nb.domain.loops.gate import Gate
from autor_nb.domain.loops.scalarizer import Scalarizer
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.engine.loops.gate_test import test_gate as null_test

Score = Callable[[int], float | None]
STEPS = 200


def drive(gate: Gate, candidate: Score, incumbent: Score, **fields: Any) -> tuple[Decided, Case, list[Step]]:
    """Run what the gate asks for, scores by seed, until it decides; its last word, the case then, and all steps."""
    case = Case(**{"reference": (), "screen": None, "screened": False, "pairs": (), "confirms": 0, "mode": "strict",
                   **fields})
    steps: list[Step] = []
    for seed in range(STEPS):
        step = gate.next(case)
        steps.append(step)
        if isinstance(step, Decided):
            return step, case, steps
        if isinstance(step, Reference):
            fresh = [incumbent(1000 + seed * 100 + run) for run in range(step.runs)]
            case = msgspec.structs.replace(case, reference=(*case.reference, *(s for s in fresh if s is not None)))
        elif isinstance(step, Screen):
            case = msgspec.structs.replace(case, screened=True, screen=candidate(500))
        elif isinstance(step, Confirm):
            first = 2 * len(case.pairs)
            case = msgspec.structs.replace(case, pairs=(*case.pairs, *(
                Pair(seed=first + k, order=order, candidate=candidate(first + k),
                     incumbent=incumbent(first + k + 10_000) if step.incumbent else None)
                for k, order in enumerate(step.orders)
            )))
    raise AssertionError(f"{gate.name} has not decided after {STEPS} steps")


def noise(level: float, salt: int = 0) -> Score:
    """Scores around a level with SD 1, the same for the same seed."""
    return lambda seed: level + random.Random(seed * 1009 + salt).gauss(0.0, 1.0)


def refusal(call: Callable[[], object]) -> UsageError:
    """The UsageError that the call raises; an AssertionError if it does not."""
    try:
        call()
    except UsageError as error:
        return error
    raise AssertionError("nothing was refused")


class GateContract:
    """What an engine relies on in any gate. `gate` is its class, `options` what it is made with."""

    gate: Any
    options: dict[str, Any] = {}

    def _gate(self) -> Gate:
        made: Gate = self.gate(**self.options)
        return made

    def test_it_is_a_gate_and_its_options_can_be_written_down(self) -> None:
        """It has what the port asks for; options go into the log as JSON."""
        made = self._gate()
        assert isinstance(made, Gate)
        assert made.name and " " not in made.name
        assert made.options == json.loads(json.dumps(made.options))

    def test_an_unknown_option_is_named_with_the_mend(self) -> None:
        """UsageError, before any run."""
        refused = refusal(lambda: self.gate(**self.options, no_such_option=1))
        assert "no_such_option" in refused.message
        assert refused.suggestion

    def test_it_asks_for_the_incumbent_first_and_then_screens(self) -> None:
        """No run of a candidate without something to compare it with."""
        _, _, steps = drive(self._gate(), noise(-9.0), noise(0.0, 1))
        assert isinstance(steps[0], Reference)
        assert isinstance(steps[1], Screen)

    def test_a_candidate_that_is_worse_costs_one_run(self) -> None:
        """Its screening run ends it."""
        decided, case, _ = drive(self._gate(), noise(-9.0), noise(0.0, 1))
        assert Verdict.DISCARD is decided.verdict
        assert not case.pairs
        assert decided.reason

    def test_a_candidate_far_better_is_kept_and_the_claim_is_labelled(self) -> None:
        """A keep is confirmed exactly if the gate claims an error rate."""
        made = self._gate()
        decided, _, _ = drive(made, noise(40.0), noise(0.0, 1))
        assert Verdict.KEEP is decided.verdict
        assert (made.claimed_rate is not None) is decided.confirmed

    def test_a_candidate_without_a_score_is_a_crash_wherever_it_happens(self) -> None:
        """In the screen and, for gates that confirm, on any confirm seed, however good the others are."""
        decided, _, _ = drive(self._gate(), lambda seed: None, noise(0.0, 1))
        assert Verdict.CRASH is decided.verdict
        decided, case, _ = drive(self._gate(), lambda seed: None if seed == 0 else 40.0 + seed, noise(0.0, 1))
        assert Verdict.CRASH is decided.verdict or not case.pairs

    def test_it_is_a_pure_function_of_the_case(self) -> None:
        """Another object of the class, asked again about every case on the way, says the same."""
        again = self._gate()
        for level in (0.0, 1.0, 40.0):
            decided, case, steps = drive(self._gate(), noise(level), noise(0.0, 1), coin=7)
            assert decided == again.next(case)
            assert steps == drive(again, noise(level), noise(0.0, 1), coin=7)[2]

    def test_every_case_ends(self) -> None:
        """Noise, ties and constants end within the most pairs, in both modes."""
        for mode in ("strict", "explore"):
            for salt in range(20):
                drive(self._gate(), noise(0.5, salt), noise(0.0, salt + 99), mode=mode)
            drive(self._gate(), lambda seed: 1.0, lambda seed: 0.0, mode=mode)
            drive(self._gate(), lambda seed: float(seed % 2), lambda seed: float(seed % 2), mode=mode)

    def test_it_passes_its_own_test(self) -> None:
        """300 null sessions show no more keeps than its claimed rate allows; without a claim it is labelled."""
        result = null_test(self._gate(), sessions=300, seed=1)
        assert result.passed
        assert result.labelled is (self._gate().claimed_rate is None)


class ScalarizerContract:
    """What an engine relies on in any scalarizer. `scalarizer` is its class; error and size are lower-is-better."""

    scalarizer: Any
    options: dict[str, Any] = {}
    metrics = (
        MetricSpec(name="error", direction="lower"),
        MetricSpec(name="latency", direction="lower", time_like=True),
        MetricSpec(name="size", direction="lower"),
    )
    baseline: tuple[dict[str, float], ...] = (
        {"error": 0.20, "latency": 0.010, "size": 90.0}, {"error": 0.22, "latency": 0.012, "size": 90.0},
    )

    def _made(self) -> Scalarizer:
        made: Scalarizer = self.scalarizer(self.metrics, **self.options)
        return made

    def test_it_is_a_scalarizer_and_its_options_can_be_written_down(self) -> None:
        """It has what the port asks for."""
        made = self._made()
        assert isinstance(made, Scalarizer)
        assert made.options == json.loads(json.dumps(made.options))

    def test_better_in_all_is_a_higher_score(self) -> None:
        """On the frozen scales of the baseline."""
        made = self._made()
        frozen = made.freeze(self.baseline)
        better = made.score({"error": 0.1, "latency": 0.005, "size": 45.0}, frozen)
        worse = made.score({"error": 0.4, "latency": 0.05, "size": 180.0}, frozen)
        assert better is not None and worse is not None
        assert better > worse

    def test_a_missing_or_infinite_metric_is_no_score(self) -> None:
        """None, never a sentinel."""
        made = self._made()
        frozen = made.freeze(self.baseline)
        assert made.score({"error": 0.1, "latency": 0.005}, frozen) is None
        assert made.score({"error": float("nan"), "latency": 0.005, "size": 1.0}, frozen) is None
        assert made.score({"error": 0.1, "latency": 0.0, "size": 1.0}, frozen) is None

    def test_a_baseline_without_a_metric_cannot_be_frozen(self) -> None:
        """UsageError, not a scale of nothing."""
        assert "every metric" in refusal(lambda: self._made().freeze([{"error": 0.1, "latency": 0.01}])).message

    def test_an_unknown_option_and_one_metric_are_refused(self) -> None:
        """UsageError that names what is wrong."""
        unknown = refusal(lambda: self.scalarizer(self.metrics, **self.options, no_such_option=1))
        assert "no_such_option" in unknown.message
        assert "two or more" in refusal(lambda: self.scalarizer(self.metrics[:1], **self.options)).message
