"""No decision is lost, however close to the end of a worker it is sent."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import msgspec
import pytest

from autor_nb.domain import commands as cmd
from autor_nb.domain import events as ev
from autor_nb.domain.run import Actor, RunConfig
from autor_nb.domain.stage import Ending, StageRef
from autor_nb.store import eventlog, inbox
from autor_nb.store.layout import RunFolder, new_run_folder
from autor_nb.store.lock import living_holder
from autor_nb.worker import serve

ME = Actor(face="test")
COUNT = 2000
PER_RUN = 50
SLUG = "01_literature_survey"


def run_in_review(root: Path) -> RunFolder:
    """A run whose first attempt waits for a decision."""
    run = new_run_folder(root)
    run.make()
    log = eventlog.EventLog(run.events)
    for event in (
        ev.RunCreated(run_id=run.run_id, goal="g", config=msgspec.to_builtins(RunConfig(agent="scripted")),
                      workflow=(StageRef(number="01", slug=SLUG, title="Literature Survey"),)),
        ev.RunStarted(by=ME), ev.AttemptStarted(stage=SLUG, attempt=1, agent="scripted"),
        ev.AttemptEnded(stage=SLUG, attempt=1, ending=Ending.FINISHED), ev.AttemptChecked(stage=SLUG, attempt=1),
        ev.NotebookRendered(stage=SLUG, attempt=1, path="x", complete=True), ev.ReviewOpened(stage=SLUG, attempt=1),
    ):
        log.append(event)
    log.close()
    return run


@pytest.mark.slow
def test_two_thousand_decisions_sent_at_a_workers_exit_are_all_answered(tmp_path: Path) -> None:
    """Each is dropped while the real worker is about to leave; a sender that sees no engine starts another."""
    random_ = random.Random(7)
    at_exit = answered = 0
    for _ in range(COUNT // PER_RUN):
        run = run_in_review(tmp_path / "runs")
        at_exit += sum(send_at_exit(run, number, random_) for number in range(PER_RUN))
        refused = [e.command_id for e in eventlog.read(run.events)[0] if isinstance(e, ev.CommandRefused)]
        assert PER_RUN * 2 == len(refused) == len(set(refused))
        answered += sum(id.startswith("c") for id in refused)
    assert COUNT == answered
    assert at_exit > COUNT // 4, "too few were sent while the worker was leaving: the test shows nothing"


def send_at_exit(run: RunFolder, number: int, random_: random.Random) -> bool:
    """Wake a worker, then send a decision as it leaves; whether it was indeed still there."""
    left = threading.Event()
    worker = threading.Thread(target=lambda: (serve(run), left.set()))
    inbox.drop(run, cmd.Refine(id=f"wake{number}", at="", by=ME, suggestion=9))
    worker.start()
    while not inbox.is_empty(run):
        pass
    for _ in range(random_.randrange(0, 300)):
        left.is_set()
    was_there = not left.is_set()
    inbox.drop(run, cmd.Refine(id=f"c{number}", at="", by=ME, suggestion=9))
    worker.join()
    if not inbox.is_empty(run):
        assert living_holder(run) is None
        serve(run)
    return was_there
