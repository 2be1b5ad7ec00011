"""One line of `logs.txt` for each event: what happened, in words, short and safe to print in a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autor_nb.domain import events as ev
from autor_nb.engine.quote import one_line

LINE_CHARS = 300


def log_line(event: ev.Event | ev.Unknown) -> str:
    """The event as one line, with its newline."""
    words = _WORDS.get(type(event), _other)(event)
    if isinstance(event, ev.Decision) and event.by != ev.ENGINE:
        words += f" · by {one_line(str(event.by), 60)}"
    return f"{one_line(event.at, 30) or '(no time)'} {event.seq:>5} {one_line(words, LINE_CHARS)}\n"


def _where(event: Any) -> str:
    return f"{event.stage} attempt {event.attempt}"


def _with(words: str, text: str, limit: int = 160) -> str:
    text = one_line(text, limit)
    return f"{words}: {text}" if text else words


def _created(event: ev.RunCreated) -> str:
    some = ", not all of the resources (intake_context.json names what was left out)" if event.left_out else ""
    return _with(f"run created with {len(event.workflow)} stages{some}", event.goal)


def _worker_started(event: ev.WorkerStarted) -> str:
    started = f"engine started (pid {event.pid}, version {event.version or 'unknown'})"
    return _with(started, event.lock, 300)


def _attempt_started(event: ev.AttemptStarted) -> str:
    agent = f"{event.agent} {event.model}".strip()
    return _with(f"{_where(event)} started ({event.trigger}) with {agent}", event.feedback)


def _attempt_ended(event: ev.AttemptEnded) -> str:
    cost = "" if event.cost_usd is None else f", ${event.cost_usd:.2f}"
    facts = f"{event.duration_s:.1f} s, {event.changed} files changed{cost}"
    return _with(f"{_where(event)} ended: {event.ending} ({facts})", event.detail)


def _checked(event: ev.AttemptChecked) -> str:
    failing = (
        f"{len(event.blocking)} failing, {event.warnings} warnings"
        if event.blocking
        else (f"none failing, {event.warnings} warnings")
    )
    return _with(f"{_where(event)} checked: {event.total} checks, {failing}", ", ".join(event.blocking[:20]))


def _rendered(event: ev.NotebookRendered) -> str:
    word = "executed" if event.complete else "executed in part"
    return _with(f"{_where(event)} notebook {word} ({event.cells_run}/{event.cells} cells)", event.detail)


def _opened(event: ev.ReviewOpened) -> str:
    words = f"{_where(event)} in review"
    return words + (", retries used up: a person decides" if event.cap_reached else "")


def _refined(event: ev.Refined) -> str:
    what = f"suggestion {event.suggestion}" if event.suggestion else "feedback"
    return _with(f"{_where(event)} sent back with {what}", event.feedback)


def _waived(event: ev.CheckWaived) -> str:
    return _with(f"{_where(event)} check {event.check_id} waived", event.why)


def _restored(event: ev.WorkspaceRestored) -> str:
    not_kept = f"{len(event.missing)} files had not been kept: {', '.join(event.missing)}" if event.missing else ""
    return _with("workspace restored", not_kept)


def _refused(event: ev.CommandRefused) -> str:
    return _with(f"{event.command} of {one_line(str(event.by), 60)} refused", event.reason)


def _budget(event: ev.BudgetWarned) -> str:
    return f"{event.share:.0%} of the time budget used up ({event.spent_s:.0f} of {event.budget_s:g} s)"


def _recovered(event: ev.LogRecovered) -> str:
    return f"log was damaged: taken back to before line {event.line}; {event.lines} lines kept in {event.kept_in}"


def _other(event: Any) -> str:
    if isinstance(event, ev.Damaged):
        return f"not readable: {event}"
    if isinstance(event, ev.Unknown):
        return _with("event of another version, kept as it is", event.type)
    return str(type(event).__struct_config__.tag).replace("_", " ")


_WORDS: dict[type, Callable[[Any], str]] = {
    ev.RunCreated: _created,
    ev.RunStarted: lambda event: "work asked for",
    ev.WorkerStarted: _worker_started,
    ev.WorkerStopped: lambda event: _with("engine stopped", event.reason),
    ev.AttemptStarted: _attempt_started,
    ev.AgentSpawned: lambda event: f"{_where(event)} agent is process {event.pid}",
    ev.AttemptEnded: _attempt_ended,
    ev.AttemptChecked: _checked,
    ev.NotebookRendered: _rendered,
    ev.ReviewOpened: _opened,
    ev.AttemptRetried: lambda event: _with(f"{_where(event)} will be tried again", event.reason),
    ev.Approved: lambda event: _with(f"{_where(event)} approved", event.note),
    ev.CheckWaived: _waived,
    ev.Refined: _refined,
    ev.DraftEdited: lambda event: f"{_where(event)} draft edited by hand ({event.draft_sha256[:12]})",
    ev.Answered: lambda event: f"{len(event.answers)} intake questions answered",
    ev.Redone: lambda event: f"{event.stage} and later stages withdrawn, to be done afresh",
    ev.RolledBack: lambda event: f"rolled back to {_where(event)}",
    ev.WorkspaceRestored: _restored,
    ev.HypothesesFrozen: lambda event: f"hypotheses frozen ({event.sha256[:12]})",
    ev.Paused: lambda event: _with("paused", event.reason),
    ev.BudgetWarned: _budget,
    ev.Aborted: lambda event: _with("aborted", event.reason),
    ev.RunFailed: lambda event: _with("run failed", event.reason),
    ev.RunCompleted: lambda event: "run completed",
    ev.LogRecovered: _recovered,
    ev.CommandRefused: _refused,
}
