"""What a person needs for deciding about the attempt in review."""

from __future__ import annotations

from typing import Any

from autor_nb.desk import clean, words
from autor_nb.desk.permissions import approval
from autor_nb.domain.state import AttemptState, RunState, StageState

SUGGESTION = 1_200


def review_view(state: RunState, stage: StageState, attempt: AttemptState) -> dict[str, Any]:
    """The decision column: what can be approved or why not, suggestions, questions, and what a refinement costs."""
    answers = {qa.question: qa.answer for qa in state.intake}
    enabled, refused = approval(state)
    return {
        "stage": stage.ref.slug,
        "number": stage.ref.number,
        "title": clean.line(stage.ref.title, 80),
        "attempt": attempt.attempt,
        "draft_sha256": attempt.draft_sha256,
        "new_work": attempt.is_new_work,
        "detail": clean.line(attempt.detail, 1_200),
        "cap_reached": attempt.cap_reached,
        "approve": {
            "label": _label(state, stage),
            "enabled": enabled,
            "reasons": [] if enabled else _reasons(state, attempt, refused),
            "blocking": list(attempt.open_blocking),
        },
        "suggestions": [clean.line(text, SUGGESTION) for text in attempt.suggestions],
        "questions": [
            {
                "id": question.id,
                "text": clean.line(question.text, 1_200),
                "default": clean.line(question.default, 600),
                "choices": [clean.line(choice, 200) for choice in question.choices],
                "answer": clean.line(answers.get(question.text, ""), 4_000),
            }
            for question in attempt.questions
        ],
        "session": "the agent goes on in the same session" if attempt.session_id else "the agent starts a new session",
        "next": _next(stage),
    }


def _label(state: RunState, stage: StageState) -> str:
    later = state.stages[state.stages.index(stage) + 1 :]
    if not later:
        return "Approve, finish the run"
    return f"Approve, go on to {later[0].ref.number} {clean.line(later[0].ref.title, 60)}"


def _reasons(state: RunState, attempt: AttemptState, refused: str) -> list[str]:
    if not attempt.is_new_work:
        return [refused]
    failing = len(attempt.open_blocking)
    answered = {qa.question for qa in state.intake if qa.answer.strip()}
    unanswered = [q for q in attempt.questions if not q.default and q.text not in answered]
    reasons = (
        [f"{words.count(len(unanswered), 'question')} without a default wait for your answer."] if unanswered else []
    )
    if failing:
        reasons.append(
            f"{words.count(failing, 'blocking check')} {'fails' if failing == 1 else 'fail'}. "
            f"Refine to mend {'it' if failing == 1 else 'them'}, or waive with a reason."
        )
    return reasons or [refused]


def _next(stage: StageState) -> str:
    """`Starts attempt 3. Attempts 1 and 2 took 31 and 38 min, $0.74 and $0.88.`"""
    ended = [a for a in stage.attempts if a.ended_at and a.duration_s > 0][-3:]
    said = f"Starts attempt {len(stage.attempts) + 1}."
    if not ended:
        return said
    which = "Attempt" if len(ended) == 1 else "Attempts"
    took = words.listed([words.length(a.duration_s) for a in ended])
    paid = [f"${a.cost_usd:.2f}" for a in ended if a.cost_usd is not None]
    cost = f", {words.listed(paid)}" if len(paid) == len(ended) else ""
    return f"{said} {which} {words.listed([str(a.attempt) for a in ended])} took {took}{cost}."
