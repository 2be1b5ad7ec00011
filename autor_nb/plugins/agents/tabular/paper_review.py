"""The self-review of a paper: what can be counted is scored; what needs judgement is not assessed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autor_nb.domain.document import COUNTABLE, REVIEWED, Cite, Document, Figure, Inline, Number, Paragraph, Ref, Table
from autor_nb.plugins.agents.tabular.paper_facts import Study

EXPECTED = (
    "introduction",
    "related",
    "data",
    "methods",
    "results",
    "hypotheses",
    "limitations",
    "failed",
    "conclusion",
    "reproducibility",
)
SEVERITY = {"groups": "MAJOR", "time": "MINOR", "separators": "MAJOR", "near_copies": "MAJOR"}
PERSON = tuple(name for name in REVIEWED if name not in COUNTABLE)


def self_review(study: Study, document: Document, keys: frozenset[str]) -> dict[str, Any]:
    """artifacts/self_review.json: eight scores or null, issues from facts, and the verdict they lead to."""
    issues = [*_broken(document, study, keys), *_facts(study)]
    open_ones = [issue for issue in issues if not issue["fixed"]]
    worst = {issue["severity"] for issue in open_ones}
    scores: dict[str, float | None] = dict.fromkeys(PERSON)
    scores |= zip(COUNTABLE, (_references(document, keys), _completeness(document)), strict=True)
    return {
        "scores": scores,
        "overall": None,
        "not_assessed": list(PERSON),
        "how": "References and figures: share of citations, cross-references, tables and figures that "
        "resolve, out of ten. Completeness: share of the expected sections that are there and not "
        "empty, out of ten. The other dimensions need judgement, which this program does not have: a "
        "person must assess them.",
        "issues": issues,
        "verdict": "reject" if "CRITICAL" in worst else "revise" if "MAJOR" in worst else "ready",
    }


def _completeness(document: Document) -> float:
    there = {section.name for section in document.sections if section.blocks}
    return round(10 * sum(name in there for name in EXPECTED) / len(EXPECTED), 1)


def _references(document: Document, keys: frozenset[str]) -> float:
    marks = [part for part in parts_of(document) if isinstance(part, Cite | Ref)]
    labels = labels_of(document)
    good = sum(set(m.keys) <= keys if isinstance(m, Cite) else m.label in labels for m in marks)
    figures = sum(isinstance(block, Figure) for section in document.sections for block in section.blocks)
    share = good / len(marks) if marks else 0.0
    return round(10 * share if figures >= 3 else 10 * share * figures / 3, 1)


def _broken(document: Document, study: Study, keys: frozenset[str]) -> Iterator[dict[str, Any]]:
    labels = labels_of(document)
    for part in parts_of(document):
        if isinstance(part, Cite):
            for key in part.keys:
                if key not in keys:
                    yield _issue("CRITICAL", f"The key {key} is cited, but the bibliography does not hold it.")
        elif isinstance(part, Ref) and part.label not in labels:
            yield _issue("MAJOR", f"{part.label} is referred to, but nothing bears that label.")
        elif isinstance(part, Number) and part.name not in study.ledger.entries:
            yield _issue("CRITICAL", f"The number {part.name} has no entry in numbers.json.")
    there = {section.name for section in document.sections if section.blocks}
    for name in EXPECTED:
        if name not in there:
            yield _issue("MAJOR", f"The section {name} is missing.")


def _facts(study: Study) -> Iterator[dict[str, Any]]:
    if not study.holdout["rows"]:
        yield _issue("MINOR", "There is no holdout, so that the leading family's score is somewhat too good.")
    elif study.opened > 1:
        yield _issue(
            "MINOR", f"The holdout was opened {study.opened} times, counted over all attempts; the paper says so."
        )
    if study.compared["ceiling"]:
        yield _issue("MINOR", "Scores are at the ceiling of the metric; no comparison is claimed there.")
    if study.summary["seeds"] < 2:
        yield _issue("MINOR", "One seed tells nothing about the spread between seeds.")
    if study.failures:
        yield _issue("MINOR", "Some fits failed or did not converge; they are listed in results/failures.json.")
    for check in study.leakage:
        if check["found"] and check["id"] in SEVERITY:
            named = ", ".join(check["columns"][:8])
            yield _issue(
                _severity(study, check),
                f"{check['title']} ({named}): {check['finding']}; {check['action']}. A person who knows the columns "
                "must judge it.",
            )
    if any(test["outcome"] == "not tested" for test in study.tests):
        yield _issue("MINOR", "Some hypotheses were not tested; the paper says which.")


def _severity(study: Study, check: dict[str, Any]) -> str:
    """MAJOR where scores may be too good for what nobody has judged; MINOR where somebody has, or it was mended."""
    if check["id"] == "groups":
        judged = study.plan.group or (
            study.plan.group_text and not set(check["columns"]) & set(study.plan.units.get("ids", []))
        )
        return "MINOR" if judged else "MAJOR"
    return SEVERITY[check["id"]]


def _issue(severity: str, text: str) -> dict[str, Any]:
    return {"severity": severity, "text": text, "fixed": False}


def labels_of(document: Document) -> set[str]:
    """Everything that can be referred to."""
    labels = {section.name for section in document.sections}
    labels |= {b.label for s in document.sections for b in s.blocks if isinstance(b, Figure | Table)}
    return labels


def parts_of(document: Document) -> Iterator[Inline]:
    """Every inline part of a document."""
    yield from (*document.title, *document.notice, *document.abstract)
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Paragraph):
                yield from block.content
            elif isinstance(block, Figure):
                yield from block.caption
            elif isinstance(block, Table):
                yield from (*block.caption, *block.note)
                for row in (block.header, *block.rows):
                    for cell in row:
                        yield from cell
            else:
                for item in block.items:
                    yield from item
