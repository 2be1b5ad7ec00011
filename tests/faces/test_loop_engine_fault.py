"""A fault of the engine's own process is told with its cause and its log, and is never mistaken for a kill."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from autor_nb import door, loop_control
from autor_nb.domain.errors import RunError
from autor_nb.domain.loops import events as ev
from autor_nb.store import eventlog, worker_log
from autor_nb.store.loops.words import EVENTS
from autor_nb.testing.loop_project import ME, LoopProject, edit
from autor_nb.verbs import tree
from autor_nb.verbs.result import Face, Result

Start = Callable[[str], int]
LIVES = "import sys, pathlib\nfrom autor_nb import engine_process\nfrom autor_nb.store.loops.layout import LoopFolder\n"
LIVES += "from autor_nb.domain.errors import *\nloop = LoopFolder(pathlib.Path(sys.argv[1]))\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """A loop whose log says that it runs, and on which nobody works; the shell stands in its project."""
    made = LoopProject.make(tmp_path, [edit(level=0.5)])
    with contextlib.closing(eventlog.EventLog(made.loop.events, words=EVENTS)) as log:
        log.append(ev.LoopStarted(by=ME, iterations=3, mode="strict", command_id="begun"))
    monkeypatch.chdir(made.folder)
    return made


@pytest.fixture
def start(project: LoopProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start an engine whose module holds this code, and wait until it has ended; a negative code is a signal."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def started(code: str) -> int:
        (tmp_path / "an_engine.py").write_text(code)
        pid = door.Door("an_engine", EVENTS).start(project.loop)
        _, child = door._children[-1]
        assert pid == child.pid
        return child.wait(60)

    return started


def status() -> Result:
    """What `autor loop status` answers."""
    answer = tree.invoke(["loop", "status"], Face("cli"))
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("import os\nno_such_name\n", "NameError: name 'no_such_name' is not defined"),
        (LIVES + "engine_process.live(loop, lambda: 1 // 0)\n", "ZeroDivisionError: integer division or modulo by zero"),
        (LIVES + "def broken(): raise StoreError('The log is gone.', 'Look.')\nengine_process.live(loop, broken)\n",
         "The log is gone. Look."),
        (LIVES + "def refused(held): raise UsageError('No such part.', 'Name one.')\n"
         "sys.exit(engine_process.live(loop, lambda: engine_process.serve(loop, refused)))\n", "No such part. Name one."),
    ],
)  # fmt: skip
def test_status_names_the_cause_and_the_log(project: LoopProject, start: Start, code: str, cause: str) -> None:
    """One line of cause, the log's path, and not the words of an engine that was merely killed."""
    start(code)
    answer = status()
    log = str(project.loop.operator_state / "worker.log")
    assert ("interrupted", cause, log) == (answer.facts["state"], answer.facts["why"], answer.facts["worker_log"])
    said = " ".join(answer.text(4000).split())
    assert cause in said and log in said and "broke off" in said
    assert "ended in the middle" not in said and "goes on where it ended" not in said


def test_a_killed_engine_has_no_fault(project: LoopProject, start: Start) -> None:
    """Neither by itself nor by the fault of one before it."""
    start("no_such_name\n")
    assert -signal.SIGKILL == start("import os, signal\nprint('hello')\nos.kill(os.getpid(), signal.SIGKILL)\n")
    answer = status()
    assert ("interrupted", None, None) == tuple(answer.facts[name] for name in ("state", "why", "worker_log"))
    said = answer.text(400)
    assert "ended in the middle" in said and "goes on where it ended" in said and "NameError" not in said


def test_a_log_that_is_held_is_nobodys_fault(project: LoopProject, start: Start) -> None:
    """A second engine that finds the first one at work ends by itself, and says nothing of a fault."""
    from autor_nb.store.lock import EngineLock

    with EngineLock(project.loop):
        start(LIVES + "sys.exit(engine_process.live(loop, lambda: engine_process.serve(loop, lambda held: None)))\n")
        assert worker_log.said(project.loop)
    assert "" == worker_log.broke_off_by(project.loop) == loop_control.snapshot(project.loop).fault


def test_who_waits_is_told_the_cause(project: LoopProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a few tries, with the log's path."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "an_engine.py").write_text("no_such_name\n")
    broken = door.Door("an_engine", EVENTS)
    with pytest.raises(RunError) as raised:
        broken.follow(loop_control.Tail(project.loop), project.loop, lambda now: False, 60, None)
    assert "NameError" in raised.value.suggestion and "worker.log" in raised.value.suggestion


def test_a_log_of_an_earlier_version_and_a_cut_one_can_be_read(project: LoopProject) -> None:
    """Without the line of a start all of it counts; a traceback without an end is one, too."""
    log = project.loop.operator_state / "worker.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text("Traceback (most recent call last):\n  File x\nKeyError: 'a'\n")
    assert "KeyError: 'a'" == worker_log.broke_off_by(project.loop)
    log.write_bytes(b"\xff" * 100_000 + b"\nTraceback (most recent call last):\n  File x\n")
    assert "does not end" in worker_log.broke_off_by(project.loop)
    log.unlink()
    assert "" == worker_log.broke_off_by(project.loop)
