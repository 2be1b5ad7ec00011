"""The table of experiments, a window at a time: every number in words, every estimate with its interval."""

from __future__ import annotations

import math
from typing import Any

from autor_nb.desk import clean
from autor_nb.desk.loops import words
from autor_nb.desk.words import count
from autor_nb.domain.loops.at_work import Current
from autor_nb.domain.loops.course import Course, Experiment
from autor_nb.figures.loop_experiments import change_of
from autor_nb.figures.loop_words import VERDICT_WORDS, Numbers, bar_words, e_words, half_in_metric, kind_of

WINDOW = 40
MOST = 100
FILTERS = (("all", "All"), ("tests", "Confirmed tests"), ("person", "Needs a person"))
Document = dict[str, Any]


def table(course: Course, current: Current | None, places: Numbers) -> Document:
    """The newest rows, with what there is to choose from."""
    page = page_of(course, current, places, "all", 0, WINDOW)
    counts = {key: len(_chosen(course, current, key)) for key, _ in FILTERS}
    filters = [{"id": key, "word": word, "count": counts[key]} for key, word in FILTERS if counts[key] or key == "all"]
    return {**page, "filters": filters, "span": _span(course)}


def page_of(course: Course, current: Current | None, places: Numbers, which: str, first: int, many: int) -> Document:
    """So many rows from the `first` on, newest first."""
    every = _chosen(course, current, which)
    chosen = every[max(0, first) : max(0, first) + max(1, min(MOST, many))]
    drawn = [row_of(one, course, current, places) for one in chosen]
    return {"which": which, "first": max(0, first), "total": len(every), "rows": drawn}


def _chosen(course: Course, current: Current | None, which: str) -> list[Experiment]:
    at_work = course.at_work
    every = [one for one in reversed(course.experiments) if at_work is None or one.n != at_work.n]
    if at_work is not None and at_work.verdict == "testing" and current is not None and current.n == at_work.n:
        every.insert(0, at_work)
    if which == "tests":
        return [one for one in every if one.reached or (one.verdict == "testing" and one.pairs)]
    if which == "person":
        return [one for one in every if one.suspicious or one.verdict == "tampered"]
    return every


def _span(course: Course) -> list[float]:
    """How wide the small plots of the table are: three SDs of one run either way, so that all can be compared."""
    sd = course.noise_sd
    if sd:
        half = abs(course.scale.change(3.2 * sd))
    else:
        changes = sorted(abs(change) for one in course.experiments if (change := change_of(one, course)[0]))
        half = 1.2 * changes[len(changes) * 9 // 10] if changes else 1.0
    return [-half, half]


def row_of(one: Experiment, course: Course, current: Current | None, places: Numbers) -> Document:
    """One experiment."""
    kind, word = VERDICT_WORDS.get(one.verdict, ("discard", one.verdict.capitalize()))
    change, low, high, interval = change_of(one, course)
    if one.verdict == "testing":
        change, low, high, interval = _so_far(one, course)
    row: Document = {
        "n": one.n, "kind": kind, "word": word, "note": _note(one, current, places),
        "value": places.value(_value(one, course)), "pm": _plus_minus(one, course, places),
        "change": places.change(change),
        "interval": places.interval(low, high) if interval else "no interval" if change is not None else "",
        "ends": [change, low, high, int(interval)] if change is not None else None,
        "e": e_words(one.e_value), "bar": bar_words(one.bar), "hyp": clean.line(one.summary, 200),
        "evidence": _evidence(one), "took": _clock(one.duration_s) if one.duration_s or not one.recorded else "",
        "why": "" if change is not None else clean.line(one.reason, 160),
        "act": _act(one), "flag": "needs a person" if one.suspicious else "",
    }  # fmt: skip
    if one.verdict == "testing":
        last = course.tracks.get(one.n, [])[-1:]
        row["e"], row["bar"] = (e_words(last[0].e_value), bar_words(last[0].bar)) if last else ("", "")
    return row


def _so_far(one: Experiment, course: Course) -> tuple[float | None, float | None, float | None, bool]:
    reads = course.tracks.get(one.n, [])
    if not reads or reads[-1].mean is None:
        return None, None, None, False
    low, high = reads[-1].interval or (None, None)
    return reads[-1].mean, low, high, True


def _value(one: Experiment, course: Course) -> float | None:
    if one.fresh is not None and one.fresh.runs and kind_of(one) != "crash":
        return course.scale.metric(one.fresh.mean)
    return one.shown


def _plus_minus(one: Experiment, course: Course, places: Numbers) -> str:
    if one.verdict in ("crash", "timeout", "tampered") or one.shown is None:
        return ""
    if one.fresh is None or not one.fresh.runs:
        return "1 run"
    if not math.isfinite(one.fresh.half):
        return words.trials(one.fresh.runs)
    return places.plus_minus(half_in_metric(course.scale, one.fresh.mean, one.fresh.half)[2])


def _note(one: Experiment, current: Current | None, places: Numbers) -> str:
    if one.verdict == "testing":
        return f"pair {words.pair_now(current)}" if current is not None and current.planned else "screen"
    if one.recorded:
        return "recorded, not tested"
    if one.within:
        return f"as good, within {places.width(one.within)}"
    if one.verdict == "keep":
        return "confirmed" if one.confirmed else "unconfirmed"
    if one.verdict == "discard":
        return "futile" if one.reached else "screen"
    return count(_pairs(one), "pair") if one.verdict == "inconclusive" else ""


def _evidence(one: Experiment) -> str:
    if one.recorded:
        return "not ours"
    if _pairs(one):
        return count(_pairs(one), "pair")
    return words.trials(one.trials) if one.verdict == "baseline" else "screen 1"


def _pairs(one: Experiment) -> int:
    """How many pairs it ran; not every gate reads its evidence on the way."""
    fresh = one.fresh.runs if one.fresh is not None and one.verdict != "baseline" else 0
    return one.pairs or fresh


def _clock(seconds: float) -> str:
    whole = round(seconds)
    if whole < 10:
        return words.length(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def _act(one: Experiment) -> str:
    """What the row's own button opens; of what somebody recorded nothing is kept but why it is looked at."""
    if one.recorded:
        return "evidence" if one.suspicious else ""
    if one.verdict == "inconclusive":
        return "repeat"
    if one.verdict in ("crash", "timeout"):
        return "log"
    if one.verdict == "tampered":
        return "evidence"
    return "diff" if one.diff else ""
