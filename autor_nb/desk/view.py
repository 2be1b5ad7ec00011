"""A run as a panel shows it: one plain document, made from the folded log and what lies beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autor_nb.control import Snapshot
from autor_nb.desk import clean, estimates, words
from autor_nb.desk.decisions import Decisions
from autor_nb.desk.permissions import actions
from autor_nb.desk.review import review_view
from autor_nb.desk.working import working_view
from autor_nb.domain.run import RunStatus
from autor_nb.domain.state import AttemptState, RunState, StageState

VERSION = 1
NEWEST = 4
GOAL = 600
ANSWERED = 20


def run_view(now: Snapshot, decisions: Decisions, estimator: estimates.Estimator) -> dict[str, Any]:
    """A RunView; `decisions` and `estimator` are kept by the caller from one view to the next."""
    state = now.state
    stage, attempt = current(now)
    mode = _mode(now, attempt)
    return {
        "v": VERSION,
        "seq": state.last_seq,
        "at": state.updated_at,
        "run": _run(now),
        "state": _state(now, stage, attempt, mode),
        "worked": {
            "s": round(state.work_s, 3),
            "running_since": attempt.started_at if attempt and mode == "working" and not attempt.ended_at else None,
        },
        "cost": _cost(state),
        "stages": [_stage(state, each) for each in state.stages],
        "current": {
            "stage": stage.ref.slug if stage else None,
            "attempt": attempt.attempt if attempt else None,
            "mode": mode,
        },
        "progress": estimates.progress(state),
        "decisions": {"total": len(decisions), "newest": decisions.shown(state, NEWEST)},
        "review": review_view(state, stage, attempt) if stage and attempt and mode == "review" else None,
        "working": working_view(now, stage, attempt, estimator) if stage and attempt and mode == "working" else None,
        "actions": actions(now),
        "problem": _problem(now),
        "refusals": [
            {
                "id": refusal.command_id,
                "command": refusal.command,
                "reason": clean.line(refusal.reason, 600),
                "suggestion": clean.line(refusal.suggestion, 600),
                "who": words.who(refusal.by),
                "at": refusal.at,
            }
            for refusal in state.refusals[:-4:-1]
        ],
        "answered": list(state.answered)[-ANSWERED:],
        "commands": {
            "watch": f"autor watch {state.run_id}",
            "panel": f"%load_ext autor_nb\n%autor panel {state.run_id}",
            "resume": f"autor resume {state.run_id}",
        },
        "unknown": state.unknown,
    }


def current(now: Snapshot) -> tuple[StageState | None, AttemptState | None]:
    """The stage and attempt a panel opens with: in review, else in work, else the last that was worked on."""
    state = now.state
    if state.review is not None:
        stage = state.stage(state.review[0])
        return stage, state.under_review
    stage = state.stage(state.current) if state.current else None
    if stage is not None and stage.attempts:
        return stage, stage.latest
    worked = [each for each in state.stages if each.attempts]
    if not worked:
        return stage, None
    last = max(worked, key=lambda each: (each.attempts[-1].started_at, each.ref.number))
    return last, last.attempt(last.approved) if last.approved else last.latest


def _mode(now: Snapshot, attempt: AttemptState | None) -> str:
    if now.waiting == "person" and now.state.review is not None:
        return "review"
    if now.waiting == "engine" and now.live:
        return "working" if attempt is not None and not attempt.judged else "idle"
    return "ended" if attempt is not None else "idle"


def _run(now: Snapshot) -> dict[str, Any]:
    state, config = now.state, now.state.config
    options = config.get("options") or {}
    data = str(options.get("dataset", "")) or words.listed([Path(r.source_path).name for r in state.resources[:2]])
    more = len(state.resources) - 2
    said = [data + (f" and {more} more" if more > 0 else "")] if data else []
    return {
        "id": state.run_id,
        "goal": clean.line(state.goal, GOAL),
        "sub": [
            *(clean.line(text, 120) for text in said),
            f"agent {clean.line(str(config.get('agent', '')), 60)}",
            "sandbox off",
        ],
        "folder": str(now.run.path),
        "home": str(Path.home()),
        "agent": clean.line(str(config.get("agent", "")), 60),
        "venue": clean.line(str(config.get("venue", "")), 60),
        "reviewer": clean.line(str(config.get("reviewer", "person")), 60),
    }


def _state(now: Snapshot, stage: StageState | None, attempt: AttemptState | None, mode: str) -> dict[str, Any]:
    word, tone = words.STATES[now.status]
    if now.waiting == "engine" and now.live:
        word, tone = words.STATES[RunStatus.RUNNING]
    elif now.status is RunStatus.IN_REVIEW and now.state.config.get("reviewer", "person") != "person":
        word = "In review"
    where = f"stage {stage.ref.number}" if stage else ""
    if attempt and mode in ("working", "review"):
        where += f", attempt {attempt.attempt}"
    if mode == "working" and attempt and attempt.ended_at:
        where += ", being checked"
    return {
        "status": str(now.status),
        "word": word,
        "tone": tone,
        "detail": where if mode in ("working", "review") else "",
        "since": now.state.updated_at,
    }


def _cost(state: RunState) -> dict[str, Any]:
    attempts = [attempt for stage in state.stages for attempt in stage.attempts]
    tokens = [t for a in attempts for t in (a.usage.input_tokens, a.usage.output_tokens) if t is not None]
    paid = [a.cost_usd for a in attempts if a.cost_usd is not None]
    return {"usd": round(sum(paid), 4) if paid else None, "limit_usd": None, "tokens": sum(tokens) if tokens else None}


def _stage(state: RunState, stage: StageState) -> dict[str, Any]:
    word, tone = words.stage_words(stage)
    done = [a for a in stage.attempts if a.ended_at]
    shown = stage.attempt(stage.approved) if stage.approved else (done[-1] if done else None)
    changed = next((a for a in reversed(done) if a.summary_path), None)
    paid = [a.cost_usd for a in stage.attempts if a.cost_usd is not None]
    later = state.stages[state.stages.index(stage) :]
    answers = len(state.intake) if stage.ref.number == "00" else 0
    return {
        "number": stage.ref.number,
        "slug": stage.ref.slug,
        "title": clean.line(stage.ref.title, 80),
        "status": "stale" if tone == "warn" else str(stage.status),
        "word": word,
        "tone": tone,
        "attempts": [
            {
                "attempt": a.attempt,
                "status": str(a.status),
                "word": words.attempt_words(a)[0].lower(),
                "edited_by": words.who(a.edited_by) if a.edited_by else "",
            }
            for a in stage.attempts
        ],
        "stale": stage.stale,
        "stale_reason": _stale(state, stage),
        "work_s": round(sum(a.duration_s for a in stage.attempts), 3),
        "cost_usd": round(sum(paid), 4) if paid else None,
        "changed_attempt": changed.attempt if changed else None,
        "changed_at": changed.ended_at if changed else "",
        "note": words.count(answers, "answer") if answers else "",
        "shown_attempt": shown.attempt if shown else None,
        "can_redo": bool(stage.attempts),
        "can_rollback": stage.last_approved is not None,
        "withdraws": [f"{each.ref.number} {clean.line(each.ref.title, 80)}" for each in later if each.attempts],
    }


def _stale(state: RunState, stage: StageState) -> str:
    by = state.stage(stage.stale_by) if stage.stale else None
    return f"{by.ref.number} {clean.line(by.ref.title, 80)} was {stage.stale_reason}" if by else ""


def _problem(now: Snapshot) -> dict[str, str] | None:
    state = now.state
    resume = f"Resume it here, or type `autor resume {state.run_id}`."
    if now.status is RunStatus.DAMAGED:
        said = f"Its log cannot be read on: {clean.line(state.damaged, 1_000)}"
        return {"text": said, "suggestion": "`autor recover` mends it.", "tone": "fail"}
    if now.status is RunStatus.FAILED:
        return {"text": clean.line(state.last_error, 1_200), "suggestion": resume, "tone": "fail"}
    if now.status is RunStatus.INTERRUPTED:
        return {
            "text": "The engine ended in the middle; nothing that was done is lost.",
            "suggestion": resume,
            "tone": "warn",
        }
    if now.status in (RunStatus.PAUSED, RunStatus.ABORTED):
        word = "Paused" if now.status is RunStatus.PAUSED else "Aborted"
        why = clean.line(state.pause_reason, 1_200)
        return {"text": f"{word}: {why}" if why else f"{word}.", "suggestion": resume, "tone": "warn"}
    return None
