"""Candidates for the next experiment: Optuna's TPE asked again and again, and steps of single knobs."""

from __future__ import annotations

import warnings
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from autor_nb.domain.errors import PluginError
from autor_nb.plugins.critics.ranges import Range

Array = npt.NDArray[np.float64]
ASKS = 16
MAX_TOLD = 240
STEPS = (0.06, 0.14, 0.3)
MAX_STEPS = 36


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One finished experiment in the unit cube; `score` is higher-is-better and never missing."""

    n: int
    units: tuple[float, ...]
    score: float


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A place to go; `origin` is how it was come by: tpe or step."""

    units: tuple[float, ...]
    turned: tuple[int, ...]
    origin: str


def pool(ranges: list[Range], points: list[Point], here: tuple[float, ...], seed: int) -> list[Candidate]:
    """Candidates around `here`, each turning one or a few knobs; the same input gives the same list."""
    rng = np.random.default_rng(seed)
    found = steps(ranges, here, rng)
    if len(points) >= 2:
        found += asked(ranges, told(points), here, rng, seed)
    return found


def told(points: list[Point]) -> list[Point]:
    """The points TPE is told: all, or of very many the better half and the newest, in their order."""
    if len(points) <= MAX_TOLD:
        return points
    best = sorted(points, key=lambda point: (-point.score, point.n))[: MAX_TOLD // 2]
    return sorted({point.n: point for point in [*best, *points[-MAX_TOLD // 2:]]}.values(), key=lambda p: p.n)


def steps(ranges: list[Range], here: tuple[float, ...], rng: np.random.Generator) -> list[Candidate]:
    """One knob, up and down by a small, a middling and a large step; or any other choice."""
    found = []
    for index, one in enumerate(ranges):
        if one.levels and not one.ordered:
            places = [n / (len(one.levels) - 1) for n in range(len(one.levels))]
        elif one.levels:
            gap = 1 / (len(one.levels) - 1)
            places = [here[index] + sign * k * gap for sign in (-1, 1) for k in (1, 2)]
        else:
            places = [here[index] + sign * size * rng.uniform(0.7, 1.3) for sign in (-1, 1) for size in STEPS]
        for place in places:
            if -1e-9 <= place <= 1 + 1e-9 and abs(place - here[index]) > 1e-9:
                units = (*here[:index], min(1.0, max(0.0, float(place))), *here[index + 1:])
                found.append(Candidate(units=units, turned=(index,), origin="step"))
    if len(found) > MAX_STEPS:
        found = [found[int(n)] for n in sorted(rng.choice(len(found), MAX_STEPS, replace=False))]
    return found


def asked(
    ranges: list[Range], points: list[Point], here: tuple[float, ...], rng: np.random.Generator, seed: int,
) -> list[Candidate]:
    """TPE's proposals for random subsets of one, two, three or all knobs, the others staying where they are."""
    optuna = load_optuna()
    names = [f"k{index}" for index in range(len(ranges))]
    distributions = [_distribution(optuna, one) for one in ranges]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(
            direction="maximize",
            sampler=optuna.samplers.TPESampler(
                seed=seed % 2**32, multivariate=False, n_startup_trials=min(8, 2 * len(ranges)), constant_liar=False),
        )
        study.add_trials([
            optuna.trial.create_trial(
                params={name: _internal(one, unit) for name, one, unit in zip(names, ranges, point.units, strict=True)},
                distributions=dict(zip(names, distributions, strict=True)), value=point.score)
            for point in points
        ])
        found = []
        for turn in range(ASKS):
            size = (1, 2, 1, 3, 2, len(ranges))[turn % 6]
            chosen = sorted(int(n) for n in rng.choice(len(ranges), min(size, len(ranges)), replace=False))
            trial = study.ask({names[index]: distributions[index] for index in chosen})
            units = list(here)
            for index in chosen:
                units[index] = _unit(ranges[index], trial.params[names[index]])
            turned = tuple(index for index in chosen if abs(units[index] - here[index]) > 1e-9)
            if turned:
                found.append(Candidate(units=tuple(units), turned=turned, origin="tpe"))
    return found


def load_optuna() -> Any:
    """Optuna, quiet; PluginError with the install line without it."""
    try:
        import optuna
    except ImportError as error:
        raise PluginError(
            "The critic 'optimiser' needs Optuna, which is not installed.",
            "pip install 'autor-nb[study]', or choose another critic.") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _distribution(optuna: Any, one: Range) -> Any:
    if one.levels and not one.ordered:
        return optuna.distributions.CategoricalDistribution(tuple(range(len(one.levels))))
    if one.levels:
        return optuna.distributions.IntDistribution(0, len(one.levels) - 1)
    return optuna.distributions.FloatDistribution(0.0, 1.0)


def _internal(one: Range, unit: float) -> float | int:
    return round(unit * (len(one.levels) - 1)) if one.levels else unit


def _unit(one: Range, value: float) -> float:
    return value / (len(one.levels) - 1) if one.levels else float(value)
