"""Whether a command honours its seed is said only if one that ignores it would rarely look so, whatever its noise."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from autor_nb.domain.loops.config import MetricSpec
from autor_nb.domain.loops.noise import NoiseRun, moments, pairing, seed_says

LOSS = MetricSpec(name="loss", direction="lower")
NOISES: dict[str, Callable[[random.Random], float]] = {
    "gaussian": lambda draw: draw.gauss(0, 1),
    "heavy tails": lambda draw: draw.gauss(0, 1) / max(abs(draw.gauss(0, 1)), 1e-9),
    "few values": lambda draw: sum(draw.random() < 0.8 for _ in range(10)) / 10,
    "two values": lambda draw: float(draw.random() < 0.5),
}


def says(draw: random.Random, noise: Callable[[random.Random], float], runs: int, pairs: int, share: float = 0) -> str:
    """What is said of a command whose seed decides that share of its (Gaussian) variance, else of one without."""

    def value(seed: float) -> float:
        return share**0.5 * seed + (1 - share) ** 0.5 * noise(draw) if share < 1 else seed

    seeds = [draw.gauss(0, 1) for _ in range(runs)]
    firsts = [NoiseRun(number=0, of=0, seed=n, value=value(seed)) for n, seed in enumerate(seeds)]
    again = [NoiseRun(number=0, of=0, seed=n, value=value(seeds[n]), again=True) for n in range(pairs)]
    _, sd = moments([run.value for run in firsts if run.value is not None])
    return seed_says(sd, pairing([*firsts, *again], LOSS, sd))


@pytest.mark.parametrize("noise", list(NOISES))
@pytest.mark.parametrize(("runs", "pairs"), [(9, 3), (4, 1), (3, 3), (9, 9)])
def test_a_command_that_ignores_its_seed_is_rarely_said_to_honour_it(noise: str, runs: int, pairs: int) -> None:
    """At most 5 of 100 calls, honoured and partly together; 300 calls, three standard errors of room."""
    draw = random.Random(f"{noise} {runs} {pairs}")
    said = [says(draw, NOISES[noise], runs, pairs) for _ in range(300)]
    wrong = sum(word in ("honoured", "partly") for word in said)
    assert wrong <= 300 * 0.05 + 3 * (300 * 0.05 * 0.95) ** 0.5


def test_a_command_that_honours_its_seed_is_said_to_from_the_default_number_of_runs() -> None:
    """Nine runs and three pairs, every time."""
    draw = random.Random(1)
    assert {"honoured"} == {says(draw, NOISES["gaussian"], 9, 3, share=1) for _ in range(50)}


@pytest.mark.parametrize(("pairs", "least"), [(3, 0.6), (9, 0.95)])
def test_a_seed_that_decides_nearly_everything_is_mostly_noticed(pairs: int, least: float) -> None:
    """It decides 95 % of the variance; three pairs show that in most calls, nine in nearly all."""
    draw = random.Random(2)
    said = [says(draw, NOISES["gaussian"], 9, pairs, share=0.95) for _ in range(100)]
    assert said.count("partly") >= least * 100


def test_that_a_seed_is_not_honoured_is_rarely_said_where_it_decides_four_fifths() -> None:
    """Less than one call of ten with six pairs; nine pairs of a seed that is ignored mostly show it; three never."""
    draw = random.Random(3)
    decides = [says(draw, NOISES["gaussian"], 9, 6, share=0.8) for _ in range(300)]
    assert decides.count("not_honoured") <= 30
    ignored = [says(draw, NOISES["gaussian"], 9, 9) for _ in range(300)]
    assert ignored.count("not_honoured") >= 150
    assert "not_honoured" not in {says(draw, NOISES["gaussian"], 9, 3) for _ in range(300)}
