"""What a killed engine may have left running, and its end."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
from typing import Protocol

import psutil

from autor_nb.store.layout import Workplace
from autor_nb.store.lock import is_process

MARKER_VARIABLE = "AUTOR_ATTEMPT"


class Recorded(Protocol):
    """What the log says of a process: an attempt's agent, a loop's trial."""

    @property
    def pid(self) -> int: ...
    @property
    def process_started(self) -> float: ...


def marker_prefix(run: Workplace) -> str:
    """What every process of this run's agents (or loop's trials) carries in its environment, and no other."""
    return f"{run.path.name}.{hashlib.sha256(os.fsencode(run.path)).hexdigest()[:12]}:"


def end_left_behind(run: Workplace, attempt: Recorded | None) -> int:
    """End the recorded process with its group, and every process that carries the run's or loop's marker."""
    ended = 0
    if attempt is not None and attempt.pid and is_process(attempt.pid, attempt.process_started):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(attempt.pid, signal.SIGKILL)
            ended += 1
    for process in carrying(marker_prefix(run)):
        with contextlib.suppress(psutil.Error):
            process.kill()
            ended += 1
    return ended


def carrying(prefix: str) -> list[psutil.Process]:
    """Processes whose environment marker begins with `prefix`, but this one."""
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARKER_VARIABLE, "").startswith(prefix):
                found.append(process)
    return found
