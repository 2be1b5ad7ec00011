"""The author's own review of the paper: its form, and what it must not say if the paper is to go out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from autor_nb.domain.check import Check, Severity, failed, passed
from autor_nb.domain.document import REVIEWED
from autor_nb.domain.ports import AttemptView
from autor_nb.plugins.checks.content import Unreadable, judged, read_json

REVIEW = "artifacts/self_review.json"
SEVERITIES = ("CRITICAL", "MAJOR", "MINOR")
VERDICTS = ("ready", "revise", "reject")
_TITLE = "The self-review has its form"
_FORM = (
    f"Write {REVIEW} with scores (0 to 10 or null for each of: {', '.join(REVIEWED)}), overall, issues (a "
    f"list of severity {', '.join(SEVERITIES)}, text, fixed) and verdict ({', '.join(VERDICTS)})."
)


class SelfReviewChecker:
    """Judges artifacts/self_review.json from stage 07 on."""

    name = "self_review"

    def check(self, view: AttemptView) -> Iterable[Check]:
        """Form, verdict, open critical issues, and what only a person can judge."""
        try:
            review = read_json(view, REVIEW)
        except Unreadable as error:
            yield failed("self_review.form", _TITLE, _FORM, subject=REVIEW, detail=str(error))
            return
        problems = list(_form_problems(review))
        yield judged("self_review.form", _TITLE, problems, _FORM, subject=REVIEW)
        if problems:
            return
        yield _verdict(review["verdict"])
        yield judged(
            "self_review.critical",
            "No critical issue is open",
            _open(review["issues"], "CRITICAL"),
            f"Mend the paper, then mark the issue as fixed in {REVIEW}.",
            subject=REVIEW,
        )
        yield judged(
            "self_review.revise",
            "The self-review asks for no revision",
            ["the verdict is “revise”"] if review["verdict"] == "revise" else [],
            "Read its open issues; refine the stage, or approve knowing them.",
            subject=REVIEW,
            severity=Severity.WARNING,
        )
        scores = _by_dimension(review["scores"])
        unjudged = [name for name in REVIEWED if scores[_plain(name)] is None]
        yield judged(
            "self_review.judgement",
            "Every dimension was assessed",
            unjudged,
            "A person must judge these: read the paper with them in mind before approving.",
            subject=REVIEW,
            severity=Severity.WARNING,
        )


def _plain(name: object) -> str:
    """A dimension's name without case, dashes and underscores."""
    return " ".join(re.split(r"[\W_]+", str(name).casefold())).strip()


def _by_dimension(scores: dict[str, Any]) -> dict[str, Any]:
    return {_plain(name): score for name, score in scores.items()}


def _is_score(value: Any) -> bool:
    """0 to 10, or null for what was not assessed."""
    if value is None:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 10


def _form_problems(review: Any) -> Iterable[str]:
    if not isinstance(review, dict):
        yield "it is not an object"
        return
    missing = [key for key in ("scores", "overall", "issues", "verdict") if key not in review]
    if missing:
        yield f"it lacks {', '.join(missing)}"
        return
    yield from _score_problems(review)
    if review["verdict"] not in VERDICTS:
        yield f"verdict is {str(review['verdict'])[:40]!r}"
    issues = review["issues"]
    if not isinstance(issues, list):
        yield "issues is not a list"
        return
    for number, issue in enumerate(issues, 1):
        if not isinstance(issue, dict) or issue.get("severity") not in SEVERITIES:
            yield f"issue {number} has no severity of {', '.join(SEVERITIES)}"
        elif not isinstance(issue.get("text"), str) or not issue["text"].strip():
            yield f"issue {number} has no text"
        elif not isinstance(issue.get("fixed", False), bool):
            yield f"issue {number}: fixed is neither true nor false"


def _score_problems(review: dict[str, Any]) -> Iterable[str]:
    if not isinstance(review["scores"], dict):
        yield "scores is not an object"
        return
    scores = _by_dimension(review["scores"])
    for name in REVIEWED:
        if _plain(name) not in scores:
            yield f"“{name}” has no score"
        elif not _is_score(scores[_plain(name)]):
            yield f"the score of “{name}” is not 0 to 10 or null"
    if not _is_score(review["overall"]):
        yield "overall is not 0 to 10 or null"


def _open(issues: list[dict[str, Any]], severity: str) -> list[str]:
    return [issue["text"] for issue in issues if issue["severity"] == severity and not issue.get("fixed", False)]


def _verdict(verdict: str) -> Check:
    id, title = "self_review.verdict", "The self-review does not reject the paper"
    if verdict == "reject":
        return failed(
            id,
            title,
            f"Mend what it criticises and review again in {REVIEW}; go back to an earlier stage if needed.",
            subject=REVIEW,
            detail="The verdict is “reject”.",
        )
    return passed(id, title, subject=REVIEW, detail=f"The verdict is “{verdict}”.")
