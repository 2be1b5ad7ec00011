"""A run as every face shows it: facts for programs, a card for people, and always the next step."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from autor_nb import control
from autor_nb.domain.check import Check
from autor_nb.domain.run import QA, RunStatus
from autor_nb.domain.stage import StageStatus
from autor_nb.domain.state import AttemptState, RunState, StageState
from autor_nb.store import layout, objects
from autor_nb.store.layout import RunFolder
from autor_nb.verbs.blocks import Block, Cell, Facts, Heading, Items, Mark, Next, Para, Table
from autor_nb.verbs.result import Result

Steps = tuple[tuple[str, str], ...]


def run_card(run: RunFolder, snapshot: control.Snapshot, *lead: Block, exit_code: int = 0, **facts: Any) -> Result:
    """Everything a status shows; `lead` comes first (what was just done), `facts` join the envelope."""
    steps = next_steps(run, snapshot)
    blocks = (*lead, *_blocks(run, snapshot), Next(steps))
    data = {**facts, **run_facts(run, snapshot), "next": [command for command, _ in steps]}
    hints = tuple(f"{command}: {why}" for command, why in steps)
    return Result(facts=data, blocks=blocks, hints=hints, exit_code=exit_code, state=run)


# ------------------------------------------------------------------------------------------------ facts


def run_facts(run: RunFolder, snapshot: control.Snapshot) -> dict[str, Any]:
    """A run for programs; `state` is its status, `waiting` who must act: person · engine · nobody."""
    state = snapshot.state
    attempt = state.under_review
    return {
        "run_id": run.run_id,
        "path": str(run.path),
        "state": str(snapshot.status),
        "waiting": snapshot.waiting,
        "worker": snapshot.worker.pid if snapshot.live and snapshot.worker else None,
        "goal": state.goal,
        "agent": state.config.get("agent", ""),
        "venue": state.config.get("venue", ""),
        "reviewer": state.config.get("reviewer", "person"),
        "current_stage": state.current,
        "review": _review_facts(attempt) if attempt else None,
        "stages": [_stage_facts(run, stage) for stage in state.stages],
        "created_at": state.created_at,
        "updated_at": state.updated_at,
        "completed_at": state.completed_at or None,
        "work_s": round(state.work_s, 3),
        "cost_usd": state.cost_usd,
        "last_error": state.last_error or None,
        "mend": (state.mend or None) if state.last_error or state.pause_reason else None,
        "pause_reason": state.pause_reason or None,
        "undo_possible": state.undoable is not None,
        "unknown_events": state.unknown,
        "damaged": state.damaged or None,
        "missing_files": list(state.missing),
        "left_out": list(state.left_out),
        "pdf": str(paper) if (paper := pdf_of(run)) else None,
    }


def pdf_of(run: RunFolder) -> Path | None:
    """The paper, once it is built."""
    path = run.workspace / "artifacts" / "paper.pdf"
    return path if path.is_file() else None


def _review_facts(attempt: AttemptState) -> dict[str, Any]:
    return {
        "stage": attempt.stage,
        "attempt": attempt.attempt,
        "draft_sha256": attempt.draft_sha256,
        "ending": str(attempt.ending),
        "detail": attempt.detail,
        "new_work": attempt.is_new_work,
        "cap_reached": attempt.cap_reached,
        "blocking": list(attempt.open_blocking),
        "warnings": attempt.warnings,
        "checks_total": attempt.checks_total,
        "suggestions": list(attempt.suggestions),
        "questions": [
            {"id": q.id, "text": q.text, "default": q.default, "choices": list(q.choices)} for q in attempt.questions
        ],
        "waived": [{"check": w.check_id, "why": w.why} for w in attempt.waivers],
        "summary": attempt.summary_path,
        "notebook": attempt.notebook,
    }


def _stage_facts(run: RunFolder, stage: StageState) -> dict[str, Any]:
    latest = stage.latest
    return {
        "number": stage.ref.number,
        "slug": stage.ref.slug,
        "title": stage.ref.title,
        "status": str(stage.status),
        "stale": stage.stale,
        "attempts": len(stage.attempts),
        "approved": stage.approved,
        "work_s": round(sum(attempt.duration_s for attempt in stage.attempts), 3),
        "blocking": list(latest.open_blocking) if latest else [],
        "notebook": str(run.path / latest.notebook) if latest and latest.notebook else None,
    }


# ------------------------------------------------------------------------------------------------- card


def _blocks(run: RunFolder, snapshot: control.Snapshot) -> list[Block]:
    state = snapshot.state
    blocks: list[Block] = [
        Heading(f"Run {run.run_id}", Mark(str(snapshot.status)), _aside(snapshot)),
        Para(state.goal[:600] + ("…" if len(state.goal) > 600 else ""), quiet=True),
        _head_facts(run, snapshot),
        stage_table(state),
    ]
    if snapshot.status in (RunStatus.FAILED, RunStatus.PAUSED) and (state.last_error or state.pause_reason):
        blocks.append(Para(state.failure or f"{state.pause_reason} {state.mend}".strip()))
    attempt = state.under_review
    if attempt is not None and snapshot.waiting == "person":
        blocks += review_blocks(run, attempt, state.intake)
    if state.damaged:
        blocks.append(Para(f"The run cannot go on: {state.damaged}. What is shown is as of the line before it."))
    if state.missing:
        title = "Could not be brought back: too large to be kept (object_cap_bytes)"
        blocks.append(Items(state.missing, title=title))
    if state.left_out:
        blocks.append(Items(state.left_out, title="Left out of the resources"))
    if state.unknown:
        blocks.append(
            Para(
                f"{state.unknown} events of this run were written by a newer version and are not shown.",
                quiet=True,
            )
        )
    return blocks


def _aside(snapshot: control.Snapshot) -> str:
    state, attempt = snapshot.state, snapshot.state.under_review
    if attempt is not None and snapshot.waiting == "person":
        return f"{attempt.stage} attempt {attempt.attempt} waits for you"
    if snapshot.status is RunStatus.RUNNING and state.current:
        return f"{state.current} is being worked on"
    if snapshot.status is RunStatus.DAMAGED:
        return "its log cannot be read to its end"
    if snapshot.status is RunStatus.INTERRUPTED:
        return "the engine ended in the middle; nothing that was done is lost"
    return ""


def _head_facts(run: RunFolder, snapshot: control.Snapshot) -> Facts:
    state = snapshot.state
    paper = pdf_of(run)
    return Facts(
        (
            ("Agent", str(state.config.get("agent", ""))),
            ("Venue", str(state.config.get("venue", ""))),
            ("Reviewer", str(state.config.get("reviewer", "person"))),
            ("Worked", duration(state.work_s)),
            ("Cost", f"{state.cost_usd:.2f} USD" if state.cost_usd else "none"),
            ("Folder", str(run.path)),
            ("Paper", str(paper.relative_to(run.path)) if paper else ""),
        )
    )


def stage_table(state: RunState) -> Table:
    """Stages, one a row."""
    rows: list[tuple[Cell, ...]] = []
    for stage in state.stages:
        latest = stage.latest
        status = "stale" if stage.stale and stage.status is not StageStatus.IN_REVIEW else str(stage.status)
        checks = ""
        if latest and latest.checked:
            failing = f", {len(latest.open_blocking)} blocking" if latest.open_blocking else ""
            checks = f"{latest.checks_total} checks{failing}"
            checks += f", {latest.warnings} warnings" if latest.warnings else ""
            checks += f", {len(latest.waivers)} waived" if latest.waivers else ""
        rows.append(
            (
                stage.ref.number,
                stage.ref.title,
                Mark(status),
                str(len(stage.attempts) or ""),
                duration(sum(attempt.duration_s for attempt in stage.attempts)),
                checks,
            )
        )
    return Table(("", "Stage", "State", "Attempts", "Worked", "Checks"), tuple(rows))


def checks_of(run: RunFolder, attempt: AttemptState) -> tuple[Check, ...]:
    """The recorded Checks of an attempt, wherever they lie."""
    if attempt.checks or not attempt.checks_object:
        return attempt.checks
    return tuple(objects.get_checks(run, attempt.checks_object))


def review_blocks(run: RunFolder, attempt: AttemptState, intake: tuple[QA, ...] = ()) -> list[Block]:
    """What a person needs for deciding: what fails, what was asked, what is suggested."""
    blocks: list[Block] = []
    if not attempt.is_new_work:
        blocks.append(Para(f"Attempt {attempt.attempt} is not new work ({attempt.ending}): {attempt.detail}"))
        if not attempt.cap_reached:
            blocks.append(Para("It ended as the attempt before it, so it was not tried once more.", quiet=True))
    failing = [check for check in checks_of(run, attempt) if check.id in attempt.open_blocking]
    if failing:
        blocks.append(
            Table(
                ("", "Check", "What was read", "Remedy"),
                tuple(
                    (Mark("blocking"), check.id, f"{check.subject} {check.detail}".strip(), check.remedy)
                    for check in failing
                ),
                title="What stops an approval",
            )
        )
    if unread := [check for check in attempt.open_blocking if check not in {shown.id for shown in failing}]:
        blocks.append(
            Items(tuple(unread), title="What stops an approval, too" if failing else "What stops an approval")
        )
    for waiver in attempt.waivers:
        blocks.append(Para(f"Waived by {waiver.by}: {waiver.check_id}, because: {waiver.why}"))
    if attempt.questions:
        blocks.append(
            Items(tuple(_question(q.text, q.default, q.choices, intake) for q in attempt.questions), title="Questions")
        )
    if attempt.suggestions:
        blocks.append(Items(attempt.suggestions, title="Suggestions"))
    return blocks


def _question(text: str, default: str, choices: tuple[str, ...], intake: tuple[QA, ...]) -> str:
    answer = next((qa.answer for qa in intake if qa.question == text), "")
    if answer:
        return f"{text} Answered: {answer}"
    more = [f"one of: {', '.join(choices)}"] if choices else []
    more += [f"unless answered: {default}"] if default else ["needs an answer"]
    return f"{text} ({'; '.join(more)})"


def duration(seconds: float) -> str:
    """`1 h 02 min`, `3 min 05 s`, `4.2 s`; nothing for nothing."""
    if seconds <= 0:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


# -------------------------------------------------------------------------------------------- next step


def next_steps(run: RunFolder, snapshot: control.Snapshot) -> Steps:
    """What a person may type now, the likeliest first."""
    several = len(layout.all_runs(run.path.parent)) > 1
    pin, word = (f" --run {run.run_id}", f" {run.run_id}") if several else ("", "")
    attempt = snapshot.state.under_review
    if attempt is not None and snapshot.waiting == "person":
        return _decisions(attempt, pin, snapshot.state.intake)
    match snapshot.status:
        case RunStatus.RUNNING | RunStatus.IN_REVIEW:
            return (
                (f"autor watch{word}", "follows it; interrupting that stops only the watching"),
                (f"autor stop{pin}", "ends the work; `autor resume` goes on"),
            )
        case RunStatus.CREATED:
            return ((f"autor resume{word}", "sets it to work"),)
        case RunStatus.COMPLETED:
            return (
                (f"autor show{pin}", "the last summary"),
                (f"autor verify{word}", "checks every stage again"),
            )
        case RunStatus.DAMAGED:
            return (
                ("autor recover", "takes its log back to the line before the damage, and keeps what was there"),
                (f"autor archive {run.run_id}", "packs it as it is"),
            )
        case RunStatus.FAILED if snapshot.state.last_error:
            return ((f"autor show --checks{pin}", "tells why"), (f"autor resume{word}", "tries again"))
        case RunStatus.PAUSED if snapshot.state.mend:
            return (
                (f"autor resume{word}", "goes on, with the same budget again"),
                (f"autor resume{word} --budget SECONDS", "goes on, with another one"),
            )
        case _:
            return ((f"autor resume{word}", "goes on where it ended"),)


def _decisions(attempt: AttemptState, pin: str, intake: tuple[QA, ...]) -> Steps:
    look = (f"autor show{pin}", f"the draft of {attempt.stage}")
    refine = (f"autor refine 1{pin}", 'takes suggestion 1; `autor refine "your own words"`')
    words = (f'autor refine{pin} "what to do differently"', "sends it back with your words")
    if not attempt.is_new_work:
        named = re.search(r"--set ([A-Za-z_][A-Za-z0-9_]{0,40})", attempt.detail)
        return (
            (f"autor resume{pin} --set {named[1] if named else 'KEY'}=…", "works again, with another option"),
            (words[0], "works again, with your words"),
            (f"autor show --checks{pin}", "tells how it ended"),
        )
    if attempt.open_blocking:
        checks = (f"autor show --checks{pin}", "what fails, and the remedies")
        return (refine if attempt.suggestions else words, checks, look)
    answered = {qa.question for qa in intake}
    open_question = next((n for n, q in enumerate(attempt.questions, 1) if not q.default and q.text not in answered), 0)
    if open_question:
        return (
            (f'autor answer{pin} {open_question} "…"', f"answers question {open_question}, which has no default"),
            (f"autor approve{pin}", "goes on"),
            look,
        )
    return (
        (f"autor approve{pin}", "goes on to the next stage"),
        refine if attempt.suggestions else words,
        look,
    )
