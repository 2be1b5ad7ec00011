"""The convergence of a loop and its evidence as series that a page draws: bounded, in the metric's own units."""

from __future__ import annotations

import math
from typing import Any

from autor_nb.domain.loops.course import Course, Experiment, best_recorded
from autor_nb.domain.loops.state import Current
from autor_nb.figures.loop_calibration import MOST, calibration
from autor_nb.figures.loop_convergence import Convergence, convergence, spaced
from autor_nb.figures.loop_evidence import evidence
from autor_nb.figures.loop_words import VERDICT_WORDS, Numbers, bar_words, e_words

Document = dict[str, Any]


def curve(course: Course, metric: str, places: Numbers, under_test: Experiment | None) -> Document:
    """The convergence plot: axis, marks, levels, legend."""
    figure = convergence(course, "Convergence", metric, under_test)
    low, high = figure.span
    return {
        "low": low, "high": high, "last": figure.last, "decimals": places.decimals,
        "axis": f"{metric} ({figure.better})",
        "marks": [_mark(mark) for mark in figure.marks],
        "levels": [[level.n, *map(short, level[1:])] for level in figure.levels],
        "recorded": [[n, short(value)] for n, value in figure.recorded],
        "baseline": None if figure.baseline is None else short(figure.baseline),
        "labels": _labels(figure, places),
        "legend": _legend(course, figure),
        "said": _said(course, figure, places),
        "noise": "" if figure.sd is None else f"SD {_sd(course, places)}, pooled over the incumbents' fresh runs",
        "note": figure.note,
    }  # fmt: skip


def _mark(mark: Any) -> list[Any]:
    ends = [short(mark.low), short(mark.high), short(mark.recorded)]
    while ends and ends[-1] is None:
        ends.pop()
    return [mark.n, mark.kind, short(mark.value), *ends]


def short(value: float | None) -> float | None:
    """Enough digits to draw with."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")


def _sd(course: Course, places: Numbers) -> str:
    sd = course.noise_sd or 0.0
    return places.change(math.expm1(sd)).lstrip("+") if course.scale.time_like else places.value(sd)


def _labels(figure: Convergence, places: Numbers) -> Document:
    found: Document = {}
    if figure.baseline is not None:
        found["baseline"] = f"{places.value(figure.baseline)} {places.plus_minus(figure.baseline_half)}"
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
    for kind, count in figure.counts:
        word, note = VERDICT_WORDS[kind][1], ""
        every = [one for one in course.experiments if VERDICT_WORDS.get(one.verdict, ("discard",))[0] == kind]
        if kind == "keep":
            confirmed = sum(one.confirmed for one in every)
            word, note = ("Kept, confirmed", "") if confirmed == count else ("Kept", f"{confirmed} of them confirmed")
        elif kind == "discard":
            tested = sum(one.reached for one in every)
            note = f"{count - tested:,} at the screen, {tested:,} futile" if tested else ""
        elif kind == "testing":
            word = "Under test"
        found.append({"kind": kind, "word": word, "count": f"{count:,}", "note": note})
    return found


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
    confirmed = sum(one.confirmed for one in course.experiments)
    return f"{said}. {max(0, records):,} scores were a new best when recorded; {confirmed:,} keeps are confirmed."


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
    figure = evidence(course, current.n, singles, expected, most)
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
        "low": low, "high": high, "decimals": places.decimals, "better": "negative" if figure.lower else "positive",
        "e": e_words(last.e_value) if last else "",
        "change": places.change(last.change) if last else "",
        "interval": places.interval(last.low, last.high) if last else "",
        "past": len(figure.ghosts),
    }  # fmt: skip


def hopes(course: Course) -> Document:
    """The critic's calibration."""
    figure = calibration(course)
    (left, right), (low, high) = figure.spans if figure.hopes else ((0.0, 1.0), (0.0, 1.0))
    chosen = spaced(figure.hopes, min(MOST, 200))
    return {
        "points": [[hope.n, hope.kind, short(hope.expected), short(hope.actual), int(hope.fresh)] for hope in chosen],
        "left": left, "right": right, "low": low, "high": high, "said": figure.sentence, "total": figure.total,
    }  # fmt: skip
