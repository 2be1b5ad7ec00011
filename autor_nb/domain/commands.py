"""Everything that can be asked of a run's engine: a closed union, imperative, refusable with a reason.

`New` is not among them: a run is made by `control.create`, before there is an engine to ask.
"""

from __future__ import annotations

from typing import Any, Union

import msgspec

from autor_nb.domain.events import _tag
from autor_nb.domain.run import QA, Actor


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=_tag):
    """Base: `id` is unique and appears in the event that answers; `at` is UTC; `by` is who asks."""

    id: str
    at: str
    by: Actor


class Start(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Work, or go on working. `config` replaces keys of the run's configuration."""

    config: dict[str, Any] = {}


class Stop(Command, frozen=True, kw_only=True, omit_defaults=True):
    """End the worker; the attempt in work is stopped, the run is paused."""


class Abort(Command, frozen=True, kw_only=True, omit_defaults=True):
    """End the run (resumable)."""

    reason: str = ""


class Approve(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Approve the attempt in review; `attempt` and `draft_sha256` pin it. `waive` maps check ids to reasons."""

    attempt: int | None = None
    draft_sha256: str = ""
    waive: dict[str, str] = {}
    note: str = ""


class Waive(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Pass one failing Check of the attempt in review by name, with a reason."""

    check_id: str
    why: str
    attempt: int | None = None


class Refine(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Send the attempt in review back, with a suggestion's number or with text of one's own."""

    suggestion: int | None = None
    feedback: str = ""
    attempt: int | None = None


class Edit(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Replace the draft in review by a person's own text; `draft_sha256` is the draft that was edited."""

    text: str
    attempt: int | None = None
    draft_sha256: str = ""


class Answer(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Answer intake questions."""

    answers: tuple[QA, ...]


class Redo(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Withdraw a stage and all later ones, and start it afresh at once."""

    stage: str


class Rollback(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Withdraw a stage and all later ones, and reopen its last approved attempt for review."""

    stage: str


class Undo(Command, frozen=True, kw_only=True, omit_defaults=True):
    """Take the last rollback back; possible until the next approval."""


RunCommand = Union[  # noqa: UP007 - msgspec reads the union once, at import
    Start, Stop, Abort, Approve, Waive, Refine, Edit, Answer, Redo, Rollback, Undo
]
