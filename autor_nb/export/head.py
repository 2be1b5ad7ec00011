"""The head of a report: what was asked, how the run stands, its stages, and who decided what."""

from __future__ import annotations

from typing import Any

from autor_nb.desk import clean, words
from autor_nb.domain.run import RunStatus
from autor_nb.domain.state import StageState
from autor_nb.export.parts import meta, note, section, tag
from autor_nb.export.source import Source, shown_attempt
from autor_nb.record.markup import NOTHING, Shown, Words, details, facts, muted, pre, stack
from autor_nb.record.markup import words as said
from autor_nb.record.tables import table
from autor_nb.record.units import count_words, date_words, duration_words, seconds_between
from autor_nb.store.view import goal_of

GOAL, GOAL_SHOWN = 20_000, 600
DECISIONS = 400
_STATES = {
    RunStatus.IN_REVIEW: ("In review", "accent"),
    RunStatus.DAMAGED: ("Damaged", "fail"),
}


def standing(source: Source) -> tuple[str, str]:
    """The run's state in a word, and its tone."""
    if source.now.waiting == "engine" and source.now.live:
        return words.STATES[RunStatus.RUNNING]
    return _STATES.get(source.now.status) or words.STATES[source.now.status]


def head(source: Source) -> Shown:
    """Goal, state and facts."""
    goal = clean.plain(goal_of(source.run, source.state)).strip()
    whole = details("The whole goal", pre(goal[:GOAL]), text=True) if len(goal) > GOAL_SHOWN else NOTHING
    return stack(_goal(clean.line(goal, GOAL_SHOWN)), whole, facts(_facts(source)), *_warnings(source))


def _goal(goal: str) -> Shown:
    text = said(goal or "The goal cannot be read.")
    return Shown(f'<p class="goal">{text.html}</p>', f"**{text.markdown}**", text.text)


def _facts(source: Source) -> list[tuple[str, Words]]:
    state, config = source.state, source.state.config
    attempts = [attempt for stage in state.stages for attempt in stage.attempts]
    paid = [attempt.cost_usd for attempt in attempts if attempt.cost_usd is not None]
    used = [(a.usage.input_tokens or 0) + (a.usage.output_tokens or 0) for a in attempts]
    agent = " ".join(str(config.get(key, "")) for key in ("agent", "model")).strip()
    model = sorted({a.model for a in attempts if a.model})
    rows: list[tuple[str, Words]] = [
        ("Run", source.run.run_id),
        ("State", tag(*standing(source))),
        ("Agent", clean.line(agent + (f" ({', '.join(model)})" if model else ""), 120) or "not known"),
        ("Venue", clean.line(str(config.get("venue", "")), 80) or "not known"),
        ("Decided by", _deciders(source)),
        ("Worked", words.length(state.work_s)),
        ("Cost", f"${sum(paid):,.2f}" if paid else "none reported"),
    ]
    if sum(used):
        rows.append(("Tokens", f"{sum(used):,}"))
    if state.created_at:
        by = f", by {words.who(state.created_by)}" if state.created_by else ""
        rows.append(("Begun", f"{date_words(state.created_at)}{by}"))
    if state.completed_at and source.now.status is RunStatus.COMPLETED:
        rows.append(("Completed", date_words(state.completed_at)))
    return rows


def _deciders(source: Source) -> str:
    names = list(dict.fromkeys(decision["who"] for decision in source.decisions))
    if not names:
        return {"auto": "policy", "decisions": "recorded decisions"}.get(
            str(source.state.config.get("reviewer", "")), "nobody yet"
        )
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _warnings(source: Source) -> list[Shown]:
    state, found = source.state, []
    if state.damaged:
        found.append(
            note(
                f"This run is damaged: {clean.line(state.damaged, 400)}. What follows is as of the line before.", "fail"
            )
        )
    elif source.now.live and source.now.waiting == "engine":
        found.append(note("The run was at work when this was written: what came after is not in it.", "accent"))
    elif source.now.status not in (RunStatus.COMPLETED, RunStatus.IN_REVIEW):
        reason = clean.line(state.last_error or state.pause_reason, 600)
        word = standing(source)[0]
        found.append(note(f"The run is not complete: {word.lower()}{f', {reason}' if reason else ''}.", "warn"))
    elif source.now.status is RunStatus.IN_REVIEW:
        found.append(note("The run is not complete: an attempt waits for a decision.", "accent"))
    if state.unknown:
        many = count_words(state.unknown, "event")
        found.append(note(f"{many} of a newer version of autor_nb could not be read.", "warn"))
    return found


