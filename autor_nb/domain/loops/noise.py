"""How noisy a command's metric is: what is asked, what each run gave, what follows from it, and that in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from autor_nb.domain.loops.config import MetricSpec
from autor_nb.domain.loops.metric import score

LEAST_RUNS = 3


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
    """One run: its number from 1, of how many, its seed, its value or why it has none; `again`: a seed run before."""

    number: int
    of: int
    seed: int
    value: float | None
    reason: str = ""
    duration_s: float = 0.0
    again: bool = False


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
    `correlation` = 1 − sd_of_d²/(2·SD²) is the share of one run's variance that the seed alone decides.
    """

    count: int
    identical: int
    sd_of_d: float
    correlation: float | None


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
    """What is known. `seed`: honoured · not_honoured · partly · unmoved · unknown; `lucky_sd` is how far the first
    run lay from the mean on the better side (or, if no direction was said, above it), in SDs."""

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
    differences = [scaled[1] - scaled[0] for pair in both if len(scaled := on_scale((pair[0], pair[1]), metric)) == 2]
    if not differences:
        return None
    spread = math.sqrt(math.fsum(d * d for d in differences) / len(differences))
    return Pairing(
        count=len(differences),
        identical=sum(first == second for first, second in both),
        sd_of_d=spread,
        correlation=max(-1.0, 1.0 - spread * spread / (2 * sd * sd)) if sd > 0 else None,
    )


def seed_says(sd: float, found: Pairing | None) -> str:
    """Whether the seed decides: unmoved (nothing moves), honoured, partly, not_honoured, unknown (no seed twice)."""
    if found is None:
        return "unknown" if sd > 0 else "unmoved"
    if sd == 0:
        return "unmoved" if found.identical == found.count else "not_honoured"
    if found.identical == found.count:
        return "honoured"
    return "partly" if found.correlation is not None and found.correlation > 0.5 else "not_honoured"


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
