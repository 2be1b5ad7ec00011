"""Agents that are programs: spawning on a leash, reading their lines in bounded memory, time-outs, the tree's end.

A program on our own line protocol needs only `argv`; one that speaks otherwise also overrides `translate`.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

import msgspec
import psutil

from autor_nb.domain.ports import (
    AgentEvent,
    AgentEventUnion,
    AgentResult,
    AgentTask,
    Emit,
    Finished,
    NewRun,
    Notice,
    Preflight,
    SessionStarted,
    UsageReported,
)
from autor_nb.domain.run import Usage
from autor_nb.domain.stage import Ending
from autor_nb.store import leash

LINE_CAP = 256 * 1024
ERROR_TAIL = 4000
PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "SHELL",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
    "SSL_CERT_FILE",
    "PYTHONPATH",
)
_decoder = msgspec.json.Decoder(AgentEventUnion)


class ProcessAgent:
    """Base of agents that are programs; one object does one piece of work at a time."""

    name = "process"
    environment: tuple[str, ...] = ()
    term_grace_s = 2.0

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    def argv(self, task_file: Path, task: AgentTask) -> list[str]:
        """The command line of one attempt; `task_file` holds the task as JSON."""
        raise NotImplementedError

    def preflight(self, new: NewRun) -> Preflight:
        """Nothing to object to."""
        return Preflight()

    def translate(self, line: bytes) -> Iterable[AgentEvent]:
        """One line of the program's output as events; a line that is none becomes a notice."""
        try:
            return (_decoder.decode(line),)
        except (msgspec.DecodeError, RecursionError):
            text = line.decode("utf-8", "replace").strip()
            return (Notice(text=text),) if text else ()

    def cancel(self) -> None:
        """End the work in progress."""
        self._cancelled.set()

    def work(self, task: AgentTask, emit: Emit, spawned: Callable[[int, float], None]) -> AgentResult:
        """Run the program for one attempt; see `domain.ports.Agent`."""
        task_file = Path(task.prompt_path).with_suffix(".task.json")
        task_file.write_bytes(msgspec.json.format(msgspec.json.encode(task)))
        return _Work(self, task, emit, self._cancelled).run(self.argv(task_file, task), spawned)

    def child_environment(self, task: AgentTask) -> dict[str, str]:
        """The allow-listed environment of the program."""
        kept = {key: os.environ[key] for key in (*PASSED_ON, *self.environment) if key in os.environ}
        return {**kept, leash.MARKER_VARIABLE: task.marker, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}


