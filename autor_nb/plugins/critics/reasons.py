"""The seven fields of an optimiser's idea, written from what was tried and what the surrogate expects; nothing else."""

from __future__ import annotations

from typing import Any

import msgspec

from autor_nb.domain.loops.idea import Idea, Risk, read_idea
from autor_nb.domain.loops.parts import CriticTask, PastExperiment
from autor_nb.plugins.critics.past import BROKEN, Past
from autor_nb.plugins.critics.ranges import Range

SHOWN_PAST = 6
SHOWN_OTHERS = 4
MAX_NAMED = 4


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate with its expected `delta` (signed, the metric's units), its deviation and expected improvement."""

    change: dict[str, Any]
    units: tuple[float, ...]
    origin: str
    delta: float | None = None
    sd: float | None = None
    gain: float = 0.0


def write_reasons(task: CriticTask, turned: list[Range], past: Past, weighed: list[Weighed]) -> Idea:
    """The idea of the first candidate, with the next ones as its alternatives."""
    best = weighed[0]
    steps = _steps(best, past)
    gives = "gives" if len(steps) == 1 else "give"
    return read_idea({
        "thought_process": _thought(task, turned, past, best),
        "alternatives_considered": [_alternative(task, one, past) for one in weighed[1:1 + SHOWN_OTHERS]],
        "hypothesis": _one_line(f"{_short(steps)} {gives} a {task.direction} {task.metric}."),
        "expected_delta": best.delta or 0.0,
        "justification": _justification(task, best),
        "code_pseudocode": "\n".join(
            f"{path} = {value!r}  # was {past.values[path]!r}" for path, value in best.change.items()),
        "risk_level": _risk(best, past),
        "change": best.change,
    })


def _steps(one: Weighed, past: Past) -> list[str]:
    return [f"{path} {_shown(past.values[path])} → {_shown(value)}" for path, value in one.change.items()]


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:60]


def _short(steps: list[str]) -> str:
    more = len(steps) - MAX_NAMED
    return ", ".join(steps[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:480]


def _thought(task: CriticTask, turned: list[Range], past: Past, best: Weighed) -> str:
    """What was tried with the knobs in question, with the measured effects."""
    guessed = [one for one in turned if one.guessed]
    lines = [f"{len(turned)} knobs may be turned, the ranges of {len(guessed)} of them guessed from their values."]
    for one in turned:
        if one.path in best.change:
            lines.append(f"{one.path} may go from {one.described()}; it is {_shown(past.values[one.path])}.")
    tried = [one for one in task.experiments if set(one.change) & set(best.change)]
    if tried:
        lines.append(f"Tried before with these knobs ({len(tried)} experiments):")
        lines += [f"- {_effect(one)}" for one in tried[-SHOWN_PAST:]]
    else:
        lines.append("No experiment has turned these knobs yet.")
    if past.crashes:
        lines.append(f"{past.crashes} experiments crashed or ran out of time and count as worse than the worst.")
    if task.refused:
        lines.append(f"Refused in this round: {len(task.refused)}.")
    return "\n".join(lines)


def _effect(one: PastExperiment) -> str:
    change = _short([f"{path} → {_shown(value)}" for path, value in one.change.items()])
    if one.verdict in BROKEN:
        return f"#{one.n} {change}: {one.verdict}"
    effect = "no delta known" if one.delta is None else f"delta {one.delta:+.4g}"
    expected = "" if one.expected_delta is None else f" (expected {one.expected_delta:+.4g})"
    return f"#{one.n} {change}: {effect}{expected}, {one.verdict}"


def _alternative(task: CriticTask, one: Weighed, past: Past) -> str:
    steps = _short(_steps(one, past))
    if one.delta is None:
        return f"{steps}: nothing is known about it yet."
    return f"{steps}: expected {task.metric} {one.delta:+.4g} ± {one.sd:.2g}, expected improvement {one.gain:.3g}."


def _justification(task: CriticTask, best: Weighed) -> str:
    origin = "Optuna's TPE, told the history," if best.origin == "tpe" else "A step of one knob from the incumbent"
    verb = "proposed it" if best.origin == "tpe" else "came up among the candidates"
    if best.delta is None:
        return f"{origin} {verb}. Too little was measured to expect anything: this experiment is to learn from."
    return (
        f"{origin} {verb}. A Gaussian process over the experiments expects {task.metric} to change by "
        f"{best.delta:+.4g} ± {best.sd:.2g} against the incumbent; of all candidates this has the greatest expected "
        f"improvement, {best.gain:.3g}."
    )


def _risk(best: Weighed, past: Past) -> Risk:
    """By the longest way that one knob goes, as a share of its range."""
    way = max(abs(left - right) for left, right in zip(best.units, past.here, strict=True))
    return "low" if way <= 0.1 else "med" if way <= 0.3 else "high"
