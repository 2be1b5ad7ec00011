"""The engine's own process: `python -m autor_nb.worker FOLDER`; ends when a person must decide.

It looks into the inbox once more after it has released the lock, and takes the lock again if something came.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from pathlib import Path

from autor_nb.domain.errors import AutorError, UsageError
from autor_nb.store import inbox
from autor_nb.store.layout import RunFolder
from autor_nb.store.lock import EngineLock


def serve(run: RunFolder) -> int:
    """Work on the run until nothing is left to do; answers with an exit code."""
    from autor_nb.wiring import build

    while True:
        try:
            with EngineLock(run) as held:
                build(run).work(held)
        except UsageError as error:
            print(error, file=sys.stderr)
            return 2
        if inbox.is_empty(run):
            return 0


def main(argv: list[str]) -> int:
    """Entry point."""
    if len(argv) != 1:
        print("usage: python -m autor_nb.worker RUN_FOLDER", file=sys.stderr)
        return 2
    run = RunFolder(Path(argv[0]).resolve())
    if not run.exists:
        print(f"{run.path} is not a run: it has no events.jsonl.", file=sys.stderr)
        return 2
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the face
    os.chdir(run.path)
    try:
        return serve(run)
    except AutorError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Exception:
        traceback.print_exc()
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
