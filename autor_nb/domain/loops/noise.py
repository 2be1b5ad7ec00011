"""How noisy a command's metric is: what is asked, what each run gave, what follows from it, and that in words."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import msgspec

from autor_nb.domain.loops.config import MetricSpec
from autor_nb.domain.loops.metric import score

LEAST_RUNS = 3
LEVEL = 0.05
REFUTED_FROM, REFUTED_BELOW = 6, 0.2
_SHUFFLES, _HITS = 1999, 100


class _Noun(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the nouns."""


class NoiseRequest(_Noun, frozen=True, kw_only=True):
    """Run the command with `runs` different seeds, then `pairs` of these seeds a second time.

    `{seed}` in the command is replaced by the seed; `seed_env` holds it too. `direction` is empty if nobody said
    which way is better. `candidates` is what a session to plan for would try.
    """

    command: str | tuple[str, ...]
    cwd: str
    metric: MetricSpec
    direction: str = ""
    runs: int = 9
    pairs: int = 3
    seed_env: str = "AUTOR_SEED"
    first_seed: int = 1
    timeout_s: float = 600.0
    candidates: int = 100
    cost_per_hour: float | None = None


class NoiseRun(_Noun, frozen=True, kw_only=True):
    """One run: its number from 1, of how many, its seed, its value or why it has none; `again`: a seed run before.

    `started` is False where there was no program to run.
    """

    number: int
    of: int
    seed: int
    value: float | None
    reason: str = ""
    duration_s: float = 0.0
    again: bool = False
    started: bool = True


class Spread(_Noun, frozen=True, kw_only=True):
    """Mean and SD (n − 1) of one run over different seeds; `low` and `high` are the SD's 95 % interval."""

    count: int
    mean: float
    sd: float
    low: float
    high: float


class Pairing(_Noun, frozen=True, kw_only=True):
    """What running one seed twice says: d = second − first.

    `sd_of_d` is the root of the mean of d², since the true mean of d is 0. Two independent runs would give √2·SD;
    `correlation` = 1 − sd_of_d²/(2·SD²) is the share of one run's variance that the seed alone decides. `chance` is
    how often a command that ignores its seed has pairs at least as near as these.
    """

    count: int
    identical: int
    sd_of_d: float
    correlation: float | None
    chance: float | None = None


class Plan(_Noun, frozen=True, kw_only=True):
    """What the default gate makes of it, from sessions simulated with that gate.

    `effect_sd` (in SDs of one run) is found with probability `power_at_effect`; `effect` is that in the metric's unit
    (a ratio for a time). `powers` are (effect in SDs, power). Runs are of a session: nothing real, one in ten real.
    """

    candidates: int
    effect_sd: float
    effect: float
    power_at_effect: float
    powers: tuple[tuple[float, float], ...]
    runs_low: int
    runs_high: int
    run_s: float
    hours_low: float
    hours_high: float
    cost_low: float | None = None
    cost_high: float | None = None


class NoiseReport(_Noun, frozen=True, kw_only=True):
    """What is known. `seed`: honoured · partly · not_honoured · unclear · unmoved · unknown.

    `lucky_sd` is how far the first run lay from the mean on the better side (or, if no direction was said, above it),
    in SDs.
    """

    request: NoiseRequest
    runs: tuple[NoiseRun, ...]
    seed: str
    spread: Spread | None = None
    pairing: Pairing | None = None
    lucky_sd: float | None = None
    plan: Plan | None = None
    interrupted: bool = False

    @property
    def values(self) -> tuple[float, ...]:
        """The metric of every first run of a seed that has one."""
        return tuple(run.value for run in self.runs if run.value is not None and not run.again)

    @property
    def failed(self) -> tuple[NoiseRun, ...]:
        """Runs without a value."""
        return tuple(run for run in self.runs if run.value is None)


