"""Events told to somebody who watches: one short line each, and only those that a watcher cares for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autor_nb.domain import events as ev
from autor_nb.verbs import clean
from autor_nb.verbs.card import duration


def told(event: ev.Event | ev.Unknown) -> str | None:
    """The event as one line, or None if it tells a watcher nothing."""
    if isinstance(event, ev.Unknown):
        return f"{event.at[11:19]}  an event of another version: {clean.line(event.type, 60)}"
    words = _WORDS.get(type(event))
    if words is None:
        return None
    by = f", by {event.by}" if isinstance(event, ev.Decision) and event.by.is_person else ""
    return clean.line(f"{event.at[11:19]}  {words(event)}{by}", 300)


def _where(event: Any) -> str:
    return f"{event.stage} attempt {event.attempt}"


def _ended(event: ev.AttemptEnded) -> str:
    more = f": {event.detail}" if event.detail and event.ending != "finished" else ""
    return f"{_where(event)} ended, {event.ending} after {duration(event.duration_s) or '0 s'}{more}"


def _checked(event: ev.AttemptChecked) -> str:
    failing = (
        f"{len(event.blocking)} stop an approval ({', '.join(event.blocking[:5])})"
        if event.blocking
        else ("none stops an approval")
    )
    return f"{_where(event)}: {event.total} checks, {failing}, {event.warnings} warnings"


_WORDS: dict[type, Callable[[Any], str]] = {
    ev.RunCreated: lambda event: f"run {event.run_id} was made",
    ev.ConfigChanged: lambda event: "the configuration was changed",
    ev.AttemptStarted: lambda event: f"{_where(event)}: {event.agent} is at work",
    ev.AttemptEnded: _ended,
    ev.AttemptChecked: _checked,
    ev.NotebookRendered: lambda event: (
        f"{_where(event)}: notebook " + ("executed" if event.complete else f"executed in part: {event.detail}")
    ),
    ev.ReviewOpened: lambda event: f"{_where(event)} is in review",
    ev.AttemptRetried: lambda event: f"{_where(event)} is tried again: {event.reason}",
    ev.Approved: lambda event: f"{_where(event)} was approved",
    ev.CheckWaived: lambda event: f"{_where(event)}: {event.check_id} was waived: {event.why}",
    ev.Refined: lambda event: f"{_where(event)} was sent back: {event.feedback}",
    ev.DraftEdited: lambda event: f"{_where(event)}: the draft was edited by hand",
    ev.Answered: lambda event: f"{len(event.answers)} questions were answered",
    ev.Redone: lambda event: f"{event.stage} and later stages are done afresh",
    ev.RolledBack: lambda event: f"rolled back to {_where(event)}",
    ev.RollbackUndone: lambda event: "the rollback was undone",
    ev.Stopped: lambda event: "the work was stopped",
    ev.Paused: lambda event: f"paused: {event.reason}",
    ev.Aborted: lambda event: "the run was aborted" + (f": {event.reason}" if event.reason else ""),
    ev.RunFailed: lambda event: f"the run failed: {event.reason}",
    ev.RunCompleted: lambda event: "the run is complete",
    ev.CommandRefused: lambda event: f"{event.command} was refused: {event.reason}",
}
