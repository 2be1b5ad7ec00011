"""Real kills of a loop's worker, of the leash of its trial, or both, at random instants: nothing acknowledged is lost.

`AUTOR_CRASH_KILLS` says how many (40 unless said, spread over loops of twenty; `make crash` asks for 200); the seed is
fixed, the instants are the machine's.
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import psutil
import pytest

from autor_nb import loop_control
from autor_nb.domain.events import LogRecovered
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import GateSpec
from autor_nb.domain.loops.fold import LoopFold
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.engine.orphans import carrying, marker_prefix
from autor_nb.store.lock import living_holder
from autor_nb.store.loops import history
from autor_nb.store.loops.clone import repository_of
from autor_nb.store.loops.git import Git
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.views import Views
from autor_nb.testing.loop_project import ME, LoopProject, edit, git

KILLS = int(os.environ.get("AUTOR_CRASH_KILLS", "40"))
PER_LOOP = 20
GONE_S = 5.0
LINES = (b"\x00\xff\x1b[31m\n", b'{"type":"trial_ended","seq":7,"tri\n', b"[]\n")
GARBAGE = b'{"run": 3, "metric": \n\x00\xff not a record\n'
pytestmark = [pytest.mark.crash, pytest.mark.slow]


def until(condition: object, seconds: float) -> bool:
    """Whether a condition became true in time."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def edits_of(draw: random.Random, count: int) -> list[str]:
    """Edits of all fates, most of them better than what came before, so that the branch moves often."""
    level, made = 1.0, []
    for n in range(count):
        fate = draw.random()
        if fate < 0.1:
            made.append(edit(what="crash", salt=n))
        elif fate < 0.5:
            level *= 0.97
            made.append(edit(level=f"{level:.6f}", salt=n, noise=0.001))
        else:
            made.append(edit(level=f"{level * 1.1:.6f}", salt=n, noise=0.001))
    return made


