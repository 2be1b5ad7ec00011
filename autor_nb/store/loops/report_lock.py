"""Whether a session's report is being made: a file that its maker holds locked until it is gone, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from autor_nb.store.loops.layout import LoopFolder


@contextlib.contextmanager
def held(loop: LoopFolder) -> Iterator[int | None]:
    """The locked file for a child to inherit, which holds it from then on; None where nothing can be locked.

    Of two at once the later one has none: the earlier one's report is waited for.
    """
    number = os.open(_file(loop), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield number if _taken(number) else None
    finally:
        os.close(number)


def at_work(loop: LoopFolder) -> bool:
    """Whether a process makes the loop's report now."""
    try:
        number = os.open(_file(loop), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(number)
    return False


def _taken(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _file(loop: LoopFolder) -> Path:
    return loop.engine / "report.lock"
