"""The head of a loop's panel: its tiles, each estimate with its interval, and what to heed before it happens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autor_nb.desk import clean
from autor_nb.desk.loops import words
from autor_nb.desk.loops.words import length
from autor_nb.desk.words import count
from autor_nb.domain.loops.course import Course, best_recorded
from autor_nb.domain.loops.eprocess import alpha_at
from autor_nb.domain.loops.state import LoopState, LoopStatus
from autor_nb.figures.loop_words import Numbers, half_in_metric

Tile = dict[str, Any]


def tiles(state: LoopState, course: Course, places: Numbers, family: int) -> list[Tile]:
    """The row of numbers below the name."""
    found = [_best(state, course, places), _against(state, course, places), _experiments(state), _time(state)]
    return [*found, _alpha(state, family)] if words.spends(state) else found


def _tile(key: str, title: str, value: str, beside: str = "", below: str = "", **more: Any) -> Tile:
    return {"key": key, "title": title, "value": value, "beside": beside, "below": below, **more}


def best_of(course: Course, places: Numbers) -> tuple[str, str]:
    """(mean of the incumbent's fresh runs, ± half of its interval), empty before there are any."""
    now = course.now
    if not now.runs:
        return "", ""
    half = half_in_metric(course.scale, now.mean, now.half)[2]
    return places.value(course.scale.metric(now.mean)), places.plus_minus(half)


def _best(state: LoopState, course: Course, places: Numbers) -> Tile:
    value, beside = best_of(course, places)
    if not value:
        said = "nothing is re-measured yet"
        recorded = best_recorded(course.experiments, course.scale.higher)
        if recorded:
            n, metric = recorded[-1]
            return _tile("best", "Best recorded", places.value(metric), "one run", f"#{n}; {said}")
        return _tile("best", "Best re-measured", "–", "", said)
    merged = f"the merge of {clean.line(course.merged, 40)}" if course.merged else ""
    of = merged or (f"#{course.incumbent}" if course.has_moved else "the baseline")
    if course.at_the_keep:
        runs = count(course.now.runs, "run")
        return _tile("best", "Best at its keep", value, beside, f"{runs} that chose {of}, and flatter it")
    return _tile("best", "Best re-measured", value, beside, f"{count(course.now.runs, 'fresh run')} of {of}")


def _against(state: LoopState, course: Course, places: Numbers) -> Tile:
    good = sum(row.within > 0 for row in state.kept)
    keeps = sum(row.confirmed for row in state.kept) - good
    whole = keeps + good == len(state.kept)
    kept = count(keeps, "confirmed keep") if whole else f"{keeps} of {len(state.kept)} keeps confirmed"
    kept += f", {good} as good" if good else ""
    audit = state.audits[-1] if state.audits else None
    if audit is not None and audit.mean is not None:
        low, high = audit.interval or (None, None)
        word = "better by the audit" if audit.better else "not shown to be better by the audit"
        stale = "" if audit.commit == state.head else f", of #{audit.n}, before the newest keep"
        nth = f"; audit {audit.number}, {state.audits_failed} failed" if audit.number > 1 else ""
        return _tile("against", "Against baseline", places.change(audit.mean), places.interval(low, high),
                     f"{word} on {audit.pairs} pairs{stale}{nth}")  # fmt: skip
    base = course.baseline
    if base is None or base.fresh is None or not base.fresh.runs or not course.has_moved or not course.now.runs:
        return _tile("against", "Against baseline", "–", "", f"{kept}, audit not run")
    change = course.scale.change(course.now.mean - base.fresh.mean)
    return _tile("against", "Against baseline", places.change(change), "no interval", f"{kept}, audit not run")


def _experiments(state: LoopState) -> Tile:
    session = state.session
    below = f"{words.trials(state.trials)} in all"
    if session is None or session.iterations is None:
        return _tile("experiments", "Experiments", f"{state.experiments:,}", "no bound" if session else "", below)
    if state.sessions > 1:
        below = f"session {state.sessions}; {state.experiments:,} in all, {words.trials(state.trials)}"
    share = min(1.0, session.done / max(1, session.iterations))
    return _tile("experiments", "Experiments", f"{session.done:,}", f"of {session.iterations:,}", below, share=share)


def _time(state: LoopState) -> Tile:
    session = state.session
    worked = session.worked_s if session is not None else state.worked_s
    a_run = f"{length(state.worked_s / state.trials)} a run" if state.trials else ""
    if state.cost_usd:
        a_run = f"{a_run}, ${state.cost_usd:.2f}" + (
            f" of ${session.cost_usd:.2f}" if session and session.cost_usd else ""
        )
    if session is None or session.wall_s is None:
        return _tile("time", "Time worked", length(worked), "", a_run)
    return _tile("time", "Time", length(worked), f"of {length(session.wall_s)}", a_run,
                 share=min(1.0, worked / session.wall_s))  # fmt: skip


def _alpha(state: LoopState, family: int) -> Tile:
    alpha, horizon = words.alpha_of(state)
    current = state.current
    reached = current is not None and current.reached_confirm
    used = state.confirms + reached
    shared = f", shared with {count(family - 1, 'fork')}" if family > 1 else ""
    title = (
        f"Session {state.budget_session}: α {alpha:.2f}{shared}"
        if state.budget_session > 1
        else f"Session α {alpha:.2f}{shared}"
    )
    now = alpha_at(alpha, state.confirms, state.keeps, horizon)
    rate = f"α = {now:.3g}" if now is not None else "no α left"
    if current is not None and reached:
        of = f"#{current.n} is confirm {used}, tested at {rate}"
    else:
        of = f"the next is tested at {rate}" if now is not None else "no α is left for another"
    below = f"{of} after {count(state.keeps, 'keep')}"
    if horizon is None:  # the shares of α never run out: no number of confirms is left
        return _tile("alpha", title, f"{used}", f"{'confirm' if used == 1 else 'confirms'} so far, no last one", below)
    left = max(0, horizon - used)
    return _tile("alpha", title, f"{left}", f"of {horizon} confirms left", below,
                 segs={"total": horizon, "used": min(horizon, state.confirms), "now": int(reached)})  # fmt: skip


def notes(state: LoopState, status: LoopStatus, course: Course) -> list[dict[str, Any]]:
    """What to heed, the most pressing first. `do` is the action whose button stands beside it."""
    found: list[dict[str, Any]] = []

    def note(tone: str, text: str, do: str = "", aside: str = "") -> None:
        found.append({"tone": tone, "text": text, "do": do, "aside": aside})

    if state.damaged:
        mend = "`autor recover` sets that aside and says what it cost; `autor loop start` does so too"
        note("fail", f"The log of this loop is damaged: {clean.line(state.damaged, 300)}. {mend}.")
    if status is LoopStatus.FAILED:
        mend = clean.line(state.failure_suggestion, 300)
        note("fail", f"Failed: {clean.line(state.failure, 400)} {mend}".strip(), "start")
    if status is LoopStatus.INTERRUPTED:
        note(
            "warn",
            "No engine works on this loop although its log says so. Nothing that was acknowledged is lost.",
            "start",
        )
    if status is LoopStatus.PAUSED:
        do = "grant" if state.pause_cause == "budget" else "resume"
        note("warn", f"Paused: {clean.line(state.pause_reason, 300)}", do, _session(state) if do == "grant" else "")
    if status is LoopStatus.STOPPED and state.stop_reason:
        note("idle", f"Ended: {clean.line(state.stop_reason, 300)}", "start")
    blocking = state.session.blocking if state.session else ()
    if blocking:
        note("fail", f"Preflight checks that forbid to start: {clean.line(', '.join(blocking), 200)}.")
    found += _budget(state, course)
    suspicious = [row.n for row in state.recent if row.suspicious and row.verdict != "tampered"]
    if suspicious:
        listed = ", ".join(f"#{n}" for n in suspicious[-5:])
        note(
            "warn", f"{listed} {'need' if len(suspicious) > 1 else 'needs'} a person: flagged as suspicious.", "person"
        )
    if words.gate_name(state) == "greedy":
        note("warn", "The gate is greedy: its keeps are unconfirmed. Of 100 ideas that change nothing it keeps four.")
    return found


def _session(state: LoopState) -> str:
    return f"recorded as session {state.budget_session + 1}"


def _budget(state: LoopState, course: Course) -> Sequence[dict[str, Any]]:
    """Running out of confirms is said before it happens."""
    _, horizon = words.alpha_of(state)
    if horizon is None or not words.spends(state) or state.pause_cause == "budget":
        return ()
    used = state.confirms + (state.current is not None and state.current.reached_confirm)
    left = horizon - used
    since = max(1, len(course.experiments) - course.budget_since)
    if left > max(3, horizon // 4) or not used:
        return ()
    if left > 0:
        ahead = course.last + max(1, math.ceil(left * since / used))
        text = f"At the present rate the confirms run out near experiment {ahead:,}."
    else:
        text = (
            "The last confirm of this session is being used."
            if state.current
            else "No confirm is left in this session."
        )
    text += " After that the verdict is untested and the loop pauses."
    return [{"tone": "warn", "text": text, "do": "grant", "aside": _session(state)}]
