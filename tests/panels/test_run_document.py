"""The run's document: estimates only from what is known, states in words, and buttons that the rules allow."""

from __future__ import annotations

import shutil
from typing import Any

import msgspec
import pytest

from autor_nb import control
from autor_nb.desk.decisions import Decisions
from autor_nb.desk.estimates import Estimator, progress
from autor_nb.desk.view import run_view
from autor_nb.domain.run import Actor
from autor_nb.domain.state import AttemptState, RunState


def document(place: Any) -> dict[str, Any]:
    """The newest run's document, as a panel opened now has it."""
    decisions = Decisions(control.actor("panel"))
    decisions.take(place.events)
    return run_view(control.snapshot(place.run), decisions, Estimator(place.run))


def estimate(place: Any, agent: str = "scripted") -> dict[str, Any] | None:
    """What an attempt 2 of the first stage may take."""
    stage = control.snapshot(place.run).state.stages[0]
    attempt = AttemptState(stage=stage.ref.slug, attempt=len(stage.attempts) + 1, agent=agent)
    return Estimator(place.run).estimate(stage, attempt)


def test_an_estimate_names_the_attempts_that_it_comes_from(place: Any) -> None:
    """One attempt of this stage by this agent: its length, and no more than that is claimed."""
    took = place.settle().state.stages[0].attempts[0].duration_s
    found = estimate(place)
    assert found is not None and (took, took) == (found["low_s"], found["high_s"])
    assert "Attempt 1 of this stage took" in found["text"]


def test_without_attempts_of_its_own_a_stage_learns_from_other_runs_of_the_same_agent(place: Any) -> None:
    """And where there is none either, nothing is said."""
    place.settle()
    assert estimate(place, agent="another") is None
    other = place.run.path.with_name("20200101_000000")
    shutil.copytree(place.run.path, other)
    record = next((other / "operator_state").glob("01_*_attempt_01.json"))
    told = msgspec.json.decode(record.read_bytes())
    record.write_bytes(msgspec.json.encode({**told, "agent": "another", "duration_s": 90.0}))
    found = estimate(place, agent="another")
    assert found is not None and "In 1 other run this stage took 2 min" == found["text"]
    record.write_bytes(b"{torn")
    assert estimate(place, agent="another") is None


@pytest.mark.parametrize(
    ("place", "word", "suggestion"),
    [("first", "In review, waits for you", ""), ("aborted", "Aborted", "autor resume")],
    indirect=["place"],
)
def test_a_state_is_told_in_words_with_what_to_do(place: Any, word: str, suggestion: str) -> None:
    """A run that waits says so; one that was ended says how to go on."""
    place.settle()
    found = document(place)
    assert word == found["state"]["word"]
    assert bool(suggestion) == bool(found["problem"])
    assert suggestion in (found["problem"] or {"suggestion": ""})["suggestion"]


@pytest.mark.parametrize("place", ["second"], indirect=True)
def test_buttons_are_on_where_the_rules_allow_and_say_why_where_not(place: Any) -> None:
    """In review nothing can be stopped or undone; a stage can be redone or rolled back."""
    place.settle()
    actions = document(place)["actions"]
    on = {name for name, action in actions.items() if action["enabled"]}
    assert {"abort", "redo", "rollback", "edit", "refine"} == on
    assert all(action["reason"] for name, action in actions.items() if name not in on)


def test_decisions_tell_who_and_how_and_which_were_yours(place: Any) -> None:
    """A colleague's decision through another face is told as theirs."""
    place.settle()
    place.autor("refine", "more seeds")
    decisions = Decisions(Actor(face="panel", os_user="somebody.else"))
    decisions.take(place.events)
    (newest, *_) = decisions.shown(control.snapshot(place.run).state)
    assert ("refined", "from the command line", False, "more seeds") == (
        newest["did"], newest["how"], newest["you"], newest["said"])  # fmt: skip


def test_progress_says_nothing_of_a_run_without_stages() -> None:
    """No share of nothing."""
    assert {"share": None, "text": ""} == progress(RunState())
