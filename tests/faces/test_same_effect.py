"""Each decision has the same effect on the log, whether asked in a shell, in a notebook or in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from IPython.core.interactiveshell import InteractiveShell

import autor_nb
from autor_nb.domain import events as ev

FACES = ("cli", "notebook", "api")
Api = Callable[[Any], Any]
WORK = (ev.AttemptStarted, ev.AttemptEnded, ev.AttemptChecked, ev.ReviewOpened, ev.NotebookRendered, ev.RunStarted)

CASES: dict[str, tuple[str, list[str], str, Api]] = {
    "approve": ("first", ["approve"], "approve", lambda run: run.approve()),
    "approve with a note": ("first", ["approve", "--note", "good $x {y}"], 'approve --note "good $x {y}"',
                            lambda run: run.approve(note="good $x {y}")),
    "refine by suggestion": ("first", ["refine", "2"], "refine 2", lambda run: run.refine(2)),
    "refine by text": ("first", ["refine", "it's $5 {goal} \\alpha, don't --run"], "refine it's $5 {goal} \\alpha, don't --run",
                       lambda run: run.refine("it's $5 {goal} \\alpha, don't --run")),
    "rollback": ("second", ["rollback", "1", "--yes"], "rollback 01", lambda run: run.rollback(1)),
    "redo": ("second", ["redo", "01_literature_survey", "--yes"], "redo 01", lambda run: run.redo("01")),
    "undo": ("rolled_back", ["undo"], "undo", lambda run: run.undo()),
    "waive": ("blocked", ["waive", "{check}", "--why", "it is known"], 'waive {check} --why "it is known"',
              lambda run: run.waive(run.state.under_review.blocking[0], "it is known")),
    "abort": ("first", ["abort", "the", "data", "is wrong"], "abort the data is wrong",
              lambda run: run.abort("the data is wrong")),
    "resume": ("aborted", ["resume"], "resume", lambda run: run.resume()),
}


def ask(face: str, place: Any, case: tuple[str, list[str], str, Api]) -> None:
    """Put the question through one face."""
    _, words, line, api = case
    attempt = place.settle().state.under_review
    check = attempt.blocking[0] if attempt and attempt.blocking else ""
    if face == "cli":
        said = place.autor(*(word.replace("{check}", check) for word in words), "--json")
        assert 0 == said.code, said.out
    elif face == "notebook":
        shell = InteractiveShell.instance()
        shell.run_line_magic("load_ext", "autor_nb")
        shell.run_cell(f"%autor {line.replace('{check}', check)}").raise_error()
    else:
        api(autor_nb.open())
    place.settle()


def effect(events: list[Any], face: str) -> list[dict[str, Any]]:
    """What was decided and which work came of it, without ids, times and the face's name."""
    told = []
    for event in events:
        if not isinstance(event, ev.Decision | ev.CommandRefused) and not isinstance(event, WORK):
            continue
        fields = msgspec.to_builtins(event)
        if fields.get("by", {}).get("face") not in (None, "engine"):
            assert face == fields["by"]["face"]
            fields["by"] = {key: value for key, value in fields["by"].items() if key != "face"}
        kept = ("type", "stage", "attempt", "by", "suggestion", "feedback", "note", "check_id", "why", "reason", "ending",
                "trigger", "blocking", "draft_sha256", "config")
        told.append({key: fields[key] for key in kept if key in fields})
    return told


_seen: dict[str, list[dict[str, Any]]] = {}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(("name", "place"), [(name, case[0]) for name, case in CASES.items()], indirect=["place"])
def test_a_decision_has_the_same_effect_from_every_face(name: str, place: Any, face: str) -> None:
    """The events that follow are equal but for ids, times and the name of the face."""
    before = len(place.events)
    ask(face, place, CASES[name])
    happened = effect(place.events[before:], face)
    assert any("by" in event for event in happened)
    assert _seen.setdefault(name, happened) == happened


@pytest.mark.parametrize("place", ["none"], indirect=True)
@pytest.mark.parametrize("face", FACES)
def test_a_new_run_is_the_same_from_every_face(place: Any, face: str) -> None:
    """Goal, configuration and the first stage's work are equal."""
    if face == "cli":
        said = place.autor("new", "--agent", "scripted", "--goal", "what's {x} of $y?", "--seed", "3", "--json")
        assert 0 == said.code, said.out
    elif face == "notebook":
        shell = InteractiveShell.instance()
        shell.run_line_magic("load_ext", "autor_nb")
        shell.run_cell("%%autor new --agent scripted --seed 3\nwhat's {x} of $y?\n").raise_error()
    else:
        autor_nb.new("what's {x} of $y?", agent="scripted", seed=3)
    place.settle()
    assert "what's {x} of $y?" == place.events[0].goal
    assert (place.run.path / "user_input.txt").read_text() == "what's {x} of $y?"
    happened = effect(place.events, face)
    assert _seen.setdefault("new", happened) == happened
