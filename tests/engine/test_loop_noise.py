"""Noise is measured from positive facts: seeds that are run twice, runs that fail, a gate that is asked, not guessed."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import MetricSpec
from autor_nb.domain.loops.noise import NoiseReport, NoiseRequest, NoiseRun, Spread, lucky, moments, pairing, seed_says
from autor_nb.engine.loops.noise import gate_power, measure_noise
from autor_nb.engine.loops.trial import with_seed

RERUNS = (2.1997, 2.2065, 2.2532, 2.2566, 2.2650, 2.2667, 2.2155, 2.2590, 2.2760)
LOSS = MetricSpec(name="loss", direction="lower")
SEEDED = "import random, os; r = random.Random(os.environ['AUTOR_SEED']); print('loss:', 2 + r.gauss(0, .03))"
UNSEEDED = "import random; print('loss:', 2 + random.gauss(0, .03))"


def asked(folder: Path, code: str, **more: object) -> NoiseRequest:
    """A request for a line of Python, few runs long."""
    made = {"command": (sys.executable, "-c", code), "cwd": str(folder), "metric": LOSS, "direction": "lower", "runs": 4, "pairs": 2}
    return NoiseRequest(**{**made, **more})  # type: ignore[arg-type]


def measured(request: NoiseRequest) -> NoiseReport:
    """The report, without looking at the steps."""
    return measure_noise(request, lambda run: None)


def of(values: tuple[float, ...], again: tuple[float, ...] = ()) -> list[NoiseRun]:
    """Runs with these values, seeds 1, 2, …, the first of them a second time."""
    firsts = [NoiseRun(number=0, of=0, seed=seed, value=value) for seed, value in enumerate(values, 1)]
    return firsts + [NoiseRun(number=0, of=0, seed=seed, value=value, again=True) for seed, value in enumerate(again, 1)]


def test_nine_real_reruns_and_their_lucky_baseline() -> None:
    """Mean 2.2442, SD .0288; the first was 1.55 SD lucky."""
    mean, sd = moments(RERUNS)
    assert (2.2442, 0.0288) == (round(mean, 4), round(sd, 4))
    spread = Spread(count=9, mean=mean, sd=sd, low=0, high=0)
    assert 1.55 == pytest.approx(lucky(RERUNS[0], spread, LOSS, "lower"), abs=0.005)
    assert lucky(RERUNS[0], spread, LOSS, "") == pytest.approx(-1.547, abs=0.001)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=20), st.floats(0, 5))
def test_correlation_is_one_when_seeds_repeat_and_none_when_nothing_varies(values: list[float], apart: float) -> None:
    """And never above one."""
    _, sd = moments(values)
    same = pairing(of(tuple(values), tuple(values)), LOSS, sd)
    assert same is not None and 0 == same.sd_of_d and (same.correlation == 1.0 if sd > 0 else same.correlation is None)
    moved = pairing(of(tuple(values), tuple(value + apart for value in values)), LOSS, sd)
    assert moved is not None and (moved.correlation is None or -1 <= moved.correlation <= 1)
    assert math.isclose(apart, moved.sd_of_d, rel_tol=1e-6, abs_tol=1e-6)


@pytest.mark.parametrize(("values", "again", "says"), [
    ((1.0, 2.0, 3.0, 4.0), (1.0, 2.0), "honoured"),
    ((1.0, 2.0, 3.0), (1.0, 2.0), "unclear"),
    ((1.0, 2.0, 3.0, 4.0, 5.0), (1.1, 2.1, 3.1), "partly"),
    ((1.0, 2.0, 3.0), (1.1, 2.1), "unclear"),
    ((1.0, 2.0, 3.0), (3.0, 1.0), "unclear"),
    ((1.0, 2.0, 3.0, 4.0, 5.0, 6.0), (6.0, 5.0, 4.0, 3.0, 2.0, 1.0), "not_honoured"),
    ((1.0, 1.0, 1.0), (1.0,), "unmoved"),
    ((1.0, 1.0, 1.0), (2.0,), "not_honoured"),
    ((1.0, 2.0, 3.0), (), "unknown"),
])
def test_what_the_seed_does(values: tuple[float, ...], again: tuple[float, ...], says: str) -> None:
    """Said from what was run, and only from that."""
    _, sd = moments(values)
    assert says == seed_says(sd, pairing(of(values, again), LOSS, sd))


def test_a_seeded_command(tmp_path: Path) -> None:
    """Each seed once, two of them twice with the same value; steps are told in order."""
    steps: list[NoiseRun] = []
    report = measure_noise(asked(tmp_path, SEEDED, first_seed=5), steps.append)
    assert [(5, False), (6, False), (7, False), (8, False), (5, True), (6, True)] == [(run.seed, run.again) for run in steps]
    assert list(range(1, 7)) == [run.number for run in steps]
    assert "honoured" == report.seed and report.pairing is not None and 2 == report.pairing.identical
    assert report.spread is not None and report.spread.low < report.spread.sd < report.spread.high
    assert report.plan is not None and report.plan.effect == pytest.approx(report.plan.effect_sd * report.spread.sd)
    assert not report.interrupted


def test_the_interval_of_the_sd_is_the_chi_squared_one(tmp_path: Path) -> None:
    """Of 1, 2, 3, 4: 1.290994 between 0.731335 and 4.813534."""
    report = measured(asked(tmp_path, "import os; print('loss:', os.environ['AUTOR_SEED'])"))
    assert report.spread is not None
    assert (1.290994, 0.731335, 4.813534) == pytest.approx((report.spread.sd, report.spread.low, report.spread.high), abs=2e-6)


def test_a_command_that_ignores_its_seed(tmp_path: Path) -> None:
    """Ten seeds run twice differ as different seeds do; here from noise that goes on from run to run, so it is known."""
    code = (
        "import random, pathlib; seen = pathlib.Path('seen'); n = len(seen.read_text()) if seen.exists() else 0; "
        "seen.write_text('x' * (n + 1)); print('loss:', 2 + random.Random(n).gauss(0, .03))"
    )
    report = measured(asked(tmp_path, code, runs=10, pairs=10))
    assert "not_honoured" == report.seed and report.pairing is not None and report.pairing.chance > 0.05


def test_a_metric_that_nothing_moves_makes_no_plan(tmp_path: Path) -> None:
    """Bit-identical is not noise-free, so nothing is promised."""
    report = measured(asked(tmp_path, "print('loss: 1.5')"))
    assert "unmoved" == report.seed and report.plan is None and report.lucky_sd is None


def test_the_seed_stands_where_the_command_wants_it(tmp_path: Path) -> None:
    """In words and in shell text."""
    assert ("a", "--seed=3", "{x}") == with_seed(("a", "--seed={seed}", "{x}"), 3)
    report = measured(asked(tmp_path, "", command="echo loss: {seed}; test $SEED = {seed}", seed_env="SEED"))
    assert (1.0, 2.0, 3.0, 4.0) == report.values


@pytest.mark.parametrize(("code", "why", "mend"), [
    ("print('hello'); print('world')", "no line with loss: NUMBER", "--metric NAME"),
    ("print('hello\\nworld'); raise SystemExit(4)", "exit code 4", "by hand"),
    ("print('hello\\nworld\\nloss: nan')", "not finite", "--metric NAME"),
])
def test_a_first_run_without_a_value_is_an_error(tmp_path: Path, code: str, why: str, mend: str) -> None:
    """With the last lines it printed, after one run and not after nine."""
    steps: list[NoiseRun] = []
    with pytest.raises(UsageError) as raised:
        measure_noise(asked(tmp_path, code), steps.append)
    assert why in raised.value.message and "  hello\n  world" in raised.value.message and mend in raised.value.suggestion
    assert 1 == len(steps)


def test_later_runs_may_fail_and_are_counted(tmp_path: Path) -> None:
    """Seed 2 crashes; too many of them are an error."""
    code = "import os; s = int(os.environ['AUTOR_SEED']); print('loss:', s); raise SystemExit(s in {})"
    report = measured(asked(tmp_path, code.format("(2,)")))
    assert (1.0, 3.0, 4.0) == report.values and [2, 2] == [run.seed for run in report.failed]
    with pytest.raises(UsageError, match="Only 2 of 4 runs gave a value"):
        measured(asked(tmp_path, code.format("(2, 3)")))


def test_stopped_early_it_says_what_is_known(tmp_path: Path) -> None:
    """Three of four runs are enough for a spread, two for none."""
    for enough in (2, 3):
        steps: list[NoiseRun] = []
        report = measure_noise(asked(tmp_path, SEEDED), steps.append, lambda: len(steps) >= enough)  # noqa: B023
        assert report.interrupted and enough == len(report.runs)
        assert (report.spread is not None) == (enough == 3)


def test_a_time_has_a_ratio_for_noise(tmp_path: Path) -> None:
    """Doubling times have an SD of ln 2 · SD(1…4), whatever their unit."""
    code = "import os; print('loss:', .001 * 2 ** int(os.environ['AUTOR_SEED']))"
    report = measured(asked(tmp_path, code, metric=MetricSpec(name="loss", direction="lower", time_like=True)))
    assert report.spread is not None and report.plan is not None
    assert math.log(2) * moments((1.0, 2.0, 3.0, 4.0))[1] == pytest.approx(report.spread.sd)
    assert math.expm1(report.plan.effect_sd * report.spread.sd) == pytest.approx(report.plan.effect)


def test_the_power_is_that_of_the_default_gate() -> None:
    """As the statistics page expects: about .68 at 2 SD, .98 at 3, next to nothing at 1; 3.6 to 7 runs a candidate."""
    rows = {effect: (power, runs) for effect, power, runs in gate_power(100)}
    assert rows[1.0][0] < 0.1 and 0.6 < rows[2.0][0] < 0.76 and rows[3.0][0] > 0.95
    assert all(350 < runs < 750 for _, runs in rows.values())
