"""The convergence of a loop and its evidence as series that a page draws: bounded, in the metric's own units."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from autor_nb.desk.words import count
from autor_nb.domain.loops.at_work import Current
from autor_nb.domain.loops.course import Course, Experiment, best_recorded
from autor_nb.figures.loop_calibration import MOST, calibration
from autor_nb.figures.loop_convergence import Convergence, convergence, spaced
from autor_nb.figures.loop_evidence import evidence
from autor_nb.figures.loop_words import VERDICT_WORDS, Numbers, bar_words, e_words, numbers

Document = dict[str, Any]


def curve(course: Course, metric: str, places: Numbers, under_test: Experiment | None) -> Document:
    """The convergence plot: axis, marks, levels, legend."""
    figure = convergence(course, "Convergence", metric, under_test)
    low, high = figure.span
    digits = enough(low, high)
    return {
        "low": low, "high": high, "last": figure.last, "lower": figure.lower, **axis(places, False),
        "axis": f"{metric} ({figure.better})",
        "marks": [_mark(mark, digits) for mark in figure.marks],
        "levels": [[level.n, *(short(value, digits) for value in level[1:])] for level in figure.levels],
        "recorded": [[n, short(value, digits)] for n, value in figure.recorded],
        "baseline": short(figure.baseline, digits),
        "labels": _labels(course, figure, places),
        "legend": _legend(course, figure),
        "said": _said(course, figure, places),
        "noise": "" if figure.sd is None else f"SD {places.width(figure.sd)}, pooled over the incumbents' fresh runs",
        "note": figure.note,
    }  # fmt: skip


def _mark(mark: Any, digits: int) -> list[Any]:
    ends = [short(value, digits) for value in (mark.low, mark.high, mark.recorded)]
    while ends and ends[-1] is None:
        ends.pop()
    return [mark.n, mark.kind, short(mark.value, digits), *ends]


def enough(low: float, high: float) -> int:
    """How many digits a value needs to be drawn between these two: more where they hardly differ."""
    wide = high - low
    return 6 if wide <= 0 else min(15, 6 + max(0, math.ceil(math.log10(max(abs(low), abs(high)) / wide))))


def short(value: float | None, digits: int = 6) -> float | None:
    """Enough digits to draw with."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.{digits}g}")


def axis(places: Numbers, changes: bool) -> Document:
    """How the numbers of an axis are written: of values, or of changes, which are shares where it is a time."""
    if changes and places.scale.time_like:
        return {"decimals": places.percents, "power": -2, "unit": "\N{NO-BREAK SPACE}%"}
    unit = f"e{places.power}".replace("-", "−") if places.power else ""
    return {"decimals": places.decimals, "power": places.power, "unit": unit}


def _labels(course: Course, figure: Convergence, places: Numbers) -> Document:
    found: Document = {}
    if figure.baseline is not None:
        fresh = course.baseline.fresh if course.baseline is not None else None
        many = fresh is not None and fresh.runs > 1
        beside = f" {places.plus_minus(figure.baseline_half)}" if many else ", one run"
        found["baseline"] = f"{places.value(figure.baseline)}{beside}"
    best = figure.best
    if best is not None:
        half = None if best.low is None or best.high is None else (best.high - best.low) / 2
        found["best"] = f"{places.value(best.value)} {places.plus_minus(half)}"
        found["best_is"] = "best at its keep" if figure.at_the_keep else "best re-measured"
    if figure.recorded:
        found["recorded"] = places.value(figure.recorded[-1][1])
    return found


def _legend(course: Course, figure: Convergence) -> list[Document]:
    found = []
    for kind, number in figure.counts:
        word, note = VERDICT_WORDS[kind][1], ""
        every = [one for one in course.experiments if VERDICT_WORDS.get(one.verdict, ("discard",))[0] == kind]
        if kind == "keep":
            confirmed = sum(one.confirmed for one in every)
            word, note = ("Kept, confirmed", "") if confirmed == number else ("Kept", f"{confirmed} of them confirmed")
            good = sum(one.within > 0 for one in every)
            note = ", ".join(filter(None, (note, f"{good:,} as good, no better" if good else "")))
        elif kind == "discard":
            tested = sum(one.reached for one in every)
            note = f"{number - tested:,} at the screen, {tested:,} futile" if tested else ""
        elif kind == "testing":
            word = "Under test"
        else:
            note = _besides(every, word)
        found.append({"kind": kind, "word": word, "count": f"{number:,}", "note": note})
    return found


