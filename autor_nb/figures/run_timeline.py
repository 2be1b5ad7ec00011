"""A run's timeline: every attempt in real time, the agent's work apart from waiting for a person."""

from __future__ import annotations

from datetime import UTC

from autor_nb.domain.stage import AttemptStatus, Ending
from autor_nb.domain.state import AttemptState, RunState, StageState
from autor_nb.figures.spans import Span, SpanRow, Spans
from autor_nb.record.units import duration_words, parse_time

_ENDINGS = {
    Ending.FINISHED: "finished",
    Ending.FAILED: "failed",
    Ending.TIMED_OUT: "timed out",
    Ending.BUDGET: "out of budget",
    Ending.STOPPED: "stopped",
    Ending.LOST: "lost",
    Ending.UNCHANGED_DRAFT: "left the draft unchanged",
    Ending.NO_DRAFT: "left no draft",
}


def run_timeline(state: RunState, now: str = "") -> Spans:
    """The timeline as of `now` (ISO 8601; the log's last moment if not said)."""
    at = _seconds(now or state.updated_at)
    rows = tuple(_row(stage, at) for stage in state.stages if stage.attempts)
    return Spans("Timeline", rows, ("attempts", "worked", "waited"))


def _row(stage: StageState, now: float | None) -> SpanRow:
    spans = [span for attempt in stage.attempts for span in _spans(attempt, now)]
    worked = sum(span.end - span.start for span in spans if span.kind != "wait")
    waited = sum(span.end - span.start for span in spans if span.kind == "wait")
    columns = (f"{len(stage.attempts):,}", duration_words(worked), duration_words(waited) if waited else "–")
    return SpanRow(f"{stage.ref.number} {stage.ref.title}", tuple(spans), columns)


def _spans(attempt: AttemptState, now: float | None) -> list[Span]:
    start = _seconds(attempt.started_at)
    end = _seconds(attempt.ended_at)
    if start is None:
        return []
    name = f"attempt {attempt.attempt}"
    if end is None:
        return [_running(attempt, name, start, max(start, now if now is not None else start))]
    end = max(start, end)
    ending = _ENDINGS.get(attempt.ending, str(attempt.ending)) if attempt.ending else "ended"
    note = f"{name}: worked {duration_words(end - start)}, {ending}"
    good = attempt.is_new_work
    mark = str(attempt.attempt) if good else f"{attempt.attempt}✕"
    spans = [Span(start, end, "work" if good else "failed", note, mark)]
    decided = _seconds(attempt.decided_at)
    waits = decided is None and attempt.status is AttemptStatus.IN_REVIEW
    until = now if waits else decided
    if until is not None and until > end:
        said = "waits for a decision" if waits else f"waited {duration_words(until - end)} for a decision"
        spans.append(Span(end, until, "wait", f"{name}: {said}"))
    return spans


def _running(attempt: AttemptState, name: str, start: float, now: float) -> Span:
    if attempt.status is AttemptStatus.RUNNING:
        return Span(start, now, "work", f"{name}: works since {duration_words(now - start)}", str(attempt.attempt))
    return Span(start, now, "failed", f"{name}: {attempt.status}, its end is not recorded", str(attempt.attempt))


def _seconds(at: str) -> float | None:
    moment = parse_time(at) if at else None
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
