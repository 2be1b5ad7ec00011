"""A loop engine's own process: `python -m autor_nb.loop_worker FOLDER`; ends when a person must say something."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from autor_nb import engine_process
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.store.lock import EngineLock
from autor_nb.store.loops import report_lock, standing
from autor_nb.store.loops.layout import LoopFolder


def serve(loop: LoopFolder) -> int:
    """Work on the loop until nothing is left to do; answers with an exit code."""
    from autor_nb.loop_wiring import build

    def work(held: EngineLock) -> None:
        build(loop).work(held)
        report(loop)  # while the loop is still held: who waits for its end finds that its report is being made

    return engine_process.serve(loop, work)


def report(loop: LoopFolder) -> None:
    """Have the report made of a session that came to its own end, by a process of its own: who slept finds it there.

    A session of one experiment has none, and AUTOR_LOOP_REPORT=0 leaves it to `autor loop report`.
    """
    state = standing.read(loop)
    ended = state.status is LoopStatus.STOPPED and state.stop_cause != "person"
    if not ended or state.session is None or state.session.iterations == 1:
        return
    if os.environ.get("AUTOR_LOOP_REPORT") == "0":
        return
    with report_lock.held(loop) as locked, (loop.engine / "report.log").open("wb") as stream:
        subprocess.Popen(
            [sys.executable, "-m", "autor_nb.cli.main", "loop", "report", loop.name, "--text"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stream,
            start_new_session=True,
            cwd=loop.project,
            pass_fds=() if locked is None else (locked,),
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
