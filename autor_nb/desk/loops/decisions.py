"""Who decided what about a loop, and when: every intervention of a person, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autor_nb.desk import clean, words
from autor_nb.desk.loops.words import length
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.course import Course
from autor_nb.domain.run import Actor

NEWEST = 6
MOST = 200


def shown(course: Course, me: Actor, most: int = NEWEST) -> list[dict[str, Any]]:
    """The newest decisions first."""
    return [_document(event, me) for event in course.decisions[: -most - 1 : -1]]


def _document(event: Any, me: Actor) -> dict[str, Any]:
    what, said = _SAID.get(type(event), lambda one: (clean.line(type(one).__name__, 40), ""))(event)
    same = (event.by.os_user, event.by.jupyter_identity) == (me.os_user, me.jupyter_identity)
    return {
        "what": what, "said": clean.line(said, 300), "who": words.who(event.by), "you": same,
        "how": words.how(event.by), "at": event.at,
    }  # fmt: skip


def _started(event: ev.LoopStarted) -> tuple[str, str]:
    bounds = [
        f"{event.iterations} experiments" if event.iterations else "",
        length(event.wall_s) if event.wall_s else "",
    ]
    return "Started the loop", " or ".join(filter(None, bounds))


_SAID: dict[type, Callable[[Any], tuple[str, str]]] = {
    ev.LoopCreated: lambda e: ("Made the loop", ""),
    ev.LoopStarted: _started,
    ev.LoopConfigChanged: lambda e: ("Changed the configuration", ""),
    ev.LoopConfirmed: lambda e: ("Gave the go-ahead", length(e.wall_s) if e.wall_s else ""),
    ev.BudgetGranted: lambda e: (f"Granted a new budget, session {e.session}", f"α {e.alpha}" if e.alpha else ""),
    ev.IdeaPinned: lambda e: ("Pinned an idea", e.idea.hypothesis),
    ev.IdeaVetoed: lambda e: (f"Vetoed #{e.n}", e.why),
    ev.RepeatsAdded: lambda e: (f"Added {e.pairs} pairs to #{e.n}", ""),
    ev.AuditAsked: lambda e: ("Asked for an audit", ""),
    ev.Merged: lambda e: (f"Merged {e.fork}", e.detail),
    ev.LoopPaused: lambda e: ("Paused the loop", "" if e.reason == "Paused by a person." else e.reason),
    ev.LoopResumed: lambda e: ("Resumed the loop", ""),
    ev.LoopStopped: lambda e: ("Stopped the loop", "" if e.reason == "Stopped by a person." else e.reason),
}
