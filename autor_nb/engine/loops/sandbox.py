"""Bubblewrap around a trial: the machine read-only, no network, its own processes; never quietly less than that."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from autor_nb.domain.events import CommandRefused, Event
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.commands import LoopCommand
from autor_nb.domain.loops.state import LoopState

BWRAP = "bwrap"
LEVEL = "bubblewrap: files and network"
WITHOUT = "or do without: leave out --sandbox and set sandbox = false in the loop's configuration"
MEND = f"`sudo apt install bubblewrap` (its program is {BWRAP}), {WITHOUT}."


@functools.cache
def refusal() -> str:
    """Why no sandbox can be had here; empty if one can."""
    if not sys.platform.startswith("linux"):
        return "A sandbox was asked for, and bubblewrap runs on Linux only."
    program = shutil.which(BWRAP)
    if program is None:
        return "A sandbox was asked for, and bubblewrap is not installed."
    tried = subprocess.run(
        [program, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-net", "--unshare-pid", "true"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
    )
    if tried.returncode == 0:
        return ""
    said = tried.stderr.decode("utf-8", "replace").strip()[-200:]
    return f"A sandbox was asked for, and bubblewrap is installed but does not work here: {said or 'it failed'}."


def mend() -> str:
    """What is to be done where `refusal` refuses."""
    if sys.platform.startswith("linux") and shutil.which(BWRAP) is None:
        return MEND
    if sys.platform.startswith("linux"):
        return f"Allow it to make user namespaces (a container needs --security-opt seccomp=unconfined), {WITHOUT}."
    return f"Start it on Linux, {WITHOUT}."


def in_force(answer: list[Event], state: LoopState, command: LoopCommand) -> list[Event]:
    """The answer to a command with the level that a session gets by it; a level that cannot be had refuses it."""
    config = next((event.config for event in answer if isinstance(event, ev.LoopConfigChanged)), state.config)
    if not config.get("sandbox") or not any(isinstance(event, ev.LoopStarted) for event in answer):
        return answer
    if why_not := refusal():
        kind = str(type(command).__struct_config__.tag)
        return [CommandRefused(command_id=command.id, command=kind, reason=why_not, suggestion=mend(), by=command.by)]
    return [
        msgspec.structs.replace(event, sandbox=LEVEL) if isinstance(event, ev.LoopStarted) else event
        for event in answer
    ]


def holdouts(name: str, *folders: Path) -> tuple[Path, ...]:
    """Where the holdout lies, in a copy of the project and in the project itself: nothing that is judged may see it."""
    return tuple(path for path in (folder / name for folder in folders) if path.exists()) if name else ()


def wrapped(
    argv: Sequence[str],
    cwd: Path,
    writable: Sequence[Path] = (),
    readable: Sequence[Path] = (),
    hidden: Sequence[Path] = (),
) -> list[str]:
    """The command inside the sandbox: writable are `cwd`, a /tmp of its own and what is given; hidden looks empty.

    What lies under the real /tmp is seen only if it is named: `readable` is for that.
    """
    made = [BWRAP, "--die-with-parent", "--new-session", "--unshare-net", "--unshare-pid", "--unshare-ipc"]
    made += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    for device in sorted(Path("/dev").glob("nvidia*")):
        made += ["--dev-bind", str(device), str(device)]
    own = (Path(sys.prefix), Path(sys.base_prefix), *readable)
    for place in sorted({path.resolve() for path in own if path.resolve().is_relative_to("/tmp") and path.exists()}):
        made += ["--ro-bind", str(place), str(place)]
    given = [path.resolve() for path in (cwd, *writable)]
    around = [path for path in hidden if any(place.is_relative_to(path.resolve()) for place in given)]
    for path in around:  # first, so that what is given within is seen
        made += ["--tmpfs", str(path.resolve())]
    for place in given:
        made += ["--bind", str(place), str(place)]
    for path in hidden:
        if path not in around:
            made += ["--tmpfs", str(path)] if path.is_dir() else ["--ro-bind", "/dev/null", str(path)]
    return [*made, "--setenv", "TMPDIR", "/tmp", "--chdir", str(cwd.resolve()), "--", *argv]
