"""Who holds a run, on any file system: claims with growing numbers, of which only the highest counts.

`operator_state/engine/000012.json` says who works on the run; its modification time is the heartbeat, set by the
file system's own clock. A claim is made whole by one exclusive `link`, and ends by being renamed to `.ended`.
A number is never used twice: of two that judged the same claim to be dead, one makes the next number and the other
finds it made, so that nobody can remove a claim that is younger than the one it judged.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import re
import secrets
import socket
import time
from enum import StrEnum
from pathlib import Path

import msgspec
import psutil

from autor_nb.domain.errors import StoreError
from autor_nb.store.system_errors import what_happened

EXPIRED_S = 60.0
KEPT = 16
_CLAIM = re.compile(r"(\d{6,})\.(json|ended)")
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL})
_CLOCK_S = 30.0
_clocks: dict[Path, tuple[float, float]] = {}


class Level(StrEnum):
    """What keeps two engines apart."""

    FLOCK = "flock"
    HEARTBEAT = "heartbeat"


class Verdict(StrEnum):
    """What is known of a claim's holder."""

    FREE = "free"  # nobody, or one that ended properly
    GONE = "gone"  # provably dead
    EXPIRED = "expired"  # not heard of for too long
    ALIVE = "alive"


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a run. Pids of different `pid_space`s (containers) cannot be compared."""

    pid: int
    process_started: float
    host: str
    boot_id: str
    pid_space: str = ""
    level: Level = Level.FLOCK
    token: str = ""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One claim as it lies on disk; a file that cannot be read as one (yet) has no holder."""

    number: int
    holder: Holder | None = None
    beat_at: float = 0.0
    ended: bool = True


@functools.cache
def boot_id() -> str:
    """What tells one boot of this machine from another."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{psutil.boot_time():.0f}"


def pid_space() -> str:
    """What tells one numbering of processes from another on this machine."""
    with contextlib.suppress(OSError):
        return str(Path("/proc/self/ns/pid").readlink())
    return ""


def myself(level: Level = Level.FLOCK, token: str = "") -> Holder:
    """This process as a holder."""
    return Holder(
        pid=os.getpid(),
        process_started=psutil.Process().create_time(),
        host=socket.gethostname(),
        boot_id=boot_id(),
        pid_space=pid_space(),
        level=level,
        token=token,
    )


def is_process(pid: int, started: float) -> bool:
    """Whether that very process (not another one with its number) lives."""
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def place(folder: Path, number: int) -> Path:
    """Where that claim lies while it holds."""
    return folder / f"{number:06d}.json"


def highest(folder: Path) -> Claim:
    """The claim that counts; number 0 where there never was one."""
    while True:
        names = _numbered(folder)
        number = max(names, default=0)
        if f"{number:06d}.ended" in names.get(number, ()) or not number:
            return Claim(number=number)
        with contextlib.suppress(FileNotFoundError):  # ended meanwhile
            return read(folder, number)


def read(folder: Path, number: int) -> Claim:
    """One claim that has not ended; FileNotFoundError if it has. Opening it asks a remote file system anew."""
    with place(folder, number).open("rb") as stream:
        content, beat_at = stream.read(), os.fstat(stream.fileno()).st_mtime
    try:
        holder = msgspec.json.decode(content, type=Holder)
    except (msgspec.DecodeError, RecursionError):
        holder = None
    return Claim(number=number, holder=holder, beat_at=beat_at, ended=False)


def _numbered(folder: Path) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        with os.scandir(folder) as entries:
            for entry in entries:
                if match := _CLAIM.fullmatch(entry.name):
                    found.setdefault(int(match[1]), []).append(entry.name)
    return found


def judge(folder: Path, claim: Claim, locked: bool = False, fresh: bool = False) -> Verdict:
    """What is known of the holder; `locked` says that this process has the run's `flock`."""
    if claim.ended:
        return Verdict.FREE
    holder = claim.holder
    same_boot = holder is not None and holder.boot_id == boot_id()
    if holder is not None and same_boot:
        if locked and holder.level is Level.FLOCK:
            return Verdict.GONE  # one kernel: its lock died with it
        if (holder.host, holder.pid_space) == (socket.gethostname(), pid_space()):
            return Verdict.ALIVE if is_process(holder.pid, holder.process_started) else Verdict.GONE
    now = clock(folder, fresh)
    if holder is not None and not same_boot and holder.host == socket.gethostname() and claim.beat_at < now - _up_s():
        return Verdict.GONE  # not heard of since this machine was started anew, as another one of its name would be
    return Verdict.ALIVE if now - claim.beat_at < EXPIRED_S else Verdict.EXPIRED


