"""reviews/readiness_facts.json and reviews/readiness_checklist.md: what is so, from the log and the files."""

from __future__ import annotations

import re
from typing import Any

from autor_nb.domain.run import Actor
from autor_nb.domain.stage import StageStatus
from autor_nb.domain.state import StageState
from autor_nb.engine.evidence import EvidenceContext
from autor_nb.engine.evidence.found import content, encoded, files_under, read_json, sha256_of
from autor_nb.engine.evidence.holdout_openings import LOG, openings
from autor_nb.engine.evidence.paper_facts import paper_facts
from autor_nb.store.atomic import write_text
from autor_nb.store.layout import RunFolder

FACTS, CHECKLIST = "reviews/readiness_facts.json", "reviews/readiness_checklist.md"
MARKS = {True: "yes", False: "**no**", None: "a person must judge"}
_HASHED = (
    "data/split.json",
    "data/data_manifest.json",
    "notes/hypothesis_manifest.json",
    "results/experiment_manifest.json",
    "results/hypothesis_tests.json",
    "writing/document.json",
    "writing/numbers.json",
    "writing/references.bib",
    "artifacts/citation_verification.json",
    "artifacts/self_review.json",
    "artifacts/build_log.txt",
)


def write(context: EvidenceContext) -> list[str]:
    """Write facts and checklist."""
    facts = _facts(context)
    facts["checklist"] = _checklist(context, facts)
    write_text(context.workspace / FACTS, encoded(facts), durable=False)
    write_text(context.workspace / CHECKLIST, _markdown(facts), durable=False)
    return [FACTS, CHECKLIST]


def _facts(context: EvidenceContext) -> dict[str, Any]:
    state, venue, work = context.state, context.venue, context.workspace
    return {
        "run_id": state.run_id,
        "goal": state.goal,
        "as_of": context.at,
        "stage": context.stage.slug,
        "attempt": context.attempt,
        "agent": state.config.get("agent", ""),
        "model": state.config.get("model", ""),
        "reviewer": state.config.get("reviewer", ""),
        "seed": state.config.get("seed"),
        "software": state.software,
        "venue": {
            "key": venue.key,
            "display_name": venue.display_name,
            "page_limit": venue.page_limit,
            "refs_in_limit": venue.refs_in_limit,
        },
        "stages": [_stage(stage) for stage in state.stages],
        "waivers": waivers(context),
        "frozen_hypotheses_sha256": state.frozen_hypotheses,
        "paper": paper_facts(work),
        "citations": _citations(context),
        "self_review": _self_review(context),
        "hypotheses": _hypotheses(context),
        "experiments": _experiments(context),
        "holdout": _holdout(context),
        "resources": [{"dest_relative": one.dest_relative, "sha256": one.sha256} for one in state.resources],
        "hashes": {path: digest for path in _HASHED if (digest := sha256_of(work / path))},
    }


def _stage(stage: StageState) -> dict[str, Any]:
    approved = stage.attempt(stage.approved) if stage.approved else None
    return {
        "number": stage.ref.number,
        "slug": stage.ref.slug,
        "title": stage.ref.title,
        "status": stage.status.value,
        "stale": stage.stale,
        "attempts": len(stage.attempts),
        "approved_attempt": stage.approved,
        "approved_at": stage.approved_at,
        "approved_by": who(approved.decided_by) if approved else "",
        "summary_sha256": approved.draft_sha256 if approved else "",
        "warnings": approved.warnings if approved else None,
    }


def waivers(context: EvidenceContext) -> list[dict[str, Any]]:
    """Every waiver of the run; `in_force` if it is of the approved attempt."""
    return [
        {
            "stage": stage.ref.slug,
            "attempt": attempt.attempt,
            "check": waiver.check_id,
            "why": waiver.why,
            "by": who(waiver.by),
            "at": waiver.at,
            "in_force": attempt.attempt == stage.approved,
        }
        for stage in context.state.stages
        for attempt in stage.attempts
        for waiver in attempt.waivers
    ]


