"""Which buttons work now, and why the others do not: asked of the very rules that the engine asks."""

from __future__ import annotations

from typing import Any

from autor_nb.control import Snapshot
from autor_nb.desk import clean
from autor_nb.domain import commands as cmd
from autor_nb.domain import rules
from autor_nb.domain.run import Actor, RunStatus
from autor_nb.domain.state import RunState

Permission = dict[str, Any]
_NOBODY: dict[str, Any] = {"id": "", "at": "", "by": Actor(face="panel")}
_RESUMABLE = (RunStatus.CREATED, RunStatus.PAUSED, RunStatus.INTERRUPTED, RunStatus.FAILED, RunStatus.ABORTED)


def actions(now: Snapshot) -> dict[str, Permission]:
    """{enabled, reason} of every action that is not pinned to a suggestion, a stage or a text."""
    state = now.state
    worked = any(stage.attempts for stage in state.stages)
    approved = any(stage.last_approved is not None for stage in state.stages)
    review = now.waiting == "person" and state.review is not None
    waits = "" if review else "Nothing waits for a decision."
    return {
        "stop": _stop(now),
        "resume": _given("" if now.status in _RESUMABLE else f"The run is {_word(now)}."),
        "abort": asked(state, cmd.Abort(**_NOBODY)),
        "undo": asked(state, cmd.Undo(**_NOBODY)),
        "redo": _given("" if worked else "No stage has been worked on yet."),
        "rollback": _given("" if approved else "No stage was approved yet."),
        "edit": _given(waits),
        "refine": _given(waits),
        "waive": _given(waits or ("" if _waivable(state) else "No failing check can be waived.")),
    }


def approval(state: RunState) -> tuple[bool, str]:
    """Whether an approval would be accepted now, else the rules' own reason."""
    found = asked(state, cmd.Approve(**_NOBODY))
    return found["enabled"], found["reason"]


def asked(state: RunState, command: cmd.RunCommand) -> Permission:
    """What the rules would answer."""
    try:
        rules.answer(state, command)
    except rules.Refused as refused:
        return {"enabled": False, "reason": clean.line(refused.reason, 600)}
    return {"enabled": True, "reason": ""}


def _stop(now: Snapshot) -> Permission:
    if not now.live:
        return _given("Nothing is being worked on.")
    return asked(now.state, cmd.Stop(**_NOBODY))


def _given(reason: str) -> Permission:
    return {"enabled": not reason, "reason": reason}


def _word(now: Snapshot) -> str:
    return str(now.status).replace("_", " ")


def _waivable(state: RunState) -> bool:
    attempt = state.under_review
    return attempt is not None and any(check not in attempt.unwaivable for check in attempt.open_blocking)
