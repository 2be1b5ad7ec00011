"""The parameter-free Ladder (after Blum & Hardt 2015): a holdout that tells a new number only for a clear gain.

It limits what leaks; it is no significance test (the theorem is for the fixed-step form).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from autor_nb.domain.errors import UsageError


class LadderState(msgspec.Struct, frozen=True, kw_only=True):
    """The leader's losses, one an example of the holdout, and the mean loss last released; empty before the first."""

    losses: tuple[float, ...] = ()
    released: float | None = None


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What a submission is told: the leader's mean loss, and whether the submission has become the leader."""

    released: float
    leads: bool
    state: LadderState


def submit(state: LadderState, losses: Sequence[float]) -> Release:
    """Release the mean loss R(f) and make f the leader only if R(f) < R_best − s/√n; else release R_best again.

    `losses` are (n,) per-example losses, lower is better, in the examples' fixed order; s is the sample SD (n − 1) of
    their differences to the leader's. The first submission always leads. Compared in exact fractions: .5 < .5 is
    false however the floats fall. UsageError for fewer than two losses, another number of them than the leader has,
    or a loss that is not finite.
    """
    n = len(losses)
    if n < 2 or (state.losses and len(state.losses) != n):
        raise UsageError(f"The submission has {n} losses, the leader {len(state.losses) or 'none yet'}.",
                         "Give one loss for each example of the holdout, two or more, always in the same order.")
    try:
        exact = [Fraction(loss) for loss in losses]
    except (ValueError, OverflowError) as error:
        raise UsageError("A loss of the holdout is not a finite number.", "Mend the evaluator.") from error
    if state.losses:
        gains = [Fraction(best) - loss for best, loss in zip(state.losses, exact, strict=True)]
        gain = sum(gains, Fraction()) / n
        variance = sum(((value - gain) ** 2 for value in gains), Fraction()) / (n - 1)
        if not (gain > 0 and gain * gain * n > variance):
            assert state.released is not None
            return Release(released=state.released, leads=False, state=state)
    mean = float(sum(exact, Fraction()) / n)
    kept = LadderState(losses=tuple(float(loss) for loss in losses), released=mean)
    return Release(released=mean, leads=True, state=kept)
