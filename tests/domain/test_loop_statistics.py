"""The arithmetic of keep or discard against published and independently computed numbers, to 6 digits."""

from __future__ import annotations

import math
import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import student
from autor_nb.domain.loops.batches import benjamini_hochberg, e_benjamini_hochberg, nadeau_bengio
from autor_nb.domain.loops.eprocess import (
    alpha_at,
    calibrated,
    confidence,
    e_value,
    gamma,
    log_e,
    log_e_two_sample,
)
from autor_nb.domain.loops.ladder import LadderState, submit
from autor_nb.engine.loops.simulation import NINE_RERUNS

SLEEP = (1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4)


def track(d: tuple[float, ...], **how: float) -> list[float]:
    """E after each difference."""
    return [math.exp(log_e(d[: n + 1], **how)) for n in range(len(d))]  # type: ignore[arg-type]


@pytest.mark.parametrize(("d", "how", "expected"), [
    ((0.5, 1.0, 0.8), {}, [1.704833, 3.157379, 10.605375]),
    ((0.5, 1.0, 0.8), {"squares": 0.1, "pairs": 4}, [7.255119, 38.140337, 215.3262]),
    ((1.0,) * 5, {"c2": 1.0}, [1.5, 3.146264, 7.769324, 22.18034, 71.85223]),
])
def test_the_vectors(d: tuple[float, ...], how: dict[str, float], expected: list[float]) -> None:
    """E after each difference, to 6 digits."""
    assert track(d, **how) == pytest.approx(expected, rel=5e-7)


def test_students_sleep() -> None:
    """Ten differences of 1908: E beside the classical t and p."""
    assert math.exp(log_e(SLEEP)) == pytest.approx(45.7897, abs=5e-5)
    classical = stats.ttest_1samp(SLEEP, 0.0)
    assert classical.statistic == pytest.approx(4.0621, abs=5e-5)
    assert 2 * student.upper(classical.statistic, 9) == pytest.approx(0.002833, abs=5e-7)


def test_an_infinite_effect_needs_four_pairs_for_the_first_bars() -> None:
    """140 with 4 pairs, 882 with 5, 6,250 with 6; 3 reach no bar of 50."""
    reached = track((1.0,) * 6)
    assert [round(e) for e in reached[3:]] == [140, 882, 6250]
    assert reached[2] < 50


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=6), st.sampled_from([0.25, 1.0]))
def test_e_is_the_mixture_it_is_said_to_be(d: list[float], c2: float) -> None:
    """Against numerical integration over effect (half-normal) and scale (right-Haar), done another way."""
    n, scale = len(d), math.sqrt(sum(x * x for x in d) / len(d))
    if scale < 1e-3:
        return
    total, square = sum(d) / scale, n
    top = integrate.quad(
        lambda effect: 2 * stats.norm.pdf(effect, scale=1 / math.sqrt(c2)) * _over_scale(effect, total, square, n),
        0, 40, limit=200)[0]
    assert math.exp(log_e(tuple(d), c2=c2)) == pytest.approx(top / _over_scale(0.0, total, square, n), rel=1e-4)


def _over_scale(effect: float, total: float, square: float, n: int) -> float:
    """∫ u^(n−1) exp(−u²V/2 + uδS − nδ²/2) du over u = 1/σ > 0: the likelihood of an effect δ, in any scale."""
    def inside(u: float) -> float:
        return u ** (n - 1) * math.exp(-u * u * square / 2 + u * effect * total - n * effect * effect / 2)

    peak = max(effect * total / square, 0.0) + 0.5
    return float(integrate.quad(inside, 0, peak + 20, limit=200, points=[peak])[0])