def who(actor: Actor | None) -> str:
    """The actor in words."""
    return str(actor) if actor else ""


def _citations(context: EvidenceContext) -> dict[str, Any]:
    report = read_json(context.workspace / "artifacts/citation_verification.json")
    report = report if isinstance(report, dict) else {}
    return {key: report.get(key) for key in ("overall_status", "total_citations", "counts", "claim_coverage")}


def _self_review(context: EvidenceContext) -> dict[str, Any]:
    review = read_json(context.workspace / "artifacts/self_review.json")
    review = review if isinstance(review, dict) else {}
    scores = review.get("scores")
    scores = scores if isinstance(scores, dict) else {}
    issues = review.get("issues")
    open_issues = (
        [one for one in issues if isinstance(one, dict) and not one.get("fixed")] if isinstance(issues, list) else []
    )
    return {
        "verdict": review.get("verdict"),
        "not_assessed": sorted(str(name) for name, score in scores.items() if score is None),
        "open_issues": {
            level: sum(one.get("severity") == level for one in open_issues) for level in ("CRITICAL", "MAJOR", "MINOR")
        },
    }


def _hypotheses(context: EvidenceContext) -> dict[str, Any]:
    tests = read_json(context.workspace / "results/hypothesis_tests.json")
    items = tests.get("tests", tests.get("hypotheses")) if isinstance(tests, dict) else tests
    counts: dict[str, int] = {}
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            outcome = str(item.get("outcome", item.get("status", "unknown")))[:60]
            counts[outcome] = counts.get(outcome, 0) + 1
    return {"tested": sum(counts.values()), "outcomes": dict(sorted(counts.items()))}


def _experiments(context: EvidenceContext) -> dict[str, Any]:
    manifest = read_json(context.workspace / "results/experiment_manifest.json")
    manifest = manifest if isinstance(manifest, dict) else {}
    return {key: manifest.get(key) for key in ("ready_for_analysis", "summary", "problems")}


def _holdout(context: EvidenceContext) -> dict[str, Any]:
    """Openings over all attempts, also of those that a redo or a rollback took back."""
    now = content(context.workspace / LOG)
    counted = openings(RunFolder(context.run_dir), now)
    return {
        "log": LOG if now.strip() or counted.times else None,
        "openings": counted.found,
        "times": counted.times,
        "unreadable_lines": counted.unreadable,
        "unkept_logs": counted.unkept,
    }


# -------------------------------------------------------------------------------------------- checklist


