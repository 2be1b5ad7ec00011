"""One trial: a command run once, on a leash, with a clock on it and its output on disk.

When `run_trial` answers, the command's whole tree is gone and the output file is complete: what a process that got
away might print later goes nowhere. The answer holds facts only; what they mean is decided elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import psutil

from autor_nb.engine.loops import sandbox
from autor_nb.engine.loops.environment import trial_environment
from autor_nb.engine.loops.spill import Spill
from autor_nb.store import leash

CHUNK = 65536
LOOK_S = 0.1
SLEPT_S = 2.0
STOP_GRACE_S = 0.25
KILL_S = 5.0

Ending = Literal["finished", "failed", "timed_out", "stopped", "lost", "not_started"]
RUNS_MOST = 3


class TrialRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to run; `{seed}` in the command is replaced by the seed, which `seed_env` holds too.

    `writable`, `readable`, `hidden` matter in a sandbox only; `output_cap` bounds the file `output`.
    """

    command: str | tuple[str, ...]
    cwd: Path
    output: Path
    marker: str
    timeout_s: float
    seed: int | None = None
    seed_env: str = "AUTOR_SEED"
    env: dict[str, str] = {}
    sandbox: bool = False
    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    output_cap: int = 64 * 1024 * 1024
    grace_s: float = 2.0


class TrialEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended. `output_bytes` is what was printed, of which `cut_bytes` are not in the file.

    `lost`: the command did not end, nor was it ended by us; what watched over it was killed. That says nothing of it.
    """

    ending: Ending
    exit_code: int | None = None
    duration_s: float = 0.0
    output_bytes: int = 0
    detail: str = ""
    slept: bool = False
    cut_bytes: int = 0


class Clock:
    """Time awake, and time with sleep in it."""

    def awake(self) -> float:
        """Seconds that pass only while the machine works."""
        return time.monotonic()

    def always(self) -> float:
        """Seconds that pass while it sleeps, too."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.time()


