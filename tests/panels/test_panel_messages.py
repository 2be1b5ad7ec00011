"""A run steered by what a page sends: every click is one command, and every refusal comes back in words."""

from __future__ import annotations

from typing import Any

import pytest

from autor_nb.domain import events as ev
from autor_nb.notebook.panels.run_panel import RunPanel


def in_review(attempt: int) -> Any:
    """Whether that attempt waits for a decision."""
    return lambda view: view["review"] is not None and view["review"]["attempt"] == attempt


def decisions(place: Any) -> list[Any]:
    """What a person decided, from the log."""
    return [event for event in place.events if isinstance(event, ev.Decision) and event.by.face == "panel"]


def test_a_panel_shows_the_attempt_in_review_with_all_that_a_decision_needs(page: Any) -> None:
    """Approve says where it leads; three suggestions carry their text; the draft and its checks are there."""
    view, attempt = page.panel.view, page.panel.attempt
    assert "review" == view["current"]["mode"]
    assert view["review"]["approve"]["enabled"] and "02 Hypothesis" in view["review"]["approve"]["label"]
    assert 3 == len(view["review"]["suggestions"]) and all(view["review"]["suggestions"])
    assert "<h5>" in attempt["draft"]["html"] and attempt["checks"]["passed"]
    assert ["In review", "Pending", "Pending"] == [stage["word"] for stage in view["stages"]]


def test_a_click_on_approve_is_one_approval_by_the_person_at_the_panel(page: Any, place: Any) -> None:
    """The log holds the decision once, pinned to the draft that was shown; the panel moves on."""
    review = page.panel.view["review"]
    done = page.ask("approve", attempt=review["attempt"], draft_sha256=review["draft_sha256"])
    assert done["ok"]
    page.shows(lambda view: view["review"] is not None and view["review"]["number"] == "02")
    (approved,) = decisions(place)
    assert isinstance(approved, ev.Approved) and review["draft_sha256"] == approved.draft_sha256
    newest = page.panel.view["decisions"]["newest"][0]
    assert ("01 Literature Survey, attempt 1", "approved", "in a panel", True) == (
        newest["what"],
        newest["did"],
        newest["how"],
        newest["you"],
    )


def test_refine_by_suggestion_by_words_and_by_hand_each_make_an_attempt(page: Any, place: Any) -> None:
    """Attempts 2, 3 and 4; the edited one names who edited it."""
    assert page.ask("refine", attempt=1, suggestion=2)["ok"]
    page.shows(in_review(2))
    assert page.ask("refine", attempt=2, feedback="use it's {five} $seeds")["ok"]
    view = page.shows(in_review(3))
    draft = page.look("draft", stage=view["review"]["stage"], attempt=3)["data"]
    text = draft["markdown"].replace("## What I Did\n", "## What I Did\n\nSeen by a person.\n")
    assert page.ask("edit", attempt=3, draft_sha256=draft["sha256"], markdown=text)["ok"]
    view = page.shows(in_review(4))
    assert view["stages"][0]["attempts"][3]["edited_by"]
    kinds = [type(event).__name__ for event in decisions(place)]
    assert ["Refined", "Refined", "DraftEdited"] == kinds
    assert "Seen by a person" in page.panel.attempt["draft"]["html"]


@pytest.mark.parametrize("place", ["second"], indirect=True)
def test_rollback_undo_and_redo_show_what_they_withdraw(page: Any, place: Any) -> None:
    """The timeline says beforehand what becomes stale; undo brings it back; redo starts afresh."""
    assert ["01 Literature Survey", "02 Hypothesis Generation"] == page.panel.view["stages"][0]["withdraws"]
    assert not page.panel.view["actions"]["undo"]["enabled"]
    assert page.ask("rollback", stage="01_literature_survey")["ok"]
    view = page.shows(lambda view: view["review"] is not None and view["review"]["number"] == "01")
    assert view["stages"][1]["stale"] and "01 Literature Survey was rolled back" == view["stages"][1]["stale_reason"]
    assert page.ask("undo")["ok"]
    page.shows(lambda view: view["review"] is not None and view["review"]["number"] == "02")
    assert page.ask("redo", stage="01_literature_survey")["ok"]
    page.shows(in_review(2))
    assert ["RolledBack", "RollbackUndone", "Redone"] == [type(event).__name__ for event in decisions(place)]


