"""The scalarizers: their contract, their arithmetic by hand, their routes, and what they refuse."""

from __future__ import annotations

import math

import pytest

from autor_nb import registry
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.case import Requirement
from autor_nb.domain.loops.config import MetricSpec
from autor_nb.plugins.scalarizers.constrained import Constrained
from autor_nb.plugins.scalarizers.lexicographic import Lexicographic
from autor_nb.plugins.scalarizers.weighted_chebyshev import WeightedChebyshev
from autor_nb.plugins.scalarizers.weighted_sum import WeightedSum
from autor_nb.testing.gate_contracts import ScalarizerContract

METRICS = (MetricSpec(name="error", direction="lower"), MetricSpec(name="accuracy", direction="higher"),
           MetricSpec(name="latency", direction="lower", time_like=True))
BASELINE = [{"error": 0.1, "accuracy": 0.7, "latency": 1.0}, {"error": 0.3, "accuracy": 0.9, "latency": 1.0}]


class TestWeightedSum(ScalarizerContract):
    """Keeps the contract."""

    scalarizer = WeightedSum


class TestWeightedChebyshev(ScalarizerContract):
    """Keeps the contract."""

    scalarizer = WeightedChebyshev


class TestLexicographic(ScalarizerContract):
    """Keeps the contract."""

    scalarizer = Lexicographic
    options = {"tolerances": {"error": 0.01, "latency": 0.05}}


class TestConstrained(ScalarizerContract):
    """Keeps the contract."""

    scalarizer = Constrained
    options = {"hard": {"size": 100.0}, "soft": {"latency": 0.02}}


def test_everyone_is_found_by_name() -> None:
    """The registry knows the four of them."""
    for name in ("weighted_sum", "weighted_chebyshev", "lexicographic", "constrained"):
        assert name == registry.load("scalarizers", name).name


def test_the_weighted_sum_is_the_sum_of_relative_gains() -> None:
    """By hand: baseline .2, .8, 1 s; error halved is +.5, accuracy .9 is +.125, half the time is +ln 2."""
    made = WeightedSum(METRICS, weights={"error": 2.0, "latency": 0.5})
    frozen = made.freeze(BASELINE)
    assert made.score({"error": 0.2, "accuracy": 0.8, "latency": 1.0}, frozen) == pytest.approx(0.0)
    expected = 2 * 0.5 + 0.125 + 0.5 * math.log(2)
    assert made.score({"error": 0.1, "accuracy": 0.9, "latency": 0.5}, frozen) == pytest.approx(expected)


def test_chebyshev_is_the_worst_distance_to_the_ideal() -> None:
    """By hand: the ideal error is 0, one scale above .2; ideals that are told are used as printed."""
    made = WeightedChebyshev(METRICS, ideal={"accuracy": 1.0}, nadir={"accuracy": 0.6})
    frozen = made.freeze(BASELINE)
    assert frozen.ideal[0] == pytest.approx(0.0)
    assert made.score({"error": 0.1, "accuracy": 0.9, "latency": 0.5}, frozen) == pytest.approx(-0.25)
    assert made.score({"error": 0.0, "accuracy": 0.7, "latency": math.exp(-1)}, frozen) == pytest.approx(-0.75)


def test_a_weighted_sum_hides_a_loss_and_chebyshev_does_not() -> None:
    """Twice the gain on one metric against a loss on another."""
    lopsided = {"error": 0.02, "accuracy": 0.5, "latency": 1.0}
    even = {"error": 0.2, "accuracy": 0.8, "latency": 1.0}
    for made, prefers in ((WeightedSum(METRICS), lopsided), (WeightedChebyshev(METRICS), even)):
        frozen = made.freeze(BASELINE)
        scores = {id(values): made.score(values, frozen) or 0.0 for values in (lopsided, even)}
        assert max(scores, key=scores.__getitem__) == id(prefers)


def test_lexicographic_makes_one_route_a_metric() -> None:
    """Better on the first, or as good on it and better on the next."""
    made = Lexicographic(METRICS[:2], order=["accuracy", "error"], tolerances={"accuracy": 0.02})
    assert made.routes(made.freeze(BASELINE)) == (
        (Requirement(metric=1, name="accuracy"),),
        (Requirement(metric=1, margin=0.02, name="accuracy"), Requirement(metric=0, name="error")),
    )


def test_constrained_asks_for_the_hard_and_charges_for_the_soft() -> None:
    """Hard: a requirement against the bound's score. Soft: 10 × the relative excess, and nothing within it."""
    made = Constrained(METRICS, hard={"accuracy": 0.75}, soft={"latency": 2.0}, tolerances={"accuracy": 0.01})
    frozen = made.freeze(BASELINE)
    assert made.routes(frozen) == (
        (Requirement(metric=1, bound=0.75, margin=0.01, name="accuracy"), Requirement(name="error")),
    )
    assert made.score({"error": 0.1, "accuracy": 0.1, "latency": 2.0}, frozen) == pytest.approx(0.5)
    assert made.score({"error": 0.1, "accuracy": 0.1, "latency": 2.2}, frozen) == pytest.approx(0.5 - 1.0)
    plain = Constrained(METRICS, soft={"accuracy": 0.8})
    assert plain.routes(plain.freeze(BASELINE)) == ()
    assert plain.score({"error": 0.2, "accuracy": 0.4, "latency": 1.0}, frozen) == pytest.approx(-5.0)


def test_scales_are_the_baselines_and_never_the_candidates() -> None:
    """The frozen part is all that is needed to score; a zero baseline is measured by 1."""
    made = WeightedSum(METRICS[:2])
    frozen = made.freeze([{"error": 0.0, "accuracy": 0.5}])
    assert frozen.scale == (1.0, 0.5)
    assert made.score({"error": -1.0, "accuracy": 0.5}, frozen) == pytest.approx(1.0)


@pytest.mark.parametrize(("part", "options", "named"), [
    (WeightedSum, {"weights": {"speed": 1}}, "weights.speed"),
    (WeightedSum, {"weights": {"error": -1}}, "weights.error"),
    (WeightedSum, {"weights": {"error": True}}, "weights.error"),
    (WeightedSum, {"weights": {"error": 0, "accuracy": 0, "latency": 0}}, "weights"),
    (WeightedSum, {"weights": 3}, "weights"),
    (WeightedChebyshev, {"ideal": {"error": float("nan")}}, "ideal.error"),
    (Lexicographic, {}, "tolerances.error"),
    (Lexicographic, {"order": ["error"]}, "order"),
    (Constrained, {}, "hard"),
    (Constrained, {"objective": "speed", "hard": {"error": 1}}, "objective"),
    (Constrained, {"hard": {"error": 1}}, "hard.error"),
    (Constrained, {"hard": {"latency": 0}}, "latency"),
])
def test_a_wrong_option_is_named(part: type, options: dict, named: str) -> None:
    """With a mend."""
    with pytest.raises(UsageError, match=named) as refused:
        part(METRICS, **options)
    assert refused.value.suggestion


def test_an_ideal_below_its_nadir_is_refused_at_the_baseline() -> None:
    """Most likely the direction was mistaken."""
    with pytest.raises(UsageError, match="ideal of error"):
        WeightedChebyshev(METRICS, ideal={"error": 0.5}, nadir={"error": 0.1}).freeze(BASELINE)
