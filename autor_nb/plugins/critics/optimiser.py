"""The critic `optimiser`: proposes values for the knobs of the mutable files without any model, from our own log.

Candidates are steps of one knob and proposals of Optuna's TPE, told the whole history anew each time (nothing is kept
between calls); a small Gaussian process over the same history says what each would bring, and the one with the
greatest expected improvement on the incumbent is proposed.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import msgspec
import numpy as np
from scipy.special import ndtr

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.idea import Idea
from autor_nb.domain.loops.knobs import HOW, Knobs, find_knobs
from autor_nb.domain.loops.parts import CriticTask, OutOfIdeas, Proposal
from autor_nb.plugins.critics.past import Past, read_past
from autor_nb.plugins.critics.pool import Candidate, load_optuna, pool
from autor_nb.plugins.critics.ranges import Range, ranges
from autor_nb.plugins.critics.reasons import Weighed, write_reasons
from autor_nb.plugins.critics.surrogate import Surrogate

# Small matrices: while trials keep all cores busy, large ones wait for each other's threads for seconds.
MAX_FITTED = 120
ROUNDS = 4
TOO_NEAR = 0.015


class OptimiserCritic:
    """Deterministic: the same seed, texts and history give the same idea."""

    name = "optimiser"

    def propose(self, task: CriticTask) -> Proposal:
        """The candidate with the greatest expected improvement that was not tried before."""
        if task.pinned is not None:
            return proposal(task, task.pinned, {"pinned": True})
        load_optuna()
        knobs = find_knobs(task.mutable)
        turned = ranges(knobs, task.space)
        if not turned:
            raise UsageError(no_knobs(task, knobs), f"{HOW} Or declare them in [loop.{task.loop}.space].")
        past = read_past(task, knobs, turned)
        weighed = weigh(task, turned, past)
        if not weighed:
            raise OutOfIdeas(
                f"Every value of the {len(turned)} knobs near the incumbent was tried or refused.",
                f"Widen the ranges in [loop.{task.loop}.space], or stop here.")
        idea = write_reasons(task, turned, past, weighed)
        return proposal(task, idea, {
            "knobs": {one.path: one.described() for one in turned},
            "told": len(past.points),
            "candidates": [
                {"change": one.change, "origin": one.origin, "expected_delta": one.delta, "sd": one.sd,
                 "gain": one.gain}
                for one in weighed[:8]
            ],
        })


def no_knobs(task: CriticTask, knobs: Knobs) -> str:
    """Why there is nothing to turn."""
    files = ", ".join(task.mutable) or "no file"
    if knobs.found:
        names = ", ".join(knob.path for knob in knobs.found[:8])
        return f"None of the knobs found in {files} has a range that can be guessed or may be turned: {names}."
    notes = f": {'; '.join(knobs.notes[:3])}" if knobs.notes else ""
    return f"No knobs were found in the mutable files ({files}){notes}."


def seed_of(task: CriticTask, turn: int) -> int:
    """One number from the loop's seed, how far it is, and how often this round was refused."""
    text = f"{task.seed}:{len(task.experiments)}:{len(task.refused)}:{turn}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def weigh(task: CriticTask, turned: list[Range], past: Past) -> list[Weighed]:
    """New candidates, the best first. If all that come up were tried, others are drawn."""
    surrogate = fit(turned, past)
    for turn in range(ROUNDS):
        found: dict[tuple[Any, ...], Weighed] = {}
        for candidate in pool(turned, past.points, past.here, seed_of(task, turn)):
            one = _weighed(candidate, turned, past)
            if one is not None and not _tried(one, past):
                found.setdefault(tuple(sorted((path, repr(value)) for path, value in one.change.items())), one)
        if found:
            return _ranked(list(found.values()), surrogate, past, task, seed_of(task, turn))
    return []


def fit(turned: list[Range], past: Past) -> Surrogate | None:
    """The surrogate of the best and the newest points; None as long as there are too few to learn from."""
    points = past.points
    if len(points) > MAX_FITTED:
        near = sorted(points, key=lambda point: math.dist(point.units, past.here))[: MAX_FITTED // 2]
        points = sorted({p.n: p for p in [*near, *points[-MAX_FITTED // 2:]]}.values(), key=lambda p: p.n)
    if len(points) < 3:
        return None
    unordered = np.array([bool(one.levels) and not one.ordered for one in turned])
    return Surrogate(
        np.array([point.units for point in points]), np.array([point.score for point in points]), unordered)


def _weighed(candidate: Candidate, turned: list[Range], past: Past) -> Weighed | None:
    """The candidate as a change of values, rounded as they will be written; None if rounding leaves no change."""
    change, units = {}, list(past.here)
    for index in candidate.turned:
        one = turned[index]
        value = one.from_unit(candidate.units[index])
        unit = one.to_unit(value)
        if value == past.values[one.path] or unit is None:
            continue
        change[one.path], units[index] = value, unit
    if not change:
        return None
    return Weighed(change=change, units=tuple(units), origin=candidate.origin)


def _tried(one: Weighed, past: Past) -> bool:
    """Whether an experiment was made (or a proposal refused) so near that another would teach nothing new."""
    return any(
        max(abs(left - right) for left, right in zip(one.units, units, strict=True)) < TOO_NEAR for units in past.taken)


def _ranked(
    found: list[Weighed], surrogate: Surrogate | None, past: Past, task: CriticTask, seed: int,
) -> list[Weighed]:
    """With what each is expected to bring. Without a surrogate: middling steps of knobs in a drawn order."""
    if surrogate is None:
        order = np.random.default_rng(seed).permutation(len(found))
        size = [abs(math.dist(one.units, past.here) - 0.2) for one in found]
        return [found[n] for n in sorted(range(len(found)), key=lambda n: (round(size[n], 1), order[n]))]
    means, sds = surrogate.predict(np.array([past.here, *(one.units for one in found)]))
    gains = means[1:] - means[0]
    # The deviation of a difference from the incumbent, which has been measured more often than anything else.
    z = gains / sds[1:]
    improvement = gains * ndtr(z) + sds[1:] * np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    sign = -1.0 if task.direction == "lower" else 1.0
    weighed = [
        msgspec.structs.replace(one, delta=sign * float(gain), sd=float(sd), gain=float(better))
        for one, gain, sd, better in zip(found, gains, sds[1:], improvement, strict=True)
    ]
    return sorted(weighed, key=lambda one: -one.gain)


def proposal(task: CriticTask, idea: Idea, working: dict[str, Any]) -> Proposal:
    """The idea with its log record; what a model would be asked is here what the optimiser was given."""
    asked = {"objective": task.objective, "metric": task.metric, "direction": task.direction,
             "experiments": len(task.experiments), "refused": list(task.refused)}
    return Proposal(idea=idea, cost_usd=0.0, log={
        "system_prompt": "",
        "user_prompt": msgspec.json.encode(asked).decode(),
        "raw_response": {"model": "optimiser", "content": msgspec.json.encode(working).decode(), "thinking": "",
                         "reasoning": idea.thought_process, "usage": {}},
        "parsed_idea": msgspec.to_builtins(idea),
    })
