"""A leash: runs one program in a session of its own and ends its whole tree when the holder of the other end dies.

Started as `python leash.py MARKER FD -- ARGV…`; stdlib only, so that it starts in milliseconds. The engine keeps
the write end of the pipe FD open; when the engine goes, by whatever death, the read end reports end-of-file.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys

MARKER_VARIABLE = "AUTOR_ATTEMPT"


def marked(marker: str) -> list[int]:
    """Processes of this machine whose environment carries the marker (Linux; elsewhere none are found here)."""
    found: list[int] = []
    needle = f"{MARKER_VARIABLE}={marker}".encode()
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib costs start-up time here
            if name.isdigit() and int(name) != os.getpid():
                with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as stream:
                    if needle in stream.read().split(b"\0"):
                        found.append(int(name))
    return found


def end_tree(group: int, marker: str) -> None:
    """Kill the group, and whatever else carries the marker because it escaped its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    for _ in range(5):
        left = marked(marker)
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def main(argv: list[str]) -> int:
    """Run the program; answer with its exit code (negative for a signal becomes 128 + signal)."""
    marker, descriptor, command = argv[0], int(argv[1]), argv[3:]
    os.set_inheritable(descriptor, False)
    try:
        child = subprocess.Popen(command, start_new_session=True, close_fds=True)
    except OSError as error:
        print(f"cannot start {command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)  # the child alone holds the output now: end-of-file means that its tree is gone
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while child.poll() is None:
        ready, _, _ = select.select([descriptor, wake_read], [], [], 1.0)
        if descriptor in ready and not os.read(descriptor, 1):
            break
        if wake_read in ready:
            os.read(wake_read, 64)
    code = child.poll()
    end_tree(child.pid, marker)
    if code is None:
        code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
