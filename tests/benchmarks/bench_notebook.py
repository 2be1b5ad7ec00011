"""How long a whole stage notebook takes: ours with a warmed kernel, ours cold, and plain papermill beside them.

python tests/benchmarks/bench_notebook.py [repetitions]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "record"))

from attempt_story import AttemptStory, experiment

from autor_nb.engine.render import NotebookRoom

SLUG = "05_experimentation"
BUDGET_S = 1.5
WARMING_S = 5.0


def rendering(story: AttemptStory, warm: bool) -> float:
    """Seconds of one stage notebook, imports included; a warmed kernel was started while an agent worked."""
    state = story.state
    attempt = state.stage(SLUG).latest
    with NotebookRoom() as room:
        if warm:
            room.warm()
            time.sleep(WARMING_S)  # the agent's work, which is never shorter for a real stage
        began = time.perf_counter()
        done = room.render(story.run, story.specs[SLUG], state, attempt, state.last_seq)
        took = time.perf_counter() - began
    assert (done.complete, done.detail) == (True, "")
    return took


def in_process(story: AttemptStory) -> float:
    """The same in a fresh process, so that no import of ours is ahead of time."""
    code = f"import sys; sys.path[:0] = {sys.path!r}; import bench_notebook as b; b.child({str(story.run.path)!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent
    )
    return float(done.stdout.split()[-1])


def child(run: str) -> None:
    """In the fresh process: warm, wait, render, print seconds."""
    from autor_nb.record.opening import state_as_of
    from autor_nb.store import templates
    from autor_nb.store.layout import RunFolder

    folder = RunFolder(Path(run))
    state = state_as_of(folder, 0)
    spec = next(spec for spec in templates.stages(intake=True) if spec.slug == SLUG)
    with NotebookRoom() as room:
        room.warm()
        time.sleep(WARMING_S)
        began = time.perf_counter()
        done = room.render(folder, spec, state, state.stage(SLUG).latest, state.last_seq)
        print(time.perf_counter() - began)
    assert done.complete, done.detail


def papermill(story: AttemptStory) -> float:
    """The same notebook by plain papermill, imports included, kernel cold."""
    path = story.run.notebook(SLUG, 2)
    code = (
        "import papermill, sys, time; b = time.perf_counter();"
        "papermill.execute_notebook(sys.argv[1], sys.argv[2], cwd=sys.argv[3], progress_bar=False);"
        "print(time.perf_counter() - b)"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", code, str(path), f"{folder}/out.ipynb", str(path.parent)],
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout.split()[-1])


def main(repetitions: int) -> int:
    """Print the table; 1 if the budget is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        story = experiment(Path(folder))
        rows: list[tuple[str, Callable[[], float]]] = [
            ("ours, kernel warmed, fresh engine process", lambda: in_process(story)),
            ("ours, kernel warmed, engine at work", lambda: rendering(story, warm=True)),
            ("ours, kernel cold", lambda: rendering(story, warm=False)),
            ("plain papermill (import of papermill not counted)", lambda: papermill(story)),
        ]
        medians = []
        for name, measure in rows:
            times = [measure() for _ in range(repetitions)]
            medians.append(statistics.median(times))
            print(f"{name:<52} {medians[-1]:6.2f} s median  ({min(times):.2f} to {max(times):.2f})")
    print(f"budget {BUDGET_S} s; plain papermill takes {medians[3] / medians[0]:.1f} times as long")
    return 0 if medians[0] <= BUDGET_S else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
