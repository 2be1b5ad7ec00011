"""How results differ between two attempts: one number a row, on one scale or in per cent."""

from __future__ import annotations

from collections.abc import Mapping

from autor_nb.figures.dumbbell import Change, Dumbbell

ROWS = 40


def results_difference(
    before: Mapping[str, float],
    after: Mapping[str, float],
    *,
    heads: tuple[str, str] = ("before", "after"),
    metric: str = "",
    spreads: Mapping[str, float] | None = None,
    unchanged: bool = False,
) -> Dumbbell:
    """Numbers by name. With a `metric` all have its unit and share one scale; without, each is told in per cent.

    `spreads` is how far a number may move by chance. Without `unchanged`, only what differs is shown, what moved
    furthest first; a scale of a metric keeps the order of `after`.
    """
    names = list(dict.fromkeys([*after, *before]))
    changes = [Change(name, before.get(name), after.get(name), (spreads or {}).get(name)) for name in names]
    shown = [change for change in changes if unchanged or change.before != change.after]
    if not metric:
        shown.sort(key=lambda change: -abs(change.share) if change.share is not None else 1.0)
    axis = metric or "change, in per cent of the number before"
    return Dumbbell(
        "Results, " + metric if metric else "Results",
        tuple(shown[:ROWS]),
        heads,
        axis,
        relative=not metric,
        left_out=max(0, len(shown) - ROWS),
    )
