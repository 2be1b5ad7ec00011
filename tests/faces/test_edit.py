"""A draft edited by hand becomes an attempt of its own, from every face, and no kill loses the text."""

from __future__ import annotations

from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import autor_nb
from autor_nb import control
from autor_nb.domain import events as ev
from autor_nb.domain.stage import AttemptStatus


def edited(place: Any) -> str:
    """The draft in review with one more sentence."""
    attempt = place.settle().state.under_review
    draft = (place.run.path / attempt.summary_path).read_text()
    return draft.replace("## What I Did\n", "## What I Did\n\nA person's own sentence, it's {5} $x.\n")


def shell() -> Any:
    """A notebook's shell with the magics."""
    found = InteractiveShell.instance()
    found.run_line_magic("load_ext", "autor_nb")
    return found


def by_cli(place: Any, text: str) -> None:
    """`autor edit --file`."""
    (place.project / "mine.md").write_text(text)
    said = place.autor("edit", "--file", "mine.md", "--json")
    assert 0 == said.code, said.out


FACES = {
    "cli": by_cli,
    "notebook": lambda place, text: shell().run_cell(f"%%autor edit\n{text}").raise_error(),
    "api": lambda place, text: autor_nb.open().edit(text),
}


@pytest.mark.parametrize("face", FACES)
def test_an_edited_draft_is_a_new_attempt_recorded_as_edited_by_whom(place: Any, face: str) -> None:
    """No agent is called; the text is kept, checked, shown in a notebook, and waits for approval."""
    text = edited(place)
    FACES[face](place, text)
    now = place.settle().state
    attempt = now.under_review
    assert (2, "edit", "person", face) == (attempt.attempt, attempt.trigger, attempt.written_by, attempt.edited_by.face)
    assert text.strip() == (place.run.path / attempt.summary_path).read_text().strip()
    assert attempt.checked and not attempt.open_blocking and attempt.notebook_complete
    assert AttemptStatus.REFINED is now.stages[0].attempts[0].status
    assert not [event for event in place.events if isinstance(event, ev.AgentSpawned) and event.attempt == 2]
    assert 0 == place.autor("approve", "--wait").code
    assert text.strip() == (place.run.stages / f"{attempt.stage}.md").read_text().strip()


def test_a_refinement_goes_on_from_the_edited_draft(place: Any) -> None:
    """The agent finds the person's text where its draft lies, and its own session."""
    autor_nb.open().edit(edited(place))
    before = place.settle().state.under_review
    place.autor("refine", "more seeds")
    after = place.settle().state.under_review
    assert (3, before.draft_sha256) == (after.attempt, after.draft_sha256_before)
    assert before.session_id == after.session_id


@pytest.mark.parametrize("cut_after", [ev.DraftEdited, ev.AttemptStarted])
def test_a_kill_while_an_edit_is_taken_up_loses_nothing(place: Any, cut_after: type) -> None:
    """Whatever the log had reached, a resumed run comes to review with the edited text and calls no agent."""
    text = edited(place)
    autor_nb.open().edit(text)
    place.settle()
    lines = place.run.events.read_bytes().splitlines(keepends=True)
    last = max(n for n, event in enumerate(place.events) if isinstance(event, cut_after))
    control.end_worker(place.run)
    place.run.events.write_bytes(b"".join(lines[: last + 1]))
    place.autor("resume")
    attempt = place.settle().state.under_review
    assert ("person", "edit") == (attempt.written_by, attempt.trigger)
    assert text.strip() == (place.run.path / attempt.summary_path).read_text().strip()


@pytest.mark.parametrize("words,said", [
    (("edit", "--file", "nowhere.md"), "nowhere.md"),
    (("edit",), "--file"),
    (("edit", "--file", "same.md"), "nothing was edited"),
    (("edit", "--file", "empty.md"), "needs a text"),
    (("edit", "--file", "latin.md"), "UTF-8"),
    (("edit", "--attempt", "7", "--file", "other.md"), "Attempt 7 is not in review"),
])
def test_an_edit_that_cannot_be_taken_is_refused_in_words(place: Any, words: tuple[str, ...], said: str) -> None:
    """Exit 2 for what was asked wrongly, 1 for what the engine refuses; the review stands."""
    attempt = place.settle().state.under_review
    (place.project / "same.md").write_bytes((place.run.path / attempt.summary_path).read_bytes())
    (place.project / "empty.md").write_text(" \n")
    (place.project / "latin.md").write_bytes("Grün".encode("latin-1"))
    (place.project / "other.md").write_text("# other\n")
    answer = place.autor(*words)
    assert answer.code in (1, 2)
    assert said in answer.out + answer.err
    assert 1 == place.settle().state.under_review.attempt
