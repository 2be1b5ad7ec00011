"""A loop as one document: everything that its panel draws, bounded however many experiments there are."""

from __future__ import annotations

from typing import Any

from autor_nb.desk import clean
from autor_nb.desk.loops import curves, decisions, files, head, rows, test, words
from autor_nb.desk.loops.forks import Family, acts
from autor_nb.desk.words import count, who
from autor_nb.domain.loops.course import Course
from autor_nb.domain.loops.state import LoopState, LoopStatus
from autor_nb.domain.run import Actor
from autor_nb.figures.loop_words import Numbers, e_words, numbers
from autor_nb.loop_control import Snapshot
from autor_nb.record import loop_edits
from autor_nb.store.eventlog import utc_now
from autor_nb.store.loops.layout import LoopFolder

VERSION = 1
ANSWERED = 20
NO_REPEATS = "No experiment is at work, and none ended inconclusive against today's incumbent."
PROMISE = (
    "Pause, veto, pin and repeats are recorded with who and when. None can change the error rate: the test sees only "
    "the pairs."
)
Document = dict[str, Any]


def loop_view(snapshot: Snapshot, course: Course, family: Family, me: Actor, work: Document | None = None) -> Document:
    """The document of a loop as it is now; `work` is what is being done about its forks."""
    state, status, loop = snapshot.state, snapshot.status, snapshot.loop
    places = numbers(course)
    members = family.members(state)
    word, tone = words.pill(state, status)
    works = snapshot.live or status is LoopStatus.RUNNING
    at_work = course.at_work if course.at_work is not None and state.testing is not None else None
    metric = clean.line(str((state.config.get("metric") or {}).get("name", "metric")), 60)
    if course.scale.scored:
        metric = f"score ({clean.line(str(state.config.get('scalarizer')), 40)})"
    tested = test.under_test(loop, state, course, places)
    return {
        "v": VERSION, "seq": state.last_seq, "at": utc_now(),
        "loop": _named(loop, state),
        "state": {"status": str(status), "word": word, "tone": tone, "live": snapshot.live},
        "metric": {"name": metric, "lower": not course.scale.higher, "time_like": course.scale.time_like},
        "tiles": head.tiles(state, course, places, len(members)),
        "notes": [*_edits(loop, state, status), *head.notes(state, status, course)],
        "curve": curves.curve(course, metric, places, at_work),
        "test": tested,
        "hopes": curves.hopes(course),
        "table": rows.table(course, state.current, places),
        "forks": {**family.view(state, course, places), "work": work},
        "pins": [
            {"pin": pin.pin, "hypothesis": clean.line(pin.idea.hypothesis, 200), "who": who(pin.by), "at": pin.at}
            for pin in state.pins[:20]
        ],
        "decisions": {"total": len(course.decisions), "newest": decisions.shown(course, me)},
        "actions": {**actions(state, status), **acts(state, works, family, work)},
        "foot": _foot(course),
        "refusals": _refusals(state), "answered": state.answered[-ANSWERED:], "unknown": state.unknown,
        "commands": {"watch": f"autor loop watch {loop.name}", "panel": f"%autor loop panel {loop.name}",
                     "resume": f"autor loop start {loop.name}"},
    }  # fmt: skip


def _named(loop: LoopFolder, state: LoopState) -> Document:
    config = state.config
    session = state.session
    sandbox = clean.line(session.sandbox, 60) if session and session.sandbox else "none"
    chips = [
        f"mode {session.mode if session else config.get('mode', 'strict')}",
        f"gate {words.gate_name(state)}",
        f"sandbox: {sandbox}",
    ]
    listed = {
        key: [clean.path(str(name))[:120] for name in list(config.get(key) or ())[:8]]
        for key in ("mutable", "readonly")
    }
    return {
        "id": loop.name, "folder": str(loop.path), "chips": chips,
        "objective": clean.line(str(config.get("objective") or ""), 600),
        "edits": listed["mutable"], "reads": listed["readonly"],
        "forked": clean.line(state.forked_from, 60),
        "space": sorted(clean.line(str(name), 80) for name in (config.get("space") or {}))[:60],
    }  # fmt: skip


