"""Bubblewrap around a trial: the machine read-only, no network, its own processes; never quietly less than that."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

BWRAP = "bwrap"


@functools.cache
def refusal() -> str:
    """Why no sandbox can be had here; empty if one can."""
    if not sys.platform.startswith("linux"):
        return "A sandbox was asked for, and bubblewrap runs on Linux only: set sandbox = false to do without."
    program = shutil.which(BWRAP)
    if program is None:
        return "A sandbox was asked for, and bubblewrap is not installed: install it, or set sandbox = false."
    tried = subprocess.run(
        [program, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-net", "--unshare-pid", "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
    )
    if tried.returncode == 0:
        return ""
    said = tried.stderr.decode("utf-8", "replace").strip()[-200:]
    return f"A sandbox was asked for, and bubblewrap does not work here ({said}): set sandbox = false to do without."


def wrapped(argv: Sequence[str], cwd: Path, writable: Sequence[Path], hidden: Sequence[Path]) -> list[str]:
    """The command inside the sandbox: writable are `cwd`, a /tmp of its own and what is given; hidden looks empty."""
    made = [BWRAP, "--die-with-parent", "--new-session", "--unshare-net", "--unshare-pid", "--unshare-ipc"]
    made += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    for device in sorted(Path("/dev").glob("nvidia*")):
        made += ["--dev-bind", str(device), str(device)]
    for place in _covered(cwd):
        made += ["--ro-bind", str(place), str(place)]
    for path in (cwd, *writable):
        made += ["--bind", str(path.resolve()), str(path.resolve())]
    for path in hidden:
        made += ["--tmpfs", str(path)] if path.is_dir() else ["--ro-bind", "/dev/null", str(path)]
    return [*made, "--setenv", "TMPDIR", "/tmp", "--chdir", str(cwd.resolve()), "--", *argv]


def _covered(cwd: Path) -> list[Path]:
    """Places under /tmp that the command needs to see although it has a /tmp of its own."""
    shared = Path(tempfile.gettempdir()).resolve()
    links = [entry.resolve() for entry in cwd.rglob("*") if entry.is_symlink()] if cwd.is_relative_to(shared) else []
    places = [Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve(), *links]
    tmp = Path("/tmp")
    return sorted({place for place in places if place.is_relative_to(tmp) and place != tmp and place.exists()})
