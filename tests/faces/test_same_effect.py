"""Each verb has the same effect on the log, whether asked in a shell, in a notebook or in Python."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from IPython.core.interactiveshell import InteractiveShell

import autor_nb
from autor_nb.domain import events as ev

WORK = (ev.AttemptStarted, ev.AttemptEnded, ev.AttemptChecked, ev.ReviewOpened, ev.NotebookRendered)
TOLD = (
    "type", "goal", "config", "stage", "attempt", "by", "suggestion", "feedback", "note", "check_id", "why", "reason",
    "answers", "ending", "trigger", "blocking", "draft_sha256", "questions", "suggestions",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One thing asked, as each face takes it; `{check}` stands for the failing check of what is in review."""

    words: list[str]
    line: str
    api: Callable[[], Any]


def here() -> autor_nb.Run:
    """The current folder's run."""
    return autor_nb.open()


def one(*words: str) -> Step:
    """A verb that takes nothing, or words that every face spells alike."""
    verb, *rest = words
    return Step(list(words), " ".join(words), lambda: getattr(here(), verb)(*rest))


GOAL = "what's {x} of $y?"
ODD = "it's $5 {goal} \\alpha, don't --run"
NEW = Step(
    ["new", "--agent", "scripted", "--goal", GOAL, "--seed", "3", "--no-intake"],
    f"new --agent scripted --seed 3 --no-intake\n{GOAL}\n",
    lambda: autor_nb.new(GOAL, agent="scripted", seed=3),
)
NEW_STUDY = Step(
    ["new", "--agent", "tabular", "--resources", "my.csv", "--set", "target=y", "--no-intake", "--goal", GOAL],
    f'new --agent tabular --resources my.csv --set target=y --no-intake --goal "{GOAL}"',
    lambda: autor_nb.new(GOAL, agent="tabular", resources=["my.csv"], target="y"),
)
NOTE = Step(
    ["approve", "--note", "good $x {y}"], 'approve --note "good $x {y}"', lambda: here().approve(note="good $x {y}")
)
REFINE_2 = Step(["refine", "2"], "refine 2", lambda: here().refine(2))
REFINE_TEXT = Step(["refine", ODD], f"refine {ODD}", lambda: here().refine(ODD))
REFINE_SEEDS = Step(["refine", "use 4 seeds"], "refine use 4 seeds", lambda: here().refine("use 4 seeds"))
ROLLBACK = Step(["rollback", "1", "--yes"], "rollback 01 --yes", lambda: here().rollback(1))
REDO = Step(["redo", "01_literature_survey", "--yes"], "redo 01 --yes", lambda: here().redo("01"))
REDO_2 = Step(["redo", "2", "--yes"], "redo 02 --yes", lambda: here().redo(2))
WAIVE = Step(
    ["waive", "{check}", "--why", "it is known"], 'waive {check} --why "it is known"',
    lambda: here().waive(here().state.under_review.blocking[0], "it is known"),  # type: ignore[union-attr]
)  # fmt: skip
ABORT = Step(["abort", "the", "data", "is wrong"], "abort the data is wrong", lambda: here().abort("the data is wrong"))
ANSWER = Step(["answer", "1", "b, {of} $x"], "answer 1 b, {of} $x", lambda: here().answer(1, "b, {of} $x"))
ANSWER_BY_ID = Step(
    ["answer", "metric", "log loss"], "answer metric log loss", lambda: here().answer("metric", "log loss")
)

