"""What comes next, what is refused and why: pure rules over folded events."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autor_nb.domain import commands as cmd
from autor_nb.domain import events as ev
from autor_nb.domain import policy, rules
from autor_nb.domain.fold import Fold, fold
from autor_nb.domain.run import Actor, Question, RunConfig, RunStatus
from autor_nb.domain.stage import AttemptStatus, Ending, StageRef, StageStatus
from autor_nb.domain.state import RunState

ME = Actor(face="test", os_user="ada")
REFS = tuple(StageRef(number=f"{n:02d}", slug=f"{n:02d}_s", title=f"S{n}") for n in (1, 2, 3))


class Story:
    """Given / when / then over a fold."""

    def __init__(self, **config: Any) -> None:
        self.fold = Fold()
        self.seq = 0
        settings = msgspec.to_builtins(RunConfig(**config))
        self.given(ev.RunCreated(run_id="r", goal="g", workflow=REFS, config=settings), ev.RunStarted(by=ME))

    @property
    def state(self) -> RunState:
        """The state so far."""
        return self.fold.state

    def given(self, *events: ev.Event) -> Story:
        """These happened."""
        for event in events:
            self.seq += 1
            self.fold.apply([msgspec.structs.replace(event, seq=self.seq, at=f"2026-01-01T00:00:{self.seq % 60:02d}Z")])
        return self

    def attempt(
        self, n: int = 1, stage: str = "01_s", ending: Ending = Ending.FINISHED, detail: str = "", **checked: Any
    ) -> Story:
        """An attempt came to its end."""
        return self.given(
            ev.AttemptStarted(stage=stage, attempt=n, agent="a", files="before"),
            ev.AttemptEnded(stage=stage, attempt=n, ending=ending, draft_sha256=f"d{n}", files=f"after{stage}{n}",
                            detail=detail, suggestions=("more", "other", "explain")),
            ev.AttemptChecked(stage=stage, attempt=n, **checked),
            ev.NotebookRendered(stage=stage, attempt=n, path="x", complete=True),
        )

    def in_review(self, n: int = 1, stage: str = "01_s", **checked: Any) -> Story:
        """An attempt is in review."""
        return self.attempt(n, stage, **checked).given(ev.ReviewOpened(stage=stage, attempt=n))

    def approved(self, stage: str) -> Story:
        """A stage was approved at its first attempt."""
        return self.in_review(1, stage).when(cmd.Approve(id=f"a{stage}", at="", by=ME))

    def when(self, command: cmd.RunCommand) -> Story:
        """A command is accepted."""
        return self.given(*rules.answer(self.state, command))

    def refused(self, command: cmd.RunCommand) -> rules.Refused:
        """A command is refused."""
        with pytest.raises(rules.Refused) as caught:
            rules.answer(self.state, command)
        return caught.value


def approve(**more: Any) -> cmd.Approve:
    """An approval by a person."""
    return cmd.Approve(id="c", at="", by=ME, **more)


def refine(**more: Any) -> cmd.Refine:
    """A refinement by a person."""
    return cmd.Refine(id="c", at="", by=ME, **more)


def test_a_started_run_works_on_its_first_stage() -> None:
    """created → work on 01."""
    assert rules.Work(stage="01_s", trigger="start") == rules.next_step(Story().state)


def test_an_attempt_goes_through_check_notebook_and_verdict() -> None:
    """Each part is done once, in order, wherever an engine died in between."""
    story = Story().given(ev.AttemptStarted(stage="01_s", attempt=1, agent="a"))
    assert rules.Lose(stage="01_s", attempt=1) == rules.next_step(story.state)
    story.given(ev.AttemptEnded(stage="01_s", attempt=1, ending=Ending.FINISHED))
    for part, event in (("check", ev.AttemptChecked(stage="01_s", attempt=1)),
                        ("notebook", ev.NotebookRendered(stage="01_s", attempt=1, path="p", complete=True)),
                        ("verdict", ev.ReviewOpened(stage="01_s", attempt=1))):
        assert rules.Judge(stage="01_s", attempt=1, part=part) == rules.next_step(story.state)
        story.given(event)
    assert rules.Wait() == rules.next_step(story.state)


def test_approving_every_stage_completes_the_run() -> None:
    """After the last approval there is nothing but to say so."""
    story = Story().approved("01_s").approved("02_s").approved("03_s")
    assert rules.Complete() == rules.next_step(story.state)
    story.given(ev.RunCompleted())
    assert RunStatus.COMPLETED is story.state.status
    assert "complete" in story.refused(cmd.Start(id="c", at="", by=ME)).reason


def test_a_failing_blocking_check_refuses_the_approval_and_lists_it() -> None:
    """The refusal names the check and how a person takes it over."""
    story = Story().in_review(blocking=("data.parses",))
    refused = story.refused(approve())
    assert "data.parses" in refused.reason
    assert "--waive data.parses" in refused.suggestion


def test_a_person_waives_a_check_by_name_with_a_reason() -> None:
    """The waiver stays with the attempt."""
    story = Story().in_review(blocking=("data.parses",)).when(approve(waive={"data.parses": "known gap"}))
    attempt = story.state.stages[0].attempts[0]
    assert ("data.parses", "known gap") == (attempt.waivers[0].check_id, attempt.waivers[0].why)
    assert AttemptStatus.APPROVED is attempt.status


@pytest.mark.parametrize(("waive", "by", "word"), [
    ({"data.parses": " "}, ME, "reason"),
    ({"other": "why"}, ME, "not a failing"),
    ({"ending.finished": "why"}, ME, "cannot be waived"),
    ({"data.parses": "why"}, policy.POLICY, "policy"),
])
def test_a_waiver_needs_a_person_a_reason_and_a_check_that_can_be_waived(
    waive: dict[str, str], by: Actor, word: str
) -> None:
    """Each is refused in words."""
    story = Story().in_review(blocking=("data.parses", "ending.finished"), unwaivable=("ending.finished",))
    assert word in story.refused(cmd.Approve(id="c", at="", by=by, waive=waive)).reason


def test_an_approval_pins_what_was_seen() -> None:
    """Another attempt's number or another draft's hash is refused."""
    story = Story().in_review()
    assert "Attempt 7" in story.refused(approve(attempt=7)).reason
    assert "not the one that you saw" in story.refused(approve(draft_sha256="zz")).reason


def test_what_fails_twice_with_the_same_words_is_not_tried_a_third_time() -> None:
    """The review opens at once, short of the cap; other words, and what the engine itself says, are tried again."""
    story = Story()
    for n, (ending, detail, kind) in enumerate(
        (
            (Ending.FAILED, "no column y", ev.AttemptRetried),
            (Ending.FAILED, "no column z", ev.AttemptRetried),
            (Ending.LOST, "the engine died", ev.AttemptRetried),
            (Ending.LOST, "the engine died", ev.AttemptRetried),
            (Ending.FAILED, "no column z", ev.AttemptRetried),
            (Ending.FAILED, "no column z", ev.ReviewOpened),
        ),
        1,
    ):
        story.attempt(n, ending=ending, detail=detail)
        event = rules.verdict(story.state, story.state.stages[0].attempts[-1], 9)
        assert isinstance(event, kind)
        story.given(event)
    assert not story.state.stages[0].attempts[-1].cap_reached
    failed = policy.auto_decision(story.state, story.state.stages[0].attempts[-1], "")[0]
    assert isinstance(failed, ev.RunFailed) and "no column z" in failed.reason


@pytest.mark.parametrize("config", [{}, {"options": {"target": "b"}}])
def test_resuming_under_a_review_without_new_work_works_again(config: dict[str, Any]) -> None:
    """`resume --set target=b` sets the stage to work with it; under a review of new work it only goes on."""
    story = Story().attempt(ending=Ending.FAILED, detail="no column y").given(ev.ReviewOpened(stage="01_s", attempt=1))
    assert rules.Wait() == rules.next_step(story.state)
    story.when(cmd.Start(id="s", at="", by=ME, config=config))
    assert rules.Work(stage="01_s", trigger="retry") == rules.next_step(story.state)
    assert config.get("options", {}) == story.state.config["options"]
    waiting = Story().in_review().when(cmd.Start(id="s", at="", by=ME, config=config))
    assert rules.Wait() == rules.next_step(waiting.state)


@pytest.mark.parametrize("ending", [e for e in Ending if e is not Ending.FINISHED])
def test_what_is_not_new_work_is_tried_again_and_never_shown_as_work(ending: Ending) -> None:
    """Up to the cap the engine retries; then a person decides, and cannot approve it."""
    story = Story()
    for n in range(1, 7):
        story.attempt(n, ending=ending)
        attempt = story.state.stages[0].attempts[-1]
        event = rules.verdict(story.state, attempt, 5)
        assert isinstance(event, ev.AttemptRetried if n <= 5 else ev.ReviewOpened)
        story.given(event)
    assert story.state.stages[0].attempts[-1].cap_reached
    assert "not new work" in story.refused(approve()).reason
    story.when(refine(feedback="try harder"))
    assert rules.Work(stage="01_s", trigger="refine") == rules.next_step(story.state)
    assert 0 == story.state.retries


def test_refining_by_number_takes_the_suggestions_text() -> None:
    """The log holds the words, not only the number."""
    story = Story().in_review().when(refine(suggestion=2))
    assert ("other", 2) == (story.state.feedback[0].text, story.state.feedback[0].suggestion)
    assert AttemptStatus.REFINED is story.state.stages[0].attempts[0].status
    assert "no suggestion 9" in Story().in_review().refused(refine(suggestion=9)).reason


def test_a_rollback_reopens_the_approved_attempt_and_makes_later_stages_stale() -> None:
    """The workspace is to be as that attempt left it; undo brings everything back."""
    story = Story().approved("01_s").approved("02_s").in_review(1, "03_s")
    before = msgspec.json.encode(story.state.stages)
    story.when(cmd.Rollback(id="c", at="", by=ME, stage="01"))
    state = story.state
    assert ("01_s", 1) == state.review
    assert "after01_s1" == state.pending_files
    assert [False, True, True] == [stage.stale for stage in state.stages]
    story.given(ev.WorkspaceRestored(files=state.pending_files))
    story.when(cmd.Undo(id="u", at="", by=ME))
    assert before == msgspec.json.encode(story.state.stages)
    assert ("03_s", 1) == story.state.review


@pytest.mark.parametrize("decided", [
    refine(feedback="otherwise"),
    cmd.Edit(id="e", at="", by=ME, text="my own words"),
])
def test_a_rollback_can_be_undone_after_a_refinement_or_an_edit_too(decided: cmd.RunCommand) -> None:
    """What was there before is there again; what was made since keeps its number and is withdrawn."""
    story = Story().approved("01_s").approved("02_s").in_review(1, "03_s")
    before = msgspec.to_builtins(story.state)
    story.given(ev.RolledBack(stage="01_s", attempt=1, files="now", by=ME))
    story.given(ev.WorkspaceRestored(files=story.state.pending_files)).when(decided)
    assert story.state.undoable is not None
    story.in_review(2, "01_s").when(refine(feedback="and again")).attempt(3, "01_s", ending=Ending.FAILED)
    story.when(cmd.Undo(id="u", at="", by=ME))
    after = msgspec.to_builtins(story.state)
    first = after["stages"][0]["attempts"]
    assert ["approved", "withdrawn", "failed"] == [attempt["status"] for attempt in first]
    assert before["stages"][0]["attempts"] == first[:1]
    assert before["stages"][1:] == after["stages"][1:]
    for key in ("review", "feedback", "current", "status", "next_trigger", "pending_edit", "frozen_hypotheses"):
        assert before[key] == after[key]
    assert rules.Restore(files="now") == rules.next_step(story.state)
    story.given(ev.WorkspaceRestored(files="now"))
    assert rules.Wait() == rules.next_step(story.state)


def test_undoing_the_rollback_of_a_complete_run_brings_its_files_back_and_completes_it() -> None:
    """Complete as of then, not as of the undo."""
    story = Story().approved("01_s").approved("02_s").approved("03_s").given(ev.RunCompleted())
    completed_at = story.state.completed_at
    story.given(ev.RolledBack(stage="02_s", attempt=1, files="now", by=ME)).when(cmd.Undo(id="u", at="", by=ME))
    assert (RunStatus.COMPLETED, completed_at) == (story.state.status, story.state.completed_at)
    assert rules.Restore(files="now") == rules.next_step(story.state)


def test_files_that_could_not_be_brought_back_stop_the_approval_until_a_person_says_so() -> None:
    """Named in the refusal; waived by name, with a reason."""
    story = Story().approved("01_s").in_review(1, "02_s").when(cmd.Rollback(id="c", at="", by=ME, stage="01"))
    story.given(ev.WorkspaceRestored(files="after01_s1", missing=("data/big.npz",)))
    refused = story.refused(approve())
    assert "data/big.npz" in refused.reason
    assert "autor undo" in refused.suggestion
    story.when(approve(waive={"files.restored": "it can be fetched again"}))
    assert () == story.state.missing
    assert "files.restored" == story.state.stages[0].attempts[0].waivers[0].check_id


def test_undo_is_possible_until_the_next_approval() -> None:
    """After an approval there is nothing to undo."""
    story = Story().approved("01_s").in_review(1, "02_s").when(cmd.Rollback(id="c", at="", by=ME, stage="01_s"))
    story.when(approve())
    assert "no rollback to undo" in story.refused(cmd.Undo(id="u", at="", by=ME)).reason


def test_redo_withdraws_the_stage_and_later_ones_and_starts_it_afresh() -> None:
    """Attempt numbers go on; the workspace goes back to before the stage."""
    story = Story().approved("01_s").approved("02_s").when(cmd.Redo(id="c", at="", by=ME, stage="02"))
    assert "after01_s1" == story.state.pending_files
    story.given(ev.WorkspaceRestored(files="after01_s1"))
    assert rules.Work(stage="02_s", trigger="redo") == rules.next_step(story.state)
    assert AttemptStatus.WITHDRAWN is story.state.stages[1].attempts[0].status
    assert StageStatus.PENDING is story.state.stages[1].status


def test_an_open_question_without_a_default_refuses_the_approval() -> None:
    """The answer is kept as a pair and opens the way."""
    story = Story()
    question = Question(id="target", text="Which column?")
    story.given(
        ev.AttemptStarted(stage="01_s", attempt=1, agent="a"),
        ev.AttemptEnded(stage="01_s", attempt=1, ending=Ending.FINISHED, questions=(question,)),
        ev.AttemptChecked(stage="01_s", attempt=1),
        ev.NotebookRendered(stage="01_s", attempt=1, path="p", complete=True), ev.ReviewOpened(stage="01_s", attempt=1))
    assert "Which column?" in story.refused(approve()).reason
    story.when(cmd.Answer(id="q", at="", by=ME, answers=(ev.QA(question="target", answer="y"),)))
    assert [("Which column?", "y")] == [(qa.question, qa.answer) for qa in story.state.intake]
    story.when(approve())


@pytest.mark.parametrize(("answer", "taken"), [
    ("South", True), (" south ", True), ("NORTH  east", True), ("So", True), ("up", False), ("Sout", False),
    ("so", False),
])
def test_a_closed_question_takes_its_choices_only(answer: str, taken: bool) -> None:
    """Kept as it was said; anything else is refused with the choices, and nothing is recorded."""
    story = Story()
    question = Question(id="target", text="Which column?", choices=("South", "north_east", "SO", "So"), closed=True)
    story.given(
        ev.AttemptStarted(stage="01_s", attempt=1, agent="a"),
        ev.AttemptEnded(stage="01_s", attempt=1, ending=Ending.FINISHED, questions=(question,)),
    )
    asked = cmd.Answer(id="q", at="", by=ME, answers=(ev.QA(question="target", answer=answer),))
    if not taken:
        refused = story.refused(asked)
        assert "no answer to the question 'target': Which column?" in refused.reason
        assert "'South', 'north_east'" in refused.suggestion
    else:
        story.when(asked)
    assert [answer] * taken == [qa.answer for qa in story.state.intake]


def test_auto_approves_only_what_nothing_objects_to() -> None:
    """Clean: approve. Failing: refine with the remedies. Waived: fail. At the cap: fail."""
    clean = Story(reviewer="auto").in_review()
    attempt = clean.state.stages[0].attempts[0]
    assert isinstance(policy.auto_decision(clean.state, attempt, "")[0], ev.Approved)
    failing = Story(reviewer="auto").in_review(blocking=("x",))
    attempt = failing.state.stages[0].attempts[0]
    decided = policy.auto_decision(failing.state, attempt, "mend x")[0]
    assert isinstance(decided, ev.Refined) and "mend x" == decided.feedback
    failing.given(ev.CheckWaived(stage="01_s", attempt=1, check_id="x", why="w", by=ME))
    assert isinstance(policy.auto_decision(failing.state, attempt, "")[0], ev.RunFailed)
    failing.state.retries = 5
    attempt.waivers = ()
    assert isinstance(policy.auto_decision(failing.state, attempt, "")[0], ev.RunFailed)


_events = st.lists(st.sampled_from([
    ev.AttemptStarted(stage="01_s", attempt=1, agent="a"), ev.AttemptEnded(stage="01_s", attempt=1, ending=Ending.FINISHED),
    ev.AttemptChecked(stage="01_s", attempt=1), ev.NotebookRendered(stage="01_s", attempt=1, path="p", complete=True),
    ev.ReviewOpened(stage="01_s", attempt=1), ev.Approved(stage="01_s", attempt=1), ev.Refined(stage="01_s", attempt=1, feedback="f"),
    ev.Redone(stage="01_s"), ev.RolledBack(stage="01_s", attempt=1), ev.RollbackUndone(), ev.Stopped(), ev.Aborted(),
    ev.RunStarted(), ev.Unknown(raw=b"{}"), ev.AttemptRetried(stage="01_s", attempt=1), ev.WorkspaceRestored(files="f"),
]), max_size=25)


@given(events=_events)
@settings(max_examples=300, deadline=None)
def test_any_order_of_events_folds_and_has_a_next_step(events: list[ev.Event]) -> None:
    """A log, however odd, never breaks a reader, and folding in parts is folding whole."""
    start = [ev.RunCreated(run_id="r", goal="g", workflow=REFS, config=msgspec.to_builtins(RunConfig()))]
    state = fold([*start, *events])
    rules.next_step(state)
    parts = Fold()
    for event in (*start, *events):
        parts.apply([event])
    assert msgspec.json.encode(state) == msgspec.json.encode(parts.state)
