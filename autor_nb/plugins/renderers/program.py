"""One program of a build, run with a limit: no shell, an environment by list, its process group ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

OUTPUT_CAP = 200_000  # bytes of output that a log may hold; the end matters, it has the error
_PASSED_ON = ("PATH", "HOME", "TEXMFHOME", "TEXMFLOCAL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR")


@dataclass(frozen=True)
class Ran:
    """How a program ended; `code` is None when it ran out of time, `output` the end of what it said."""

    code: int | None
    output: str


def run(argv: Sequence[str], folder: Path, *, timeout_s: float, environment: dict[str, str]) -> Ran:
    """Run `argv` in `folder`; never raises for what the program does."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    log = folder / ".output"
    with log.open("wb") as stream:
        try:
            process = subprocess.Popen(
                argv,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**passed, "LC_ALL": "C.UTF-8", **environment},
            )
        except OSError as error:
            return Ran(127, f"{argv[0]} cannot be started: {error.strerror or error}")
        try:
            code: int | None = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
    return Ran(code, _tail(log))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Children may have outlived their parent: the group goes, not the process."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(path: Path) -> str:
    with path.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        size = stream.tell()
        stream.seek(max(0, size - OUTPUT_CAP))
        text = stream.read().decode("utf-8", "replace")
    return text if size <= OUTPUT_CAP else f"[the first {size - OUTPUT_CAP} bytes are left out]\n{text}"
