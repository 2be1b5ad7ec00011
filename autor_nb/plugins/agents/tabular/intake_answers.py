"""The three intake questions, and their answers read back as settings."""

from __future__ import annotations

from autor_nb.domain.errors import UsageError
from autor_nb.plugins.agents.tabular import choosing, options
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.vocabulary import METRIC_NAMES

QUESTIONS = "notes/intake_questions.json"
NONE = ("", "none", "no", "-", "n/a", "default", "nothing", "not known", "unknown")
AUTOMATIC = "choose by the kind of target"


def answers(session: Session) -> dict[str, str]:
    """Settings that answers make; an option given with --set is not overridden by one that repeats the
    default."""
    asked = {q["text"]: q for q in session.read_json(QUESTIONS)} if session.exists(QUESTIONS) else {}
    found: dict[str, str] = {}
    for pair in session.task.intake:
        question = asked.get(pair.question)
        answer = pair.answer.strip()
        if question is None or answer.lower() in (*NONE, AUTOMATIC):
            continue
        if question["id"] == "target":
            found["target"] = answer
        elif question["id"] == "metric":
            key = options.key_of(answer, METRIC_NAMES)
            if not key:
                raise UsageError(f"The intake answer {answer!r} names no metric.", f"Known: {', '.join(METRIC_NAMES)}.")
            found["metric"] = key
        elif question["id"] == "related":
            found.update(_related(answer, session))
    return found


def _related(answer: str, session: Session) -> dict[str, str]:
    """`group: COLUMN` or `time: COLUMN`, or a column's name alone (a group)."""
    kind, _, name = answer.partition(":")
    if kind.strip().lower() in ("group", "time") and name.strip():
        return {kind.strip().lower(): name.strip()}
    return {"group": answer}


def questions(names: list[str], target: choosing.Target) -> list[dict[str, object]]:
    """At most three questions: the target if it is open or assumed, the metric, related rows."""
    found: list[dict[str, object]] = []
    if not target.name or target.text.startswith("assumed"):
        found.append(
            {
                "id": "target",
                "text": "Which column is to be predicted?",
                "default": target.name,
                "choices": names,
            }
        )
    found.append(
        {
            "id": "metric",
            "text": "By which metric are the models to be judged?",
            "default": AUTOMATIC,
            "choices": [
                AUTOMATIC,
                "roc_auc",
                "log_loss",
                "balanced_accuracy",
                "accuracy",
                "rmse",
                "mae",
                "r2",
            ],
        }
    )
    found.append(
        {
            "id": "related",
            "default": "none",
            "text": "Do rows belong together (same person, site …) or follow each other in time? Name it "
            "as group: COLUMN or "
            "time: COLUMN.",
            "choices": ["none", *(f"group: {name}" for name in names if name != target.name)][:40],
        }
    )
    return found