def test_e_survives_numbers_of_any_size_and_ends_at_one_for_none() -> None:
    """No unit, no overflow, no rounding below zero; all zero is 1 and nothing is 1."""
    plain = log_e((0.5, 1.0, 0.8))
    for factor in (1e-300, 1e-9, 1e150, 1e300):
        assert log_e((0.5 * factor, 1.0 * factor, 0.8 * factor)) == pytest.approx(plain, rel=1e-12)
    assert [log_e(()), log_e((0.0, 0.0))] == [0.0, 0.0]
    assert e_value(1e6) < math.inf
    assert log_e((-1.0,) * 400) < math.log(0.5)
    assert log_e((1.0,) * 400) > 800
    for wrong in (math.nan, math.inf):
        with pytest.raises(ValueError, match="finite"):
            log_e((1.0, wrong))


def test_one_minute_outlier_rules_the_calibrated_value_but_not_the_mixture_alone() -> None:
    """The calibrated E explodes on one outlier, which is why E(0) ≥ 20 must hold as well."""
    d, known = (60.0, 0.3), (0.2, -0.1, 0.3, 0.1) * 8
    assert calibrated(d, known) > math.log(1000)
    assert log_e(d) < math.log(20)
    half = 0.5 * math.exp(log_e((0.5, 1.0, 0.8))) + 0.5 * 215.3262
    assert math.exp(calibrated((0.5, 1.0, 0.8), (math.sqrt(0.05), 0.0, -math.sqrt(0.05), 0.0))) == pytest.approx(half)


def test_two_samples_agree_with_the_bayes_factor_of_their_t() -> None:
    """∫ half-normal(δ) · noncentral t density over the central one, by quadrature."""
    ours, theirs = [1.1, 0.4, 2.0], [0.1, -0.3, 0.5, 0.2]
    n, k = 3, 4
    weight, degrees = n * k / (n + k), n + k - 2
    t = stats.ttest_ind(ours, theirs).statistic
    top = integrate.quad(lambda effect: 2 * stats.norm.pdf(effect, scale=2.0)
                         * stats.nct.pdf(t, degrees, effect * math.sqrt(weight)), 0, 30, limit=200)[0]
    assert math.exp(log_e_two_sample(ours, theirs)) == pytest.approx(top / stats.t.pdf(t, degrees), rel=1e-6)
    assert [log_e_two_sample([], theirs), log_e_two_sample([1.0], [1.0, 1.0])] == [0.0, 0.0]
    shifted = log_e_two_sample([x + 1e6 for x in ours], [x + 1e6 for x in theirs])
    assert shifted == pytest.approx(log_e_two_sample(ours, theirs), rel=1e-6)


def test_the_confidence_sequence() -> None:
    """The vector, and infinite without a calibration."""
    low, high = confidence((0.5, 1.0, 0.8), 0.05, 0.1, 4)
    assert ((low + high) / 2, (high - low) / 2) == pytest.approx((0.766667, 0.494908), abs=5e-7)
    assert confidence((0.5, 1.0, 0.8)) == (-math.inf, math.inf)
    assert confidence(()) == (-math.inf, math.inf)
    assert confidence(SLEEP)[0] < 1.58 < confidence(SLEEP)[1]


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 8, 17, 64, 501])
def test_student_is_right_in_both_tails(degrees: int) -> None:
    """Against another library, relative to the tail itself."""
    for t in (-300.0, -40.0, -8.0, -2.5, -2.0, -1.9, -0.5, 0.0, 0.7, 3.0, 50.0):
        expected = float(special.stdtr(degrees, t))
        if expected > 1e-290:
            assert student.cdf(t, degrees) == pytest.approx(expected, rel=1e-11)
    assert student.log_cdf(-math.inf, degrees) == -math.inf


def test_the_budget_sums_to_one_and_grows_with_keeps() -> None:
    """What is left after a million confirms is the tail's integral 2.352/ln; a horizon gives equal shares, then none."""
    seen = sum(gamma(t) or 0.0 for t in range(1, 1_000_000))
    assert seen + 2.352 / math.log(1_000_010) == pytest.approx(1.0, abs=1e-3)
    assert [gamma(t, 4) for t in (1, 4, 5)] == [0.25, 0.25, None]
    assert alpha_at(0.1, 0, 0) == pytest.approx(0.1 * 2.352 / (11 * math.log(11) ** 2))
    assert alpha_at(0.1, 3, 2, 10) == pytest.approx(0.03)
    assert alpha_at(0.1, 10, 9, 10) is None
    with pytest.raises(ValueError, match="from 1"):
        gamma(0)


