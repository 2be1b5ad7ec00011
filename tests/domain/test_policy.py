"""Recorded decisions: what of a log can be replayed, and what a file of them may say."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from autor_nb.domain import events as ev
from autor_nb.domain.policy import Recorded, decisions_of


def approved(stage: str, attempt: int = 1) -> ev.Approved:
    """An approval."""
    return ev.Approved(stage=stage, attempt=attempt)


def refined(stage: str, attempt: int = 1, **how: Any) -> ev.Refined:
    """A refinement."""
    return ev.Refined(stage=stage, attempt=attempt, **{"feedback": "more", **how})


def told(*events: ev.Event) -> list[tuple[str, str]]:
    """(stage, decision) of what would be replayed."""
    return [(entry.stage, entry.decision) for entry in decisions_of(events)]


def test_a_suggestion_is_replayed_by_its_number_and_words_as_words() -> None:
    """The suggestion's text is the other run's own."""
    one, two = decisions_of([refined("01_s", suggestion=2, feedback="its text"), refined("01_s", 2, feedback="mine")])
    assert Recorded(stage="01", decision="refine", suggestion=2) == one
    assert Recorded(stage="01", decision="refine", feedback="mine") == two
    assert not one.problem and not two.problem


def test_what_was_withdrawn_is_not_replayed_and_what_an_undo_brought_back_is() -> None:
    """Redo takes its stage and later ones out; a rollback keeps what led to the reopened attempt."""
    begun = (refined("01_s"), approved("01_s", 2), approved("02_s"))
    assert [("01", "refine"), ("01", "approve"), ("02", "approve")] == told(*begun)
    assert [] == told(*begun, ev.Redone(stage="01_s"))
    assert [("01", "refine"), ("01", "approve"), ("02", "approve")] == told(
        *begun, ev.Redone(stage="02_s"), approved("02_s", 2)
    )
    back = ev.RolledBack(stage="01_s", attempt=2)
    assert [("01", "refine"), ("01", "approve")] == told(*begun, back, approved("01_s", 2))
    assert told(*begun) == told(*begun, back, refined("01_s", 2), ev.RollbackUndone())


@pytest.mark.parametrize(("entry", "word"), [
    ({"decision": "refine"}, "needs a suggestion"),
    ({"decision": "refine", "feedback": "  "}, "needs a suggestion"),
    ({"decision": "refine", "suggestion": 4}, "no suggestion 4"),
    ({"decision": "approve", "feedback": "well done"}, "takes neither"),
    ({"decision": "reject"}, "no decision 'reject'"),
])
def test_an_entry_that_could_only_fail_later_says_so_now(entry: dict[str, Any], word: str) -> None:
    """In words, each."""
    assert word in Recorded(stage="01", **entry).problem


def test_a_key_that_nobody_knows_is_not_dropped_in_silence() -> None:
    """A waiver in a file would be one without a person."""
    with pytest.raises(msgspec.ValidationError, match="waive"):
        msgspec.convert({"stage": "01", "decision": "approve", "waive": {"x": "why"}}, Recorded)