def on_scale(values: Sequence[float], metric: MetricSpec) -> tuple[float, ...]:
    """Values as their noise is measured: a time in logarithms, everything else as it is."""
    if not metric.time_like:
        return tuple(values)
    return tuple(math.log(value) for value in values if value > 0)


def moments(values: Sequence[float]) -> tuple[float, float]:
    """(mean, SD with n − 1); 0.0 for the SD of fewer than two or of equal values."""
    mean = math.fsum(values) / len(values)
    if len(values) < 2 or min(values) == max(values):
        return mean, 0.0
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def pairing(runs: Sequence[NoiseRun], metric: MetricSpec, sd: float) -> Pairing | None:
    """Seeds that were run twice; None if none has both values."""
    firsts = {run.seed: run.value for run in runs if not run.again and run.value is not None}
    both = [(firsts[run.seed], run.value) for run in runs if run.again and run.value is not None and run.seed in firsts]
    if not both:
        return None
    scaled = [pair for raw in both if len(pair := on_scale(raw, metric)) == 2]
    if not scaled:
        return None
    squares = math.fsum((second - first) ** 2 for first, second in scaled)
    spread = math.sqrt(squares / len(scaled))
    everything = on_scale([run.value for run in runs if run.value is not None], metric)
    return Pairing(
        count=len(scaled),
        identical=sum(first == second for first, second in both),
        sd_of_d=spread,
        correlation=max(-1.0, 1.0 - spread * spread / (2 * sd * sd)) if sd > 0 else None,
        chance=_chance(everything, len(scaled), squares) if sd > 0 else None,
    )


def _chance(values: Sequence[float], pairs: int, squares: float) -> float:
    """How often these values, dealt into so many pairs at random, lie as near in them as they were found to.

    To a command that ignores its seed all its runs are alike, so every dealing is as likely as the one that was seen:
    the share is a valid p-value whatever the noise looks like, with heavy tails and with few distinct values, too
    (where two runs agree by luck). Dealing ends once that many were as near: who comes so far is not significant.
    """
    dealer, near = random.Random(0), 0
    for tried in range(1, _SHUFFLES + 1):
        dealt = dealer.sample(values, 2 * pairs)
        apart = math.fsum((one - other) ** 2 for one, other in zip(dealt[:pairs], dealt[pairs:], strict=True))
        near += apart <= squares * (1 + 1e-9)
        if near >= _HITS:
            return near / tried
    return (near + 1) / (_SHUFFLES + 1)


def seed_says(sd: float, found: Pairing | None) -> str:
    """Whether the seed decides: unmoved (nothing moves), honoured, partly, not_honoured, unclear, unknown (none twice).

    That it does (honoured: the same value each time; partly: nearer ones) is said only if a command that ignores its
    seed would look so in at most 5 of 100 calls. A correlation of .5 does not do for that: from three pairs a third
    of such commands reach it. That it does not is said from six pairs on, with a correlation of at most .2: where the
    seed decides four fifths of the variance, so little is found in fewer than one of ten calls (F with six pairs and
    six runs: 7.5 of 100; with nine runs 4 of 100). Everything between is unclear, and is told by more pairs.
    """
    if found is None:
        return "unknown" if sd > 0 else "unmoved"
    if sd == 0:
        return "unmoved" if found.identical == found.count else "not_honoured"
    if found.chance is not None and found.chance <= LEVEL:
        return "honoured" if found.identical == found.count else "partly"
    refuted = found.count >= REFUTED_FROM and found.correlation is not None and found.correlation <= REFUTED_BELOW
    return "not_honoured" if refuted else "unclear"


def lucky(first: float, spread: Spread, metric: MetricSpec, direction: str) -> float | None:
    """How many SDs the first run lay on the better side of the mean; None if nothing varies."""
    if spread.sd <= 0:
        return None
    turned = metric if direction else msgspec.structs.replace(metric, direction="higher")
    ours = score(first, turned)
    if ours is None:
        return None
    higher = turned.direction == "higher"
    return (ours - (spread.mean if higher else -spread.mean)) / spread.sd
