"""What became of an experiment, in one word."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The engine's word about all trials of one idea.

    Only `keep` is a claim (and of a `greedy` gate an unconfirmed one); `advance` is a step of mode explore.
    `inconclusive` and `untested` say that nothing was shown, `tampered` that the evidence cannot be trusted.
    """

    KEEP = "keep"
    ADVANCE = "advance"
    DISCARD = "discard"
    CRASH = "crash"
    TIMEOUT = "timeout"
    INCONCLUSIVE = "inconclusive"
    UNTESTED = "untested"
    TAMPERED = "tampered"

    @property
    def moves(self) -> bool:
        """Whether the branch goes on from the candidate."""
        return self in (Verdict.KEEP, Verdict.ADVANCE)
