"""The bound on money holds in the middle of an experiment, too: what costs is not asked any more, what is paid is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.parts import CoderResult, CoderTask, CriticTask, Proposal
from autor_nb.domain.loops.state import LoopState, LoopStatus
from autor_nb.engine.loops.engine import LoopEngine
from autor_nb.loop_wiring import WiredLoopParts
from autor_nb.store import inbox
from autor_nb.store.lock import EngineLock
from autor_nb.testing.loop_project import MODEL, LoopProject, edit, idea


class Priced:
    """A part of the project whose every answer costs; it counts them."""

    def __init__(self, part: Any, price: float, asked: list[str], ideas: list[str] | None = None) -> None:
        self.name, self.part, self.price, self.asked, self.ideas = part.name, part, price, asked, ideas

    def propose(self, task: CriticTask) -> Proposal:
        """The critic's next idea, or the next of `ideas`."""
        self.asked.append("critic")
        made = Proposal(idea=idea(self.ideas.pop(0))) if self.ideas else self.part.propose(task)
        return msgspec.structs.replace(made, cost_usd=self.price)

    def apply(self, task: CoderTask) -> CoderResult:
        """The coder's change."""
        self.asked.append("coder")
        return msgspec.structs.replace(self.part.apply(task), cost_usd=self.price)

    def fix(self, task: CoderTask, output_tail: str) -> CoderResult:
        """The coder's second thoughts."""
        self.asked.append("fix")
        (task.clone / MODEL).write_text(edit(level=0.5), encoding="utf-8")
        return CoderResult(ok=True, changed=(MODEL,), cost_usd=self.price)


class Parts(WiredLoopParts):
    """The wired parts at those prices."""

    def __init__(self, critic: float = 0.0, coder: float = 0.0, ideas: list[str] | None = None) -> None:
        self.prices, self.asked, self.ideas = (critic, coder), list[str](), ideas

    def critic(self, config: LoopConfig) -> Any:
        """The critic at its price."""
        return Priced(super().critic(config), self.prices[0], self.asked, self.ideas)

    def coder(self, config: LoopConfig) -> Any:
        """The coder at its price."""
        return Priced(super().coder(config), self.prices[1], self.asked)


def worked(project: LoopProject, parts: Parts, **bounds: Any) -> LoopState:
    """A session of an engine with those parts."""
    inbox.drop(project.loop, project.start(iterations=9, **bounds))
    with EngineLock(project.loop) as held:
        LoopEngine(project.loop, parts).work(held)
    return project.state


def test_an_idea_that_spends_the_rest_waits_for_the_next_session(tmp_path: Path) -> None:
    """No coder is asked for it then; the next session begins with it, and asks no critic for what is paid for."""
    project, parts = LoopProject.make(tmp_path, [edit(level=0.9)]), Parts(critic=0.6, coder=0.1)
    state = worked(project, parts, cost_usd=0.5)
    assert (["critic"], LoopStatus.STOPPED, "cost") == (parts.asked, state.status, state.stop_cause)
    assert "$0.60 of $0.50" in state.stop_reason and not project.verdicts()
    assert state.current is not None and (1, "") == (state.current.n, state.current.commit)
    again = Parts(critic=0.6, coder=0.1)
    state = worked(project, again, cost_usd=0.5)
    assert {1: "keep"} == project.verdicts() and ["coder", "critic"] == again.asked
    assert (pytest.approx(0.7), "idle") == (state.cost_usd, state.stop_cause)


def test_a_change_that_is_paid_for_is_run_to_its_verdict(tmp_path: Path) -> None:
    """Runs cost nothing: the verdict comes, and then the session ends."""
    project, parts = LoopProject.make(tmp_path, [edit(level=0.9)] * 2), Parts(critic=0.1, coder=0.6)
    state = worked(project, parts, cost_usd=0.5)
    assert {1: "keep"} == project.verdicts() and ["critic", "coder"] == parts.asked
    assert "cost" == state.stop_cause and "$0.70 of $0.50" in state.stop_reason
    assert [(1, 0.7)] == [(one.n, one.cost_usd) for one in project.of(ev.ExperimentEnded) if not one.baseline]


@pytest.mark.parametrize(("bound", "verdict"), [(0.5, "crash"), (5.0, "keep")])
def test_a_crash_is_mended_only_while_there_is_money(bound: float, verdict: str, tmp_path: Path) -> None:
    """A coder that could mend it is asked within the bound, and not beyond."""
    project, parts = LoopProject.make(tmp_path, [edit(what="crash")]), Parts(coder=0.6)
    worked(project, parts, cost_usd=bound)
    assert verdict == project.verdicts()[1]
    assert ("fix" in parts.asked) is (verdict == "keep")


def test_proposals_that_are_refused_cost_too(tmp_path: Path) -> None:
    """A critic that repeats what failed is paid for every answer, and no longer asked when that is the bound."""
    project = LoopProject.make(tmp_path, [edit(level=2.0)] * 9)
    parts = Parts(critic=0.2, ideas=["Double the level of it all"] * 9)
    state = worked(project, parts, cost_usd=0.5)
    assert {1: "discard"} == project.verdicts() and 3 == parts.asked.count("critic")
    assert [0.2, 0.2] == [one.cost_usd for one in project.of(ev.IdeaRefused)]
    assert state.session is not None and (pytest.approx(0.6), "cost") == (state.session.spent_usd, state.stop_cause)


def test_a_change_that_is_refused_costs_too(tmp_path: Path) -> None:
    """A coder that changes nothing is paid all the same."""
    project, parts = LoopProject.make(tmp_path, [edit(level=1.0)] * 9), Parts(coder=0.3)
    state = worked(project, parts, cost_usd=0.5)
    assert [0.3, 0.3] == [one.cost_usd for one in project.of(ev.IdeaRefused)]
    assert "cost" == state.stop_cause and pytest.approx(0.6) == state.cost_usd
