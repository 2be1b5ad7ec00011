"""The engine's lock: at most one engine a run, and how anybody can see without locking whether it lives.

The lock itself dies with its holder (`flock`); it never falls back silently to a soft lock. Beside it the holder
writes who it is; a viewer compares pid and start time, on another host the heartbeat. Viewers never lock.
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import time
from pathlib import Path
from types import TracebackType

import msgspec
import psutil
from filelock import FileLock, Timeout

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.store.atomic import write_bytes
from autor_nb.store.layout import RunFolder

ACQUIRE_S = 2.0
HEARTBEAT_S = 10.0
EXPIRED_S = 60.0


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lock."""

    pid: int
    process_started: float
    host: str
    boot_id: str


@functools.cache
def boot_id() -> str:
    """What tells one boot of this machine from another."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{psutil.boot_time():.0f}"


def myself() -> Holder:
    """This process as a holder."""
    return Holder(
        pid=os.getpid(), process_started=psutil.Process().create_time(), host=socket.gethostname(), boot_id=boot_id()
    )


def holder_file(run: RunFolder) -> Path:
    """Where the holder says who it is."""
    return run.operator_state / "engine.json"


class EngineLock:
    """A context manager that holds a run's lock; UsageError names the other engine if there is one."""

    def __init__(self, run: RunFolder, acquire_s: float = ACQUIRE_S) -> None:
        self.run = run
        self._acquire_s = acquire_s
        self._lock = FileLock(run.lock, fallback_to_soft=False, preserve_lock_file=True, thread_local=False)
        self._beat = 0.0

    def __enter__(self) -> EngineLock:
        try:
            self._lock.acquire(timeout=self._acquire_s, poll_interval=0.01)
        except Timeout as error:
            other = read_holder(self.run)
            who = f"process {other.pid} on {other.host}" if other else "another process"
            raise UsageError(
                f"Run {self.run.run_id} is already being worked on by {who}.",
                f"`autor status {self.run.run_id}` shows it; `autor stop --run {self.run.run_id}` ends it.",
            ) from error
        except (OSError, NotImplementedError) as error:
            raise StoreError(
                f"The file system of {self.run.path} has no locks ({error}).",
                "Choose a local folder with --runs-dir.",
                path=str(self.run.lock),
            ) from error
        write_bytes(holder_file(self.run), msgspec.json.encode(myself()), durable=False)
        return self

    def heartbeat(self) -> None:
        """Show that the holder lives, for viewers on other hosts; cheap to call often."""
        if time.monotonic() - self._beat > HEARTBEAT_S:
            self._beat = time.monotonic()
            with contextlib.suppress(OSError):
                os.utime(holder_file(self.run))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        holder_file(self.run).unlink(missing_ok=True)
        self._lock.release()


def read_holder(run: RunFolder) -> Holder | None:
    """Who says to hold the lock, dead or alive."""
    try:
        return msgspec.json.decode(holder_file(run).read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):
        return None


def living_holder(run: RunFolder) -> Holder | None:
    """Who holds the lock and lives."""
    holder = read_holder(run)
    if holder is None:
        return None
    if holder.host != socket.gethostname():
        with contextlib.suppress(OSError):
            if time.time() - holder_file(run).stat().st_mtime < EXPIRED_S:
                return holder
        return None
    if holder.boot_id != boot_id():
        return None
    return holder if is_process(holder.pid, holder.process_started) else None


def is_process(pid: int, started: float) -> bool:
    """Whether that very process (not another one with its number) lives."""
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
