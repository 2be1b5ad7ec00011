"""One attempt as a panel shows it: its facts in words, checks by severity, the draft rendered, and its files."""

from __future__ import annotations

from typing import Any

import msgspec

from autor_nb.desk import clean, files, words
from autor_nb.desk.since import since
from autor_nb.domain.check import Check, Severity
from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.domain.state import AttemptState, RunState, StageState
from autor_nb.record.units import count_words
from autor_nb.store import objects
from autor_nb.store.layout import RunFolder

CHECKS = 500
EDIT_BYTES = 1_000_000
DRAFT_BYTES = 4 * 1024 * 1024


def attempt_view(run: RunFolder, state: RunState, stage: str, attempt: int) -> dict[str, Any]:
    """An AttemptView, from the log and the manifests; nothing of the workspace is read."""
    of, this = chosen(state, stage, attempt)
    word, tone = words.attempt_words(this)
    before, after = files.around(run, this)
    said_since = since(run, of, this)
    return {
        "stage": of.ref.slug,
        "number": of.ref.number,
        "title": clean.line(of.ref.title, 100),
        "attempt": this.attempt,
        "status": str(this.status),
        "word": word,
        "tone": tone,
        "meta": _meta(this),
        "ending": str(this.ending or ""),
        "detail": clean.line(this.detail, 2_000),
        "written_by": clean.line(this.written_by, 80),
        "edited_by": words.who(this.edited_by) if this.edited_by else "",
        "checks": checks_of(run, this),
        "draft": _draft(run, this),
        "artifacts": _artifacts(before, after),
        "notebook": {"path": this.notebook, "complete": bool(this.notebook_complete)} if this.notebook else None,
        "since": said_since,
    }


def files_of(run: RunFolder, state: RunState, stage: str, attempt: int) -> list[dict[str, Any]]:
    """Every File of the attempt, what it made or changed first."""
    return files.listed(*files.around(run, chosen(state, stage, attempt)[1]))


def draft_of(run: RunFolder, state: RunState, stage: str, attempt: int) -> dict[str, Any]:
    """The draft as it was written, for editing by hand, with the hash that an edit must name."""
    of, this = chosen(state, stage, attempt)
    content = _summary(run, this)
    if content is None:
        raise UsageError(
            f"Stage {of.ref.number}, attempt {attempt}, has no draft to edit.",
            "Refine it, so that the agent writes one.",
        )
    if len(content) > EDIT_BYTES:
        raise UsageError(
            f"The draft of stage {of.ref.number}, attempt {attempt}, has {len(content):,} bytes, too many to edit.",
            f"Refine it, asking for a shorter one; it lies in {this.summary_path}.",
        )
    return {"markdown": content.decode("utf-8", "replace"), "sha256": this.draft_sha256}


def checks_of(run: RunFolder, attempt: AttemptState) -> dict[str, list[dict[str, Any]]]:
    """The recorded checks that fail, by severity and each with its waiver, and the names of those that pass."""
    grouped: dict[str, list[dict[str, Any]]] = {"blocking": [], "warning": [], "info": [], "passed": []}
    waivers = {
        waiver.check_id: {"why": clean.line(waiver.why, 1_000), "who": words.who(waiver.by), "at": waiver.at}
        for waiver in attempt.waivers
    }
    left_out = dict.fromkeys(grouped, 0)
    for check in recorded(run, attempt):
        group = "passed" if check.passed else str(check.severity)
        if len(grouped[group]) >= CHECKS:
            left_out[group] += 1
        elif check.passed:
            grouped[group].append({"id": check.id, "title": clean.line(check.title)})
        else:
            grouped[group].append(_failing(check, waivers.get(check.id)))
    for group, count in left_out.items():
        if count:
            more = Check(id="", title=f"And {count_words(count, 'check')} more", passed=False, waivable=False)
            grouped[group].append(_failing(more, None) if group != "passed" else {"id": "", "title": more.title})
    return grouped


def chosen(state: RunState, stage: str, attempt: int) -> tuple[StageState, AttemptState]:
    """The stage and the attempt of those names; UsageError with what there is."""
    of = state.stage(stage)
    if of is None:
        known = ", ".join(known.ref.number for known in state.stages)
        raise UsageError(f"Run {state.run_id} has no stage {clean.line(stage, 80)!r}.", f"Its stages are {known}.")
    found = of.attempt(attempt)
    if found is None:
        raise UsageError(
            f"Stage {of.ref.number} of run {state.run_id} has no attempt {attempt}.", f"It has {len(of.attempts)}."
        )
    return of, found


def recorded(run: RunFolder, attempt: AttemptState) -> tuple[Check, ...]:
    """The recorded answers of an attempt; what can no longer be read says so in their place."""
    if not attempt.checks_object:
        return attempt.checks
    try:
        return objects.get_checks(run, attempt.checks_object)
    except (StoreError, msgspec.DecodeError):
        lost = "The list of this attempt's checks can no longer be read"
        return tuple(
            Check(id=name, title=name, passed=False, detail=lost, waivable=name not in attempt.unwaivable)
            for name in attempt.blocking
        ) or (Check(id="", title=lost, passed=False, severity=Severity.INFO, waivable=False),)


def _failing(check: Check, waived: dict[str, str] | None) -> dict[str, Any]:
    return {
        "id": check.id,
        "title": clean.line(check.title),
        "subject": clean.path(check.subject[:400]),
        "detail": clean.cut(check.detail, 2_000)[0],
        "remedy": clean.cut(check.remedy, 2_000)[0],
        "waivable": check.waivable,
        "waived": waived,
    }


def _draft(run: RunFolder, attempt: AttemptState) -> dict[str, Any] | None:
    from autor_nb.desk.prose import draft

    content = _summary(run, attempt)
    if content is None or not content.strip():
        return None
    made = draft(content.decode("utf-8", "replace"))
    return {"sha256": attempt.draft_sha256, "html": made.html, "sections": made.sections, "cut": made.cut}


def _summary(run: RunFolder, attempt: AttemptState) -> bytes | None:
    if not attempt.summary_path:
        return None
    try:
        with (run.path / attempt.summary_path).open("rb") as stream:
            return stream.read(DRAFT_BYTES)
    except OSError:
        return None


def _artifacts(before: files.Files, after: files.Files) -> dict[str, Any]:
    listed = files.listed(before, after)
    return {
        "total": len(listed),
        "changed": sum(bool(file["tag"]) for file in listed),
        "files": listed[: files.LISTED],
        "featured": files.featured(listed),
    }


def _meta(attempt: AttemptState) -> list[str]:
    """Worked 38 min · $0.88 · 412 k tokens · ended 12:21 UTC."""
    if not attempt.ended_at:
        return [f"started {_clock(attempt.started_at)}"] if attempt.started_at else []
    said = [f"Worked {words.length(attempt.duration_s)}"] if attempt.duration_s else []  # a hand's edit took no work
    if attempt.cost_usd is not None:
        said.append(f"${attempt.cost_usd:.2f}")
    known = [count for count in (attempt.usage.input_tokens, attempt.usage.output_tokens) if count is not None]
    if known:
        said.append(f"{_short(sum(known))} tokens")
    return [*said, f"ended {_clock(attempt.ended_at)}"]


def _short(count: int) -> str:
    if count < 1_000:
        return str(count)
    return f"{count / 1e3:.0f} k" if count < 999_500 else f"{count / 1e6:.1f} M"


def _clock(at: str) -> str:
    return f"{clean.line(at[11:16], 5)} UTC"
