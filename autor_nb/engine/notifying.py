"""Telling a person who is not looking, by a command and a web address of their own; a run never waits for it.

What is to be told is written down under the run's lock before it is sent, so that two engines never tell the same;
what a killed engine had not finished telling is told again. Addresses and outputs are written nowhere: they may hold
secrets.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import msgspec
import psutil

from autor_nb.domain.errors import AutorError
from autor_nb.engine.notices import Notice, due
from autor_nb.store import eventlog
from autor_nb.store.atomic import write_bytes
from autor_nb.store.layout import RunFolder
from autor_nb.store.lock import is_process
from autor_nb.store.preferences import Notify
from autor_nb.version import __version__

WEBHOOK_S = 10.0
COMMAND_S = 30.0
AGAIN_S = 1.0
POLL_S = 0.05
IN_ALL_S = 2 * WEBHOOK_S + COMMAND_S + 5 * AGAIN_S


class _Told(msgspec.Struct, kw_only=True):
    """What was last told, or is being told by a living process."""

    seq: int
    at: str
    event: str
    done: bool = False
    outcome: str = ""
    pid: int = 0
    process_started: float = 0.0


class Notifier:
    """Tells of one run, in a thread of its own."""

    def __init__(self, run: RunFolder, settings: Notify) -> None:
        self.run, self.settings = run, settings
        self._path = run.operator_state / "notified.json"
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Around an engine's work, under its lock: what is due at its end, however it ends, begins to be told."""
        try:
            yield
        finally:
            if self.settings:
                with contextlib.suppress(AutorError, OSError, LookupError):
                    self._begin()

    def wait(self, until: Callable[[], bool]) -> None:
        """Stay while something is being told, but no longer than until that is so."""
        deadline = time.monotonic() + IN_ALL_S
        while self._busy() and not until() and time.monotonic() < deadline:
            time.sleep(POLL_S)

    def _busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _begin(self) -> None:
        notice = due(eventlog.read(self.run.events)[0])
        if notice is None or self._is_told(notice):
            return
        told = _Told(
            seq=notice.seq,
            at=notice.at,
            event=notice.event,
            pid=os.getpid(),
            process_started=psutil.Process().create_time(),
        )
        self._write(told)
        self._thread = threading.Thread(target=self._tell, args=(notice, told), name="autor-notify", daemon=True)
        self._thread.start()

    def _is_told(self, notice: Notice) -> bool:
        try:
            told = msgspec.json.decode(self._path.read_bytes(), type=_Told)
        except (OSError, msgspec.DecodeError):
            return False
        if (told.seq, told.at) != (notice.seq, notice.at):
            return False
        return told.done or is_process(told.pid, told.process_started)

    def _write(self, told: _Told) -> None:
        write_bytes(self._path, msgspec.json.encode(told) + b"\n")

    def _tell(self, notice: Notice, told: _Told) -> None:
        said = []
        if self.settings.command:
            said.append(f"the command {run_command(self.settings.command, notice)}")
        if self.settings.webhook:
            said.append(f"the web address {post(self.settings.webhook, notice)}")
        outcome = "; ".join(said)
        with contextlib.suppress(AutorError, OSError):
            self._write(msgspec.structs.replace(told, done=True, outcome=outcome))
        with contextlib.suppress(OSError, ValueError):
            print(f"{eventlog.utc_now()} told of event {notice.seq} ({notice.event}): {outcome}", file=sys.stderr)


def run_command(command: tuple[str, ...], notice: Notice) -> str:
    """Run it, at most for so long, and say how it ended; what it prints is not kept."""
    try:
        child = subprocess.Popen(
            command,
            env={**os.environ, **notice.environment()},
            cwd=Path.home() if Path.home().is_dir() else "/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError, RuntimeError) as error:
        return f"could not be started ({getattr(error, 'strerror', None) or type(error).__name__})"
    try:
        code = child.wait(COMMAND_S)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return f"was ended after {COMMAND_S:g} s"
    return "was run" if code == 0 else f"ended with code {code}"


def post(url: str, notice: Notice) -> str:
    """Post it as JSON, once more if nobody answered or the server was at fault; say what came of it."""
    answer, again = _post_once(url, notice)
    if again:
        time.sleep(AGAIN_S)
        answer, again = _post_once(url, notice)
        return f"{answer}, also the second time" if again else f"{answer} the second time"
    return answer


class _NoRedirect(HTTPRedirectHandler):
    """An address that leads elsewhere is not followed: where it leads to was not chosen by the person."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Never."""


def _post_once(url: str, notice: Notice) -> tuple[str, bool]:
    """(what came of it, whether trying again may help)."""
    headers = {"Content-Type": "application/json", "User-Agent": f"autor-nb/{__version__}"}
    try:
        request = Request(url, data=msgspec.json.encode(notice), headers=headers, method="POST")
        with build_opener(_NoRedirect).open(request, timeout=WEBHOOK_S) as answer:
            return f"answered {answer.status}", False
    except HTTPError as error:
        error.close()
        return f"answered {error.code}", error.code >= 500 or error.code == 429
    except TimeoutError:
        return f"did not answer within {WEBHOOK_S:g} s", True
    except OSError as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            return f"did not answer within {WEBHOOK_S:g} s", True
        return f"could not be reached ({getattr(reason, 'strerror', None) or type(reason).__name__})", True
    except (HTTPException, ValueError) as error:
        return f"did not answer as a web server does ({type(error).__name__})", True
