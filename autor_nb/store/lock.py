"""The engine's lock: at most one engine a run, and how anybody can see without locking whether it lives.

Two things keep engines apart: an `flock`, which dies with its holder, and a claim (see `claims`) that says who holds
it and is kept fresh. Where the file system has no `flock`, the claim alone decides, which is told, never silent:
another host's engine then counts as interrupted when its heartbeat has expired. One that slept longer than that finds
out before it writes again. Viewers never lock.
"""

from __future__ import annotations

import contextlib
import errno
import secrets
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from autor_nb.domain.errors import RunError, StoreError, UsageError
from autor_nb.store import claims
from autor_nb.store.atomic import write_bytes
from autor_nb.store.claims import EXPIRED_S, Claim, Holder, Level, Verdict, boot_id, is_process, myself
from autor_nb.store.layout import Workplace
from autor_nb.store.system_errors import what_happened

__all__ = [
    "EXPIRED_S",
    "WEAKER",
    "EngineLock",
    "Holder",
    "Level",
    "LockLostError",
    "boot_id",
    "is_process",
    "level_in",
    "living_holder",
    "myself",
    "read_holder",
]
ACQUIRE_S = 2.0
POLL_S = 0.02
HEARTBEAT_S = 10.0
WEAKER = (
    f"this file system has no locks; a claim with a heartbeat keeps other engines away, and another host's engine "
    f"counts as interrupted when it has not been heard of for {EXPIRED_S:.0f} s"
)
NO_FLOCK = frozenset({errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOLCK})


class LockLostError(RunError):
    """Raised when another engine has taken over a run, before anything more is written to it."""

    code = "lock_lost"


def claims_folder(run: Workplace) -> Path:
    """Where engines say who they are."""
    return run.operator_state / "engine"


def _is_missing(error: Exception) -> bool:
    return isinstance(error, NotImplementedError) or getattr(error, "errno", None) in NO_FLOCK


