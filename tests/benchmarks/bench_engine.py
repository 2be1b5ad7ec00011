"""The engine's own cost: overhead a stage, fold, flood of output, command to first event; disk flushes apart."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import msgspec
import psutil

from autor_nb import control
from autor_nb.creation import NewRequest
from autor_nb.domain import commands as cmd
from autor_nb.domain import events as ev
from autor_nb.domain.errors import RefusedError
from autor_nb.domain.fold import fold
from autor_nb.domain.run import Limits, RunConfig
from autor_nb.domain.stage import Ending, StageRef
from autor_nb.store import eventlog
from autor_nb.store.eventlog import utc_now
from autor_nb.store.layout import RunFolder
from autor_nb.store.lock import living_holder

ME = control.actor("test")


def scripted(root: Path, **options: str) -> RunFolder:
    """A scripted run, started."""
    config = RunConfig(agent="scripted", reviewer="auto", options=options, limits=Limits())
    return control.create(NewRequest(goal="measure", by=ME, config=config, runs_dir=root))


def fsync_cost(folder: Path) -> float:
    """Median seconds of one flushed append here."""
    times = []
    with (folder / "probe").open("ab") as stream:
        for _ in range(50):
            began = time.perf_counter()
            stream.write(b"x" * 300)
            stream.flush()
            os.fsync(stream.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def overhead(root: Path, artifacts: int) -> None:
    """Seconds a stage that are neither the agent's nor the notebook's, from the log's own times."""
    run = scripted(root, files=str(artifacts))
    control.wait(run, "done")
    marks: dict[str, dict[str, float]] = {}
    for event in eventlog.read(run.events)[0]:
        stage = getattr(event, "stage", "")
        at = datetime.fromisoformat(event.at).timestamp()
        if isinstance(event, ev.AttemptStarted):
            marks[stage] = {"begin": at, "work": 0.0}
        elif isinstance(event, ev.AttemptEnded):
            marks[stage]["work"] += event.duration_s
        elif isinstance(event, ev.NotebookRendered):
            marks[stage]["work"] += event.duration_s
        elif isinstance(event, ev.Approved):
            marks[stage]["end"] = at
    spent = [m["end"] - m["begin"] - m["work"] for s, m in marks.items() if "end" in m and s[:2] in ("02", "04", "05", "06")]
    print(f"overhead a stage, {artifacts:5} artifacts: median {statistics.median(spent) * 1000:.0f} ms")


def fold_cost(folder: Path) -> None:
    """Seconds to fold 100,000 events, reading apart."""
    ref = StageRef(number="01", slug="01_s", title="S")
    path = folder / "events.jsonl"
    with path.open("wb") as stream:
        stream.write(eventlog.encode(ev.RunCreated(run_id="r", goal="g", workflow=(ref,), seq=1, at=utc_now())) + b"\n")
        for n in range(1, 14287):
            for event in (
                ev.AttemptStarted(stage="01_s", attempt=n, agent="a"), ev.AgentSpawned(stage="01_s", attempt=n, pid=1, process_started=1.0),
                ev.AttemptEnded(stage="01_s", attempt=n, ending=Ending.FINISHED), ev.AttemptChecked(stage="01_s", attempt=n),
                ev.NotebookRendered(stage="01_s", attempt=n, path="p", complete=True), ev.ReviewOpened(stage="01_s", attempt=n),
                ev.Refined(stage="01_s", attempt=n, feedback="f") if n % 50 == 0 else ev.AttemptRetried(stage="01_s", attempt=n),
            ):
                stream.write(eventlog.encode(msgspec.structs.replace(event, seq=n, at="2026-01-01T00:00:00.000Z")) + b"\n")
    began = time.perf_counter()
    events, _ = eventlog.read(path)
    read = time.perf_counter()
    fold(events)
    done = time.perf_counter()
    print(f"fold of {len(events):,} events: {done - read:.3f} s (reading and decoding them: {read - began:.3f} s)")


def flood(root: Path) -> None:
    """Extra memory of the worker while an agent says 100 MB."""
    run = scripted(root, script="01:good,02:flood", flood_mb="100")
    peak = base = 0
    while (now := control.snapshot(run)).waiting == "engine":
        worker = living_holder(run)
        if worker is not None:
            try:
                size = psutil.Process(worker.pid).memory_info().rss
            except psutil.Error:
                continue
            if now.state.current and now.state.current.startswith("02"):
                peak = max(peak, size)
            elif not peak:
                base = max(base, size)
        time.sleep(0.02)
        if now.state.current and now.state.current.startswith("03"):
            break
    control.ask(run, cmd.Abort(id=control.new_id(), at=utc_now(), by=ME))
    print(f"100 MB of agent output: {max(0, peak - base) / 1e6:.0f} MB extra in the worker")


def first_event(root: Path) -> None:
    """Seconds from a command to its event, with a live worker and with a start."""
    config = RunConfig(agent="scripted", options={"script": "01:hang"})
    run = control.create(NewRequest(goal="measure", by=ME, config=config, runs_dir=root))
    while control.snapshot(run).state.current is None or not control.snapshot(run).state.stages[0].attempts:
        time.sleep(0.02)
    live = []
    for _ in range(10):
        began = time.perf_counter()
        try:
            control.ask(run, cmd.Undo(id=control.new_id(), at=utc_now(), by=ME))
        except RefusedError:
            live.append(time.perf_counter() - began)
    control.ask(run, cmd.Stop(id=control.new_id(), at=utc_now(), by=ME))
    control.wait(run, "done")
    cold = []
    for _ in range(5):
        while living_holder(run):
            time.sleep(0.02)
        began = time.perf_counter()
        try:
            control.ask(run, cmd.Undo(id=control.new_id(), at=utc_now(), by=ME))
        except RefusedError:
            cold.append(time.perf_counter() - began)
    print(f"command to first event: {statistics.median(live):.3f} s live, {statistics.median(cold):.3f} s with a start")


def main() -> int:
    """Print everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"one flushed append here: {fsync_cost(folder) * 1000:.2f} ms")
        fold_cost(folder)
        first_event(folder / "a")
        overhead(folder / "b", 10)
        overhead(folder / "c", 5000)
        flood(folder / "d")
    return 0


if __name__ == "__main__":
    sys.exit(main())
