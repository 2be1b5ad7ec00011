"""Who decided what, when and how: every decision of a run's log, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autor_nb.desk import clean, words
from autor_nb.domain import events as ev
from autor_nb.domain.run import Actor
from autor_nb.domain.state import RunState

Said = tuple[str, str, str]
TEXT = 400


class Decisions:
    """All decisions so far, oldest first; events go in as they are read."""

    def __init__(self, me: Actor) -> None:
        self.me = me
        self._all: list[ev.Decision] = []
        self._started = False

    def take(self, events: Iterable[ev.Event | ev.Unknown]) -> None:
        """Keep those that are decisions of somebody; the run's own beginning is not one."""
        for event in events:
            if type(event) not in _SAID or not isinstance(event, ev.Decision) or event.by == ev.ENGINE:
                continue
            if isinstance(event, ev.RunStarted) and not self._started:
                self._started = True
                continue
            self._all.append(event)

    def forget(self) -> None:
        """Begin anew: the log is read again from its beginning."""
        self._all, self._started = [], False

    def __len__(self) -> int:
        return len(self._all)

    def shown(self, state: RunState, newest: int | None = None) -> list[dict[str, Any]]:
        """As documents, newest first; at most `newest`."""
        chosen = self._all[::-1] if newest is None else self._all[: -newest - 1 : -1]
        return [self._document(event, state) for event in chosen]

    def _document(self, event: ev.Decision, state: RunState) -> dict[str, Any]:
        what, did, said = _SAID[type(event)](event, state)
        same = (event.by.os_user, event.by.jupyter_identity) == (self.me.os_user, self.me.jupyter_identity)
        return {
            "what": what,
            "did": did,
            "who": words.who(event.by),
            "you": event.by.is_person and same,
            "how": words.how(event.by),
            "at": event.at,
            "said": clean.line(said, TEXT),
        }


def _stage(slug: str, state: RunState) -> str:
    stage = state.stage(slug)
    return f"{stage.ref.number} {clean.line(stage.ref.title, 80)}" if stage else clean.line(slug, 80)


def _attempt(event: Any, state: RunState) -> str:
    return f"{_stage(event.stage, state)}, attempt {event.attempt}"


def _refined(event: ev.Refined, state: RunState) -> Said:
    did = f"refined with suggestion {event.suggestion}" if event.suggestion else "refined"
    return _attempt(event, state), did, event.feedback


_SAID: dict[type, Callable[[Any, RunState], Said]] = {
    ev.Approved: lambda event, state: (_attempt(event, state), "approved", event.note),
    ev.CheckWaived: lambda event, state: (
        f"{_attempt(event, state)}: check {clean.line(event.check_id, 80)}",
        "waived",
        event.why,
    ),
    ev.Refined: _refined,
    ev.DraftEdited: lambda event, state: (_attempt(event, state), "edited by hand", ""),
    ev.Answered: lambda event, state: (
        words.count(len(event.answers), "intake question"),
        "answered",
        "; ".join(qa.answer for qa in event.answers),
    ),
    ev.Redone: lambda event, state: (_stage(event.stage, state), "started afresh", ""),
    ev.RolledBack: lambda event, state: ("The run", f"rolled back to {_attempt(event, state)}", ""),
    ev.RollbackUndone: lambda event, state: ("The last rollback", "undone", ""),
    ev.RunStarted: lambda event, state: ("The run", "resumed", ""),
    ev.Stopped: lambda event, state: ("The work", "stopped", ""),
    ev.Aborted: lambda event, state: ("The run", "aborted", event.reason),
    ev.ConfigChanged: lambda event, state: ("The configuration", "changed", ""),
}
