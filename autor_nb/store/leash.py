"""A leash: runs one program in a session of its own and ends its whole tree when it, or whoever holds it, is gone.

Started as `python leash.py MARKER FD -- ARGV…`; it imports next to nothing, so that it starts in milliseconds. The
holder keeps the write end of the pipe FD open: a byte asks the program to end (TERM to its group), end-of-file ends
it at once, and end-of-file comes by itself when the holder dies, by whatever death. On Linux every process that the
program leaves behind becomes the leash's own child, so none escapes by a session or an environment of its own;
elsewhere the group is ended.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # the wrapper imports enum: a quarter of the start
import os
import select
import sys
import time

MARKER_VARIABLE = "AUTOR_ATTEMPT"
SUBREAPER = 36
ENDING_S = 5.0


def marked(marker: str) -> list[int]:
    """Processes of this machine whose environment carries the marker (Linux; elsewhere none are found here)."""
    found: list[int] = []
    needle = f"{MARKER_VARIABLE}={marker}".encode()
    for pid in _pids():
        try:
            with open(f"/proc/{pid}/environ", "rb") as stream:
                if needle in stream.read().split(b"\0"):
                    found.append(pid)
        except OSError:
            continue
    return found


def _pids() -> list[int]:
    try:
        names = os.listdir("/proc")  # noqa: PTH208 - pathlib costs start-up time here
    except OSError:
        return []
    return [int(name) for name in names if name.isdigit() and int(name) != os.getpid()]


def _children() -> list[int]:
    """Whoever has this process as parent (Linux)."""
    found = []
    for pid in _pids():
        try:
            with open(f"/proc/{pid}/stat", "rb") as stream:
                parent = int(stream.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        if parent == os.getpid():
            found.append(pid)
    return found


def _adopt() -> bool:
    """Become the parent of whatever the program's processes leave behind; False where the system has no such thing."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        import ctypes

        return bool(ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


def _kill(pid: int, group: bool = False) -> None:
    try:
        (os.killpg if group else os.kill)(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _end_tree(group: int, marker: str, adopted: bool) -> None:
    """Kill the group, and whatever else is left because it left the group."""
    _kill(group, group=True)
    until = time.monotonic() + ENDING_S
    while time.monotonic() < until:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            if adopted:
                return
            pid = 0
        if pid:
            continue
        left = _children() if adopted else marked(marker)
        if not left and not adopted:
            return
        for other in left:
            _kill(other)
        time.sleep(0.001)


def _start(command: list[str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"cannot start {command[0]}: {error.strerror}\n".encode("utf-8", "replace"))
    os._exit(127)


def _reaped(child: int) -> int | None:
    """The program's exit status if it has ended; others that have ended are laid to rest."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == child:
            return status
        if pid == 0:
            return None


def _ask_to_end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGTERM)
    except (ProcessLookupError, PermissionError):
        pass


def main(argv: list[str]) -> int:
    """Run the program; answer with its exit code (negative for a signal becomes 128 + signal)."""
    marker, descriptor, command = argv[0], int(argv[1]), argv[3:]
    os.set_inheritable(descriptor, False)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    adopted = _adopt()
    child = _start(command)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)  # the program's tree alone holds the output now: end-of-file means that it is gone
    os.dup2(null, 2)
    while (status := _reaped(child)) is None:
        ready, _, _ = select.select([descriptor, wake_read], [], [], 1.0)
        if wake_read in ready:
            os.read(wake_read, 4096)
        if descriptor in ready:
            if not os.read(descriptor, 1):
                break
            _ask_to_end(child)
    if status is None:
        _kill(child, group=True)
        _, status = os.waitpid(child, 0)
    _end_tree(child, marker, adopted)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    code = main(sys.argv[1:])
    os._exit(code)  # nothing is left to flush, and taking an interpreter down takes milliseconds
