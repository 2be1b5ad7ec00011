"""Asking every rule about an attempt, and bounding what the answers may weigh."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from autor_nb.domain.check import Check, failed, passed
from autor_nb.domain.events import AttemptChecked
from autor_nb.domain.ports import Checker
from autor_nb.domain.stage import Ending
from autor_nb.store import objects
from autor_nb.store.layout import RunFolder
from autor_nb.store.view import StoredAttempt

INLINE_BYTES = 40_000
TEXT_CAP = 2_000


def check_attempt(run: RunFolder, view: StoredAttempt, checkers: Iterable[Checker]) -> AttemptChecked:
    """Every rule's answer about this attempt as the event that records it.

    An attempt that is not new work is judged by its ending alone: rules about its content would only be noise.
    """
    asked = [c for c in checkers if view.ending is Ending.FINISHED or c.name == "ending"]
    checks = tuple(_bounded(check) for check in (*_inside(view), *answers(view, asked)))
    inline = len(msgspec.json.encode(checks)) <= INLINE_BYTES
    return AttemptChecked(
        stage=view.stage.slug,
        attempt=view.attempt,
        checks=checks if inline else (),
        checks_object="" if inline else objects.put_checks(run, checks),
        blocking=tuple(dict.fromkeys(check.id for check in checks if check.blocks)),
        unwaivable=tuple(dict.fromkeys(check.id for check in checks if check.blocks and not check.waivable)),
        warnings=sum(not check.passed and not check.blocks for check in checks),
        total=len(checks),
    )


def answers(view: StoredAttempt, checkers: Iterable[Checker]) -> list[Check]:
    """What the rules say; one that breaks is a failing Check of its own name, and nobody else's."""
    checks: list[Check] = []
    for checker in checkers:
        try:
            checks.extend(checker.check(view))
        except Exception as error:
            checks.append(
                failed(
                    f"{checker.name}.broken",
                    f"The rule {checker.name} answers",
                    "Mend or remove the plug-in that brings this rule; a person may waive it meanwhile.",
                    detail=f"{type(error).__name__}: {error}",
                )
            )
    return checks


def _inside(view: StoredAttempt) -> Iterable[Check]:
    title = "The agent wrote inside its workspace only"
    outside = view.attempt_state.outside
    if outside:
        yield failed(
            "ending.inside",
            title,
            "Redo the stage; the engine's own files are not the agent's to change.",
            subject=outside[0],
            detail=f"Changed outside: {', '.join(outside)}",
        )
    else:
        yield passed("ending.inside", title)


def _bounded(check: Check) -> Check:
    cut = {name: _cut(getattr(check, name)) for name in ("title", "subject", "detail", "remedy")}
    return msgspec.structs.replace(check, **cut)


def _cut(text: str) -> str:
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= TEXT_CAP else text[: TEXT_CAP - 1] + "…"
