"""Kernels for stage notebooks: one-shot, warmed ahead, on sockets in a folder of their own, gone with us."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import psutil

from autor_nb.engine.temporary import takes_files

_SECRET = re.compile(r"key|token|secret|passw|credential", re.I)
_PREFIX = "anb-"
# A socket's path has room for about 100 characters, and jupyter_client appends a number.
_PATH_ROOM = 80


class Kernel:
    """One kernel process and the folder with its sockets."""

    def __init__(self) -> None:
        from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
        from jupyter_client.manager import KernelManager

        class Specs(KernelSpecManager):  # type: ignore[misc]
            """Knows this interpreter, whatever kernels are installed under its name."""

            def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
                argv = [sys.executable, "-P", "-m", "autor_nb.engine.kernel_main", "-f", "{connection_file}"]
                return KernelSpec(argv=argv, display_name="Python 3", language="python")

        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_root()))
        # Sockets in the folder are nobody else's; where its path is too long for them, the loopback stands in.
        short = len(str(self.folder)) + len("/s-1") <= _PATH_ROOM
        self.log = self.folder / "kernel.log"
        self.manager: Any = KernelManager(
            kernel_name="python3",
            transport="ipc" if short else "tcp",
            ip=str(self.folder / "s") if short else "127.0.0.1",
            kernel_spec_manager=Specs(),
            connection_file=str(self.folder / "kernel.json"),
            client_class="jupyter_client.asynchronous.client.AsyncKernelClient",
        )

    def start(self) -> None:
        """Start the process; it imports what notebooks need before it answers."""
        with self.log.open("wb") as log:
            self.manager.start_kernel(env=_environment(self.folder), stdout=log, stderr=log, cwd=str(self.folder))

    @property
    def pid(self) -> int:
        """The process id, 0 if there is none."""
        provisioner = self.manager.provisioner
        return int(getattr(provisioner, "pid", 0) or 0) if provisioner is not None else 0

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        try:
            return bool(self.manager.has_kernel and self.manager.is_alive())
        except Exception:  # jupyter_client raises many kinds once a kernel has gone
            return False

    def last_words(self) -> str:
        """The last line that the process wrote before it ended."""
        with contextlib.suppress(OSError):
            lines = self.log.read_text(errors="replace").strip().splitlines()
            return lines[-1][:300] if lines else ""
        return ""

    def end(self) -> None:
        """Kill the process and remove its folder."""
        with contextlib.suppress(Exception):
            if self.manager.has_kernel:
                self.manager.shutdown_kernel(now=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class SpareKernel:
    """At most one kernel started ahead of need, in the background."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._starting: threading.Thread | None = None
        self._spare: Kernel | None = None
        self._closed = False

    def warm(self) -> None:
        """Begin to start a kernel, unless there is one."""
        with self._lock:
            if self._closed or self._starting is not None or (self._spare is not None and self._spare.alive):
                return
            self._starting = threading.Thread(target=self._start, daemon=True, name="kernel")
            self._starting.start()

    def take(self) -> Kernel:
        """The spare one, or a fresh one; it belongs to the caller, who ends it."""
        self._wait()
        with self._lock:
            kernel, self._spare = self._spare, None
        if kernel is not None:
            if kernel.alive:
                return kernel
            kernel.end()
        fresh = Kernel()
        try:
            fresh.start()
        except BaseException:
            fresh.end()
            raise
        return fresh

    def close(self) -> None:
        """End the spare one."""
        self._closed = True
        self._wait()
        with self._lock:
            kernel, self._spare = self._spare, None
        if kernel is not None:
            kernel.end()

    def _start(self) -> None:
        from autor_nb.engine import execution

        sweep()
        kernel = Kernel()
        try:
            kernel.start()
        except Exception:  # the one who needs it will meet the same error, and say so
            kernel.end()
            return
        self._spare = kernel
        execution.warm_engine()

    def _wait(self) -> None:
        with self._lock:
            thread, self._starting = self._starting, None
        if thread is not None:
            thread.join()


def sweep() -> None:
    """Remove socket folders that killed engines of ours left."""
    root = _root()
    for folder in root.glob(f"{_PREFIX}[0-9]*-*"):
        owner = folder.name[len(_PREFIX) :].split("-", 1)[0]
        with contextlib.suppress(OSError):
            if owner.isdigit() and not psutil.pid_exists(int(owner)) and folder.stat().st_uid == os.getuid():
                shutil.rmtree(folder, ignore_errors=True)


def _root() -> Path:
    """The temporary folder, or a system's one with a shorter path if that takes files."""
    usual = Path(tempfile.gettempdir())
    if len(str(usual)) + 40 <= _PATH_ROOM or not takes_files(Path("/tmp")):
        return usual
    return Path("/tmp")


def _environment(folder: Path) -> dict[str, str]:
    """The engine's environment without secrets, start-up files and the person's IPython profile."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not _SECRET.search(name) and name not in ("PYTHONSTARTUP", "JPY_SESSION_NAME", "JPY_API_TOKEN")
    }
    return kept | {
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLBACKEND": "agg",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
