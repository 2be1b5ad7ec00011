"""The newest experiments of a loop by their difference to the incumbent of their time."""

from __future__ import annotations

from autor_nb.domain.loops.course import Course, Experiment
from autor_nb.figures.loop_forest import Difference, Forest
from autor_nb.figures.loop_words import VERDICT_WORDS, Numbers, bar_words, e_words, kind_of, numbers

NEWEST = 30


def experiments(course: Course, name: str = "Experiments", newest: int = NEWEST, confirmed: bool = False) -> Forest:
    """Newest first; `confirmed` leaves out those that one run ended."""
    chosen = [one for one in course.experiments if one.verdict != "baseline" and (one.reached or not confirmed)]
    places = numbers(course)
    rows = tuple(_row(one, course, places) for one in reversed(chosen[-newest:]))
    left = len(chosen) - len(rows)
    return Forest(
        name=name,
        title="Δ to the incumbent, newest first",
        rows=rows,
        lower=not course.scale.higher,
        note=f"{left:,} earlier ones are not drawn" if left > 0 else "",
        numbers=places,
        empty="No experiment has ended yet.",
    )


def change_of(one: Experiment, course: Course) -> tuple[float | None, float | None, float | None, bool]:
    """(difference in the metric, its interval's ends, whether it has one); of one run it has none."""
    scale = course.scale
    if one.verdict in ("crash", "timeout", "tampered", "baseline"):
        return None, None, None, False
    known = one.mean if one.mean is not None else one.delta
    if one.interval is not None and known is not None:
        return known, *one.interval, True
    if one.mean is not None:
        return one.mean, None, None, False
    delta = one.delta
    if delta is not None and scale.time_like and one.metric is not None and one.metric != delta:
        delta = delta / (one.metric - delta)
    return delta, None, None, False


def _row(one: Experiment, course: Course, places: Numbers) -> Difference:
    change, low, high, interval = change_of(one, course)
    word = VERDICT_WORDS.get(one.verdict, ("", one.verdict))[1].lower() + (", as good" if one.within else "")
    e = f"E {e_words(one.e_value)} / {bar_words(one.bar)}  " if one.e_value is not None and one.bar is not None else ""
    after = e + one.summary if change is not None else one.reason or one.summary
    value = places.value(one.metric) if one.verdict != "tampered" else ""
    return Difference(f"#{one.n} {word}", kind_of(one), change, low, high, interval, value, after)