@pytest.mark.parametrize("place", ["blocked"], indirect=True)
def test_a_blocked_attempt_says_why_and_a_waiver_needs_a_reason(page: Any) -> None:
    """Approve is refused in words until every blocking check is waived by name."""
    review = page.panel.view["review"]
    assert not review["approve"]["enabled"] and "blocking" in review["approve"]["reasons"][0]
    refused = page.ask("approve", attempt=review["attempt"], draft_sha256=review["draft_sha256"])
    assert not refused["ok"] and review["approve"]["blocking"][0] in refused["reason"]
    check = review["approve"]["blocking"][0]
    assert "reason" in page.ask("waive", attempt=review["attempt"], check_id=check, why=" ")["reason"]
    for each in review["approve"]["blocking"]:
        assert page.ask("waive", attempt=review["attempt"], check_id=each, why="seen, harmless")["ok"]
    view = page.shows(lambda view: view["review"]["approve"]["enabled"])
    waived = [check for check in page.panel.attempt["checks"]["blocking"] if check["waived"]]
    assert view["review"]["approve"]["enabled"] and "seen, harmless" == waived[0]["waived"]["why"]


def test_a_decision_made_elsewhere_shows_and_the_late_click_is_refused_in_words(page: Any, place: Any) -> None:
    """The first decision wins; the panel says who decided, and how."""
    review = page.panel.view["review"]
    assert 0 == place.autor("refine", "from the shell").code
    page.shows(lambda view: view["review"] is None or view["review"]["attempt"] == 2)
    refused = page.ask("approve", attempt=review["attempt"], draft_sha256=review["draft_sha256"])
    assert not refused["ok"] and refused["reason"]
    view = page.shows(lambda view: bool(view["refusals"]))
    assert refused["done"] == view["refusals"][0]["id"], "the page cannot tell that this is its own click"
    newest = page.panel.view["decisions"]["newest"][0]
    assert ("refined", "from the command line", "from the shell") == (newest["did"], newest["how"], newest["said"])


def test_abort_stop_and_resume_are_buttons_too(page: Any, place: Any) -> None:
    """An aborted run can be resumed where it was."""
    assert not page.panel.view["actions"]["stop"]["enabled"]
    assert page.ask("abort", reason="the data is wrong")["ok"]
    view = page.shows(lambda view: view["state"]["status"] == "aborted")
    assert "the data is wrong" in view["problem"]["text"] and view["actions"]["resume"]["enabled"]
    assert page.ask("resume")["ok"]
    page.shows(in_review(1))


def test_a_panel_made_anew_shows_the_same_run(page: Any, place: Any) -> None:
    """Everything is read from disk: a second panel, as after a restart, has the same document."""
    again = RunPanel(place.run)
    assert page.panel.view == again.view and page.panel.attempt == again.attempt


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        {},
        {"do": "dance"},
        {"do": "ask"},
        {"do": "ask", "command": "rm -rf"},
        {"do": "ask", "command": "waive", "args": {}},
        {"do": "ask", "command": "refine", "args": {"suggestion": "x"}},
        {"do": "look", "what": "preview", "stage": "01_literature_survey", "attempt": 1, "path": "../../events.jsonl"},
        {"do": "look", "what": "attempt", "stage": "99", "attempt": 1},
        {"do": "look", "what": "nothing"},
    ],
    ids=str,
)
def test_a_message_that_makes_no_sense_harms_nothing(page: Any, place: Any, message: Any) -> None:
    """It is answered in words, or not at all; the log stays as it is."""
    before = place.run.events.read_bytes()
    if isinstance(message, dict) and message.get("do") in ("ask", "look"):
        sent = page.say(**message)
        answer = page.until(lambda said: said.get("done") == sent or said.get("look") == sent)
        said = answer.get("reason") or answer.get("error", {}).get("message") or answer["data"]["text"]
        assert said and "fault" not in said and "events.jsonl" not in str(answer.get("data", {}).get("rows"))
    else:
        page.panel.take(message)
    assert before == place.run.events.read_bytes()


def test_the_feed_and_signs_of_life_come_by_themselves(page: Any, place: Any) -> None:
    """While an agent works its cards arrive, newest last; the kernel says that it lives."""
    page.until(lambda message: "beat" in message)
    page.ask("refine", attempt=1, suggestion=1)
    fed = page.until(lambda message: message.get("feed", {}).get("attempt") == 2)
    numbers = [card["n"] for card in fed["feed"]["cards"]]
    assert numbers == sorted(numbers)
    page.shows(in_review(2))
    whole = page.look("feed", stage="01_literature_survey", attempt=2, before=None, count=100)["data"]
    assert whole["total"] >= len(whole["cards"]) > 0


def test_what_is_sent_and_saved_stays_small(page: Any) -> None:
    """The documents of a run and the module together are far below 200 kB."""
    import json

    state = page.panel.get_state()
    assert len(json.dumps(state["view"])) < 20_000
    assert len(state["_esm"]) + len(state["_css"]) + len(json.dumps(state["attempt"])) < 150_000
