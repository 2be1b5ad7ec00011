"""One of many processes that want the same runs; started by the test of locks, no test in here.

`lock_racer RUN…`: waits for a line, then takes each run's lock and writes one event under it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from autor_nb.domain import events as ev
from autor_nb.store.eventlog import EventLog
from autor_nb.store.layout import RunFolder
from autor_nb.store.lock import EngineLock


def main() -> None:
    """Entry point; ends with 1 if somebody else is inside."""
    print("ready", flush=True)
    sys.stdin.readline()
    for path in map(Path, sys.argv[1:]):
        run = RunFolder(path)
        with EngineLock(run, acquire_s=120) as held:
            inside = path / "inside"
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
            log = EventLog(run.events, held.confirm)
            log.append(ev.WorkerStopped(reason=f"{os.getpid()} {held.level}"))
            log.close()
            inside.unlink()


if __name__ == "__main__":
    main()