def stages(source: Source, timeline: Shown) -> Shown:
    """The run in time, and one row a stage, with a link to its section."""
    rows = [_stage(source, stage) for stage in source.state.stages]
    if not rows:
        return NOTHING
    heads = ["Stage", "State", "Attempts", "Worked", "Waited", "Cost", "Checks", "Approved"]
    return section("Stages", timeline, table(heads, rows, "llrrrrll"), anchor="stages")


def _stage(source: Source, stage: StageState) -> list[Words]:
    shown = shown_attempt(stage)
    paid = [a.cost_usd for a in stage.attempts if a.cost_usd is not None]
    waited = [
        seconds
        for a in stage.attempts
        if a.decided_at and a.ended_at and (seconds := seconds_between(a.ended_at, a.decided_at)) is not None
    ]
    name = said(f"{stage.ref.number} {clean.line(stage.ref.title, 80)}")
    link = Shown(f'<a href="#{anchor(stage)}">{name.html}</a>', name.markdown, name.text) if stage.attempts else name
    return [
        link,
        tag(*words.stage_words(stage)),
        str(len(stage.attempts)) if stage.attempts else "–",
        duration_words(sum(a.duration_s for a in stage.attempts)) if stage.attempts else "–",
        duration_words(sum(waited)) if waited else "–",
        f"${sum(paid):,.2f}" if paid else "–",
        check_counts(shown) if shown else "–",
        _approval(stage),
    ]


def anchor(stage: StageState) -> str:
    """The name of a stage's section."""
    return "stage-" + "".join(sign for sign in stage.ref.number if sign.isalnum())


def _approval(stage: StageState) -> Words:
    shown = stage.attempt(stage.approved) if stage.approved else None
    if shown is None:
        return muted(f"stale: {clean.line(stage.stale_reason, 60)}" if stage.stale else "–")
    who = words.who(shown.decided_by) if shown.decided_by else ""
    return f"attempt {shown.attempt}{f', by {who}' if who else ''}, {date_words(shown.decided_at)}"


def check_counts(attempt: Any) -> str:
    """`41, none blocks`."""
    if not attempt.checked:
        return "not checked"
    blocking, waived = len(attempt.open_blocking), len(attempt.waivers)
    parts = [f"{attempt.checks_total}", f"{count_words(blocking, 'blocks', 'block')}" if blocking else "none blocks"]
    if attempt.warnings:
        parts.append(count_words(attempt.warnings, "warning"))
    return ", ".join(parts + ([f"{waived} waived"] if waived else []))


def decisions(source: Source) -> Shown:
    """Everything that somebody decided, oldest first."""
    made = source.decisions
    if not made:
        return section("Decisions", meta("Nobody has decided anything yet."), anchor="decisions")
    rows: list[list[Words]] = [
        [date_words(one["at"]), one["what"], one["did"], one["who"], one["how"], one["said"]]
        for one in made[-DECISIONS:]
    ]
    heads = ["When", "What", "Decision", "By", "How", "In their words"]
    if not any(row[-1] for row in rows):
        heads, rows = heads[:-1], [row[:-1] for row in rows]
    left = len(made) - len(rows)
    return section(
        "Decisions",
        table(heads, rows),
        meta(f"The first {left} are left out." if left else ""),
        anchor="decisions",
    )


def intake(source: Source) -> Shown:
    """What was asked before the first stage, and the answers."""
    rows: list[list[Words]] = [
        [clean.line(qa.question, 600), clean.line(qa.answer, 1_200)] for qa in source.state.intake
    ]
    return section("Questions before the start", table(["Question", "Answer"], rows)) if rows else NOTHING
