"""Asking every rule again about an attempt as it was, and comparing with what the log recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from autor_nb import registry
from autor_nb.domain.check import Check, failed
from autor_nb.domain.errors import AutorError
from autor_nb.domain.stage import Ending
from autor_nb.store import templates
from autor_nb.store.view import StoredAttempt

if TYPE_CHECKING:
    from autor_nb.record.attempt import AttemptRecord

TEXT_CAP = 2_000
# The engine's own observation while the agent worked: it cannot be made again from files.
OBSERVED = ("ending.inside",)


@dataclass(frozen=True)
class Answer:
    """One rule's answer now; `recorded` is what the log holds, None if it had not been asked then."""

    number: int
    check: Check
    group: str
    recorded: Check | None
    waived: str = ""

    @property
    def status(self) -> str:
        """A key of markup.GLYPHS and palette.STATUS."""
        if self.check.passed:
            return "pass"
        if self.waived:
            return "waived"
        return "fail" if self.check.blocks else "warning"

    @property
    def differs(self) -> str:
        """How the answer differs from the recorded one, in words."""
        old = self.recorded
        if old is None:
            return "not asked when the attempt was judged"
        if (old.passed, old.blocks) != (self.check.passed, self.check.blocks):
            return f"recorded as {'pass' if old.passed else 'failing'}"
        return ""


@dataclass(frozen=True)
class Validated:
    """All answers, and the recorded ones that no rule gives any more."""

    answers: tuple[Answer, ...]
    gone: tuple[Check, ...]
    recorded: bool

    @property
    def differing(self) -> list[Answer]:
        """Answers that are not the recorded ones."""
        return [answer for answer in self.answers if answer.differs] if self.recorded else []


def validate(record: AttemptRecord) -> Validated:
    """Every rule's answer about the attempt as of then."""
    recorded = record.recorded_checks()
    by_key: dict[tuple[str, str], list[Check]] = {}
    for check in recorded:
        by_key.setdefault(_key(check), []).append(check)
    waived = {waiver.check_id: waiver.why for waiver in record.attempt.waivers}
    answers: list[Answer] = []
    for group, check in _asked(record, recorded):
        known = by_key.get(_key(check)) or []
        old = known.pop(0) if known else None
        answers.append(Answer(len(answers) + 1, check, group, old, waived.get(check.id, "")))
    gone = tuple(check for rest in by_key.values() for check in rest)
    return Validated(tuple(answers), gone, bool(recorded) or record.attempt.checked)


def _key(check: Check) -> tuple[str, str]:
    return check.id, check.subject


def _asked(record: AttemptRecord, recorded: Iterable[Check]) -> Iterable[tuple[str, Check]]:
    """(name of the rules' group, answer) in the order in which the engine asks."""
    for check in recorded:
        if check.id in OBSERVED:
            yield "attempt", check
    in_run = {stage.ref.slug for stage in record.state.stages}
    specs = [spec for spec in record.specs if spec.slug in in_run]
    own = next((spec.checks for spec in specs if spec.slug == record.stage.slug), ())
    for name in templates.gates(specs, record.stage.slug):
        if record.view.ending is not Ending.FINISHED and name != "ending":
            continue
        for check in _answers(name, record.view):
            yield _group(name, own, record.stage.number), _bounded(check)


def _group(name: str, own: Iterable[str], number: str) -> str:
    if name in ("ending", "summary", "files_produced"):
        return "summary" if name != "ending" else "attempt"
    return f"stage {number}" if name in own else "earlier gates"


def _answers(name: str, view: StoredAttempt) -> list[Check]:
    try:
        return list(registry.create("checkers", name).check(view))
    except AutorError as error:
        detail = error.message
    except Exception as error:  # somebody else's rule: it is named, and the others go on
        detail = f"{type(error).__name__}: {error}"
    return [
        failed(
            f"{name}.broken",
            f"The rule {name} answers",
            "Mend or remove the plug-in that brings this rule; a person may waive it meanwhile.",
            detail=detail,
        )
    ]


def _bounded(check: Check) -> Check:
    """As the log keeps it, so that the comparison is fair."""
    cut = {}
    for name in ("title", "subject", "detail", "remedy"):
        text = getattr(check, name).encode("utf-8", "backslashreplace").decode("utf-8")
        cut[name] = text if len(text) <= TEXT_CAP else text[: TEXT_CAP - 1] + "…"
    return msgspec.structs.replace(check, **cut)
