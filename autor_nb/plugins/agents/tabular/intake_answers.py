"""The three intake questions, and their answers read back as settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from autor_nb.domain.errors import UsageError
from autor_nb.plugins.agents.tabular import choosing, options, units
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.units import NO_GROUP
from autor_nb.plugins.agents.tabular.vocabulary import METRIC_NAMES

SHOWN = 50  # choices that the engine keeps of a question
QUESTIONS = "notes/intake_questions.json"
NONE = ("", "none", "no", "-", "n/a", "default", "nothing", "not known", "unknown")
AUTOMATIC = "choose by the kind of target"


class Related(NamedTuple):
    """The assumption about related rows (empty: a person must say) and the reason, a sentence or nothing."""

    default: str
    why: str


def answers(session: Session) -> dict[str, str]:
    """Settings that answers make; an option given with --set is not overridden by one that repeats the
    default."""
    asked = {q["text"]: q for q in session.read_json(QUESTIONS)} if session.exists(QUESTIONS) else {}
    found: dict[str, str] = {}
    for pair in session.task.intake:
        question = asked.get(pair.question)
        answer = pair.answer.strip()
        if question is not None and question["id"] == "related" and answer.lower() in NO_GROUP:
            found["group"] = "none"
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


def questions(names: list[str], target: choosing.Target, related: Related, able: list[str]) -> list[dict[str, object]]:
    """At most three questions: the target (one of `able`) if it is open or assumed, the metric, related rows. An
    answer that is none of the choices is refused when it is given, where the choices are all there are."""
    found: list[dict[str, object]] = []
    if not target.name or target.text.startswith("assumed"):
        found.append(
            {
                "id": "target",
                "text": "Which column is to be predicted?",
                "default": target.name,
                "choices": able,
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
            "default": related.default,
            "text": "Do rows belong together (same person, site …) or follow each other in time? Name it "
            f"as group: COLUMN or time: COLUMN.{related.why}",
            "choices": [
                "none",
                *(f"{kind}: {name}" for kind in ("group", "time") for name in names if name != target.name),
            ],
        }
    )
    for question in found:
        choices = question["choices"]
        assert isinstance(choices, list)
        question["closed"] = len(choices) <= SHOWN
        question["choices"] = choices[:SHOWN]
    return found


def related_rows(columns: Mapping[str, Sequence[str]], target: str, data: str) -> Related:
    """What is assumed about rows that belong together; without a default only a person can say."""
    found = units.find(columns, frozenset({target}))
    try:
        group, _ = units.decide(found, columns, data)
    except UsageError as error:
        return Related(default="", why=f" {error.message}")
    if not group:
        return Related(default="none", why="")
    return Related(default=f"group: {group}", why=f" The name and the repeating values of {group!r} say that they do.")
