"""The loop notebook, executed by papermill in a process of its own; what came of it is read back from the file.

Papermill's own word is not taken: a cell that did not run to its end makes the execution incomplete.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.templates import ROOT

TEMPLATE = "loops/report.ipynb"
NAME = "report.ipynb"
TIMEOUT_S = 300.0
KERNEL = "python3"


@dataclass(frozen=True)
class Executed:
    """The notebook on disk; `problem` says why it is not complete."""

    path: Path | None
    cells: int = 0
    cells_run: int = 0
    problem: str = ""

    @property
    def complete(self) -> bool:
        """Whether every cell ran to its end."""
        return self.path is not None and not self.problem and self.cells == self.cells_run > 0


def execute(loop: LoopFolder, timeout_s: float = TIMEOUT_S) -> Executed:
    """Execute the template on this loop, and put it into the loop's folder as far as it got."""
    goal = loop.path / NAME
    beside = loop.path / f".report.{secrets.token_hex(4)}.ipynb"
    command = [
        sys.executable, "-m", "papermill", str(ROOT / TEMPLATE), str(beside),
        "--engine", "autor", "-k", KERNEL, "--no-progress-bar", "--cwd", str(loop.path),
        "-r", "loop", str(loop.path),
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    said = ""
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, env=environment, check=False
        )
        if ended.returncode:
            said = _last_line(ended.stderr)
    except subprocess.TimeoutExpired:
        said = f"it was not done within {timeout_s:g} s"
    except OSError as error:
        said = f"papermill cannot be run: {error.strerror}"
    try:
        return _read_back(beside, goal, said)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _read_back(beside: Path, goal: Path, said: str) -> Executed:
    try:
        cells = [cell for cell in json.loads(beside.read_bytes())["cells"] if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError):
        return Executed(None, problem=said or "papermill left no notebook")
    ran = sum(map(_ran, cells))
    if ran < len(cells) and not said:
        said = f"{len(cells) - ran} of {len(cells)} cells did not run to their end"
    beside.replace(goal)
    return Executed(goal, len(cells), ran, said)


def _ran(cell: dict[str, Any]) -> bool:
    failed = any(output.get("output_type") == "error" for output in cell.get("outputs", ()))
    return cell.get("execution_count") is not None and not failed


def _last_line(said: bytes) -> str:
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "papermill failed and said nothing"
