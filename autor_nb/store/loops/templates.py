"""Example projects for loops: what there is to begin from, and copying one without touching what is there."""

from __future__ import annotations

import difflib
import shutil
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.store.atomic import write_bytes
from autor_nb.store.loops import config_file
from autor_nb.store.templates import ROOT

FOLDER = "loops"
TABLE = "loop.toml"
REFERENCE = "reference"
_OURS = ("__pycache__", TABLE, REFERENCE)


class Starter(msgspec.Struct, frozen=True, kw_only=True):
    """A template: its name and what its loop is for."""

    name: str
    objective: str
    path: Path


def starters() -> list[Starter]:
    """Every template, by name."""
    root = ROOT / FOLDER
    if not root.is_dir():
        raise StoreError(f"The examples are not at {root}.", "Reinstall the package.", path=str(root))
    found = []
    for path in sorted(root.iterdir()):
        if (path / TABLE).is_file():
            found.append(Starter(name=path.name, objective=_table(path)[1].get("objective", ""), path=path))
    return found


def starter(name: str) -> Starter:
    """The template of that name; UsageError with the known ones."""
    known = starters()
    for one in known:
        if one.name == name:
            return one
    names = [one.name for one in known]
    near = difflib.get_close_matches(name, names, n=1)
    raise UsageError(
        f"There is no loop template {name!r}.",
        (f"Did you mean {near[0]}? " if near else "") + f"Known: {', '.join(names)}.",
    )


def starter_files(name: str) -> dict[str, bytes]:
    """path inside the project → content, of all that a template brings; our table and reference run stay with us."""
    root = starter(name).path
    found = {path.relative_to(root): path for path in sorted(root.rglob("*")) if path.is_file()}
    return {inner.as_posix(): path.read_bytes() for inner, path in found.items() if not set(_OURS) & set(inner.parts)}


def starter_table(name: str) -> tuple[str, dict[str, Any]]:
    """The loop's own name and its `[loop.<name>]` table."""
    return _table(starter(name).path)


def _table(path: Path) -> tuple[str, dict[str, Any]]:
    loops = tomllib.loads((path / TABLE).read_text(encoding="utf-8"))["loop"]
    (name, table), = loops.items()
    return name, table


def copy_starter(name: str, project: Path, loop: str = "", *, overwrite: bool = False) -> list[Path]:
    """Put a template's files and its section of autor.toml into a project; answers with what was written.

    A file that is there with another content is refused, by name, before anything is written; with the same content
    it is left as it is.
    """
    usual, table = starter_table(name)
    files = starter_files(name)
    differing = [path for path, content in files.items() if _differs(project / path, content)]
    if differing and not overwrite:
        raise UsageError(
            f"{project} has {', '.join(differing[:5])} already, with another content.",
            "Take an empty folder, move them away, or say `--force` to replace them.",
        )
    called = loop or usual
    section = config_file.write_table(project, called, {**table, "command": _runnable(table["command"])},
                                      replace=overwrite)
    written = [section]
    for path, content in files.items():
        if overwrite or not (project / path).exists():
            write_bytes(project / path, content)
            written.append(project / path)
    return written


def _differs(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() != content
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _runnable(command: list[str]) -> list[str]:
    """Where there is no `python`, there may be a `python3`."""
    if command[0] == "python" and shutil.which("python") is None and shutil.which("python3") is not None:
        return ["python3", *command[1:]]
    return command
