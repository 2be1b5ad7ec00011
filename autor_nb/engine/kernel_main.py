"""The process of a stage notebook's kernel: it ends with its engine, and has imported what notebooks need.

The parent is watched before anything else is imported, so that not even a kernel in the middle of its start
outlives a killed engine. The current folder is not on the path: what an agent left there is never imported.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
import time

PRELOAD = "autor_nb.record"
WATCH_S = 0.5


def main() -> None:
    """Start the kernel."""
    _end_with_parent(int(os.environ["JPY_PARENT_PID"]))
    with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet):
        importlib.import_module(PRELOAD).preload()
    from ipykernel.kernelapp import IPKernelApp

    flags = [
        "--IPKernelApp.ignore_cwd=True",
        "--HistoryManager.enabled=False",
        "--IPKernelApp.log_level=ERROR",
    ]
    IPKernelApp.launch_instance([*sys.argv[1:], *flags])


def _end_with_parent(parent: int) -> None:
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent").start()


if __name__ == "__main__":
    main()
