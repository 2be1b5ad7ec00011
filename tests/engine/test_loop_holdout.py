"""The holdout as the engine asks it: only about what is to be kept, by the Ladder, and what it tells is an event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import loop_config
from autor_nb.domain.loops.ladder import LadderState, submit
from autor_nb.store import objects
from autor_nb.testing.loop_project import LoopProject, edit

# Every example's loss is the level of the mutable file plus the example's own number in the holdout.
SCORE = """#!/bin/sh
level=1 wrong=
. ./model.sh
test -n "$wrong" && { echo "$wrong" > "$AUTOR_HOLDOUT_LOSSES"; exit 0; }
awk -v level="$level" 'BEGIN { printf "[" } { printf "%s%.6f", (NR > 1 ? ", " : ""), level + $1 } END { print "]" }' \
  "$AUTOR_HOLDOUT" > "$AUTOR_HOLDOUT_LOSSES"
"""
EXAMPLES = (0.1, 0.4, -0.2, 0.3, -0.6)


def project(tmp_path: Path, edits: list[str], **more: Any) -> LoopProject:
    """A loop with a holdout outside its clone."""
    made = LoopProject.make(
        tmp_path, edits, files={"score.sh": SCORE, ".gitignore": "holdout.txt\nautor_loops\n"},
        **{"holdout": "holdout.txt", "holdout_command": ("/bin/sh", "score.sh"), **more},
    )  # fmt: skip
    (made.folder / "holdout.txt").write_text("".join(f"{one}\n" for one in EXAMPLES), encoding="utf-8")
    return made


def test_it_is_asked_about_what_is_to_be_kept_and_nothing_else(tmp_path: Path) -> None:
    """Two keeps, a discard, a crash: two questions; a clear gain makes the leader and is told, unprotected."""
    loop = project(tmp_path, [edit(level=0.8), edit(level=0.9), edit(what="crash"), edit(level=0.5)])
    state = loop.work(loop.start(iterations=4))
    assert loop.verdicts() == {1: "keep", 2: "discard", 3: "crash", 4: "keep"}
    asked = loop.of(ev.HoldoutAsked)
    assert [(one.n, one.leader, one.leads, one.examples) for one in asked] == [(1, 1, True, 5), (4, 4, True, 5)]
    assert [one.released for one in asked] == [pytest.approx(0.8), pytest.approx(0.5)]
    assert not any(one.protected for one in asked)
    assert state.holdout is not None
    assert (state.holdout.asked, state.holdout.leader, state.holdout.released) == (2, 4, pytest.approx(0.5))
    kept = msgspec.json.decode(objects.get(loop.loop, asked[-1].losses), type=LadderState)
    assert kept.losses == pytest.approx([0.5 + one for one in EXAMPLES])
    assert not list((loop.loop.engine / "holdout").iterdir())


def test_a_gain_within_the_noise_tells_the_old_number_again(tmp_path: Path) -> None:
    """Kept on its trials, but mixed on the holdout: the baseline leads on, and its number is all that is told."""
    mixed = edit(level=0.5) + "wrong='[1.5, 0.9, 0.1, 1.9, 0.4]'\n"
    loop = project(tmp_path, [mixed])
    loop.work(loop.start(iterations=1))
    (asked,) = loop.of(ev.HoldoutAsked)
    base = submit(LadderState(), [1 + one for one in EXAMPLES])
    assert loop.verdicts() == {1: "keep"}
    assert (asked.leads, asked.leader) == (False, 0)
    assert asked.released == pytest.approx(base.released)
    assert not submit(base.state, json.loads("[1.5, 0.9, 0.1, 1.9, 0.4]")).leads


@pytest.mark.parametrize(
    ("wrong", "why"),
    [("not json", "no list of numbers"), ("[1.0, 2.0]", "2 losses, the leader 5"), ("[1, 2, 3, 4, \"x\"]", "no list")],
)
def test_losses_that_cannot_be_read_are_told_and_decide_nothing(tmp_path: Path, wrong: str, why: str) -> None:
    """The verdict stands; the event names what is wrong, and no number is told."""
    loop = project(tmp_path, [edit(level=0.5) + f"wrong='{wrong}'\n"])
    state = loop.work(loop.start(iterations=1))
    (asked,) = loop.of(ev.HoldoutAsked)
    assert why in asked.failed
    assert asked.released is None
    assert loop.verdicts() == {1: "keep"}
    assert state.holdout is not None and state.holdout.failed == asked.failed


def test_a_command_that_writes_no_losses_is_named(tmp_path: Path) -> None:
    """Exit 0 and no file is no answer."""
    loop = project(tmp_path, [edit(level=0.5)], holdout_command=("true",))
    loop.work(loop.start(iterations=1))
    assert [one.failed for one in loop.of(ev.HoldoutAsked)] == ["The holdout command wrote no losses."]


def test_a_holdout_command_needs_a_holdout() -> None:
    """The configuration says which field is missing."""
    table = {
        "mutable": ["model.sh"], "command": "sh run.sh", "metric": {"name": "loss", "direction": "lower"},
        "holdout_command": "sh score.sh",
    }  # fmt: skip
    with pytest.raises(UsageError, match="holdout_command"):
        loop_config("demo", table)
    read = loop_config("demo", {**table, "holdout": "holdout.txt", "parallel": 3})
    assert (read.holdout_command, read.parallel) == ("sh score.sh", 3)
    with pytest.raises(UsageError, match="parallel"):
        loop_config("demo", {**table, "holdout": "holdout.txt", "parallel": 0})
