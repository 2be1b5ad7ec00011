"""A gate that has no test for what is claimed is refused before anything begins, and an engine that breaks off is not started for ever."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autor_nb import loop_control
from autor_nb.cli import main as cli
from autor_nb.domain.errors import RunError, UsageError
from autor_nb.domain.events import WorkerStarted
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import GateSpec, LoopConfig, MetricSpec
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.door import STARTS, Door
from autor_nb.engine.loops.engine import LoopEngine
from autor_nb.engine.loops.preflight import check, prepared
from autor_nb.loop_control import Tail
from autor_nb.loop_wiring import WiredLoopParts
from autor_nb.store import eventlog
from autor_nb.store.lock import EngineLock
from autor_nb.store.loops import config_file
from autor_nb.store.loops.layout import loop_folder
from autor_nb.store.loops.words import EVENTS
from autor_nb.testing.loop_project import ME, LoopProject, edit

TWO = (MetricSpec(name="loss", direction="lower"), MetricSpec(name="size", direction="lower"))
LEXICOGRAPHIC: dict[str, Any] = {
    "scalarizer": "lexicographic", "scalarizer_options": {"tolerances": {"loss": 0.1}}, "metrics": TWO}
HARD: dict[str, Any] = {
    "scalarizer": "constrained", "scalarizer_options": {"objective": "loss", "hard": {"size": 1.3}}, "metrics": TWO}
SOFT = {**HARD, "scalarizer_options": {"objective": "loss", "soft": {"size": 1.3}}}
SHORTER: dict[str, Any] = {"simplicity": 0.1}


@pytest.mark.parametrize(("gate", "claim", "says"), [
    ("fixed", LEXICOGRAPHIC, "a test of each metric"), ("shared", LEXICOGRAPHIC, "a test of each metric"),
    ("fixed", HARD, "a test of each metric"), ("shared", HARD, "a test of each metric"),
    ("fixed", SHORTER, "as good, within 0.1"), ("shared", SHORTER, "as good, within 0.1"),
    ("greedy", SHORTER, "as good, within 0.1"), ("eprocess", {**LEXICOGRAPHIC, **SHORTER}, "a margin of one score"),
])  # fmt: skip
def test_what_a_gate_has_no_test_for_is_refused_everywhere(gate: str, claim: Any, says: str, tmp_path: Path) -> None:
    """By doctor, when the loop is made, and when a session starts: with the mend, and before anything is written."""
    project = LoopProject.make(tmp_path, [edit(level=0.5)], gate=GateSpec(name="eprocess"))
    wanted = {**project.state.config, **_plain(claim), "gate": {"name": gate, "options": {}}}
    config = _config(wanted)
    before = project.loop.events.read_bytes()
    with pytest.raises(UsageError, match=says) as refused:
        loop_control.ask(project.loop, project.start(iterations=1, config=wanted))
    assert refused.value.suggestion and before == project.loop.events.read_bytes()
    with pytest.raises(UsageError, match=says):
        loop_control.create(project.folder, _config({**wanted, "name": "other"}), ME)
    assert not loop_folder(project.folder, "other").path.exists()
    config_file.write_loop(project.folder, config)
    with prepared(project.folder) as context:
        found = check(context, "configuration")
    assert "blocking" == found.state and says in found.detail and found.fix


def test_the_verbs_end_with_code_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`loop start --gate fixed` on a loop with a margin is a mistake of the person's, told before a session begins."""
    project = LoopProject.make(tmp_path, [edit(level=0.5)], gate=GateSpec(name="eprocess"), **SHORTER)
    config_file.write_loop(project.folder, _config(project.state.config))
    monkeypatch.chdir(project.folder)
    assert 2 == cli.run(["loop", "start", "demo", "--gate", "fixed", "--iterations", "1"])
    assert not project.of(ev.LoopStarted)


@pytest.mark.parametrize("gate", ["fixed", "shared", "greedy"])
def test_bounds_that_only_cost_are_one_score_that_every_gate_judges(gate: str, tmp_path: Path) -> None:
    """Soft constraints make one score: they are kept by every gate."""
    project = LoopProject.make(tmp_path, [edit(level=0.5, salt=1)], gate=GateSpec(name=gate), **SOFT)
    project.work(project.start(iterations=1))
    assert {1: "keep"} == project.verdicts(), project.ended(1).reason


def test_a_log_that_holds_such_a_claim_fails_with_the_reason_and_can_be_mended(tmp_path: Path) -> None:
    """A configuration from before it was refused: the engine says why and ends; a start with a mended one goes on."""
    project = LoopProject.make(tmp_path, [edit(level=0.5, salt=1)], gate=GateSpec(name="eprocess"))
    bad = {**project.state.config, "simplicity": 0.1, "gate": {"name": "fixed", "options": {}}}
    with pytest.raises(RunError, match="as good, within"):
        project.work(project.start(iterations=1, config=bad))
    assert LoopStatus.FAILED is project.state.status and "as good, within 0.1" in project.state.failure
    good = {**bad, "gate": {"name": "eprocess", "options": {}}}
    project.work(project.start(iterations=1, config=good))
    assert {1: "keep"} == project.verdicts()


class _Faulty(WiredLoopParts):
    """Parts with a fault that nobody foresaw."""

    def critic(self, config: LoopConfig) -> Any:
        raise ZeroDivisionError("a fault of the critic's")


def test_an_engine_that_breaks_off_says_so_in_the_log(tmp_path: Path) -> None:
    """What nobody foresaw fails the session, with its name, so that nothing starts the engine again by itself."""
    project = LoopProject.make(tmp_path, [edit(level=0.5)])
    project.give(project.start(iterations=1))
    with pytest.raises(ZeroDivisionError), EngineLock(project.loop) as held:
        LoopEngine(project.loop, _Faulty()).work(held)
    now = loop_control.snapshot(project.loop)
    assert (LoopStatus.FAILED, "person") == (now.status, now.waiting)
    assert "ZeroDivisionError: a fault of the critic's" in now.state.failure and now.state.failure_suggestion
    project.work(project.start(iterations=1))
    assert {1: "keep"} == project.verdicts()


DYING = '''"""A worker that is killed by a fault of the machine's as soon as it has begun."""
import sys
from pathlib import Path
from autor_nb.domain.events import WorkerStarted
from autor_nb.domain.loops import events as ev
from autor_nb.store import eventlog
from autor_nb.store.loops.words import EVENTS
log = eventlog.EventLog(Path(sys.argv[1]) / ".engine" / "events.jsonl", words=EVENTS)
log.append(WorkerStarted(pid=1, host="h", boot_id="b", process_started=1.0, version="0"))
log.append(ev.TrialStarted(trial=1, n=0, role="reference", subject="incumbent", commit="c"))
sys.exit("Fatal: the memory is broken")
'''


def test_an_engine_that_always_dies_is_started_a_few_times_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits is told why, instead of starting it for ever."""
    project = LoopProject.make(tmp_path, [edit(level=0.5)])
    with contextlib.closing(eventlog.EventLog(project.loop.events, words=EVENTS)) as log:
        log.append(ev.LoopStarted(by=ME, iterations=1))
    (tmp_path / "dying_worker.py").write_text(DYING, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RunError, match="broke off at once") as told:
        Door("dying_worker", EVENTS).follow(Tail(project.loop), project.loop, lambda now: False, 60, None)
    assert "the memory is broken" in told.value.suggestion
    assert STARTS == len(project.of(WorkerStarted))


def _plain(claim: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(claim)
    return made


def _config(table: dict[str, Any]) -> LoopConfig:
    return msgspec.convert(table, LoopConfig)
