"""The command line, a real engine and a real agent where the kernel refuses `flock`: killed, resumed, put to sleep."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from autor_nb import control
from autor_nb.domain import events as ev
from autor_nb.domain.run import RunStatus
from autor_nb.store import claims, eventlog
from autor_nb.store.layout import RunFolder
from autor_nb.store.lock import claims_folder, living_holder

NO_FLOCK = Path(__file__).parents[1] / "store" / "no_flock.py"
HANGING = ("new", "--agent", "scripted", "--set", "script=01:hang", "--goal", "find out", "--json")


def asked(place: Any, *args: str, host: str = "") -> subprocess.CompletedProcess[str]:
    """A program that ends, without `flock`."""
    command = [sys.executable, str(NO_FLOCK), *(["--host", host] if host else []), *args]
    return subprocess.run(command, cwd=place.project, capture_output=True, text=True, timeout=120)


def begun(place: Any) -> tuple[RunFolder, claims.Holder]:
    """A run whose agent is at work, and its engine."""
    said = asked(place, "autor_nb.cli.main", *HANGING)
    assert 0 == said.returncode, said.stderr
    run = RunFolder(place.project / "runs" / json.loads(said.stdout)["data"]["run_id"])
    until(lambda: any(isinstance(event, ev.AgentSpawned) for event in log(run)))
    holder = living_holder(run)
    assert holder is not None
    assert claims.Level.HEARTBEAT is holder.level
    return run, holder


def log(run: RunFolder) -> list[Any]:
    """What happened."""
    return eventlog.read(run.events)[0]


def until(true: Callable[[], object]) -> None:
    """Wait for it, not for ever."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        os.sched_yield()


@pytest.mark.crash
@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_a_killed_engine_is_seen_at_once_and_the_run_goes_on(place: Any) -> None:
    """`kill -9`, then resume: the lost attempt is recorded, the next one comes to review, the level was told."""
    run, holder = begun(place)
    second = asked(place, "autor_nb.worker", str(run.path))
    assert (2, True) == (second.returncode, f"already being worked on by process {holder.pid}" in second.stderr)
    os.kill(holder.pid, signal.SIGKILL)
    until(lambda: living_holder(run) is None)
    assert RunStatus.INTERRUPTED is control.snapshot(run).status

    said = asked(place, "autor_nb.cli.main", "resume", run.run_id, "--wait", "--json")
    assert 0 == said.returncode, said.stderr
    state = control.snapshot(run).state
    assert ("01_literature_survey", 2) == state.review
    assert list(range(1, state.last_seq + 1)) == [event.seq for event in log(run)]
    told = [event.lock for event in log(run) if isinstance(event, ev.WorkerStarted)]
    assert 2 == len(told)
    assert all("has no locks" in text and "60 s" in text for text in told)
    assert 2 == (run.path / "logs.txt").read_text().count("this file system has no locks")


@pytest.mark.crash
@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_an_engine_that_slept_while_another_host_took_over_stops_in_words(place: Any) -> None:
    """The other host waits while it is heard of, takes over when it is not; awake again, the first writes nothing."""
    run, holder = begun(place)
    engine = psutil.Process(holder.pid)
    engine.suspend()
    try:
        early = asked(place, "autor_nb.worker", str(run.path), host="beta")
        assert (2, True) == (early.returncode, f"process {holder.pid} on {holder.host}" in early.stderr)
        (claim,) = claims_folder(run).glob("0*.json")
        then = claim.stat().st_mtime - claims.EXPIRED_S - 1
        os.utime(claim, (then, then))
        late = asked(place, "autor_nb.worker", str(run.path), host="beta")
        assert 0 == late.returncode, late.stderr
        before = run.events.read_bytes()
    finally:
        engine.resume()
    until(lambda: not engine.is_running() or engine.status() == psutil.STATUS_ZOMBIE)
    said = (run.operator_state / "worker.log").read_text()
    assert f"Run {run.run_id} was taken over by another engine; this engine stops and writes nothing more." in said
    assert before == run.events.read_bytes()
    assert ("01_literature_survey", 2) == control.snapshot(run).state.review


@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_doctor_tells_the_level_in_force(place: Any) -> None:
    """A warning, with what it means and what would be better; runs can be carried out all the same."""
    said = asked(place, "autor_nb.cli.main", "doctor", "--json")
    (found,) = [item for item in json.loads(said.stdout)["data"]["findings"] if item["id"] == "locks"]
    assert "warn" == found["state"]
    assert "heartbeat" in found["found"]
    assert "60 s" in found["found"]
    assert "--runs-dir" in found["mend"]
