"""What a person is told who is not looking: that a decision waits, or that a run has ended or stopped by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from autor_nb.domain import events as ev
from autor_nb.domain import rules
from autor_nb.domain.fold import fold
from autor_nb.domain.state import RunState
from autor_nb.engine.quote import one_line

TITLE_CHARS, TEXT_CHARS = 160, 900


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell; `seq` and `at` are those of the event that it tells of."""

    run_id: str
    seq: int
    at: str
    event: str
    title: str
    text: str
    stage: str = ""
    attempt: int = 0

    def environment(self) -> dict[str, str]:
        """As the variables that a command gets; nothing is ever put into its words."""
        return {
            "AUTOR_RUN_ID": self.run_id,
            "AUTOR_STAGE": self.stage,
            "AUTOR_ATTEMPT": str(self.attempt or ""),
            "AUTOR_EVENT": self.event,
            "AUTOR_TITLE": self.title,
            "AUTOR_TEXT": self.text,
        }


def due(events: Sequence[ev.Event | ev.Unknown]) -> Notice | None:
    """The newest thing to tell of a log, as long as nobody has decided anything since, and the engine waits."""
    for event in reversed(events):
        if isinstance(event, ev.Decision):
            return None
        make = _MAKERS.get(type(event))
        if make is not None:
            state = fold(events)
            if state.damaged or not isinstance(rules.next_step(state), rules.Wait):
                return None
            title, text = make(event, state)
            return Notice(
                run_id=state.run_id,
                seq=event.seq,
                at=event.at,
                event=_name(event),
                title=one_line(title, TITLE_CHARS),
                text=one_line(f"{text} Run {state.run_id}: {one_line(state.goal, 200)}", TEXT_CHARS),
                stage=getattr(event, "stage", ""),
                attempt=getattr(event, "attempt", 0),
            )
    return None


def _name(event: ev.Event | ev.Unknown) -> str:
    return str(type(event).__struct_config__.tag)


Said = tuple[str, str]


def _review(event: ev.ReviewOpened, state: RunState) -> Said:
    stage = state.stage(event.stage)
    name = f"{stage.ref.number} {stage.ref.title}" if stage else event.stage
    attempt = stage.attempt(event.attempt) if stage else None
    failing = len(attempt.open_blocking) if attempt else 0
    checks = (
        f"{failing} blocking {'check fails' if failing == 1 else 'checks fail'}." if failing else "No check blocks it."
    )
    cap = " The engine's own retries are used up." if event.cap_reached else ""
    return (
        f"{name} waits for your decision",
        f"Attempt {event.attempt} is in review. {checks}{cap} `autor review {state.run_id}` shows it.",
    )


def _failed(event: ev.RunFailed, state: RunState) -> Said:
    return "A run has failed", f"{event.reason} `autor resume {state.run_id}` goes on."


def _paused(event: ev.Paused, state: RunState) -> Said:
    return "A run has paused by itself", f"{event.reason} `autor resume {state.run_id}` goes on."


def _completed(event: ev.RunCompleted, state: RunState) -> Said:
    return "A run is complete", f"All {len(state.stages)} stages are approved. `autor export {state.run_id}` shares it."


_MAKERS: dict[type, Callable[[Any, RunState], Said]] = {
    ev.ReviewOpened: _review,
    ev.RunFailed: _failed,
    ev.Paused: _paused,
    ev.RunCompleted: _completed,
}