def actions(state: LoopState, status: LoopStatus) -> Document:
    """What can be asked now; `reason` says why not."""
    current = state.testing
    works = state.status is LoopStatus.RUNNING
    parked = [one for one in state.parked if one.parent == state.head]
    changed = state.baseline and state.head != state.base
    whys = {
        "pause": "" if works else "The loop is not at work.",
        "resume": _not_resumed(state),
        "start": "" if state.status in (LoopStatus.CREATED, LoopStatus.STOPPED, LoopStatus.FAILED)
        or status is LoopStatus.INTERRUPTED else "The loop is at work.",
        "stop": "" if state.status in (LoopStatus.RUNNING, LoopStatus.PAUSED) else "The loop is not at work.",
        "veto": "" if current is not None and current.vetoed_by is None else "No idea is at work.",
        "pin": "" if len(state.pins) < 20 else "Twenty pinned ideas wait already.",
        "repeat": "" if current is not None or parked else NO_REPEATS,
        "confirm": "",
        "grant": "" if words.spends(state) else "This gate has no budget of errors.",
        "audit": "An audit is at work already." if state.audit is not None
        else "" if changed else "Nothing was kept or advanced: there is nothing to audit.",
    }  # fmt: skip
    if state.damaged:
        whys = dict.fromkeys(whys, "The log of this loop is damaged: `autor recover` sets that aside.")
    found: Document = {name: {"enabled": not why, "reason": why} for name, why in whys.items()}
    found["repeat"]["of"] = ([current.n] if current is not None else []) + [one.n for one in parked]
    found["confirm"]["done"] = f"given by {who(state.confirmed_by)}" if state.confirmed_by is not None else ""
    if status is LoopStatus.INTERRUPTED:
        found["start"] = {"enabled": True, "reason": "", "says": "Go on"}
    return found


def _not_resumed(state: LoopState) -> str:
    if state.status is not LoopStatus.PAUSED:
        return "The loop is not paused."
    return "The budget of errors is spent: grant a new one." if state.pause_cause == "budget" else ""


def _edits(loop: LoopFolder, state: LoopState, status: LoopStatus) -> list[Document]:
    """That an edit is waited for, and that one was kept aside."""
    found = loop_edits.awaited(loop, state, status)
    said = [] if found is None else [("idle", found.text)]
    if kept := loop_edits.aside(loop):
        said.append(("warn", f"{loop_edits.aside_words(loop)}: {kept[0]}."))
    return [{"tone": tone, "text": clean.line(text, 600), "do": "", "aside": ""} for tone, text in said]


def _foot(course: Course) -> list[str]:
    found = [PROMISE]
    null = course.gate_tests.get("null")
    if null is not None and null.sessions:
        rate = f", {null.rate:.1%} kept anything" if null.rate is not None else ""
        found.append(f"Gate tested at start: {count(null.sessions, 'null session')}{rate.replace('%', ' %')}.")
    elif null is not None:
        found.append(f"Gate tested at start: {clean.line(null.detail, 200)}.")
    else:
        found.append("The gate was not tested yet.")
    return found


def _refusals(state: LoopState) -> list[Document]:
    return [
        {"command": clean.line(str(one.get("what", "")), 60), "reason": clean.line(str(one.get("reason", "")), 300),
         "who": clean.line(str(one.get("by", "")), 80), "at": str(one.get("at", ""))}
        for one in state.refusals[-3:]
    ]  # fmt: skip


def experiment_of(snapshot: Snapshot, course: Course, idea: Any, n: int) -> Document | None:
    """What a row of the table opens: the idea, its change, the last trial's output, and the verdict with its reason."""
    one = course.of(n) if course.at_work is None or course.at_work.n != n else course.at_work
    if one is None:
        return None
    places: Numbers = numbers(course)
    reads = course.tracks.get(n, [])
    return {
        "n": n,
        "verdict": rows.row_of(one, course, snapshot.state.current, places),
        "reason": clean.line(one.reason, 400),
        "suspicious": [clean.line(item, 200) for item in one.suspicious[:10]],
        "idea": test.idea_of(idea),
        "change": test.change_of(snapshot.loop, (), 0, 0, one.diff),
        "output": files.output(snapshot.loop, one.trial) if one.trial else None,
        "looks": [f"E {e_words(read.e_value)} after {read.pairs} pairs" for read in reads],
    }