class Victim:
    """One loop, and what was seen of it so far."""

    def __init__(self, folder: Path, draw: random.Random, gate: str) -> None:
        self.draw = draw
        self.project = LoopProject.make(folder, edits_of(draw, 400), gate=GateSpec(name=gate))
        self.loop: LoopFolder = self.project.loop
        self.acknowledged = self.loop.events.read_bytes()
        self.told: list[int] = []
        self.meddled = 0
        self.killed = {"worker": 0, "runner": 0, "both": 0}
        loop_control.ask(self.loop, self.project.start(iterations=390))

    # ------------------------------------------------------------------------------- killing

    def runners(self) -> list[psutil.Process]:
        """The leash of the trial at work, and what it has started."""
        return [process for process in carrying(marker_prefix(self.loop)) if _lives(process)]

    def kill(self) -> None:
        """Kill one or both at a random instant; what was started must be gone soon after its worker."""
        kind = self.draw.choice(["worker", "worker", "worker", "runner", "both"])
        self.go_on()
        time.sleep(self.draw.uniform(0, 0.35))
        holder = living_holder(self.loop)
        if kind in ("runner", "both"):
            until(lambda: self.runners() or living_holder(self.loop) is None, 2)
            for process in self.runners()[:1]:
                _kill(process.pid)
        if kind != "runner" and holder is not None:
            _kill(holder.pid)
            assert until(lambda: not psutil.pid_exists(holder.pid) or not _lives(psutil.Process(holder.pid)), GONE_S)
            assert until(lambda: not self.runners(), GONE_S), f"left behind: {self.runners()}"
        self.killed[kind] += 1

    def go_on(self) -> None:
        """Have a worker at it again, as a person would."""
        if living_holder(self.loop) is not None:
            return
        if self.project.state.status is LoopStatus.FAILED:  # a runner was killed while it measured the baseline
            loop_control.ask(self.loop, self.project.start(iterations=390))
        else:
            loop_control.start_worker(self.loop)
        until(lambda: living_holder(self.loop) is not None, 20)

    def record(self) -> None:
        """Somebody records an experiment; its number counts as acknowledged."""
        self.told.append(loop_control.record(self.loop, ME, status="discard", metric=2.0, summary="by hand").event.n)

    # ------------------------------------------------------------------------------- looking

    def look(self) -> None:
        """Everything that was once readable is still there, in its place; heads and branches are of the log."""
        now = self.readable()
        assert now.startswith(self.acknowledged), "an acknowledged event was lost"
        self.acknowledged = now[: now.rfind(b"\n") + 1]
        heads = self.heads()
        kept = Git(repository_of(self.loop.clone)).commit_of("refs/heads/autor/demo")
        assert kept is None or kept in heads, "an untested commit was adopted in the clone"
        theirs = Git(self.project.folder / ".git").commit_of("refs/heads/autor/demo")
        assert theirs is None or theirs in heads, "an untested commit was published"

    def readable(self) -> bytes:
        """The log without what `meddle` put between its lines: setting that aside must move nothing else."""
        lines = self.loop.events.read_bytes().splitlines(keepends=True)
        return b"".join(line for line in lines if line not in LINES)

    def heads(self) -> list[str]:
        """Every commit that the log says was the loop's head, oldest first."""
        found = []
        for event in self.project.events:
            if isinstance(event, ev.LoopCreated):
                found.append(event.base)
            elif isinstance(event, ev.ExperimentEnded) and event.verdict.moves:
                found.append(event.commit)
        return found

    def meddle(self) -> None:
        """What a power cut, or another program, may leave in the views and behind the log."""
        with self.loop.experiments.open("ab") as stream:
            stream.write(GARBAGE)
        lines = self.loop.events.read_bytes().splitlines(keepends=True)
        for line in LINES:
            lines.insert(self.draw.choice([0, self.draw.randrange(len(lines)), len(lines)]), line)
        self.loop.events.write_bytes(b"".join(lines) + b'{"type":"trial_ended","tri')
        self.meddled += 1
        with self.loop.standing.open("wb") as stream:
            stream.write(b'{"format":1,"offset":99999999')

    def is_quiet(self) -> bool:
        """Whether no engine works."""
        return living_holder(self.loop) is None and not self.runners()

    def rest(self) -> None:
        """Have a worker go on a little, then stop the session by a command."""
        before = self.project.state.experiments
        self.go_on()
        assert until(lambda: self.project.state.experiments > before + 1, 60), self.project.state.failure
        loop_control.ask(self.loop, self.project.stop())
        assert until(self.is_quiet, 30)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def inspect_remains(victim: Victim, elsewhere: Path) -> None:
    """The log is numbered without gaps, experiments too; the views are those that the log alone makes."""
    events, loop = victim.project.events, victim.loop
    assert list(range(1, len(events) + 1)) == [event.seq for event in events]
    state = victim.project.state
    assert LoopStatus.STOPPED is state.status and not state.unknown and not state.failure
    assert LoopFold().apply(events) == state, "the checkpoint and the log differ"
    assert "Traceback" not in (loop.engine / "worker.log").read_text(encoding="utf-8")
    over = [event.n for event in events if isinstance(event, ev.ExperimentEnded | ev.ExperimentRecorded)]
    at_work = {one for one in (state.current.n if state.current else None, state.spare_n) if one is not None}
    assert len(over) == len(set(over)), "an experiment ended twice"
    assert set(range(state.next_n)) == {*over, *at_work}, "numbers are not consecutive"
    assert {*victim.told} <= {*over}, "a record that was acknowledged is gone"
    mended = [event for event in events if isinstance(event, LogRecovered)]
    assert [(len(LINES), (), ())] * victim.meddled == [(one.lines, one.missing, one.restored) for one in mended]
    trials = [event.trial for event in events if isinstance(event, ev.TrialStarted)]
    assert trials == sorted(set(trials)), "two trials have one number"
    assert len(trials) == len({event.trial for event in events if isinstance(event, ev.TrialEnded)})
    other = LoopFolder(elsewhere / loop.name)
    other.make()
    Views(other).catch_up(state, events)
    assert other.experiments.read_bytes() == loop.experiments.read_bytes()
    assert other.results.read_bytes() == loop.results.read_bytes()
    assert over == [row.run for row in history.read(loop.experiments).records]
    head, folder = victim.heads()[-1], victim.project.folder
    assert head == state.head == git(loop.clone, "rev-parse", "autor/demo") == git(folder, "rev-parse", "autor/demo")
    assert "" == git(folder, "fsck", "--no-dangling", "--no-progress")
    assert "" == git(folder, "status", "--porcelain", "--", "model.sh", "run.sh")


@pytest.mark.parametrize("number", range(-(-KILLS // PER_LOOP)))
def test_a_loop_survives_kills_at_random_instants(number: int, tmp_path: Path) -> None:
    """Worker, runner or both are killed; the next worker goes on, and the log only ever grew."""
    victim = Victim(tmp_path, random.Random(4000 + number), ("eprocess", "greedy")[number % 2])
    kills = min(PER_LOOP, KILLS - number * PER_LOOP)
    for kill in range(kills):
        victim.kill()
        victim.look()
        if kill % 5 == 4:
            if living_holder(victim.loop) is None and kill % 10 == 4:
                victim.meddle()
            victim.record()
            victim.look()
    victim.rest()
    victim.look()
    victim.meddle()
    victim.record()
    victim.look()
    inspect_remains(victim, tmp_path / "elsewhere")
    done, kept = victim.project.state.experiments, len(victim.heads()) - 1
    line = f"loop {number}: killed {victim.killed}, {done} experiments, {kept} kept"
    print(line)
    if artifacts := os.environ.get("AUTOR_TEST_ARTIFACTS"):
        Path(artifacts).mkdir(parents=True, exist_ok=True)
        with (Path(artifacts) / "crash.txt").open("a") as stream:
            stream.write(line + "\n")
    assert sum(victim.killed.values()) == kills
