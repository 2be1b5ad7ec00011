"""How the agent ended and whether the draft is new work of its own; not what the draft says."""

from __future__ import annotations

from collections.abc import Iterable

from autor_nb.domain.check import Check, failed, passed
from autor_nb.domain.ports import AttemptView
from autor_nb.domain.stage import Ending
from autor_nb.store.contents import one_line

DRAFT = "notes/draft.md"
_SAYS = {
    Ending.FAILED: "The agent failed",
    Ending.TIMED_OUT: "The agent was still at work when its time was over",
    Ending.BUDGET: "The budget was spent before the agent had ended",
    Ending.STOPPED: "The agent was stopped",
    Ending.LOST: "The engine died while the agent worked",
}


class EndingChecker:
    """Facts of the ending; no person can waive them, except whose work the draft is."""

    name = "ending"

    def check(self, view: AttemptView) -> Iterable[Check]:
        """Finished, with a draft, a changed one, the agent's own."""
        yield _finished(view)
        yield _draft(view)
        yield _changed(view)
        yield _own_work(view)


def _finished(view: AttemptView) -> Check:
    id, title = "ending.finished", "The agent finished its work"
    says = _SAYS.get(view.ending)
    if says is None:  # a missing or unchanged draft is told by its own Check
        return passed(id, title)
    return failed(
        id,
        title,
        "Look at what the agent said last, then refine or redo the stage.",
        waivable=False,
        detail=f"{says}{': ' + one_line(view.detail) if view.detail else ''}.",
    )


def _draft(view: AttemptView) -> Check:
    id, title = "ending.draft", "The agent wrote a draft"
    empty = view.draft is None or not view.draft.strip()
    if view.ending is Ending.NO_DRAFT or (view.ending is Ending.FINISHED and empty):
        found = f"{DRAFT} {'is not there' if view.draft is None else 'is empty'}."
        return failed(
            id,
            title,
            f"Write the stage's summary to {DRAFT}, then end.",
            subject=DRAFT,
            waivable=False,
            detail=one_line(view.detail) or found,
        )
    return passed(id, title, subject=DRAFT)


def _changed(view: AttemptView) -> Check:
    id, title = "ending.changed", "The draft is not the one of before"
    before, after = view.before.get(DRAFT), view.files.get(DRAFT)
    same = before is not None and after is not None and before.sha256 == after.sha256
    stale = same and view.ending is Ending.FINISHED and _by_agent(view)
    if view.ending is Ending.UNCHANGED_DRAFT or stale:
        return failed(
            id,
            title,
            f"Write {DRAFT} anew for this attempt: what was asked, what was done, what came out.",
            subject=DRAFT,
            detail="The draft has the same bytes as before the attempt.",
            waivable=False,
        )
    return passed(id, title, subject=DRAFT)


def _own_work(view: AttemptView) -> Check:
    id, title = "ending.own_work", "The draft is the agent's own"
    if _by_agent(view):
        return passed(id, title, subject=DRAFT)
    if view.written_by == "person":
        return passed(id, title, subject=DRAFT, detail="A person edited it by hand.")
    return failed(
        id,
        title,
        f"Have the agent write {DRAFT} itself (refine), or read it closely and waive this by name.",
        subject=DRAFT,
        detail=f"It was not written by the agent but by: {one_line(view.written_by)}.",
    )


def _by_agent(view: AttemptView) -> bool:
    return view.written_by == "agent"
