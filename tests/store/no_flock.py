"""Run a Python module where `flock` is refused, and under another host's name if one is given; no test in here.

`python no_flock.py [--host NAME] MODULE ARGUMENT…`. On Linux the kernel itself refuses the call (a seccomp filter
that children inherit), so the engine, its agents and kernels all stand on a file system without locks; elsewhere
`fcntl.flock` is replaced in this process.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import runpy
import socket
import struct
import sys

CALLS = {"x86_64": (0xC000003E, 73), "aarch64": (0xC00000B7, 32), "arm64": (0xC00000B7, 32)}
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000


def refuse_flock(number: int = errno.ENOTSUP) -> None:
    """From now on every `flock` of this process and its children fails."""
    if sys.platform != "linux" or platform.machine() not in CALLS:
        import fcntl

        def refused(*_: object) -> None:
            raise OSError(number, "Operation not supported")

        fcntl.flock = refused
        return
    machine, call = CALLS[platform.machine()]
    lines = [(LOAD, 0, 0, 4), (JUMP_EQUAL, 0, 3, machine), (LOAD, 0, 0, 0), (JUMP_EQUAL, 0, 1, call)]
    lines += [(RETURN, 0, 0, FAIL | number), (RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    program = struct.pack("HxxxxxxP" if struct.calcsize("P") == 8 else "HxxP", len(lines), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        PR_SET_SECCOMP, MODE_FILTER, ctypes.create_string_buffer(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter")


def main(arguments: list[str]) -> None:
    """Entry point."""
    if arguments[0] == "--host":
        name = arguments[1]
        socket.gethostname = lambda: name
        arguments = arguments[2:]
    refuse_flock()
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
