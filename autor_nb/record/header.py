"""The head of a stage notebook: how the attempt stands, what was asked, and the exact prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autor_nb.domain.stage import AttemptStatus, Ending
from autor_nb.record.markup import (
    ACCENT,
    FAIL,
    MUTED,
    NOTHING,
    OK,
    WARN,
    Shown,
    card,
    code,
    details,
    escape_html,
    escape_markdown,
    facts,
    glyph,
    joined,
    label,
    muted,
    one_line,
    plain,
    pre,
    shown,
    side_by_side,
    stack,
    words,
)
from autor_nb.record.units import count_words, date_words, duration_words, size_words
from autor_nb.store.view import goal_of

if TYPE_CHECKING:
    from autor_nb.record.attempt import AttemptRecord

GOAL_SHOWN = 4_000
PROMPT_SHOWN = 400_000
_ENDINGS = {
    Ending.FINISHED: "finished",
    Ending.FAILED: "failed",
    Ending.TIMED_OUT: "timed out",
    Ending.BUDGET: "over budget",
    Ending.STOPPED: "stopped",
    Ending.LOST: "lost",
    Ending.UNCHANGED_DRAFT: "unchanged draft",
    Ending.NO_DRAFT: "no draft",
}


def header(record: AttemptRecord) -> Shown:
    """The card at the top."""
    attempt = record.attempt
    edge, mark, said, more = _standing(record)
    title = Shown(
        f'<div style="display:flex;flex-wrap:wrap;gap:4px 24px;align-items:baseline">'
        f'<b style="font-size:16px;font-weight:600;line-height:24px">'
        f'<span style="color:{edge}">{mark}</span> '
        f'{escape_html(said)}</b> <span style="{MUTED}">{escape_html(more)}</span></div>',
        f"### {mark} {escape_markdown(said)}\n\n{escape_markdown(more)}",
        f"{mark} {said}; {more}" if more else f"{mark} {said}",
    )
    goal_line = one_line(goal_of(record.run, record.state), 160)
    head = Shown(
        f'<div style="margin:2px 0 10px;{MUTED}">{escape_html(goal_line)}</div>',
        escape_markdown(goal_line),
        goal_line,
    )
    pairs: list[tuple[str, str | Shown]] = [
        ("Run", record.state.run_id or record.run.run_id),
        ("Stage", record.stage.number),
        ("Ending", _ENDINGS.get(attempt.ending, "none yet") if attempt.ending else "none yet"),
        ("Agent", ", ".join(filter(None, (attempt.agent, attempt.model)))),
        ("Duration", duration_words(attempt.duration_s)),
        ("Cost", _cost(record)),
        ("Checks", _check_counts(record)),
        ("As of event", str(record.as_of)),
    ]
    return card(title, head, facts(pairs), _detail(record), _next(record), edge=edge)


def _standing(record: AttemptRecord) -> tuple[str, str, str, str]:
    """Colour, glyph, sentence and time of how the attempt stands."""
    attempt, name = record.attempt, f"Attempt {record.attempt.attempt}"
    ended = date_words(attempt.ended_at)
    decided = f"by {attempt.decided_by}, {date_words(attempt.decided_at)}" if attempt.decided_at else ""
    if attempt.status is AttemptStatus.APPROVED:
        return OK, "●", f"{name} is approved", decided
    if attempt.status is AttemptStatus.REFINED:
        return ACCENT, "◐", f"{name} was sent back", decided
    if attempt.status is AttemptStatus.WITHDRAWN:
        return WARN, "▲", f"{name} was withdrawn", decided
    if attempt.ending is None:
        return ACCENT, "◐", f"{name} is at work", f"since {date_words(attempt.started_at)}"
    if not attempt.is_new_work:
        return FAIL, "✕", f"{name} is not new work: {_ENDINGS[attempt.ending]}", f"ended {ended}"
    if attempt.open_blocking:
        blocked = count_words(len(attempt.open_blocking), "blocking check fails", "blocking checks fail")
        return FAIL, "✕", f"{name} cannot be approved: {blocked}", f"ended {ended}"
    if attempt.status is AttemptStatus.IN_REVIEW:
        return ACCENT, "◐", f"{name} is in review", f"ended {ended}"
    return ACCENT, "◐", f"{name} is ready for review", f"ended {ended}"


def _cost(record: AttemptRecord) -> str:
    attempt = record.attempt
    tokens = [count for count in (attempt.usage.input_tokens, attempt.usage.output_tokens) if count is not None]
    if attempt.cost_usd:
        return f"{attempt.cost_usd:.2f} USD" + (f", {sum(tokens):,} tokens" if tokens else "")
    if attempt.cost_usd is None:
        return f"not reported, {sum(tokens):,} tokens" if tokens else "not reported"
    return "0.00 USD" + (f", {sum(tokens):,} tokens" if tokens else ", no model called")


def _check_counts(record: AttemptRecord) -> Shown:
    attempt = record.attempt
    if not attempt.checked:
        return words("not checked")
    blocking, warnings = len(attempt.blocking), attempt.warnings
    passed = max(0, attempt.checks_total - blocking - warnings)
    parts = [glyph("pass", f"{passed} pass")]
    if warnings:
        parts.append(glyph("warning", count_words(warnings, "warning")))
    if blocking:
        parts.append(glyph("fail", count_words(blocking, "fails", "fail")))
    if attempt.waivers:
        parts.append(glyph("waived", f"{len(attempt.waivers)} waived"))
    return joined(parts)


def _detail(record: AttemptRecord) -> Shown:
    attempt = record.attempt
    notes = []
    if attempt.detail:
        notes.append(words(one_line(attempt.detail, 600)))
    if attempt.written_by == "person":
        notes.append(glyph("info", f"the draft was edited by hand by {one_line(str(attempt.edited_by), 80)}"))
    elif attempt.written_by != "agent":
        notes.append(
            glyph("warning", f"the summary was written by the {one_line(attempt.written_by, 40)}, not the agent")
        )
    notes += [
        glyph(
            "waived",
            f"{waiver.check_id} waived by {waiver.by}, {date_words(waiver.at)}: {one_line(waiver.why, 400)}",
        )
        for waiver in attempt.waivers
    ]
    return stack(*notes) if notes else NOTHING


def _next(record: AttemptRecord) -> Shown:
    attempt = record.attempt
    run_id = record.state.run_id
    rerun = f"Re-running this notebook re-validates the attempt as of event {record.as_of} and calls no agent."
    if attempt.status is AttemptStatus.APPROVED:
        step = joined([words("Next: "), code("%autor status"), words(". ")], "")
    elif not attempt.is_new_work:
        step = joined(
            [
                words("Next: "),
                code(f"%autor redo {record.stage.number}"),
                words(" or "),
                code(f"%autor resume {run_id}"),
                words(". "),
            ],
            "",
        )
    elif attempt.open_blocking:
        step = joined(
            [
                words("Next: "),
                code("%autor refine"),
                words(" with what the remedies say, or "),
                code("%autor approve --waive CHECK --why TEXT"),
                words(". "),
            ],
            "",
        )
    else:
        step = joined(
            [
                words("Next: "),
                code("%autor approve"),
                words(" or "),
                code("%autor refine 1"),
                words(". "),
                muted("No blocking check fails. "),
            ],
            "",
        )
    line = step + muted(rerun)
    return Shown(
        f'<div style="margin-top:10px;padding-top:8px;border-top:1px solid rgba(128,128,128,0.28)">{line.html}</div>',
        line.markdown,
        line.text,
    )


def goal(record: AttemptRecord) -> Shown:
    """The goal, beside the feedback that started the attempt."""
    text = plain(goal_of(record.run, record.state))
    cut = text if len(text) <= GOAL_SHOWN else f"{text[:GOAL_SHOWN]}… ({len(text) - GOAL_SHOWN:,} more characters)"
    resources = record.state.resources
    notes = []
    if resources:
        named = ", ".join(one_line(item.dest_relative.removeprefix("workspace/"), 80) for item in resources[:8])
        more = f" and {len(resources) - 8} more" if len(resources) > 8 else ""
        notes.append(muted(f"Supplied: {named}{more}."))
    options = record.state.config.get("options") or {}
    if isinstance(options, dict) and options:
        said = ", ".join(f"{one_line(str(k), 40)}={one_line(str(v), 80)}" for k, v in sorted(options.items()))
        notes.append(muted(f"Set: {said}."))
    answers = [muted(f"{one_line(qa.question, 200)} — {one_line(qa.answer, 200)}") for qa in record.state.intake]
    return side_by_side(card(label("Goal"), words(cut), *notes, *answers, flex=True), *_feedback(record))


def _feedback(record: AttemptRecord) -> list[Shown]:
    given = [
        item
        for item in record.state.feedback
        if item.stage == record.stage.slug and item.attempt == record.attempt.attempt - 1
    ]
    number = record.attempt.attempt
    cards = [
        card(
            label(
                f"Feedback that started attempt {number}"
                + (f", suggestion {item.suggestion}" if item.suggestion else "")
            ),
            words(item.text[:GOAL_SHOWN]),
            muted(f"By {item.by}, {date_words(item.at)}"),
            flex=True,
        )
        for item in given
    ]
    if not cards and record.attempt.feedback.strip():
        cards = [
            card(
                label(f"Feedback that started attempt {number}"),
                words(record.attempt.feedback[:GOAL_SHOWN]),
                flex=True,
            )
        ]
    if not cards and record.attempt.trigger in ("retry", "redo"):
        why = "The engine tried again by itself." if record.attempt.trigger == "retry" else "The stage was redone."
        cards = [card(label(f"Why attempt {number} was made"), words(why), flex=True)]
    return cards


def prompt(record: AttemptRecord) -> Shown:
    """The exact prompt, folded away."""
    attempt = record.attempt
    path = record.run.path / attempt.prompt_path if attempt.prompt_path else None
    sha = attempt.prompt_sha256[:8]
    if path is None or not path.resolve().is_relative_to(record.run.path.resolve()) or not path.is_file():
        return glyph("warning", "The prompt of this attempt is not kept.")
    content = path.read_bytes()
    text = content[:PROMPT_SHOWN].decode("utf-8", "replace")
    cut = len(content) - PROMPT_SHOWN
    same = _is_same(content, attempt.prompt_sha256)
    head = joined(
        [
            words(f"Exact prompt, {size_words(len(content))}, sha256 {sha} "),
            muted(f"({attempt.prompt_path})"),
            NOTHING if same else shown(" ") + glyph("warning", "not the file that the log names: its hash differs"),
        ],
        "",
    )
    body = pre(text + (f"\n… {cut:,} more bytes in the file" if cut > 0 else ""), height=True)
    return details(head, body, gap=0)


def _is_same(content: bytes, sha256: str) -> bool:
    import hashlib

    return not sha256 or hashlib.sha256(content).hexdigest() == sha256