def _up_s() -> float:
    """How long this machine has been up, asleep or not."""
    with contextlib.suppress(AttributeError, OSError):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.time() - psutil.boot_time()


def clock(folder: Path, fresh: bool = False) -> float:
    """The time by the file system's clock, which set the heartbeats; our own where nothing can be written.

    Asking it changes the folder, after which no remote file system shows an old list of it.
    """
    asked, ahead = _clocks.get(folder, (float("-inf"), 0.0))
    if not fresh and time.monotonic() - asked < _CLOCK_S:
        return time.time() + ahead
    probe = folder / f".clock.{secrets.token_hex(4)}"
    try:
        with probe.open("wb") as stream:
            ahead = os.fstat(stream.fileno()).st_mtime - time.time()
    except OSError:
        return time.time()
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    if len(_clocks) > 1_000:
        _clocks.clear()
    _clocks[folder] = (time.monotonic(), ahead)
    return time.time() + ahead


def make(folder: Path, number: int, holder: Holder) -> bool:
    """Make that claim unless it is made already; whether it is ours. It may come too late: see `take`."""
    beside, path, content = folder / f".{holder.token}.tmp", place(folder, number), msgspec.json.encode(holder)
    try:
        beside.write_bytes(content)
        try:
            os.link(beside, path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            try:
                os.write(handle, content)
            finally:
                os.close(handle)
        return True
    except FileExistsError:  # also when the answer of a remote file system got lost, and it was asked twice
        return is_mine(folder, number, holder.token)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def is_mine(folder: Path, number: int, token: str) -> bool:
    """Whether that claim holds and is the one with this token."""
    try:
        claim = read(folder, number)
    except FileNotFoundError:
        return False
    return claim.holder is not None and claim.holder.token == token


def take(folder: Path, holder: Holder, locked: bool) -> tuple[Claim, Verdict]:
    """Try once to become the holder: (our claim, what became of the one before), or (the other's claim, ALIVE)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = highest(folder)
        verdict = judge(folder, before, locked, fresh=True)
        if verdict is Verdict.ALIVE:
            return before, verdict
        number = before.number + 1
        if not make(folder, number, holder):
            return highest(folder), Verdict.ALIVE
        if not _is_last(folder, number):  # we were slow, and this number is of the past
            end(folder, number)
            return highest(folder), Verdict.ALIVE
        _end_earlier(folder, number)
    except OSError as error:
        raise StoreError(
            f"Cannot say in {folder} who works on the run: {what_happened(error, str(folder))}",
            "Free some space or mend the permissions, or choose another place with --runs-dir.",
            path=str(folder),
        ) from error
    return read_or(folder, number), verdict


def read_or(folder: Path, number: int) -> Claim:
    """One claim, ended or not."""
    try:
        return read(folder, number)
    except FileNotFoundError:
        return Claim(number=number)


def _is_last(folder: Path, number: int) -> bool:
    names = _numbered(folder)
    return max(names, default=0) == number and names[number] == [f"{number:06d}.json"]


def still_mine(folder: Path, number: int, token: str) -> bool:
    """Whether nobody has taken over since."""
    return is_mine(folder, number, token) and _is_last(folder, number)


def touch(folder: Path, number: int) -> None:
    """The heartbeat: now, by the file system's clock."""
    os.utime(place(folder, number))


def end(folder: Path, number: int) -> None:
    """End a claim; no number comes back, and no room on the disk is needed."""
    path = place(folder, number)
    with contextlib.suppress(FileNotFoundError):
        path.rename(path.with_suffix(".ended"))


def _end_earlier(folder: Path, number: int) -> None:
    for earlier, names in _numbered(folder).items():
        if earlier >= number:
            continue
        if f"{earlier:06d}.json" in names:
            end(folder, earlier)
        elif earlier < number - KEPT:
            with contextlib.suppress(FileNotFoundError):
                place(folder, earlier).with_suffix(".ended").unlink()
