"""artifacts/citation_verification.json: a verdict for every citation, and how far claims have sources.

A verdict is `verified`, `mismatch` or `not_found` only when a `Lookup` asked a register outside. None is
wired in yet, so everything is `unreachable`: a list of our own would be no verification.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

from autor_nb.domain.document import Cite, Document, Inline
from autor_nb.engine.evidence import EvidenceContext
from autor_nb.engine.evidence.found import content, encoded, files_under, read_json
from autor_nb.store.atomic import write_text
from autor_nb.store.bibliography import BibEntry, Bibliography, cited_keys, read_bibliography

REPORT = "artifacts/citation_verification.json"
VERDICTS = ("mismatch", "not_found", "unreachable", "verified")  # the worst first: it is the overall one


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a register says about one entry."""

    verdict: Literal["verified", "mismatch", "not_found", "unreachable"]
    detail: str = ""
    source: str = ""


class Lookup(Protocol):
    """A register of publications that can be asked about an entry; it never raises but says `unreachable`."""

    def look_up(self, entry: BibEntry) -> Verdict:
        """The register's verdict."""
        ...


class Offline:
    """No register: nothing can be verified."""

    def look_up(self, entry: BibEntry) -> Verdict:
        """Always `unreachable`."""
        return Verdict(verdict="unreachable", detail="no register was asked (offline)")


def write(context: EvidenceContext) -> list[str]:
    """Write the report for the manuscript as it lies there."""
    return write_with(context, Offline())


def write_with(context: EvidenceContext, lookup: Lookup) -> list[str]:
    """Write the report with the answers of `lookup`."""
    bibliography = _bibliography(context)
    cited = _cited(context)
    entries = {entry.key: entry for entry in bibliography.entries}
    citations = [_citation(key, entries.get(key), lookup) for key in cited]
    verdicts = {citation["verdict"] for citation in citations}
    report = {
        "overall_status": next((name for name in VERDICTS if name in verdicts), "no_citations"),
        "total_citations": len(citations),
        "counts": {name: sum(c["verdict"] == name for c in citations) for name in sorted(VERDICTS)},
        "citations": citations,
        "uncited_entries": sorted(set(entries) - set(cited)),
        "bibliography_problems": list(bibliography.problems),
        "claim_coverage": _claim_coverage(context),
    }
    write_text(context.workspace / REPORT, encoded(report), durable=False)
    return [REPORT]


def _citation(key: str, entry: BibEntry | None, lookup: Lookup) -> dict[str, Any]:
    if entry is None:
        return {
            "key": key,
            "title": "",
            "doi": "",
            "url": "",
            "verdict": "not_found",
            "detail": "the bibliography has no such entry",
            "source": "bibliography",
        }
    verdict = lookup.look_up(entry)
    fields = entry.fields
    return {
        "key": key,
        "title": fields.get("title", ""),
        "doi": fields.get("doi", ""),
        "url": fields.get("url", ""),
        "verdict": verdict.verdict,
        "detail": verdict.detail,
        "source": verdict.source,
    }


def _bibliography(context: EvidenceContext) -> Bibliography:
    entries: dict[str, BibEntry] = {}
    problems: list[str] = []
    for path, _ in files_under(context.workspace, "writing"):
        if path.endswith(".bib"):
            read = read_bibliography(content(context.workspace / path))
            for entry in read.entries:
                entries.setdefault(entry.key, entry)
            problems += [f"{path}: {problem}" for problem in read.problems]
    return Bibliography(entries=tuple(entries.values()), problems=tuple(problems[:100]))


def _cited(context: EvidenceContext) -> list[str]:
    found: dict[str, None] = {}
    for path, _ in files_under(context.workspace, "writing"):
        if path.endswith(".tex"):
            text = content(context.workspace / path).decode("utf-8", "replace")
            found.update(dict.fromkeys(key for key in cited_keys(text) if key != "*"))
    if not found:
        found.update(dict.fromkeys(_cited_in_document(context)))
    return sorted(found)


def _cited_in_document(context: EvidenceContext) -> list[str]:
    try:
        document = msgspec.json.decode(content(context.workspace / "writing/document.json"), type=Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    found: list[str] = []

    def visit(value: Inline | msgspec.Struct | tuple[Any, ...]) -> None:
        if isinstance(value, Cite):
            found.extend(value.keys)
        elif isinstance(value, msgspec.Struct):
            for name in value.__struct_fields__:
                visit(getattr(value, name))
        elif isinstance(value, tuple):
            for item in value:
                visit(item)

    visit(document)
    return found


def _claim_coverage(context: EvidenceContext) -> dict[str, Any]:
    """How many of the survey's claims name a source that the survey lists."""
    claims = _items(read_json(context.workspace / "literature/claims.json"), "claims")
    sources = {
        str(item.get("source_id"))
        for item in _items(read_json(context.workspace / "literature/sources.json"), "sources")
    }
    without = []
    for claim in claims:
        ids = claim.get("source_ids")
        if not isinstance(ids, list) or not any(str(one) in sources for one in ids):
            without.append(str(claim.get("claim_id", "?"))[:100])
    total = len(claims)
    return {
        "total_claims": total,
        "with_known_source": total - len(without),
        "without": without,
        "ratio": round((total - len(without)) / total, 4) if total else None,
    }


def _items(value: Any, key: str) -> list[dict[str, Any]]:
    listed = value.get(key) if isinstance(value, dict) else value
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