class EngineLock:
    """A context manager that holds a run's lock; UsageError names the other engine if there is one.

    `brief`: it is held for milliseconds, so that nothing need keep its claim fresh meanwhile.
    """

    def __init__(
        self, run: Workplace, acquire_s: float = ACQUIRE_S, beat_s: float = HEARTBEAT_S, *, brief: bool = False
    ) -> None:
        self.run, self._brief = run, brief
        self.level = Level.FLOCK
        self.lost = ""
        self._folder = claims_folder(run)
        self._acquire_s, self._beat_s = acquire_s, beat_s
        self._lock = FileLock(run.lock, fallback_to_soft=False, preserve_lock_file=True, thread_local=False)
        self._token = ""
        self._number = 0
        self._seen = (0.0, 0.0)
        self._slept_s = 0.0
        self._confirmed = 0.0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def _called(self) -> str:
        return self.run.called[:1].upper() + self.run.called[1:]

    # --------------------------------------------------------------------------------- taking it

    def __enter__(self) -> EngineLock:
        deadline = time.monotonic() + self._acquire_s
        self.lost, self._seen, self._slept_s = "", (0.0, 0.0), 0.0
        self.level = self._take_flock()
        try:
            verdict = self._take_claim(deadline)
            if verdict is Verdict.EXPIRED and self.run.exists:
                # Whoever held it may only sleep: what it still writes goes to a file that nobody reads any more.
                write_bytes(self.run.events, self.run.events.read_bytes())
        except BaseException:
            self.__exit__(None, None, None)
            raise
        if self._brief:
            return self
        self._ended.clear()
        self._thread = threading.Thread(target=self._keep_fresh, name="heartbeat", daemon=True)
        self._thread.start()
        return self

    @property
    def told(self) -> str:
        """What is to be told of the level in force, once: nothing of the usual one."""
        return "" if self.level is Level.FLOCK else WEAKER

    def _take_flock(self) -> Level:
        try:
            self._lock.acquire(timeout=self._acquire_s, poll_interval=0.01)
        except Timeout as error:
            raise self._held_by(read_holder(self.run)) from error
        except (OSError, NotImplementedError) as error:
            if _is_missing(error):
                return Level.HEARTBEAT
            said = what_happened(error, str(self.run.path)) if isinstance(error, OSError) else str(error)
            raise StoreError(
                f"{self._called} cannot be locked: {said}",
                "Free some space or mend the permissions, or choose another place with --runs-dir.",
                path=str(self.run.lock),
            ) from error
        return Level.FLOCK

    def _take_claim(self, deadline: float) -> Verdict:
        self._token = secrets.token_hex(8)
        me = myself(self.level, self._token)
        while True:
            claim, verdict = claims.take(self._folder, me, locked=self.level is Level.FLOCK)
            if verdict is not Verdict.ALIVE:
                self._number = claim.number
                self._note_seen()
                return verdict
            if time.monotonic() > deadline:
                raise self._held_by(claim.holder, claim)
            time.sleep(POLL_S)

    def _held_by(self, other: Holder | None, claim: Claim | None = None) -> UsageError:
        who = f"process {other.pid} on {other.host}" if other else "another process"
        mend = f"`{self.run.command('status')}` shows it; `{self.run.command('stop')}` ends it."
        if claim is not None and other is not None and (other.boot_id, other.host) != (boot_id(), myself().host):
            ago = max(0.0, claims.clock(self._folder) - claim.beat_at)
            mend += (
                f" It was heard of {ago:.0f} s ago; if it was killed or its host is off, it is free"
                f" {EXPIRED_S:.0f} s after it was last heard of."
            )
        return UsageError(f"{self._called} is already being worked on by {who}.", mend)

    # -------------------------------------------------------------------------------- keeping it

    def _note_seen(self) -> None:
        now = (time.monotonic(), time.time())
        if self._seen != (0.0, 0.0):
            self._slept_s = max(self._slept_s, self._unseen_s())
        self._seen = now

    def _unseen_s(self) -> float:
        """How long ago this engine last showed that it lives; a clock that stands still in sleep is not believed."""
        return max(time.monotonic() - self._seen[0], time.time() - self._seen[1])

    def _beat(self) -> None:
        """Show that the holder lives; a claim that is not there any more is found out by `confirm`."""
        with contextlib.suppress(OSError):
            claims.touch(self._folder, self._number)
            self._note_seen()

    def _keep_fresh(self) -> None:
        """A thread's work, so that a long step of the engine does not let the heartbeat expire."""
        while not self._ended.wait(self._beat_s):
            self._beat()

    def heartbeat(self) -> None:
        """Show that the holder lives, and find out whether it still holds; cheap to call often."""
        if max(self._unseen_s(), self._slept_s, time.monotonic() - self._confirmed) > self._beat_s:
            self.confirm()
            self._beat()

    def confirm(self) -> None:
        """Return if this is still the holder; LockLostError otherwise. The log asks before and after each write."""
        if not self.lost:
            slept = max(self._slept_s, self._unseen_s()) > EXPIRED_S / 2
            self._confirmed = time.monotonic()
            if not slept and self.level is Level.FLOCK:
                return
            self.lost = self._loss(slept)
            if not self.lost and slept:
                self._beat()
                self._slept_s = 0.0
        if self.lost:
            raise LockLostError(self.lost, f"`{self.run.command('status')}` shows who works on it now.")

    def _loss(self, slept: bool) -> str:
        """In words why this is not the holder any more; nothing if it is."""
        called = self.run.called
        try:
            if slept:
                claims.clock(self._folder, fresh=True)
            if claims.still_mine(self._folder, self._number, self._token):
                return ""
            last = claims.highest(self._folder)
            if not last.number and self.level is Level.FLOCK:  # somebody removed the folder, nobody took over
                self._folder.mkdir(parents=True, exist_ok=True)
                claims.make(self._folder, self._number, myself(self.level, self._token))
                return ""
        except OSError as error:
            if self.level is Level.FLOCK:
                return ""  # too many open files, say: the lock itself is still there
            return f"Nobody can tell whether this engine holds {called}: {what_happened(error, str(self._folder))}"
        gap = max(self._slept_s, self._unseen_s())
        why = f" It had not been heard of for {gap:.0f} s (this machine slept, or it was stopped)." if slept else ""
        if last.number <= self._number:
            return f"The claim of this engine on {called} was removed; it stops and writes nothing more.{why}"
        who = f"process {last.holder.pid} on {last.holder.host}" if last.holder else "another engine"
        return f"{self._called} was taken over by {who}; this engine stops and writes nothing more.{why}"

    # -------------------------------------------------------------------------------- leaving it

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._number:
            with contextlib.suppress(OSError):
                if claims.is_mine(self._folder, self._number, self._token):
                    claims.end(self._folder, self._number)
            self._number = 0
        self._lock.release()


def read_holder(run: Workplace) -> Holder | None:
    """Who says to hold the lock, dead or alive."""
    try:
        return claims.highest(claims_folder(run)).holder
    except OSError:
        return None


def living_holder(run: Workplace) -> Holder | None:
    """Who holds the lock and lives."""
    folder = claims_folder(run)
    try:
        claim = claims.highest(folder)
        return claim.holder if claims.judge(folder, claim) is Verdict.ALIVE else None
    except OSError:
        return None


def level_in(folder: Path) -> tuple[Level | None, str]:
    """What would keep two engines apart on this file system, and why no more; None: nothing would."""
    with tempfile.TemporaryDirectory(prefix=".autor-doctor-", dir=folder) as probe:
        path = Path(probe) / "lock"
        try:
            with FileLock(path, fallback_to_soft=False, preserve_lock_file=True):
                second = FileLock(path, fallback_to_soft=False, preserve_lock_file=True)
                try:
                    second.acquire(timeout=0)
                except Timeout:
                    return Level.FLOCK, ""
                second.release()
            return None, "two processes could hold one lock"
        except (OSError, NotImplementedError) as error:
            if not _is_missing(error):
                raise
            why = getattr(error, "strerror", None) or str(error)
        place, me = Path(probe), myself(Level.HEARTBEAT, secrets.token_hex(8))
        (ours, _), (theirs, verdict) = claims.take(place, me, False), claims.take(place, me, False)
        if verdict is Verdict.ALIVE and ours.number == theirs.number:
            return Level.HEARTBEAT, why
        return None, why
