"""Confirm pairs read in whole blocks of two: which count, which are void and drawn again, what is still to be run."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

from autor_nb.domain.loops.case import BLOCK, Case, Order, Pair, Requirement

REDRAWS = 2
SEEDS_TO_JUDGE = 4
_MASK = (1 << 64) - 1


class Reading(NamedTuple):
    """What the pairs of a case say before any test: the valid ones of whole blocks, and what stands in the way.

    `missing` are the orders of pairs that the open block still needs (redraws); `crashed` and `dead` end the case.
    """

    valid: tuple[Pair, ...]
    missing: tuple[Order, ...] = ()
    crashed: str = ""
    dead: str = ""


def orders(coin: int, block: int) -> tuple[Order, Order]:
    """ABBA or BAAB for this block (from 0), by a coin that a replay throws again with the same result."""
    mixed = (coin * 0x9E3779B97F4A7C15 + (block + 1) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return ("AB", "BA") if (mixed ^ (mixed >> 31)) & 1 else ("BA", "AB")


def _usable(score: float | None) -> bool:
    return score is not None and math.isfinite(score)


def read(case: Case) -> Reading:
    """The case's pairs by their places: a void pair's place is filled by the next pair that is run for it."""
    pairs = case.pairs
    if not len(pairs) % BLOCK and all(
        not pair.void and not pair.slept and _usable(pair.candidate) and _usable(pair.incumbent) for pair in pairs
    ):
        return Reading(pairs)
    return _read_slowly(case)


def _read_slowly(case: Case) -> Reading:
    """The same where something went wrong: places wait in a queue, and a redraw takes the first that waits."""
    filled: dict[int, Pair] = {}
    draws: dict[int, int] = {}
    waiting: deque[int] = deque()
    opened = 0
    for pair in case.pairs:
        if not waiting:
            waiting.extend(range(opened, opened + BLOCK))
            opened += BLOCK
        place = waiting.popleft()
        slept = pair.slept or (pair.void and _usable(pair.incumbent))
        if slept:
            waiting.append(place)
        elif not _usable(pair.incumbent):
            draws[place] = draws.get(place, 0) + 1
            if draws[place] > REDRAWS:
                return Reading((), dead=f"the incumbent gave no score on {REDRAWS + 1} draws of pair {place + 1}")
            waiting.append(place)
        elif not _usable(pair.candidate):
            return Reading((), crashed=f"the candidate gave no score on confirm seed {pair.seed}")
        else:
            filled[place] = pair
    whole = opened - BLOCK if waiting else opened
    missing = tuple(orders(case.coin, place // BLOCK)[place % BLOCK] for place in waiting)
    return Reading(tuple(filled[place] for place in range(whole)), missing)


def differences(pairs: tuple[Pair, ...], requirement: Requirement | None = None) -> tuple[float, ...]:
    """(n,) what the requirement asks to be above 0 on average, one number a valid pair."""
    if requirement is None:
        return tuple([pair.candidate - pair.incumbent for pair in pairs])  # type: ignore[operator]
    return tuple(_difference(pair, requirement) for pair in pairs)


def _difference(pair: Pair, asked: Requirement) -> float:
    if asked.metric is None:
        ours, theirs = pair.candidate, pair.incumbent
    else:
        ours = _metric(pair.candidate_scores, asked.metric)
        theirs = asked.bound if asked.bound is not None else _metric(pair.incumbent_scores, asked.metric)
    other = asked.bound if asked.bound is not None else theirs
    if ours is None or other is None:
        raise ValueError(f"pair of seed {pair.seed}: a valid pair without a score")
    return ours - other + asked.margin


def _metric(scores: tuple[float, ...], number: int) -> float:
    if number >= len(scores):
        raise ValueError(f"a route asks for metric {number}, and the pair holds {len(scores)} scores")
    return scores[number]


def ignores_seed(pairs: tuple[Pair, ...]) -> bool:
    """Whether the candidate is bit-identical on all of two or more seeds while the incumbent varies."""
    if len(pairs) < BLOCK or pairs[0].candidate != pairs[1].candidate:
        return False
    return len({pair.candidate for pair in pairs}) == 1 and len({pair.incumbent for pair in pairs}) > 1
