"""Real kills at random instants: nothing acknowledged is lost, nothing half is read as done, every run completes.

`AUTOR_CRASH_KILLS` says how many (40 unless said, spread over runs of ten; `make crash` asks for 200); the seed is
fixed, the instants are the machine's. A third of the kills wait until a notebook is being executed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from autor_nb import control
from autor_nb.creation import NewRequest
from autor_nb.domain.run import Limits, RunConfig, RunStatus
from autor_nb.engine.orphans import carrying, marker_prefix
from autor_nb.store import eventlog, objects
from autor_nb.store.layout import RunFolder
from autor_nb.store.lock import living_holder

KILLS = int(os.environ.get("AUTOR_CRASH_KILLS", "40"))
PER_RUN = 10
GONE_S = 5.0
pytestmark = [pytest.mark.crash, pytest.mark.slow]


def until(condition: object, seconds: float) -> bool:
    """Whether a condition became true in time."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


class Victim:
    """One run, and what was seen of its log so far."""

    def __init__(self, root: Path, random_: random.Random) -> None:
        self.random = random_
        config = RunConfig(agent="scripted", reviewer="auto", options={"delay_s": "0.15"}, limits=Limits(retries=50))
        self.run = control.create(NewRequest(goal="survive", by=control.actor("test"), config=config, runs_dir=root))
        self.acknowledged = b""
        self.killed: dict[str, int] = {"worker": 0, "agent": 0, "kernel": 0}
        self.in_notebook = 0

    def look(self) -> None:
        """Everything that was once readable is still there, in the same place."""
        now = self.run.events.read_bytes()
        assert now.startswith(self.acknowledged), "an acknowledged event was lost"
        self.acknowledged = now[: now.rfind(b"\n") + 1]

    def is_over(self) -> bool:
        """Whether the run has nothing left to do."""
        return control.snapshot(self.run).status is RunStatus.COMPLETED

    def executes_a_notebook(self) -> bool:
        """Whether the last event says that an attempt was checked and its notebook is on its way."""
        events, _ = eventlog.read(self.run.events)
        return getattr(type(events[-1]).__struct_config__, "tag", "") == "attempt_checked" or self.is_over()

    def still_executes(self) -> bool:
        """Whether the kill came before the notebook was done."""
        events, _ = eventlog.read(self.run.events)
        return getattr(type(events[-1]).__struct_config__, "tag", "") == "attempt_checked"

    def processes(self, kind: str) -> list[psutil.Process]:
        """The live processes of one kind."""
        worker = living_holder(self.run)
        if kind == "agent":
            return [p for p in carrying(marker_prefix(self.run)) if p.is_running()]
        if worker is None:
            return []
        try:
            process = psutil.Process(worker.pid)
            if kind == "worker":
                return [process]
            return [c for c in process.children(recursive=True) if "kernel" in " ".join(c.cmdline())]
        except psutil.Error:
            return []

    def kill(self, kind: str) -> bool:
        """Kill one of a kind; for a worker, what it had started must be gone soon."""
        targets = self.processes(kind)
        if not targets:
            return False
        family = [*self.processes("agent"), *self.processes("kernel")] if kind == "worker" else []
        try:
            self.random.choice(targets).send_signal(signal.SIGKILL)
        except psutil.Error:
            return False
        self.killed[kind] += 1
        if kind == "worker":
            assert until(lambda: not any(_lives(p) for p in family), GONE_S), f"left behind: {family}"
        return True

    def torment(self, kills: int, in_notebook: int) -> None:
        """Kill until the count is reached or the run is over."""
        while sum(self.killed.values()) < kills and not self.is_over():
            if living_holder(self.run) is None:
                control.resume(self.run, control.actor("test"))
            notebook = self.in_notebook < in_notebook
            if notebook:
                until(self.executes_a_notebook, 20)
                time.sleep(self.random.uniform(0, 0.4))
            else:
                time.sleep(self.random.uniform(0, 0.6))
            kind = self.random.choice(["worker", "kernel"] if notebook else ["worker", "agent", "agent"])
            until(lambda kind=kind: self.processes(kind) or self.is_over(), 5)
            if self.kill(kind) and notebook and self.still_executes():
                self.in_notebook += 1
            self.look()

    def recover(self) -> None:
        """Resume until the run is complete."""
        assert until(self._pushed_on, 240), control.snapshot(self.run).state.last_error

    def _pushed_on(self) -> bool:
        now = control.snapshot(self.run)
        if now.status is RunStatus.COMPLETED and not now.live:
            return True
        if not now.live and now.status is not RunStatus.COMPLETED:
            control.resume(self.run, control.actor("test"))
        return False


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def inspect_remains(run: RunFolder) -> None:
    """Every file that says it is done is whole."""
    events, _ = eventlog.read(run.events)
    assert list(range(1, len(events) + 1)) == [event.seq for event in events]
    state = control.snapshot(run).state
    assert 0 == state.unknown
    for stage in state.stages:
        for attempt in stage.attempts:
            if attempt.notebook:
                nbformat.validate(nbformat.read(run.path / attempt.notebook, as_version=4))
            for manifest in filter(None, (attempt.files_before, attempt.files_after)):
                assert objects.get_files(run, manifest) is not None
    for name in ("run_manifest.json", "artifact_index.json", "intake_context.json"):
        json.loads((run.path / name).read_text())
    for name in run.path.glob("stages/*.md"):
        assert name.read_bytes().strip()


@pytest.mark.parametrize("number", range(-(-KILLS // PER_RUN)))
def test_a_run_survives_kills_at_random_instants(number: int, tmp_path: Path) -> None:
    """Worker, agent and notebook kernel are killed; the run completes and its log only ever grew."""
    victim = Victim(tmp_path / "runs", random.Random(1000 + number))
    victim.torment(min(PER_RUN, KILLS - number * PER_RUN), in_notebook=PER_RUN // 3)
    victim.recover()
    victim.look()
    inspect_remains(victim.run)
    line = f"run {number}: killed {victim.killed}, {victim.in_notebook} of them while a notebook was executed"
    print(line)
    if artifacts := os.environ.get("AUTOR_TEST_ARTIFACTS"):
        Path(artifacts).mkdir(parents=True, exist_ok=True)
        with (Path(artifacts) / "crash.txt").open("a") as stream:
            stream.write(line + "\n")
    assert sum(victim.killed.values()) >= 3
    assert victim.in_notebook >= 1
