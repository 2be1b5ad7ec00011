"""What a measurement of noise says, in plain sentences and as names with values."""

from __future__ import annotations

import math

from autor_nb.domain.loops.noise import NoiseReport
from autor_nb.record.units import count_words, duration_words, number_words
from autor_nb.verbs.blocks import Cell

SEED_WORDS = {
    "honoured": "honoured: the same seed gives the same value",
    "partly": "partly: the same seed gives nearer values, not the same",
    "not_honoured": "not honoured: the same seed gives another value, as far off as another seed does",
    "unclear": "unclear",
    "unmoved": "the metric moves under none",
    "unknown": "no seed was run twice",
}


def in_unit(report: NoiseReport, sds: float) -> float:
    """So many SDs in the metric's unit; for a time the ratio minus 1."""
    assert report.spread is not None
    size = sds * report.spread.sd
    return math.expm1(size) if report.request.metric.time_like else size


def _sized(report: NoiseReport, value: float, digits: int = 3) -> str:
    return f"{100 * value:.{digits}g} %" if report.request.metric.time_like else number_words(value, digits)


def luck(report: NoiseReport) -> str:
    """How far off the first run was."""
    if report.lucky_sd is None:
        return ""
    far = abs(report.lucky_sd)
    if not report.request.direction:
        return f"the first run: {far:.2f} SD {'above' if report.lucky_sd > 0 else 'below'} the mean"
    return f"the first run: {far:.2f} SD {'lucky' if report.lucky_sd > 0 else 'unlucky'}"


def sentences(report: NoiseReport) -> list[str]:
    """What a person should know, the first things first."""
    name, spread = report.request.metric.name, report.spread
    said = []
    if report.interrupted:
        said.append(f"Interrupted after {count_words(len(report.runs), 'run')}; this is what is known so far.")
    if spread is None:
        return [*said, f"Too few runs gave a value to say how noisy {name} is."]
    if spread.sd == 0:
        said += _unmoved(report)
    else:
        mean = math.exp(spread.mean) if report.request.metric.time_like else spread.mean
        said.append(
            f"One run of this command gives {name} = {number_words(mean, 5)} ± {_sized(report, spread.sd)} "
            f"(one SD; 95 % interval of the SD {_sized(report, spread.low)} to {_sized(report, spread.high)})."
        )
        said += _lucky(report)
        said += _plan(report)
    if report.failed:
        first = report.failed[0]
        said.append(f"{count_words(len(report.failed), 'run')} gave no value; seed {first.seed}: {first.reason}")
    return said


def _unmoved(report: NoiseReport) -> list[str]:
    said = f"All {count_words(len(report.values), 'run')} gave exactly {number_words(report.values[0], 6)}."
    if report.seed == "not_honoured":
        return [f"{said} The same seed did not: run it with more seeds."]
    warning = (
        "Bit-identical is not noise-free: if the command fixes its own seed, every edit of the code still draws fresh "
        "noise, and a loop would keep it."
    )
    mend = f"Let it read its seed from {report.request.seed_env}, or write {{seed}} into the command, then ask again."
    return [said, warning, mend]


def _lucky(report: NoiseReport) -> list[str]:
    said = []
    if report.lucky_sd is not None and report.request.direction and report.lucky_sd >= 0.5:
        said.append(
            f"The first run was {report.lucky_sd:.2f} SD lucky: as a baseline it hides real gains smaller than that."
        )
    elif report.lucky_sd is not None and report.request.direction and report.lucky_sd <= -0.5:
        said.append(
            f"The first run was {-report.lucky_sd:.2f} SD unlucky: measured against it, changing nothing at all "
            "looks like a gain."
        )
    if report.seed == "not_honoured":
        said.append(
            f"The seed is not honoured: one seed run twice differs as two seeds do. Let the command read "
            f"{report.request.seed_env}, or write {{seed}} into it, if it should decide."
        )
    if report.seed == "unclear" and report.pairing is not None:
        count, same = report.pairing.count, report.pairing.identical
        seen = "the same value, as may be luck" if same == count else "no value that is surely nearer"
        said.append(
            f"Whether the seed decides is unclear: {count_words(count, 'seed')} run twice gave {seen}; "
            f"{_asks_more(report)}."
        )
    return said


def _plan(report: NoiseReport) -> list[str]:
    plan = report.plan
    if plan is None:
        return []
    said = (
        f"The default gate finds an improvement of {_sized(report, plan.effect)} ({plan.effect_sd:g} SD) with "
        f"probability {plan.power_at_effect:.2f}; smaller ones it mostly misses, and it keeps noise in at most 2 of "
        f"100 sessions."
    )
    runs = f"{plan.runs_low:,} to {plan.runs_high:,} runs"
    time = f"{duration_words(plan.hours_low * 3600)} to {duration_words(plan.hours_high * 3600)}"
    cost = f" and {plan.cost_low:,.2f} to {plan.cost_high:,.2f} in money" if plan.cost_low is not None else ""
    return [said, f"A session of {plan.candidates} candidates would take {runs}, {time}{cost}, one run at a time."]


def _seed(report: NoiseReport) -> str:
    """What the seed does; where too few pairs tell it, what would."""
    if report.seed != "unclear" or report.pairing is None:
        return SEED_WORDS[report.seed]
    return f"unclear from {count_words(report.pairing.count, 'pair')}: {_asks_more(report)}"


def _asks_more(report: NoiseReport) -> str:
    pairs = max(9, 2 * (report.pairing.count if report.pairing is not None else 0))
    runs = f" --runs {pairs}" if pairs > report.request.runs else ""
    return f"run it with{runs} --pairs {pairs}"


def facts(report: NoiseReport) -> tuple[tuple[str, Cell], ...]:
    """Names and values."""
    spread, pair = report.spread, report.pairing
    if spread is None:
        return ()
    found: list[tuple[str, Cell]] = [
        ("seed", _seed(report)),
        (
            "SD of one run",
            f"{_sized(report, spread.sd)} ({_sized(report, spread.low)} – {_sized(report, spread.high)})",
        ),
        ("first run", luck(report).removeprefix("the first run: ")),
    ]
    if pair is not None and pair.correlation is not None:
        twice = f"{count_words(pair.count, 'seed')} run twice, {pair.identical} identical"
        found.append(("correlation within pairs", f"{pair.correlation:.2f} ({twice})"))
        independent = _sized(report, math.sqrt(2) * spread.sd)
        found.append(
            ("SD of a pair's difference", f"{_sized(report, pair.sd_of_d)} ({independent} if runs were independent)")
        )
    if report.plan is not None:
        found.append(("one run takes", duration_words(report.plan.run_s)))
    return tuple(found)
