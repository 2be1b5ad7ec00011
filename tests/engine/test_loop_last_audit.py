"""However a session ends by itself, what it kept is audited first; a person's stop is at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import GateSpec
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.testing.loop_project import LoopProject, edit, running

BETTER = [edit(level=0.8, salt=1)]
SLOW = [edit(level=0.7, salt=n, what="slow") for n in range(2, 40)]


def audited(project: LoopProject) -> list[str]:
    """What ended the session, and what came before it in the log."""
    return [type(one).__name__ for one in project.events if isinstance(one, ev.AuditEnded | ev.LoopStopped)]


def test_a_session_that_its_wall_ends_is_audited(tmp_path: Path) -> None:
    """Given a keep, when the time is over in the middle of an experiment, then the audit comes first, and is told."""
    project = LoopProject.make(tmp_path, [*BETTER, *SLOW], trusted=True)
    state = project.work(project.start(wall_s=1.5))
    assert (LoopStatus.STOPPED, "wall") == (state.status, state.stop_cause)
    assert state.head != state.base and 1 <= len(state.audits)
    assert state.head == state.audits[-1].commit and state.audits[-1].better
    assert ["AuditEnded", "LoopStopped"] == audited(project)
    assert "final audit is made whatever the time" in state.stop_reason
    seeds = {one.seed for one in project.of(ev.TrialStarted) if one.n != ev.AUDIT}
    assert not seeds & {one.seed for one in project.of(ev.TrialStarted) if one.role == "audit"}


def test_what_was_at_work_when_the_time_was_over_goes_on_in_the_next_session(tmp_path: Path) -> None:
    """The audit takes nothing from the experiment that it came between: its runs and its number stay."""
    project = LoopProject.make(tmp_path, [*BETTER, *SLOW[:1]], gate=GateSpec(name="eprocess"))
    state = project.work(project.start(iterations=1))
    began = running(2, "confirm", 3)
    with project.when(began, project.stop()):
        state = project.work(project.start(iterations=1))
    before = state.current
    assert before is not None and 2 == before.n and before.trials
    state = project.work(project.start(wall_s=0.001))
    assert "wall" == state.stop_cause and state.current is not None and 2 == state.current.n
    project.work(project.start(iterations=1))
    assert "keep" == project.verdicts()[2]


def test_a_session_whose_critic_has_no_more_ideas_is_audited(tmp_path: Path) -> None:
    """Given a keep, when nothing is left to try, then the audit comes before the end."""
    project = LoopProject.make(tmp_path, BETTER)
    state = project.work(project.start(iterations=9))
    assert "idle" == state.stop_cause and ["AuditEnded", "LoopStopped"] == audited(project)
    assert state.audits[-1].commit == state.head and state.audits[-1].better
    state = project.work(project.start(iterations=9))
    assert 1 == len(state.audits) and "idle" == state.stop_cause


@pytest.mark.parametrize("bounds", [{"wall_s": 0.001}, {"iterations": 3}])
def test_a_session_that_kept_nothing_owes_none(bounds: Any, tmp_path: Path) -> None:
    """Nothing to audit: the baseline is the head."""
    project = LoopProject.make(tmp_path, [edit(level=1.4)])
    project.work(project.start(**bounds))
    assert ["LoopStopped"] == audited(project)


def test_a_person_stops_it_at_once_and_in_an_audit_too(tmp_path: Path) -> None:
    """Nobody waits for twenty runs who has said stop."""
    project = LoopProject.make(tmp_path, [edit(level=0.8, salt=1, what="slow")])
    with project.when(running(ev.AUDIT), project.stop()):
        state = project.work(project.start(iterations=9))
    assert (LoopStatus.STOPPED, "person") == (state.status, state.stop_cause)
    assert not project.of(ev.AuditEnded) and state.audit is None and state.owes_audit


def test_a_stopped_audit_goes_on_with_the_pairs_and_the_seeds_that_it_had(tmp_path: Path) -> None:
    """Asked for again it draws nothing anew: who could drop pairs that look bad could choose."""
    project = LoopProject.make(tmp_path, [edit(level=0.8, salt=1, what="slow")])
    with project.when(lambda events: running(ev.AUDIT)(events) and 5 <= len(of_audits(events)), project.stop()):
        project.work(project.start(iterations=1))
    planned = [one for one in project.of(ev.BlockPlanned) if one.n == ev.AUDIT]
    before = [one for one in of_audits(project.events) if one.ending == "finished"]
    assert before and not project.of(ev.AuditEnded)
    state = project.work(project.command(cmd.AuditLoop))
    (audit,) = project.of(ev.AuditEnded)
    assert audit.better and (0, 0, 20.0) == (audit.place, audit.before, audit.bar) and state.audit is None
    after = [one for one in project.of(ev.BlockPlanned) if one.n == ev.AUDIT]
    assert planned == after[: len(planned)]
    pairs = [pair for one in after for pair in one.pairs]
    assert audit.pairs == len(pairs) == len({pair.seed for pair in pairs}) == len({pair.pair for pair in pairs})
    finished = [one for one in of_audits(project.events) if one.ending == "finished"]
    assert before == finished[: len(before)] and len(before) < len(finished)
    assert 2 * len(pairs) == len(finished) == len({(one.pair, one.subject) for one in finished})


def of_audits(events: list[Any]) -> list[ev.TrialEnded]:
    """Runs of an audit's pairs that ended."""
    return [one for one in events if isinstance(one, ev.TrialEnded) and one.role == "audit"]
