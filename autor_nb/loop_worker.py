"""A loop engine's own process: `python -m autor_nb.loop_worker FOLDER`; ends when a person must say something."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from autor_nb import engine_process
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.store.loops import standing
from autor_nb.store.loops.layout import LoopFolder


def serve(loop: LoopFolder) -> int:
    """Work on the loop until nothing is left to do; answers with an exit code."""
    from autor_nb.loop_wiring import build

    code = engine_process.serve(loop, lambda held: build(loop).work(held))
    if not code:
        report(loop)
    return code


def report(loop: LoopFolder) -> None:
    """Have the report made of a session that came to its own end, by a process of its own: who slept finds it there.

    AUTOR_LOOP_REPORT=0 leaves it to `autor loop report`.
    """
    state = standing.read(loop)
    ended = state.status is LoopStatus.STOPPED and state.stop_cause != "person" and state.session is not None
    if not ended or os.environ.get("AUTOR_LOOP_REPORT") == "0":
        return
    with (loop.engine / "report.log").open("wb") as stream:
        subprocess.Popen(
            [sys.executable, "-m", "autor_nb.cli.main", "loop", "report", loop.name, "--text"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stream,
            start_new_session=True,
            cwd=loop.project,
        )


def main(argv: list[str]) -> int:
    """Entry point."""
    if len(argv) != 1:
        print("usage: python -m autor_nb.loop_worker LOOP_FOLDER", file=sys.stderr)
        return 2
    loop = LoopFolder(Path(argv[0]).resolve())
    if not loop.exists:
        print(f"{loop.path} is not a loop: it has no .engine/events.jsonl.", file=sys.stderr)
        return 2
    return engine_process.live(loop, lambda: serve(loop))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
