"""What a stage notebook imports: one attempt as of a position of the log, shown and validated again.

from autor_nb import record
attempt = record.open(run="20261120_091402", stage="05", attempt=2, as_of=311)
attempt.checks()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, SupportsIndex

if TYPE_CHECKING:
    from pathlib import Path

    from autor_nb.record.attempt import AttemptRecord

__all__ = ["open", "preload"]


def open(run: str | Path = "..", stage: str | int = "", attempt: SupportsIndex = 0, as_of: int = 0) -> AttemptRecord:
    """An attempt: `run` is an id or folder, `stage` 5, 05 or a slug, `as_of` the log's position (0: now)."""
    from autor_nb.record.opening import open_attempt

    return open_attempt(run, stage, attempt, as_of)


def preload() -> None:
    """Import ahead what every notebook needs, so that a warmed kernel answers at once."""
    from autor_nb.record.opening import import_ahead

    import_ahead()
