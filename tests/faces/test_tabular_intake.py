"""A real run of the embedded agent with intake: it asks for the target, a person answers, and it is kept to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from autor_nb import control
from autor_nb.domain import events as ev

NEW = (
    "new",
    "--agent",
    "tabular",
    "--resources",
    "my.csv",
    "--intake",
    "--goal",
    "Find out what can be told from these.",
)
TARGET = "Which column is to be predicted?"
WITHIN_S = 90
pytestmark = [pytest.mark.slow, pytest.mark.parametrize("place", ["bare"], indirect=True)]


def has(kind: type[ev.Event]) -> Callable[[Any], bool]:
    """Whether such an event is in the log."""
    return lambda place: any(isinstance(event, kind) for event in place.events)


def kill_when(place: Any, ready: Callable[[Any], bool]) -> None:
    """`kill -9` for the run's engine at that moment, if it lives; its agent may live on."""
    deadline = time.monotonic() + WITHIN_S
    while not ready(place):
        assert time.monotonic() < deadline, "the moment never came"
    worker = control.snapshot(place.run).worker
    control.end_worker(place.run)
    if worker is not None:
        psutil.wait_procs([psutil.Process(worker.pid)] if psutil.pid_exists(worker.pid) else [], timeout=20)


def work(place: Any, name: str) -> Any:
    """A JSON file of the workspace."""
    return json.loads((place.run.workspace / name).read_text())


MOMENTS: dict[str, Callable[[Any], bool] | None] = {
    "undisturbed": None,
    "while it asks": has(ev.AgentSpawned),
    "before its questions are shown": has(ev.AttemptEnded),
    "while they are open": has(ev.ReviewOpened),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_answered_target_is_the_one_that_is_studied(place: Any, moment: str) -> None:
    """Asked, refused without an answer, answered, approved; pairs in log, views and prompt; used from 01 on."""
    said = place.autor(*NEW)
    assert 0 == said.code, said.out
    if MOMENTS[moment] is not None:
        kill_when(place, MOMENTS[moment])
        if "interrupted" == place.autor("status").data["state"]:
            assert 0 == place.autor("resume", "--wait").code
    snapshot = place.settle()
    assert "00_intake" == snapshot.state.review[0]
    questions = snapshot.state.under_review.questions
    assert 1 <= len(questions) <= 3
    assert ("target", TARGET, "") == (questions[0].id, questions[0].text, questions[0].default)
    assert ("north", "east", "south", "west") == questions[0].choices
    assert [q.text for q in questions] == [q["text"] for q in place.autor("status").data["review"]["questions"]]

    refused = place.autor("approve")
    assert 2 == refused.code and TARGET in refused.json["error"]["message"]
    assert "autor answer 1" in refused.json["error"]["suggestion"]
    assert not has(ev.Approved)(place)

    answer(place, moment, "1", "south")
    answer(place, moment, "metric", "balanced accuracy")
    pairs = [{"question": TARGET, "answer": "south"}, {"question": questions[1].text, "answer": "balanced accuracy"}]
    assert pairs == told(place)
    assert 0 == place.autor("approve", "--wait").code
    keeps_to_it(place, pairs)


def answer(place: Any, moment: str, question: str, text: str) -> None:
    """Answer through the command line; the engine that took the answer is killed at once, where it is to be."""
    said = place.autor("answer", question, text)
    assert 0 == said.code, said.out
    if moment == "while they are open":
        kill_when(place, has(ev.Answered))


def told(place: Any) -> list[dict[str, str]]:
    """All question/answer pairs of the log, in order."""
    return [
        {"question": pair.question, "answer": pair.answer}
        for event in place.events
        if isinstance(event, ev.Answered)
        for pair in event.answers
    ]


def keeps_to_it(place: Any, pairs: list[dict[str, str]]) -> None:
    """Stages 01 and 02 work on that target, and every record has the pairs."""
    for stage in ("01_literature_survey", "02_hypothesis_generation"):
        state = place.settle().state
        assert (stage, ()) == (state.review[0], state.under_review.open_blocking)
        plan = work(place, "notes/plan.json")
        assert ("south", "balanced_accuracy", "binary") == (plan["target"], plan["metric"], plan["task"])
        assert "south" == work(place, "data/split.json")["target"]
        prompt = (place.run.path / state.under_review.prompt_path).read_text()
        assert 1 == prompt.count(f"Q: {TARGET}") and "A: south" in prompt
        assert 0 == place.autor("approve", "--wait").code
    assert "south" in (place.run.workspace / "notes" / "hypotheses.md").read_text()
    assert pairs == json.loads((place.run.path / "intake_context.json").read_text())["qa_transcript"]
    assert pairs == told(place)
    assert "A: south" in (place.run.path / "memory.md").read_text()


def test_an_answer_that_names_no_column_is_refused_and_can_be_mended(place: Any) -> None:
    """When it is given, with the columns there are; the intake done again takes another answer."""
    assert 0 == place.autor(*NEW, "--retries", "1", "--wait").code
    refused = place.autor("answer", "1", "up")
    assert 2 == refused.code and "'up' is no answer" in refused.json["error"]["message"]
    assert "'south'" in refused.json["error"]["suggestion"]
    assert [] == told(place)
    assert 0 == place.autor("answer", "1", "north").code
    assert 0 == place.autor("redo", "00", "--yes", "--wait").code
    assert 0 == place.autor("answer", "1", "south").code
    assert 0 == place.autor("approve", "--wait").code
    assert "south" == work(place, "notes/plan.json")["target"]
    assert [{"question": TARGET, "answer": "south"}] == json.loads(
        (place.run.path / "intake_context.json").read_text()
    )["qa_transcript"]