class _Work:
    """One program at work: its pipes, clocks and what it said."""

    def __init__(self, agent: ProcessAgent, task: AgentTask, emit: Emit, cancelled: threading.Event) -> None:
        self.agent, self.task, self.emit, self.cancelled = agent, task, emit, cancelled
        self.lines: queue.Queue[bytes | None] = queue.Queue(maxsize=64)
        self.errors = b""
        self.finished: Finished | None = None
        self.session_id = task.session_id
        self.usage = Usage()
        self.cost_usd: float | None = None

    def run(self, argv: list[str], spawned: Callable[[int, float], None]) -> AgentResult:
        keep, give = self._pipe()
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", leash.__file__, self.task.marker, str(give), "--", *argv],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(give,),
                cwd=self.task.workspace,
                env=self.agent.child_environment(self.task),
                start_new_session=True,
            )
        except OSError as error:
            os.close(keep)
            os.close(give)
            return AgentResult(ending=Ending.FAILED, detail=f"Cannot start the agent: {error.strerror}.")
        os.close(give)
        try:
            with contextlib.suppress(psutil.NoSuchProcess):
                spawned(process.pid, psutil.Process(process.pid).create_time())
            return self._follow(process)
        finally:
            os.close(keep)
            self._end(process)

    @staticmethod
    def _pipe() -> tuple[int, int]:
        """(write end that we keep, read end for the leash)."""
        read, write = os.pipe()
        return write, read

    def _follow(self, process: subprocess.Popen[bytes]) -> AgentResult:
        assert process.stdout is not None and process.stderr is not None
        readers = [
            threading.Thread(target=self._read_lines, args=(process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(process.stderr,), daemon=True),
        ]
        for reader in readers:
            reader.start()
        ending = self._consume()
        if ending is not None:
            self._end(process)
            return self._result(ending[0], ending[1], None)
        readers[1].join(timeout=5)
        return self._judge(process.wait())

    def _consume(self) -> tuple[Ending, str] | None:
        """Pass lines on until the output ends (None) or a clock or a person ends it."""
        limits = self.task.limits
        begun = last = time.monotonic()
        while True:
            try:
                line = self.lines.get(timeout=0.05)
            except queue.Empty:
                line = b""
            now = time.monotonic()
            if line is None:
                return None
            if line:
                last = now
                for event in self.agent.translate(line):
                    self._note(event)
            if self.cancelled.is_set():
                return Ending.STOPPED, "Stopped while working."
            if now - begun > limits.attempt_timeout_s:
                return Ending.TIMED_OUT, f"Worked for more than {limits.attempt_timeout_s:g} s."
            if now - last > limits.idle_timeout_s:
                return Ending.TIMED_OUT, f"Said nothing for more than {limits.idle_timeout_s:g} s."

    def _note(self, event: AgentEvent) -> None:
        if isinstance(event, Finished):
            self.finished = event
        elif isinstance(event, SessionStarted):
            self.session_id = event.session_id
        elif isinstance(event, UsageReported):
            self.usage, self.cost_usd = event.usage, event.cost_usd
        self.emit(event)

    def _judge(self, code: int) -> AgentResult:
        if code == 0 and self.finished is not None and self.finished.ok:
            return self._result(Ending.FINISHED, self.finished.detail, code)
        said = self.finished.detail if self.finished else ""
        tail = self.errors.decode("utf-8", "replace").strip()[-600:]
        why = said or tail or "It ended without saying that it had finished."
        how = f"killed by signal {code - 128}" if code > 128 else f"exit code {code}"
        return self._result(Ending.FAILED, f"The agent failed ({how}). {why}", code)

    def _result(self, ending: Ending, detail: str, code: int | None) -> AgentResult:
        return AgentResult(
            ending=ending,
            detail=detail,
            session_id=self.session_id,
            usage=self.usage,
            cost_usd=self.cost_usd,
            exit_code=code,
        )

    def _read_lines(self, stream: IO[bytes]) -> None:
        """Lines in bounded memory: one that is longer than the cap is cut, and said to be."""
        with stream:
            while line := stream.readline(LINE_CAP):
                if len(line) == LINE_CAP and not line.endswith(b"\n"):
                    cut = len(line)
                    while rest := stream.readline(LINE_CAP):
                        cut += len(rest)
                        if rest.endswith(b"\n"):
                            break
                    head = line[:2000].decode("utf-8", "replace")
                    line = msgspec.json.encode(Notice(text=f"{head}… (a line of {cut:,} bytes, cut)"))
                self.lines.put(line)
        self.lines.put(None)

    def _read_errors(self, stream: IO[bytes]) -> None:
        with stream:
            while chunk := os.read(stream.fileno(), 65536):
                self.errors = (self.errors + chunk)[-ERROR_TAIL:]

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """End the leash politely (its death of the pipe kills the tree), then for certain; free the readers."""
        for pid in leash.marked(self.task.marker):
            if pid != process.pid:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, 15)
        deadline = time.monotonic() + self.agent.term_grace_s
        drained = threading.Thread(target=self._drain, daemon=True)
        drained.start()
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
        if process.poll() is None:
            process.kill()
            process.wait()
        for pid in leash.marked(self.task.marker):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, 9)

    def _drain(self) -> None:
        """Let the reading thread reach its end when nobody consumes any more."""
        with contextlib.suppress(queue.Empty):
            while self.lines.get(timeout=1.0) is not None:
                pass
