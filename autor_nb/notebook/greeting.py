"""What `%load_ext` says, in one line: what works and what waits; cheaply, from the derived views."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

LOOK_AT = 12
BUDGET_S = 0.02


def line() -> str:
    """One line, or nothing if nothing works or waits."""
    began = time.monotonic()
    waiting, working = [], []
    for folder in _newest(_root()):
        status = _status(folder)
        if status == "in_review":
            waiting.append(folder.name)
        elif status == "running":
            working.append(folder.name)
        if time.monotonic() - began > BUDGET_S:
            break
    parts = []
    if waiting:
        parts.append(f"{waiting[0]} waits for you" if len(waiting) == 1 else f"{len(waiting)} runs wait for you")
    if working:
        parts.append(f"{working[0]} is at work" if len(working) == 1 else f"{len(working)} runs are at work")
    return f"autor: {', '.join(parts)}. %autor says what now." if parts else ""


def _root() -> Path:
    from autor_nb.store.layout import runs_root

    return runs_root()


def _newest(root: Path) -> list[Path]:
    try:
        names = sorted((entry.name for entry in os.scandir(root) if entry.is_dir()), reverse=True)
    except OSError:
        return []
    return [root / name for name in names[:LOOK_AT]]


def _status(folder: Path) -> str:
    """The status of the manifest, which is a view: `%autor` itself reads the log."""
    try:
        return str(json.loads((folder / "run_manifest.json").read_bytes()).get("run_status", ""))
    except (OSError, ValueError, AttributeError):
        return ""
