"""The survey's machine-readable half: sources that can be found again, claims that rest on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from autor_nb.domain.check import Check, Severity, failed
from autor_nb.domain.ports import AttemptView
from autor_nb.plugins.checks.content import Unreadable, items_of, judged, read_json

SOURCES, CLAIMS = "literature/sources.json", "literature/claims.json"
LOCATORS = ("doi", "arxiv", "url", "file")
_SOURCES_TITLE = "Every source is named and can be found again"
_CLAIMS_TITLE = "Every claim names sources that are listed"
_SOURCES_FORM = (
    f"Write {SOURCES} as a list of objects, each with a unique source_id, a title, and one of doi, arxiv, url or file."
)
_CLAIMS_FORM = (
    f"Write {CLAIMS} as a list of objects, each with a unique claim_id, a statement, and source_ids that "
    f"stand in {SOURCES}."
)


class LiteratureChecker:
    """Judges sources.json and claims.json; whether a source exists in the world is not known here."""

    name = "literature"

    def check(self, view: AttemptView) -> Iterable[Check]:
        """Sources, claims, and claims that rest on nothing."""
        try:
            sources = _listed(view, SOURCES, "sources")
            known = {_id(item.get("source_id")) for item in sources if isinstance(item, dict)} - {""}
            yield judged(
                "literature.sources",
                _SOURCES_TITLE,
                _source_problems(sources),
                _SOURCES_FORM,
                subject=SOURCES,
                good=f"{len(sources)} sources.",
            )
        except Unreadable as error:
            known = None
            yield failed("literature.sources", _SOURCES_TITLE, _SOURCES_FORM, subject=SOURCES, detail=str(error))
        try:
            claims = _listed(view, CLAIMS, "claims")
        except Unreadable as error:
            yield failed("literature.claims", _CLAIMS_TITLE, _CLAIMS_FORM, subject=CLAIMS, detail=str(error))
            return
        yield judged(
            "literature.claims",
            _CLAIMS_TITLE,
            _claim_problems(claims, known),
            _CLAIMS_FORM,
            subject=CLAIMS,
            good=f"{len(claims)} claims.",
        )
        yield judged(
            "literature.unsourced",
            "No claim stands without a source",
            [_id(claim.get("claim_id")) for claim in claims if isinstance(claim, dict) and not claim.get("source_ids")],
            f"Give these claims in {CLAIMS} their sources, or take them out.",
            subject=CLAIMS,
            severity=Severity.WARNING,
        )


def _listed(view: AttemptView, path: str, key: str) -> list[Any]:
    items = items_of(read_json(view, path), key)
    if items is None:
        raise Unreadable(f"{path} holds no list")
    if not items:
        raise Unreadable(f"{path} lists nothing")
    return items


def _id(value: Any) -> str:
    """An id as text; an empty string for what cannot be one."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _says(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _source_problems(sources: list[Any]) -> Iterable[str]:
    for number, source in enumerate(sources, 1):
        if not isinstance(source, dict):
            yield f"item {number} is not an object"
            continue
        name = _id(source.get("source_id")) or f"item {number}"
        if not _id(source.get("source_id")):
            yield f"{name} has no source_id"
        if not _says(source.get("title")):
            yield f"{name} has no title"
        if not any(_says(source.get(key)) for key in LOCATORS):
            yield f"{name} has none of {', '.join(LOCATORS)}"
    yield from _twice(sources, "source_id")


def _claim_problems(claims: list[Any], known: set[str] | None) -> Iterable[str]:
    """What is wrong with the claims; without known sources, their ids are not looked up a second time."""
    for number, claim in enumerate(claims, 1):
        if not isinstance(claim, dict):
            yield f"item {number} is not an object"
            continue
        name = _id(claim.get("claim_id")) or f"item {number}"
        if not _id(claim.get("claim_id")):
            yield f"{name} has no claim_id"
        if not _says(claim.get("statement")):
            yield f"{name} has no statement"
        ids = claim.get("source_ids")
        if not isinstance(ids, list):
            yield f"{name} has no list source_ids"
        elif known is not None:
            unknown = [str(one) for one in ids if _id(one) not in known]
            if unknown:
                yield f"{name} names unknown sources: {', '.join(unknown[:5])}"
    yield from _twice(claims, "claim_id")


def _twice(items: list[Any], key: str) -> Iterable[str]:
    counts = Counter(_id(item.get(key)) for item in items if isinstance(item, dict))
    return [f"{key} {id} stands {n} times" for id, n in counts.items() if id and n > 1]
