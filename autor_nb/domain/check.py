"""A Check: one rule's answer about one attempt, with its evidence and its remedy."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """How much a failing Check weighs: only `blocking` stops an approval."""

    BLOCKING = "blocking"
    WARNING = "warning"
    INFO = "info"


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule's answer.

    `id` is stable and dotted (`summary.sections`, `data.parses`), `subject` the file or thing it speaks of,
    `detail` what was read, `remedy` what to do (empty when it passed).
    `waivable` is false for facts that no person can talk away (the agent crashed, nothing was written).
    """

    id: str
    title: str
    passed: bool
    severity: Severity = Severity.BLOCKING
    subject: str = ""
    detail: str = ""
    remedy: str = ""
    waivable: bool = True

    @property
    def blocks(self) -> bool:
        """Whether this Check stops an approval."""
        return not self.passed and self.severity is Severity.BLOCKING


def passed(id: str, title: str, *, subject: str = "", detail: str = "") -> Check:
    """A Check that passed."""
    return Check(id=id, title=title, passed=True, subject=subject, detail=detail)


def failed(
    id: str,
    title: str,
    remedy: str,
    *,
    subject: str = "",
    detail: str = "",
    severity: Severity = Severity.BLOCKING,
    waivable: bool = True,
) -> Check:
    """A Check that failed; a remedy is not optional."""
    return Check(
        id=id,
        title=title,
        passed=False,
        severity=severity,
        subject=subject,
        detail=detail,
        remedy=remedy,
        waivable=waivable,
    )
