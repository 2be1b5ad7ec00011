"""A run whose watcher was killed from outside: it is run again, a few times, and nobody is blamed for it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from pathlib import Path

import pytest

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import GateSpec
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.engine.loops.trial import TrialRequest, run_whole
from autor_nb.testing.loop_project import LoopProject, edit

SUICIDE = 'kill -9 "$(cut -d " " -f 4 "/proc/$$/stat")"\nsleep 20\n'
"""Kills the parent of the program: the one who watches over it."""


@contextlib.contextmanager
def killer(project: LoopProject, n: int, times: int) -> object:
    """Kills the watcher of the first so many runs of experiment n, each as soon as the log names it."""
    over, done = threading.Event(), set[int]()

    def watch() -> None:
        while not over.wait(0.003) and len(done) < times:
            ended = {one.trial for one in project.of(ev.TrialEnded)}
            for one in project.of(ev.TrialStarted):
                if one.n == n and one.trial not in done | ended and len(done) < times:
                    done.add(one.trial)
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(one.pid, signal.SIGKILL)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("times", [1, 2])
def test_a_lost_run_is_run_again_on_the_same_seed_and_judged(times: int, tmp_path: Path) -> None:
    """The candidate is kept as if nothing had happened; that its watcher was killed is told to a person."""
    project = LoopProject.make(tmp_path, [edit(level=0.5, what="slow", salt=1)], gate=GateSpec(name="eprocess"))
    with killer(project, 1, times):
        project.work(project.start(iterations=1))
    screens = [one for one in project.of(ev.TrialEnded) if (one.n, one.role) == (1, "screen")]
    assert ["lost"] * times + ["finished"] == [one.ending for one in screens]
    assert 1 == len({one.seed for one in screens})
    assert all("killed by SIGKILL. It is run again." in one.reason for one in screens[:times])
    end = project.ended(1)
    assert Verdict.KEEP is end.verdict and end.confirmed
    assert f"was killed in {times} of its runs" in " ".join(end.suspicious)
    assert end.trials == len([one for one in project.of(ev.TrialEnded) if one.n == 1]) - times


def test_lost_again_and_again_is_a_crash(tmp_path: Path) -> None:
    """A candidate that kills its own watcher gets two more runs, not as many as it likes."""
    project = LoopProject.make(tmp_path, [edit(level=0.5) + SUICIDE])
    project.work(project.start(iterations=1))
    assert ["lost", "lost", "failed"] == [one.ending for one in project.of(ev.TrialEnded) if one.n == 1]
    end = project.ended(1)
    assert Verdict.CRASH is end.verdict and "killed by SIGKILL" in end.reason


def test_a_tampered_run_is_not_run_again_by_killing_its_watcher(tmp_path: Path) -> None:
    """What it did to a protected file is evidence, however the run ended."""
    project = LoopProject.make(tmp_path, [edit(level=0.5) + 'mine=run; echo >> "$mine.sh"\n' + SUICIDE])
    project.work(project.start(iterations=1))
    assert Verdict.TAMPERED is project.ended(1).verdict
    assert ["failed"] == [one.ending for one in project.of(ev.TrialEnded) if one.n == 1]


def test_the_baseline_survives_a_lost_run(tmp_path: Path) -> None:
    """The loop does not fail because somebody killed a process of it."""
    project = LoopProject.make(tmp_path, [edit(level=0.5)], base=edit(level=1.0, what="slow"))
    with killer(project, 0, 1):
        state = project.work(project.start(iterations=1))
    assert not state.failure and {1: "keep"} == project.verdicts()
    assert "lost" == next(one for one in project.of(ev.TrialEnded) if one.n == 0).ending


def test_what_has_no_log_runs_it_again_by_itself(tmp_path: Path) -> None:
    """Noise, comparisons, the holdout: up to three runs, and lost every time is how it ended."""
    script = tmp_path / "run.sh"
    script.write_text(f'echo x >> {tmp_path}/tried\ntest "$(wc -l < {tmp_path}/tried)" -gt "$1" || {{ {SUICIDE} }}\necho ok\n')
    found = []
    for lost in (2, 9):
        (tmp_path / "tried").unlink(missing_ok=True)
        request = TrialRequest(command=("/bin/sh", str(script), str(lost)), cwd=tmp_path, marker=f"lost-{os.getpid()}-{lost}",
                               output=tmp_path / "out", timeout_s=20)  # fmt: skip
        found.append((run_whole(request).ending, len((tmp_path / "tried").read_text().split())))
    assert [("finished", 3), ("lost", 3)] == found