def _besides(every: Iterable[Any], word: str) -> str:
    """How many of a mark have another verdict than its word says: untested ones, runs out of time."""
    others = Counter(VERDICT_WORDS[one.verdict][1] for one in every if one.verdict in VERDICT_WORDS)
    return ", ".join(f"{number:,} {other.lower()}" for other, number in others.items() if other != word)


def _said(course: Course, figure: Convergence, places: Numbers) -> str:
    if not figure.recorded:
        return ""
    n, value = figure.recorded[-1]
    said = f"Recorded best: {places.value(value)} (#{n}, one run)"
    if figure.best is not None and figure.best.value is not None:
        apart = figure.best.value - value
        where = "below" if apart > 0 else "above"
        far = places.value(abs(apart))
        best = "what it had at its keep" if figure.at_the_keep else "the best re-measured"
        said += f", {far} {where} {best}" if far != places.value(0.0) else ""
    records = len(best_recorded(course.experiments, course.scale.higher)) - 1
    good = sum(one.within > 0 for one in course.experiments)
    confirmed = sum(one.confirmed for one in course.experiments) - good
    new = f"{count(max(0, records), 'score')} {'was' if records == 1 else 'were'} a new best when recorded"
    return f"{said}. {new}; {count(confirmed, 'keep')} {'is' if confirmed == 1 else 'are'} confirmed" + (
        f", {good:,} as good." if good else "."
    )


def track(course: Course, current: Current, places: Numbers, most: int) -> Document:
    """The e-value of the candidate under test and its differences by pair."""
    scores: dict[tuple[int, str], float] = {}
    for row in current.trials:
        if row.pair is not None and row.score is not None and row.pair not in current.voided:
            scores[row.pair, row.subject] = row.score
    pairs = sorted({pair for pair, _ in scores})
    singles = [
        (pair, scores[pair, "candidate"] - scores[pair, "incumbent"])
        for pair in pairs if (pair, "candidate") in scores and (pair, "incumbent") in scores
    ]  # fmt: skip
    at_work = course.at_work
    expected = at_work.expected if at_work is not None and at_work.n == current.n else None
    figure = evidence(course, current.n, singles, expected, most, current.margin)
    low, high = figure.span
    last = figure.looks[-1] if figure.looks else None
    return {
        "most": figure.most, "top": figure.e_span[1], "bar": figure.bar,
        "bar_says": f"keep at E ≥ {bar_words(figure.bar)}" if figure.bar else "",
        "looks": [[look.pairs, short(look.e_value), *map(short, look[2:])] for look in figure.looks],
        "ghosts": [{"n": ghost.n, "kind": ghost.kind, "looks": [[n, short(e)] for n, e in ghost.looks]}
                   for ghost in figure.ghosts],
        "singles": [[pair, short(change)] for pair, change in figure.singles],
        "expected": short(expected), "expected_says": places.change(expected),
        "low": low, "high": high, **axis(places, True), "better": "negative" if figure.lower else "positive",
        "e": e_words(last.e_value) if last else "",
        "change": places.change(last.change) if last else "",
        "interval": places.interval(last.low, last.high) if last else "",
        "past": len(figure.ghosts), "claim": figure.name,
    }  # fmt: skip


def hopes(course: Course) -> Document:
    """The critic's calibration."""
    figure = calibration(course)
    (left, right), (low, high) = figure.spans if figure.hopes else ((0.0, 1.0), (0.0, 1.0))
    chosen = spaced(figure.hopes, min(MOST, 200))
    said = figure.sentence.replace(" %", "\N{NO-BREAK SPACE}%")
    return {
        "points": [[hope.n, hope.kind, short(hope.expected), short(hope.actual), int(hope.fresh)] for hope in chosen],
        "left": left, "right": right, "low": low, "high": high, "said": said, "total": figure.total,
        **axis(numbers(course), True),
    }  # fmt: skip
