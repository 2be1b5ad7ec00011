"""The time budget: how long the engine may work before a person is heard again; nobody's thinking time counts.

The clock begins anew with whatever a person decides, runs only while an engine works, and stands still between
engines. What a killed engine worked counts up to its last event.
"""

from __future__ import annotations

from datetime import datetime

from autor_nb.domain import events as ev
from autor_nb.domain.rules import config_of
from autor_nb.domain.state import RunState

UNATTENDED_S = 12 * 3600.0
WARNED_AT = (0.5, 0.8)


def begin_anew(state: RunState, at: str) -> None:
    """A person was heard: the clock begins anew, at once if an engine works."""
    state.unattended_s, state.budget_told = 0.0, 0.0
    state.started_work_at = at if state.worker_pid else ""


def engine_began(state: RunState, at: str) -> None:
    """An engine took the lock; one that is still counted was killed, and worked up to the last event before this."""
    _count(state, state.updated_at)
    state.started_work_at = at


def engine_ended(state: RunState, at: str) -> None:
    """The engine is about to release the lock."""
    _count(state, at)
    state.started_work_at = ""


def _count(state: RunState, until: str) -> None:
    state.unattended_s += _seconds(state.started_work_at, until)


def spent_s(state: RunState, now: str) -> float:
    """Seconds of the engine's work since a person was last heard."""
    return state.unattended_s + _seconds(state.started_work_at, now)


def _seconds(begin: str, end: str) -> float:
    if not begin or not end:
        return 0.0
    try:
        return max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds())
    except (ValueError, TypeError):  # no time that this program wrote
        return 0.0


def limit_s(state: RunState) -> float | None:
    """The budget: as it was said, else twelve hours where no person decides, else none."""
    config = config_of(state)
    if config.limits.run_budget_s is not None:
        return config.limits.run_budget_s
    return None if config.reviewer == "person" else UNATTENDED_S


def due(state: RunState, now: str) -> ev.BudgetWarned | ev.Paused | None:
    """What is to be said of the budget now: that a share of it is used up (once each), or that the run pauses."""
    limit = limit_s(state)
    if limit is None:
        return None
    spent = spent_s(state, now)
    if spent >= limit:
        return ev.Paused(
            reason=f"The time budget of {limit:g} s is used up: the engine has worked {spent:.0f} s "
            "since a person was last heard.",
            suggestion=f"`autor resume {state.run_id} --budget SECONDS` goes on with another one, "
            f"without --budget for {limit:g} s again.",
        )
    share = max((share for share in WARNED_AT if spent >= share * limit), default=0.0)
    if share > state.budget_told:
        return ev.BudgetWarned(share=share, spent_s=round(spent, 1), budget_s=limit)
    return None