def test_benjamini_hochberg_and_its_e_form() -> None:
    """Fifteen p-values of 1995: 4 rejected where Bonferroni rejects 3; e-BH by hand."""
    p = [.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719, .6528, .7590, 1.0]
    assert benjamini_hochberg(p, 0.05) == (0, 1, 2, 3)
    assert sum(value <= 0.05 / 15 for value in p) == 3
    assert benjamini_hochberg(p[::-1], 0.05) == (11, 12, 13, 14)
    assert e_benjamini_hochberg([25.0, 1.0, 100.0, 45.0], 0.05) == (2, 3)
    assert e_benjamini_hochberg([79.0, 1.0, 0.0, 0.5], 0.05) == ()
    assert benjamini_hochberg([], 0.05) == ()
    for wrong in ([1.5], [math.nan], [-0.1]):
        with pytest.raises(UsageError):
            benjamini_hochberg(wrong)
    with pytest.raises(UsageError):
        e_benjamini_hochberg([-1.0])


def test_folds_are_not_independent() -> None:
    """Nadeau–Bengio by hand: ten folds of 10 tested and 90 trained examples."""
    tested = nadeau_bengio(SLEEP, 10, 90)
    expected = 4.062128 * math.sqrt(0.1 / (0.1 + 1 / 9))
    assert (tested.t, tested.degrees) == (pytest.approx(expected, rel=1e-6), 9)
    assert tested.p_value == pytest.approx(float(stats.t.sf(expected, 9)), rel=1e-5)
    for wrong in (((1.0,), 1, 1), ((1.0, 1.0), 1, 1), ((1.0, 2.0), 0, 1)):
        with pytest.raises(UsageError):
            nadeau_bengio(*wrong)


def losses(text: str) -> list[int]:
    """0/1 losses of a submission against the labels."""
    return [int(ours != label) for ours, label in zip(text, "101110", strict=True)]


def test_the_ladder_releases_only_clear_gains() -> None:
    """.6667, .6667, .3333: the second comparison is .5 < .5, which only exact numbers get right."""
    state, released = LadderState(), []
    for text in ("000000", "100000", "101000"):
        told = submit(state, losses(text))
        state = told.state
        released.append(Fraction(told.released).limit_denominator(100))
    assert released == [Fraction(2, 3), Fraction(2, 3), Fraction(1, 3)]
    gained = submit(LadderState(), losses("000000")).state
    assert submit(gained, [loss / 3 for loss in losses("100000")]).leads
    for wrong in ([1.0], [0.0] * 5, [math.nan] * 6):
        with pytest.raises(UsageError):
            submit(gained, wrong)


def test_nine_real_reruns() -> None:
    """Mean 2.2442, SD .0288, and a "baseline" that was 1.55 SD lucky; among themselves they show nothing."""
    mean = sum(NINE_RERUNS) / 9
    deviation = math.sqrt(sum((loss - mean) ** 2 for loss in NINE_RERUNS) / 8)
    assert (round(mean, 4), round(deviation, 4)) == (2.2442, 0.0288)
    assert (mean - NINE_RERUNS[0]) / deviation == pytest.approx(1.55, abs=0.005)
    halves = tuple(a - b for a, b in zip(NINE_RERUNS[:4], NINE_RERUNS[5:], strict=True))
    assert math.exp(log_e(halves)) < 20
    assert math.exp(log_e(tuple(-d for d in halves))) < 20


def test_the_domain_asks_for_no_scipy() -> None:
    """A face that shows an e-value does not wait for it."""
    code = ("import sys, autor_nb.domain.loops.gate as g, autor_nb.domain.loops.batches, autor_nb.domain.loops.ladder;"
            "g.audit_next(()); print('scipy' in sys.modules, 'numpy' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == (
        "False False\n")
