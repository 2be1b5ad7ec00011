"""How a run's workspace grew: files and bytes after each attempt."""

from __future__ import annotations

from collections.abc import Mapping

from autor_nb.domain.state import RunState
from autor_nb.figures.lines import Curve, Lines
from autor_nb.record.units import size_words


def artifact_growth(state: RunState, measured: Mapping[str, tuple[int, int]]) -> Lines:
    """`measured` maps a manifest's hash (`AttemptState.files_after`) to its (files, bytes); one may be missing.

    Attempts come in the order in which they ended, so that work on an earlier stage again stands where it was.
    """
    ended = sorted(
        (attempt for stage in state.stages for attempt in stage.attempts if attempt.ended_at),
        key=lambda attempt: attempt.ended_at,
    )
    names = {stage.ref.slug: f"{stage.ref.number} {stage.ref.title}" for stage in state.stages}
    groups: list[tuple[str, int]] = []
    for attempt in ended:
        name = names[attempt.stage]
        if groups and groups[-1][0] == name:
            groups[-1] = (name, groups[-1][1] + 1)
        else:
            groups.append((name, 1))
    found = [measured.get(attempt.files_after) for attempt in ended]
    return Lines(
        "Files after each attempt",
        tuple(groups),
        tuple(f"{names[attempt.stage]}, attempt {attempt.attempt}" for attempt in ended),
        (
            Curve("Files", tuple(None if one is None else float(one[0]) for one in found), _files, whole=True),
            Curve("Size", tuple(None if one is None else float(one[1]) for one in found), _bytes, whole=True),
        ),
    )


def _files(value: float) -> str:
    return f"{value:,.0f}"


def _bytes(value: float) -> str:
    words = size_words(round(value))
    return words.replace(".0 ", " ")
