"""What the engine's verification of citations says; without a network it says unreachable, and so do we."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autor_nb.domain.check import Check, Severity, failed
from autor_nb.domain.ports import AttemptView
from autor_nb.plugins.checks.content import Unreadable, judged, read_json

REPORT = "artifacts/citation_verification.json"
KEYS = ("overall_status", "total_citations", "citations", "claim_coverage")
VERDICTS = ("verified", "mismatch", "not_found", "unreachable")
_TITLE = "Every citation has a verdict"
_REMEDY = f"Run stage 07 again (autor redo 07): the engine writes {REPORT} anew from the manuscript."


class CitationsChecker:
    """Judges artifacts/citation_verification.json from stage 07 on."""

    name = "citations"

    def check(self, view: AttemptView) -> Iterable[Check]:
        """The report's form, wrong citations, and those that nobody could look up."""
        try:
            report = read_json(view, REPORT)
        except Unreadable as error:
            yield failed("citations.report", _TITLE, _REMEDY, subject=REPORT, detail=str(error))
            return
        problems = list(_form_problems(report))
        yield judged("citations.report", _TITLE, problems, _REMEDY, subject=REPORT)
        if problems:
            return
        citations = report["citations"]
        yield judged(
            "citations.wrong",
            "No citation is wrong",
            _with(citations, "mismatch", "not_found"),
            "Mend these entries in the bibliography under writing/ from the work, or stop citing them.",
            subject=REPORT,
            good=f"{len(citations)} citations.",
        )
        yield judged(
            "citations.unreachable",
            "Every citation was looked up",
            _with(citations, "unreachable"),
            "Look these works up by hand, or run the stage again where the registers can be reached.",
            subject=REPORT,
            severity=Severity.WARNING,
        )


def _form_problems(report: Any) -> Iterable[str]:
    if not isinstance(report, dict):
        yield "it is not an object"
        return
    missing = [key for key in KEYS if key not in report]
    if missing:
        yield f"it lacks {', '.join(missing)}"
        return
    citations = report["citations"]
    if not isinstance(citations, list) or not all(isinstance(one, dict) for one in citations):
        yield "citations is not a list of objects"
        return
    if report["total_citations"] != len(citations):
        yield f"total_citations does not say {len(citations)}, the number of citations"
    for one in citations:
        if one.get("verdict") not in VERDICTS:
            yield f"{_key(one)} has no verdict of {', '.join(VERDICTS)}"


def _key(citation: dict[str, Any]) -> str:
    return str(citation.get("key", citation.get("id", "a citation")))[:80]


def _with(citations: list[dict[str, Any]], *verdicts: str) -> list[str]:
    return [
        f"{_key(one)}: {one['verdict']}" + (f" ({str(one['detail'])[:120]})" if one.get("detail") else "")
        for one in citations
        if one["verdict"] in verdicts
    ]