def _checklist(context: EvidenceContext, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Items with `ok` true, false, or None where facts cannot tell."""
    return [*_process_items(context, facts), *_paper_items(context, facts), *_evidence_items(context, facts)]


def _item(text: str, ok: bool | None, detail: str) -> dict[str, Any]:
    return {"item": text, "ok": ok, "detail": detail}


def _process_items(context: EvidenceContext, facts: dict[str, Any]) -> list[dict[str, Any]]:
    earlier = [stage for stage in context.state.stages if stage.ref.slug < context.stage.slug]
    waiting = [stage.ref.slug for stage in earlier if stage.status is not StageStatus.APPROVED]
    stale = [stage.ref.slug for stage in context.state.stages if stage.stale]
    in_force = [one for one in facts["waivers"] if one["in_force"]]
    return [
        _item(
            "Every earlier stage is approved",
            not waiting and bool(earlier),
            f"not approved: {', '.join(waiting)}" if waiting else f"{len(earlier)} approved",
        ),
        _item("No stage is stale", not stale, ", ".join(stale) or "none"),
        _item(
            "No failing check was waived",
            not in_force,
            "; ".join(f"{one['check']} by {one['by']}: {one['why']}" for one in in_force) or "none",
        ),
        _item(
            "Hypotheses were frozen before the experiments",
            bool(facts["frozen_hypotheses_sha256"]),
            facts["frozen_hypotheses_sha256"][:16] or "no frozen manifest in the log",
        ),
    ]


def _paper_items(context: EvidenceContext, facts: dict[str, Any]) -> list[dict[str, Any]]:
    paper, venue, citations = facts["paper"], context.venue, facts["citations"]
    counted = paper["pages"] if venue.refs_in_limit else paper["main_pages"]
    limit = venue.page_limit
    status = citations["overall_status"]
    review = facts["self_review"]
    critical = review["open_issues"]["CRITICAL"]
    return [
        _item(
            "The paper was built by us and opens",
            bool(paper["built_by_us"] and paper["pages"]),
            f"{paper['pages']} pages, {paper['renderer'] or 'no renderer'}",
        ),
        _item(
            f"Length fits {venue.display_name}",
            bool(counted) and (limit is None or counted <= limit),
            f"{counted} pages counted, " + ("no limit" if limit is None else f"limit {limit}"),
        ),
        _item(
            "Every citation was verified outside",
            True if status == "verified" else None if status in ("unreachable", "no_citations") else False,
            f"{citations['total_citations'] or 0} citations: {status}",
        ),
        _item(
            "Self-review has no open critical issue",
            critical == 0 if review["verdict"] else False,
            f"verdict {review['verdict']}, {critical} critical",
        ),
        _item(
            "Judgement dimensions are assessed",
            None if review["not_assessed"] else bool(review["verdict"]),
            f"not assessed: {', '.join(review['not_assessed'])}" if review["not_assessed"] else "all",
        ),
    ]


def _evidence_items(context: EvidenceContext, facts: dict[str, Any]) -> list[dict[str, Any]]:
    experiments, holdout = facts["experiments"], facts["holdout"]
    has_code = any(True for _ in files_under(context.workspace, "code"))
    threats = content(context.workspace / "reviews/threats_to_validity.md", 4096).strip()
    unkept = f", and {holdout['unkept_logs']} logs were not kept" if holdout["unkept_logs"] else ""
    return [
        _item(
            "Results are whole and ready for analysis",
            bool(experiments["ready_for_analysis"]),
            "; ".join(map(str, experiments["problems"] or [])) or "experiment manifest",
        ),
        _item("Code is included", has_code, "code/"),
        _item(
            "The holdout was opened at most once",
            None if holdout["log"] is None or (unkept and holdout["times"] <= 1) else holdout["times"] <= 1,
            "no holdout log"
            if holdout["log"] is None
            else f"opened {_times(holdout['times'])}, counted over all attempts{unkept}",
        ),
        _item("Threats to validity are written down", bool(threats), "reviews/threats_to_validity.md"),
    ]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _markdown(facts: dict[str, Any]) -> str:
    lines = [
        "# Readiness checklist",
        "",
        "Made by the engine from the run's log and from the files as they are.",
        "",
        (
            f"Run {_cell(facts['run_id'])}, as of {_cell(facts['as_of'])}, agent {_cell(facts['agent'])}, "
            f"venue {_cell(facts['venue']['display_name'])}."
        ),
        "",
        "| Item | Ready | Detail |",
        "|---|---|---|",
        *(f"| {_cell(one['item'])} | {MARKS[one['ok']]} | {_cell(one['detail'])} |" for one in facts["checklist"]),
        "",
        "## Stages",
        "",
        "| Stage | Status | Attempts | Approved by |",
        "|---|---|---|---|",
        *(
            f"| {_cell(s['number'] + ' ' + s['title'])} | {s['status']}{', stale' if s['stale'] else ''} | "
            f"{s['attempts']} | {_cell(s['approved_by']) or '–'} |"
            for s in facts["stages"]
        ),
        "",
        "## Waived checks",
        "",
    ]
    if facts["waivers"]:
        lines += ["| Stage | Check | Why | By | In force |", "|---|---|---|---|---|"]
        lines += [
            f"| {_cell(one['stage'])} | {_cell(one['check'])} | {_cell(one['why'])} | {_cell(one['by'])} | "
            f"{'yes' if one['in_force'] else 'no'} |"
            for one in facts["waivers"]
        ]
    else:
        lines.append("None.")
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    """Text that cannot leave its table cell or become markup."""
    text = " ".join(str(value).split())[:600]
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "", text)
    return re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", text)