def run_trial(
    request: TrialRequest,
    spawned: Callable[[int, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    clock: Clock | None = None,
) -> TrialEnd:
    """Run it to its end; `spawned` is told the leash's pid and start time, `cancelled` is asked ten times a second."""
    environment = trial_environment(request.env, request.seed, request.seed_env, request.marker)
    command = request.command if request.seed is None else with_seed(request.command, request.seed)
    argv = ("/bin/sh", "-c", command) if isinstance(command, str) else command
    why_not = _why_not(request, argv, environment)
    if why_not:
        return TrialEnd(ending="not_started", detail=why_not)
    if request.sandbox:
        argv = tuple(sandbox.wrapped(argv, request.cwd, request.writable, request.readable, request.hidden))
    with Spill(request.output, request.output_cap) as spill:
        return _Trial(request, spill, cancelled or (lambda: False), clock or Clock()).run(argv, environment, spawned)


def with_seed(command: str | tuple[str, ...], seed: int) -> str | tuple[str, ...]:
    """The command with `{seed}` replaced."""
    if isinstance(command, str):
        return command.replace("{seed}", str(seed))
    return tuple(word.replace("{seed}", str(seed)) for word in command)


def _why_not(request: TrialRequest, argv: tuple[str, ...], environment: dict[str, str]) -> str:
    """Why it cannot be started; empty if it can, as far as can be seen."""
    if not request.cwd.is_dir():
        return f"The folder {request.cwd} is not there."
    if not argv or not argv[0] or any("\0" in word for word in argv):
        return "The command is empty, or has a NUL in it."
    program = request.cwd / argv[0] if "/" in argv[0] else Path(argv[0])
    if shutil.which(program, path=environment.get("PATH", os.defpath)) is None:
        return f"There is no program {argv[0]!r} that can be run."
    return sandbox.refusal() if request.sandbox else ""


def run_whole(request: TrialRequest, cancelled: Callable[[], bool] | None = None) -> TrialEnd:
    """Run it, and again where the run was lost; lost every time is how it ended."""
    for _ in range(RUNS_MOST - 1):
        ended = run_trial(request, cancelled=cancelled)
        if ended.ending != "lost":
            return ended
    return run_trial(request, cancelled=cancelled)


class _Trial:
    """A trial at work: its process, pipe and clocks."""

    def __init__(self, request: TrialRequest, spill: Spill, cancelled: Callable[[], bool], clock: Clock) -> None:
        self.request, self.spill, self.cancelled, self.clock = request, spill, cancelled, clock
        self.hold = -1
        self.ended_by: tuple[Ending, str] | None = None

    def run(
        self, argv: tuple[str, ...], environment: dict[str, str], spawned: Callable[[int, float], None] | None
    ) -> TrialEnd:
        read, self.hold = os.pipe()
        begun, begun_always = self.clock.awake(), self.clock.always()
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", leash.__file__, self.request.marker, str(read), "--", *argv],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(read,),
                cwd=self.request.cwd,
                env=environment,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            self._let_go()
            return TrialEnd(ending="not_started", detail=f"The command cannot be started: {error.strerror}.")
        finally:
            os.close(read)
        try:
            if spawned is not None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    spawned(process.pid, psutil.Process(process.pid).create_time())
            self._follow(process, begun)
        finally:
            self._end(process)
        self.spill.close()
        awake = self.clock.awake() - begun
        slept = self.clock.always() - begun_always - awake > SLEPT_S
        ending, detail = self.ended_by or _judged(process.returncode)
        code = process.returncode if process.returncode >= 0 else None
        return TrialEnd(
            ending=ending,
            exit_code=code,
            duration_s=awake,
            output_bytes=self.spill.bytes,
            detail=detail,
            slept=slept,
            cut_bytes=self.spill.cut,
        )

    def _follow(self, process: subprocess.Popen[bytes], begun: float) -> None:
        """Keep the output until the leash is gone; ask, then force, when time is up or a person says so."""
        assert process.stdout is not None
        out = process.stdout.fileno()
        os.set_blocking(out, False)
        deadline, forced, is_open = begun + self.request.timeout_s, False, True
        while True:
            is_open = is_open and self._take(out, min(LOOK_S, max(0.0, deadline - self.clock.awake())))
            if not is_open:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(LOOK_S)
            if process.poll() is not None:
                self._drain(out)
                return
            now = self.clock.awake()
            if self.ended_by is None and self.cancelled():
                self.ended_by = "stopped", "Stopped while running."
                deadline = now + self._ask(min(STOP_GRACE_S, self.request.grace_s))
            elif now < deadline:
                continue
            elif self.ended_by is None:
                self.ended_by = "timed_out", f"It ran for more than {self.request.timeout_s:g} s."
                deadline = now + self._ask(self.request.grace_s)
            elif forced:
                return
            else:
                self._let_go()
                forced, deadline = True, now + KILL_S

    def _ask(self, grace_s: float) -> float:
        """Ask the program to end; answers with how long it may take to."""
        with contextlib.suppress(OSError):
            os.write(self.hold, b"T")
        return grace_s

    def _take(self, out: int, within: float) -> bool:
        """Keep what there is to read; False at the end of the output."""
        ready, _, _ = select.select([out], [], [], within)
        if not ready:
            return True
        try:
            chunk = os.read(out, CHUNK)
        except BlockingIOError:
            return True
        self.spill.write(chunk)
        return bool(chunk)

    def _drain(self, out: int) -> None:
        """What the tree had printed before it was gone: no more than a pipe can hold."""
        for _ in range(2 * 1024 * 1024 // CHUNK):
            try:
                chunk = os.read(out, CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                return
            self.spill.write(chunk)

    def _let_go(self) -> None:
        """Let the leash see end-of-file."""
        if self.hold >= 0:
            os.close(self.hold)
            self.hold = -1

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Whatever happened: the leash is gone, and so is all that carries the marker."""
        self._let_go()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(KILL_S)
        by_force = process.poll() is None or process.returncode < 0
        if process.poll() is None:
            process.kill()
            process.wait()
        if by_force:
            self._end_marked()
        assert process.stdout is not None
        process.stdout.close()

    def _end_marked(self) -> None:
        """Without its leash the tree is found by its marker; until nobody is left, or nothing more can be done."""
        until = time.monotonic() + KILL_S
        while (left := leash.marked(self.request.marker)) and time.monotonic() < until:
            for pid in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)


def _judged(code: int) -> tuple[Ending, str]:
    if code == 0:
        return "finished", ""
    if code < 0:
        return "lost", f"What watched over it was killed by {_signal_name(-code)}."
    if code > 128 and _signal_name(code - 128).startswith("SIG"):
        return "failed", f"It was killed by {_signal_name(code - 128)}."
    return "failed", f"It ended with exit code {code}."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
