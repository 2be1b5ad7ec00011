"""A loop engine's own process: `python -m autor_nb.loop_worker FOLDER`; ends when a person must say something.

It looks into the inbox once more after it has released the lock, and takes the lock again if something came.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path

from autor_nb.domain.errors import AutorError, UsageError
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.store import inbox
from autor_nb.store.lock import EngineLock
from autor_nb.store.loops import standing
from autor_nb.store.loops.layout import LoopFolder


def serve(loop: LoopFolder) -> int:
    """Work on the loop until nothing is left to do; answers with an exit code."""
    from autor_nb.loop_wiring import build

    while True:
        try:
            with EngineLock(loop) as held:
                build(loop).work(held)
        except UsageError as error:
            print(error, file=sys.stderr)
            return 2
        if inbox.is_empty(loop):
            report(loop)
            return 0


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
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the face
    os.chdir(loop.path)
    try:
        return serve(loop)
    except AutorError as error:
        print(error.message, error.suggestion, file=sys.stderr)  # on one line: faces show the last one
        return error.exit_code
    except Exception:
        traceback.print_exc()
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