CASES: dict[str, tuple[str, list[Step]]] = {
    "new": ("none", [NEW]),
    "approve": ("first", [one("approve")]),
    "approve with a note": ("first", [NOTE]),
    "refine by suggestion": ("first", [REFINE_2]),
    "refine by text": ("first", [REFINE_TEXT]),
    "rollback": ("second", [ROLLBACK]),
    "redo": ("second", [REDO]),
    "undo": ("rolled_back", [one("undo")]),
    "waive": ("blocked", [WAIVE]),
    "abort": ("first", [ABORT]),
    "abort at work": ("slow", [ABORT]),
    "resume": ("aborted", [one("resume")]),
    "stop": ("slow", [one("stop")]),
    "answer": ("asked", [ANSWER]),
    "answers, then approve": ("asked", [ANSWER, ANSWER_BY_ID, one("approve")]),
    "a study of measurements": (
        "data",
        [NEW_STUDY, REFINE_2, REFINE_SEEDS, one("approve"), WAIVE, one("approve"), ROLLBACK, one("undo"), REDO_2, ABORT,
         one("resume")],
    ),
}  # fmt: skip


def ask(face: str, place: Any, step: Step) -> None:
    """Put the question through one face, and wait for what comes of it."""
    reviewed = place.settle().state.under_review if place.runs and not place.at_work else None
    check = reviewed.blocking[0] if reviewed and reviewed.blocking else ""
    if face == "cli":
        said = place.autor(*(word.replace("{check}", check) for word in step.words), "--json")
        assert 0 == said.code, said.out
    elif face == "notebook":
        shell = InteractiveShell.instance()
        shell.run_line_magic("load_ext", "autor_nb")
        line = step.line.replace("{check}", check)
        shell.run_cell(f"%{'%' if line.endswith(chr(10)) else ''}autor {line}").raise_error()
    else:
        step.api()
    place.settle()


def effect(events: list[Any], face: str) -> list[dict[str, Any]]:
    """What was decided and which work came of it, without ids, times and the face's name."""
    told = []
    for event in events:
        if not isinstance(event, (ev.Decision, ev.CommandRefused, *WORK)):
            continue
        fields = msgspec.to_builtins(event)
        if fields.get("by", {}).get("face") not in (None, "engine"):
            assert face == fields["by"]["face"]
            fields["by"] = {key: value for key, value in fields["by"].items() if key != "face"}
        told.append({key: fields[key] for key in TOLD if key in fields})
    return told


@pytest.mark.parametrize(("name", "places"), [(name, place) for name, (place, _) in CASES.items()], indirect=["places"])
def test_a_verb_has_the_same_effect_from_every_face(
    name: str, places: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The events that follow are equal but for ids, times and the name of the face."""
    happened = {}
    for face, place in places.items():
        monkeypatch.chdir(place.project)
        if CASES[name][0] == "slow":
            place.set_to_work()
        before = len(place.events) if place.runs else 0
        for step in CASES[name][1]:
            decided = len(place.events) if place.runs else 0
            ask(face, place, step)
            assert any("by" in event for event in effect(place.events[decided:], face)), step
        happened[face] = effect(place.events[before:], face)
    assert happened["cli"] == happened["notebook"]
    assert happened["cli"] == happened["api"]


def tree(folder: Path) -> dict[str, str]:
    """Every file of a run with its hash."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize(("place", "tampered"), [("second", True), ("blocked", False)], indirect=["place"])
def test_verifying_says_the_same_from_every_face_and_changes_nothing(
    place: Any, tampered: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same rows, attempt by attempt; no event is written, no file of the run is touched."""
    place.settle()
    if tampered:
        here().notebooks[0].unlink()
    before = tree(place.run.path)
    said = place.autor("verify", "--json")
    assert int(tampered) == said.code
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "autor_nb")
    capsys.readouterr()
    shell.run_cell("%autor verify --json").raise_error()
    printed = capsys.readouterr().out  # what was found is told attempt by attempt before it
    told = json.loads(printed[printed.index("{\n") :])["data"]
    assert said.data == told == here().verify().facts
    attempts = sum(isinstance(event, ev.AttemptChecked) for event in place.events)
    assert attempts == len(told["attempts"]) > 0
    assert tampered is bool(told["differences"])
    assert before == tree(place.run.path)
