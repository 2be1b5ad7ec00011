"""One stage in a report: the attempt that counts, whole, and those before it folded away."""

from __future__ import annotations

import re
from typing import Any

from autor_nb.desk import attempt as desk
from autor_nb.desk import clean, compare, prose, words
from autor_nb.domain.state import AttemptState, StageState
from autor_nb.export import findings
from autor_nb.export.head import anchor
from autor_nb.export.parts import meta, note, quoted, section, tag
from autor_nb.export.source import Source, shown_attempt
from autor_nb.record.markup import NOTHING, Shown, Words, code, details, muted, one_line, pre, stack
from autor_nb.record.tables import table
from autor_nb.record.units import count_words, size_words

EARLIER = 12
EARLIER_CHARS = 12_000
PROMPT_CHARS = 30_000
SUMMARY_BYTES = 400_000
DIFFERING = 40
PASSED, FAILING = 200, 40
# What could be decided then is not what was found.
_OPTIONS = re.compile(r"\n## Your Options\s*\n(?:(?!## ).*\n)*(?:(?!## ).*)?\Z")


def stage_part(source: Source, stage: StageState) -> Shown:
    """The stage's section; nothing for one that was not worked on."""
    attempt = shown_attempt(stage)
    if attempt is None:
        return NOTHING
    others = [other for other in stage.attempts if other.attempt != attempt.attempt]
    stale = note(f"Stale: {clean.line(stage.stale_reason, 200)}.", "warn") if stage.stale else NOTHING
    return section(
        f"{stage.ref.number} {stage.ref.title}",
        stale,
        whole(source, stage, attempt),
        _earlier(source, stage, others),
        anchor=anchor(stage),
        aside=tag(*words.stage_words(stage)),
    )


def whole(source: Source, stage: StageState, attempt: AttemptState) -> Shown:
    """Everything of one attempt."""
    view = desk.attempt_view(source.run, source.state, stage.ref.slug, attempt.attempt)
    blocks = [
        _facts(stage, attempt, view),
        _asked(attempt),
        _problem(view),
        findings.guarded("The summary", lambda: summary(source, attempt)),
        findings.guarded("The results", lambda: findings.results(source, attempt)),
        findings.guarded("The figures", lambda: findings.figures(source, attempt)),
        section("Checks", checks(view["checks"]), level=3),
        findings.guarded("The difference", lambda: _difference(source, stage, attempt)),
        findings.guarded("The files", lambda: findings.listed(source, attempt)),
        _prompt(source, attempt),
    ]
    return stack(*blocks)


def _facts(stage: StageState, attempt: AttemptState, view: dict[str, Any]) -> Shown:
    which = f"Attempt {attempt.attempt} of {len(stage.attempts)}"
    who = words.who(attempt.decided_by) if attempt.decided_by else ""
    by = f"{view['word'].lower()}{f' by {who}' if who else ''}"
    written = {"agent": "", "operator": "the engine wrote its summary from what was left"}.get(
        view["written_by"], f"written by {view['written_by']}"
    )
    edited = f"edited by hand by {view['edited_by']}" if view["edited_by"] else ""
    notebook = view["notebook"]["path"] if view["notebook"] else ""
    return meta(which, by, *view["meta"], written, edited, f"notebook {clean.path(notebook)}" if notebook else "")


def _asked(attempt: AttemptState) -> Shown:
    if not attempt.feedback:
        return NOTHING
    return stack(muted("Asked for:"), pre(clean.cut(attempt.feedback, 4_000)[0]))


def _problem(view: dict[str, Any]) -> Shown:
    if view["ending"] in ("", "finished"):
        return NOTHING if view["ending"] else note("This attempt was at work when this was written.", "accent")
    detail = f": {clean.line(view['detail'], 600)}" if view["detail"] else ""
    return note(f"The attempt ended {view['ending'].replace('_', ' ')}{detail}", "fail")


def summary(source: Source, attempt: AttemptState, limit: int = 0) -> Shown:
    """The summary as the engine read it."""
    if not attempt.summary_path:
        return NOTHING
    try:
        with (source.run.path / attempt.summary_path).open("rb") as stream:
            text = stream.read(SUMMARY_BYTES).decode("utf-8", "replace")
    except OSError as error:
        return note(f"The summary cannot be read: {error.strerror}.", "warn")
    text = _OPTIONS.sub("\n", text)
    made = prose.draft(text[:limit] if limit else text)
    cut = made.cut or bool(limit and len(text) > limit)
    more = meta(f"Cut here; all of it is in {clean.path(attempt.summary_path)}.") if cut else NOTHING
    body = Shown(
        f'<div class="prose">{made.html}</div>', quoted(text[: limit or prose.SOURCE_CHARS]), clean.plain(text[:2_000])
    )
    return stack(body, more)


