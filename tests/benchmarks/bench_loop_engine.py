"""What one experiment costs beyond its runs, critic and coder, at 10 and at 10,000 experiments; printed, not judged.

    python tests/benchmarks/bench_loop_engine.py [PAIRS]
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.engine.loops import sharing, trials
from autor_nb.engine.loops.engine import LoopEngine
from autor_nb.loop_wiring import WiredLoopParts
from autor_nb.store import eventlog
from autor_nb.store.lock import EngineLock
from autor_nb.store.loops import standing
from autor_nb.testing.loop_project import LoopProject, edit, idea

MANY = 10_000
WANTED_MS = 30.0


class Timed:
    """A part whose time is counted apart."""

    spent = 0.0

    @classmethod
    @contextlib.contextmanager
    def counting(cls) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            cls.spent += time.perf_counter() - begun


class TimedParts(WiredLoopParts):
    """The wired parts; what critic and coder take is counted apart, and ideas never end."""

    def __init__(self, count: int) -> None:
        self.count = count

    def critic(self, config: Any) -> Any:
        """An endless one."""
        return _Critic()

    def coder(self, config: Any) -> Any:
        """One that writes another level each time."""
        return _Coder()


class _Critic:
    name = "endless"

    def propose(self, task: Any) -> Any:
        from autor_nb.domain.loops.parts import Proposal

        with Timed.counting():
            return Proposal(idea=idea(_words(len(task.experiments))))


class _Coder:
    name = "endless"

    def apply(self, task: Any) -> Any:
        from autor_nb.domain.loops.parts import CoderResult

        with Timed.counting():
            (Path(task.clone) / "model.sh").write_text(edit(level=1.2, salt=task.n), encoding="utf-8")
            return CoderResult(ok=True, changed=("model.sh",))


def _words(n: int) -> str:
    """A hypothesis that repeats no other: words that many share, and one of its own."""
    letters = "bcdfghjklmnpqrstvwxz"
    own = "".join(letters[n // 20**place % 20] * 2 for place in range(4))
    return f"Warm the {letters[n % 17]}layer before {own} so that the {letters[n % 13]}rate settles"


class Driven(LoopEngine):
    """An engine that is stepped from outside, one experiment at a time; the loop has so many behind it."""

    def __init__(self, folder: Path, count: int) -> None:
        self.count, self.times = count, list[float]()
        self.project = LoopProject.make(folder, [])
        self._grow(count, self.project.work(self.project.start(wall_s=0.2)).head)
        super().__init__(self.project.loop, TimedParts(count))
        self.then: Callable[[], None] = lambda: None

    def _at_work(self) -> None:
        self.then()

    def opened(self, then: Callable[[], None]) -> None:
        """Do that while the engine holds its lock and has read its log."""
        self.then = then
        self.project.give(self.project.start(wall_s=3600))
        with EngineLock(self.loop) as held:
            self.work(held)

    def step(self) -> None:
        """One experiment, and what it took beyond its run, critic and coder."""
        before, Timed.spent, begun = self.state.experiments, 0.0, time.perf_counter()
        while self.state.experiments == before:
            if self.lock is not None:
                self.lock.heartbeat()
            self.take_commands()
            step = self._next()
            if sharing.has_turn(self, step):
                self._carry_out(step)
        self.times.append(time.perf_counter() - begun - Timed.spent)

    def _grow(self, experiments: int, head: str) -> None:
        """Experiments as a loop would have written them, without running them."""
        state = standing.read(self.project.loop)
        rows: list[Any] = []
        for n in range(max(1, state.next_n), experiments):
            said = idea(_words(n))
            rows += [
                ev.IdeaProposed(n=n, idea=said, critic="endless"),
                ev.ChangeApplied(n=n, commit=head, parent=head, files=("model.sh",), added=1, removed=1, diff="0" * 64,
                                 diff_sha256=f"{n:064x}", coder="endless"),
                ev.TrialStarted(trial=n + 10, n=n, role="screen", subject="candidate", commit=head, seed=n),
                ev.TrialEnded(trial=n + 10, n=n, role="screen", subject="candidate", ending="finished", score=-1.2,
                              metric=1.2, seed=n, exit_code=0, duration_s=0.02),
                ev.ExperimentEnded(n=n, verdict=Verdict.DISCARD, reason="not better in its screening run", commit=head,
                                   parent=head, summary=said.hypothesis, metric=1.2, delta=0.2, trials=1, seed=n),
            ]  # fmt: skip
        seq = state.last_seq
        lines = []
        for at, event in enumerate(rows, 1):
            lines.append(eventlog.encode(msgspec.structs.replace(event, seq=seq + at, at=eventlog.utc_now())) + b"\n")
        with self.project.loop.events.open("ab") as stream:
            stream.write(b"".join(lines))


@contextlib.contextmanager
def apart() -> Iterator[None]:
    """Count the time of runs and of flushes apart."""
    run, flush = trials.run_trial, os.fsync

    def timed_run(*words: Any, **more: Any) -> Any:
        with Timed.counting():
            return run(*words, **more)

    trials.run_trial = timed_run
    os.fsync = lambda handle: None
    try:
        yield
    finally:
        trials.run_trial, os.fsync = run, flush


def main(pairs: int) -> None:
    """Print medians at few and at many experiments, taken in turn."""
    with tempfile.TemporaryDirectory() as folder, apart():
        few, many = (Driven(Path(folder) / str(count), count) for count in (10, MANY))

        def in_turn() -> None:
            for _ in range(pairs + 3):
                few.step()
                many.step()

        few.opened(lambda: many.opened(in_turn))
        medians = [report(one) for one in (few, many)]
        print(f"many against few: {medians[1] / medians[0] - 1:+.1%}; wanted within 20 %")
        print(f"flushes to disk, apart: {fsyncs(Path(folder)):.2f} ms each, about 6 an experiment")


def report(one: Driven) -> float:
    """Print its median in milliseconds, the first three left out."""
    times = [taken * 1e3 for taken in one.times[3:]]
    tenths, median = statistics.quantiles(times, n=10), statistics.median(times)
    print(f"{one.count:>6,} experiments: overhead {median:6.2f} ms an experiment (median of {len(times)}; "
          f"p10 {tenths[0]:.2f}, p90 {tenths[-1]:.2f}); wanted ≤ {WANTED_MS:g}")  # fmt: skip
    return median


def fsyncs(folder: Path) -> float:
    """Milliseconds of one flush of a line."""
    taken = []
    with (folder / "flushed").open("ab") as stream:
        for _ in range(30):
            stream.write(b"x" * 300)
            stream.flush()
            begun = time.perf_counter()
            os.fdatasync(stream.fileno())
            taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1e3


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
