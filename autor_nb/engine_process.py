"""What the process of every engine does, a run's and a loop's: work in its folder, look once more, and end.

It looks into the inbox once more after it has released the lock, and takes the lock again if something came.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable

from autor_nb.domain.errors import AutorError, UsageError
from autor_nb.store import inbox
from autor_nb.store.layout import Workplace
from autor_nb.store.lock import EngineLock
from autor_nb.store.worker_log import BROKE_OFF


def live(place: Workplace, work: Callable[[], int]) -> int:
    """Do this in the workplace's folder; answers with an exit code, what went wrong is said on stderr."""
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the face
    os.chdir(place.path)
    try:
        return work()
    except AutorError as error:
        print(f"{BROKE_OFF}{' '.join(str(error).split())}", file=sys.stderr)  # on one line: faces show it
        return error.exit_code
    except Exception:
        traceback.print_exc()
        return 1


def serve(place: Workplace, work: Callable[[EngineLock], None], rest: Callable[[], None] = lambda: None) -> int:
    """Work under the lock, and rest without it, until nothing waits; answers with an exit code."""
    while True:
        working = False
        try:
            with EngineLock(place) as held:
                working = True
                work(held)
        except UsageError as error:
            if working:
                raise
            print(error, file=sys.stderr)
            return 2
        rest()
        if inbox.is_empty(place):
            return 0
