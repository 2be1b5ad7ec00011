"""What the agent did: its steps as bars in time, from the raw log of that attempt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autor_nb.figures import Bar, Bars, Drawn
from autor_nb.record.markup import (
    NOTHING,
    Several,
    Shown,
    Words,
    caption,
    details,
    glyph,
    muted,
    one_line,
    stack,
)
from autor_nb.record.tables import table
from autor_nb.record.units import count_words, duration_words, seconds_between
from autor_nb.store import rawlog

if TYPE_CHECKING:
    from autor_nb.record.attempt import AttemptRecord

BARS = 30
NOTICES = 40
_WRITES = ("write", "edit", "draft", "patch", "create", "save")
_TESTS = ("test", "check", "smoke", "permutation", "lint", "verify")
_READS = ("read", "look", "list", "search", "glob", "grep", "view", "todo", "load")


@dataclass
class Step:
    """A tool call with its result; `end` is None while it has none."""

    name: str
    start: float
    end: float | None = None
    ok: bool = True
    said: str = ""


@dataclass
class Told:
    """What the raw log holds of one attempt."""

    steps: list[Step]
    notices: list[str]
    said: int = 0
    events: int = 0


def timeline(record: AttemptRecord) -> Shown | Several:
    """Steps as bars, with what the agent wanted a person to know."""
    attempt = record.attempt
    told = read_steps(rawlog.read(record.run, attempt.stage, attempt.attempt), attempt.started_at)
    whole = attempt.duration_s or max((step.end or step.start for step in told.steps), default=0.0)
    notices = _notices(told.notices)
    if not told.events:
        return glyph(
            "warning",
            "What the agent said is not kept (logs_raw.jsonl was removed or rotated away)."
            if attempt.agent_events
            else "The agent said nothing.",
        )
    line = _caption(told, whole, attempt.agent_events)
    if not told.steps:
        return stack(line, notices)
    kept = sorted(
        sorted(told.steps, key=lambda step: (_length(step, whole), -step.start), reverse=True)[:BARS],
        key=lambda step: step.start,
    )
    bars = tuple(
        Bar(
            one_line(step.name, 34),
            step.start,
            max(step.start + _length(step, whole), step.start),
            _note(step, whole),
            _kind(step),
        )
        for step in kept
    )
    figure = Drawn(Bars("What the agent did", bars, unit="s"))
    return Several((figure, stack(line, _table(told.steps, whole), notices)))


def read_steps(events: Iterable[dict[str, Any]], started_at: str) -> Told:
    """Calls paired with their results by id, else by order."""
    told = Told([], [])
    waiting: dict[str, Step] = {}
    for event in events:
        told.events += 1
        at = seconds_between(started_at, str(event.get("at", ""))) or 0.0
        kind, mark = event.get("type"), str(event.get("id", ""))
        if kind == "tool_call":
            step = Step(one_line(str(event.get("name", "")), 80) or "a step", max(0.0, at))
            told.steps.append(step)
            waiting[mark] = step
        elif kind == "tool_result":
            ended = waiting.pop(mark, None)
            if ended is not None:
                ended.end, ended.ok = max(at, ended.start), bool(event.get("ok", True))
                ended.said = one_line(str(event.get("output", "")), 160)
        elif kind == "notice" and len(told.notices) <= NOTICES:
            told.notices.append(one_line(str(event.get("text", "")), 300))
        elif kind == "text":
            told.said += 1
    return told


def _length(step: Step, whole: float) -> float:
    end = step.end if step.end is not None else max(whole, step.start)
    return end - step.start


def _note(step: Step, whole: float) -> str:
    words = duration_words(_length(step, whole))
    if step.end is None:
        return f"{words}, no result"
    return words if step.ok else f"{words} ✕ failed"


def _kind(step: Step) -> str:
    if not step.ok or step.end is None:
        return "failed"
    name = step.name.lower()
    for kind, hints in (("test", _TESTS), ("write", _WRITES), ("other", _READS)):
        if any(name.startswith(hint) for hint in hints):
            return kind
    return "work"


def _caption(told: Told, whole: float, recorded: int) -> Shown:
    failed = sum(not step.ok for step in told.steps)
    facts = [
        duration_words(whole),
        count_words(len(told.steps), "step"),
        count_words(told.events, "agent event"),
    ]
    if told.said:
        facts.append(f"spoke {count_words(told.said, 'time')}")
    if failed:
        facts.append(f"{count_words(failed, 'step')} failed")
    if len(told.steps) > BARS:
        facts.append(f"the {BARS} longest drawn")
    if told.events < recorded:
        facts.append(f"{recorded - told.events:,} earlier events rotated away")
    return caption(f"{', '.join(facts)}. Bars are wall time.")


def _table(steps: list[Step], whole: float) -> Shown:
    rows: list[list[Words]] = [
        [
            one_line(step.name, 60),
            f"{step.start:.1f} s",
            duration_words(_length(step, whole)),
            glyph("pass", "done")
            if step.ok and step.end is not None
            else glyph("fail", "failed" if step.end else "no result"),
            muted(step.said),
        ]
        for step in steps[:200]
    ]
    more = f", the first 200 of {len(steps):,}" if len(steps) > 200 else ""
    return details(
        f"The steps as a table{more}",
        table(["Step", "From", "Took", "Result", "It said"], rows, "lrrll"),
        text=True,
    )


def _notices(notices: list[str]) -> Shown:
    if not notices:
        return NOTHING
    lines = [glyph("warning", "") + muted(f" {notice}") for notice in notices[:NOTICES]]
    more = [muted("… and more")] if len(notices) > NOTICES else []
    return stack(*lines, *more)
