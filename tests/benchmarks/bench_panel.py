"""What the run's panel costs in a real JupyterLab: first paint, from the disk to the screen, and on the wire.

python tests/benchmarks/bench_panel.py   (needs chromium; about three minutes)
"""

from __future__ import annotations

import datetime
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import nbformat

sys.path.append(str(Path(__file__).parents[1] / "browser"))
from desk import Desk, desk
from lab_server import Server, running_server

import autor_nb

ATTEMPTS, FILES, EVENTS, FLOOD = 20, 500, 1_000, 200_000
PAINTED = "() => !!document.querySelector('.autor .head') && document.querySelectorAll('.autor .line li').length > 7"
WATCH = """text => { if (window.watcher) window.watcher.disconnect(); window.seenAt = 0; const look = () => { if (!window.seenAt
    && [...document.querySelectorAll('.autor')].some(e => e.textContent.includes(text))) window.seenAt = Date.now(); };
  window.watcher = new MutationObserver(look); window.watcher.observe(document.body, {subtree: true, childList: true, characterData: true}); }"""

# From the click's own event to the second picture after it: the first one shows what it changed.
ANSWER = """selector => new Promise(done => { const one = document.querySelector(selector); if (!one) return done([]);
  const began = performance.now(); one.click();
  requestAnimationFrame(() => requestAnimationFrame(() => done([performance.now() - began]))); })"""


def say(what: str, value: float, unit: str, budget: float) -> None:
    """One line of the table."""
    print(f"{what:58} {value:10.3f} {unit:3} (budget {budget:g} {unit})", flush=True)


def finished(root: Path) -> Any:
    """A complete run with twenty attempts and five hundred artifacts."""
    run = autor_nb.new("a run to look at", agent="scripted", options={"files": str(FILES)}, runs_dir=root / "runs")
    run.wait()
    for _ in range(ATTEMPTS - 8):
        run.refine(1).wait()
    while run.status == "in_review":
        run.approve().wait()
    made = sum(len(stage.attempts) for stage in run.state.stages)
    print(f"a {run.status} run with {made} attempts and {len(run.artifacts)} files")
    return run


def notebook(root: Path, name: str, *cells: str) -> str:
    """A notebook of these cells."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, root / name)
    return name


def first_paint(at: Desk, root: Path, run_id: str) -> None:
    """From running the cell to a drawn panel, in a page that has drawn one before and in a fresh kernel."""
    at.open(notebook(root, "paint.ipynb", "%load_ext autor_nb", f"%autor panel {run_id}"))
    at.idle()
    at.command("notebook:run-all-cells", wait=False)
    at.page.wait_for_function(PAINTED)
    times = []
    for _ in range(5):
        at.command("notebook:clear-all-cell-outputs")
        at.page.wait_for_function("() => !document.querySelector('.autor .head')")
        at.idle()
        began = time.perf_counter()
        at.command("notebook:run-all-cells", wait=False)
        at.page.wait_for_function(PAINTED, polling=10)
        times.append(time.perf_counter() - began)
    say("first paint of a finished run, median of 5", statistics.median(times), "s", 1)


def disk_to_pixel(at: Desk, root: Path) -> None:
    """From an event's own time to the page's change."""
    run = autor_nb.new("a run that waits", agent="scripted", runs_dir=root / "runs")
    run.wait()
    at.open(notebook(root, "pixel.ipynb", "%load_ext autor_nb", f"%autor panel {run.id}"))
    at.run_all()
    at.page.wait_for_function(PAINTED)
    times = []
    for number in range(7):
        word = f"decision number {number}"
        at.page.evaluate(WATCH, word)
        run.refine(word)
        at.page.wait_for_function("() => window.seenAt > 0", timeout=60_000)
        given = run.state.feedback[-1]
        decided = datetime.datetime.fromisoformat(given.at).timestamp()
        times.append(at.page.evaluate("() => window.seenAt") / 1000 - decided)
        run.wait()
    say("event on disk to pixel, median of 7", statistics.median(times), "s", 0.5)
    say("event on disk to pixel, worst", max(times), "s", 0.5)


def wire(at: Desk, root: Path) -> None:
    """Bytes to the page for an attempt of 1,000 events, and what ten minutes of signs of life add."""
    frames: list[int] = []
    at.page.on(
        "websocket",
        lambda socket: socket.on(
            "framereceived", lambda data: frames.append(len(data if isinstance(data, bytes) else data.encode()))
        ),
    )
    options = {"lines": str(EVENTS), "delay_s": "40"}
    run = autor_nb.new("a run that talks", agent="scripted", options=options, runs_dir=root / "runs")
    at.open(notebook(root, "wire.ipynb", "%load_ext autor_nb", f"%autor panel {run.id}"))
    at.run_all()
    at.page.wait_for_function(PAINTED)
    start, began = sum(frames), time.monotonic()
    while run.status == "running":
        at.page.wait_for_timeout(500)
    at.page.wait_for_timeout(2_000)
    took, sent = time.monotonic() - began, sum(frames) - start
    quiet = sum(frames)
    at.page.wait_for_timeout(20_000)
    beats = (sum(frames) - quiet) / 20 * 600
    say(f"on the wire for {EVENTS} events in {took:.0f} s", sent / 1e6, "MB", 2)
    say("and for ten minutes of signs of life", beats / 1e6, "MB", 2)
    say("together, ten minutes with 1,000 events", (sent + beats) / 1e6, "MB", 2)


def flood(at: Desk, server: Server, root: Path) -> None:
    """An agent that says 200,000 lines: the kernel's memory, the page's answer to a click, the notebook on disk."""
    run = autor_nb.new("a run that floods", agent="scripted", options={"script": "02:good"}, runs_dir=root / "runs")
    run.wait()
    name = notebook(root, "flood.ipynb", "%load_ext autor_nb", f"%autor panel {run.id}")
    at.open(name)
    at.run_all()
    at.page.wait_for_function(PAINTED)
    kernel = server.kernel(at.kernel_id)
    before = kernel.memory_info().rss
    run.resume(options={"lines": str(FLOOD)})
    run.approve()
    peak = 0
    answers: list[float] = []
    done = threading.Event()
    threading.Thread(target=lambda: (run.wait(), done.set()), daemon=True).start()
    while not done.is_set():
        for button in (".line li:nth-child(2) button", ".line li:nth-child(1) button", ".tools .btn"):
            answers += at.page.evaluate(ANSWER, f".autor {button}")
            peak = max(peak, kernel.memory_info().rss - before)
            time.sleep(0.2)
    at.save()
    time.sleep(2)
    answers.sort()
    print(f"{len(answers)} clicks while {FLOOD:,} lines came")
    say("from a click to its picture, median", statistics.median(answers), "ms", 200)
    say("from a click to its picture, 19 of 20", answers[len(answers) * 19 // 20], "ms", 200)
    say("from a click to its picture, slowest", answers[-1], "ms", 200)
    say("the kernel's extra memory", peak / 1e6, "MB", 60)
    say("the notebook on disk", (root / name).stat().st_size / 1e3, "kB", 200)
    said = at.page.evaluate("() => document.querySelectorAll('.autor *').length")
    print(f"nodes of the panel in the page: {said}")


def main() -> None:
    """All of them."""
    root, home = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
    os.chdir(root)
    run = finished(root)
    with running_server(root, home) as server:
        for measure in (
            lambda at: first_paint(at, root, run.id),
            lambda at: disk_to_pixel(at, root),
            lambda at: wire(at, root),
            lambda at: flood(at, server, root),
        ):
            with desk(server) as at:
                measure(at)


if __name__ == "__main__":
    main()