def checks(found: dict[str, list[dict[str, Any]]]) -> Shown:
    """What fails, each with its remedy or who waived it and why; what passes by name, folded."""
    rows: list[list[Words]] = []
    for severity in ("blocking", "warning", "info"):
        rows += [_check(check, severity) for check in found[severity]]
    passed = found["passed"]
    many = f"{count_words(len(passed), 'check')} pass" if len(passed) != 1 else "1 check passes"
    names = table(["Check", ""], [[one["title"], code(one["id"])] for one in passed[:PASSED]])
    folded = details(many, names) if passed else NOTHING
    heads = ["Result", "Check", "Read", "Remedy, or why it was waived"]
    left = meta(f"{len(rows) - FAILING} more do not pass.") if len(rows) > FAILING else NOTHING
    return stack(table(heads, rows[:FAILING]) if rows else NOTHING, left, folded)


def _check(check: dict[str, Any], severity: str) -> list[Words]:
    waived = check["waived"]
    state = (
        tag("waived", "accent")
        if waived
        else tag(severity, {"blocking": "fail", "warning": "warn"}.get(severity, "idle"))
    )
    read = ": ".join(part for part in (check["subject"], check["detail"]) if part)
    why = f"Waived by {waived['who']}: {waived['why']}" if waived else check["remedy"]
    return [state, check["title"], one_line(read, 500), one_line(why, 700)]


def _difference(source: Source, stage: StageState, attempt: AttemptState) -> Shown:
    before = [other for other in stage.attempts if other.attempt < attempt.attempt and other.ended_at]
    if not before or not attempt.ended_at:
        return NOTHING
    sides = [compare.Side(source.run, source.state, stage, each) for each in (before[-1], attempt)]
    found = compare.compare_attempts(sides[0], sides[1])
    heads = ["", f"attempt {before[-1].attempt}", f"attempt {attempt.attempt}", "change"]
    blocks: list[Words] = []
    for part in found["sections"]:
        rows: list[list[Words]] = [
            [row["what"], one_line(row["left"], 400), one_line(row["right"], 400), row["change"]]
            for row in part["rows"][:DIFFERING]
        ]
        left = len(part["rows"]) - len(rows) + part["left_out"]
        if rows:
            title = (
                f"{part['title']}: {len(rows) + left} differ" if len(rows) + left > 1 else f"{part['title']}: 1 differs"
            )
            more = meta(f"{left} more are left out.") if left else NOTHING
            blocks.append(details(title, stack(table(heads, rows), more), text=True))
    title = f"Since attempt {before[-1].attempt}"
    return section(title, *(blocks or [meta("Nothing differs.")]), level=3)


def _prompt(source: Source, attempt: AttemptState) -> Shown:
    if not attempt.prompt_path:
        return NOTHING
    try:
        text = (source.run.path / attempt.prompt_path).read_bytes().decode("utf-8", "replace")
    except OSError:
        return meta("The prompt is no longer kept.")
    cut, left = clean.cut(text, PROMPT_CHARS)
    more = f"\n[{left:,} more characters in {attempt.prompt_path}]" if left else ""
    size = size_words(attempt.prompt_bytes or len(text))
    head = f"The prompt, {size}, sha256 {attempt.prompt_sha256[:12]}"
    folded = details(head, pre(cut + more))
    where = code(clean.path(attempt.prompt_path))
    return Shown(folded.html, f"{folded.markdown} ({where.markdown})", folded.text)


def _earlier(source: Source, stage: StageState, others: list[AttemptState]) -> Shown:
    kept = others[-EARLIER:]
    blocks: list[Words] = []
    for attempt in reversed(kept):
        word, tone = words.attempt_words(attempt)
        line = stack(meta(*_brief(attempt)), _asked(attempt))
        found = desk.checks_of(source.run, attempt)
        failing = checks({**found, "passed": []})
        inner = stack(line, failing, summary(source, attempt, EARLIER_CHARS))
        name = tag(f"Attempt {attempt.attempt}: {word.lower()}", tone)
        blocks.append(details(name, inner, text=True))
    if len(others) > len(kept):
        blocks.append(meta(f"{len(others) - len(kept)} older ones are left out; the run's folder has them."))
    return section("Other attempts", *blocks, level=3)


def _brief(attempt: AttemptState) -> list[str]:
    said = [str(attempt.ending or "").replace("_", " "), words.length(attempt.duration_s) if attempt.ended_at else ""]
    if attempt.decided_by is not None and attempt.decided_at:
        said.append(f"decided by {words.who(attempt.decided_by)}")
    return said
