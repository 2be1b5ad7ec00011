"""The words and tones in which a panel speaks of states, people, lengths and money."""

from __future__ import annotations

from autor_nb.desk import clean
from autor_nb.domain.run import Actor, RunStatus
from autor_nb.domain.stage import AttemptStatus, StageStatus
from autor_nb.domain.state import AttemptState, StageState

Words = tuple[str, str]

STATES: dict[RunStatus, Words] = {
    RunStatus.CREATED: ("Not started", "idle"),
    RunStatus.RUNNING: ("Working", "accent"),
    RunStatus.IN_REVIEW: ("In review, waits for you", "accent"),
    RunStatus.PAUSED: ("Paused", "warn"),
    RunStatus.INTERRUPTED: ("Interrupted", "warn"),
    RunStatus.FAILED: ("Failed", "fail"),
    RunStatus.ABORTED: ("Aborted", "idle"),
    RunStatus.COMPLETED: ("Complete", "ok"),
    RunStatus.DAMAGED: ("Damaged", "fail"),
}
STAGES: dict[StageStatus, Words] = {
    StageStatus.PENDING: ("Pending", "idle"),
    StageStatus.RUNNING: ("Working", "accent"),
    StageStatus.IN_REVIEW: ("In review", "accent"),
    StageStatus.APPROVED: ("Approved", "ok"),
    StageStatus.STALE: ("Stale", "warn"),
    StageStatus.FAILED: ("Failed", "fail"),
}
ATTEMPTS: dict[AttemptStatus, Words] = {
    AttemptStatus.RUNNING: ("Working", "accent"),
    AttemptStatus.IN_REVIEW: ("In review", "accent"),
    AttemptStatus.APPROVED: ("Approved", "ok"),
    AttemptStatus.REFINED: ("Refined", "idle"),
    AttemptStatus.WITHDRAWN: ("Withdrawn", "idle"),
    AttemptStatus.FAILED: ("Failed", "fail"),
    AttemptStatus.TIMED_OUT: ("Timed out", "fail"),
    AttemptStatus.LOST: ("Lost", "fail"),
}
FACES = {
    "panel": "in a panel",
    "notebook": "from a notebook",
    "cli": "from the command line",
    "api": "from Python",
    "terminal": "from the terminal menu",
    "policy": "by policy",
    "file": "in run_config.json",
}


def stage_words(stage: StageState) -> Words:
    """A stage's state; what was withdrawn under it is stale until it is worked on again."""
    if stage.stale and stage.status is not StageStatus.IN_REVIEW:
        return STAGES[StageStatus.STALE]
    return STAGES[stage.status]


def attempt_words(attempt: AttemptState) -> Words:
    """An attempt's state; between its agent's end and its review it is being checked."""
    if attempt.status is AttemptStatus.RUNNING and attempt.ended_at:
        return "Being checked", "accent"
    return ATTEMPTS[attempt.status]


def who(actor: Actor) -> str:
    """A person's name as far as it is known, else the part of the program that acted."""
    return clean.line(actor.jupyter_identity or actor.os_user or actor.face, 80)


def how(actor: Actor) -> str:
    """Through which face."""
    return FACES.get(actor.face, f"through {clean.line(actor.face, 40)}")


def length(seconds: float) -> str:
    """`31 s`, `38 min`, `2 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 9.5 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def count(number: int, one: str, many: str = "") -> str:
    """`1 file`, `3 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""
