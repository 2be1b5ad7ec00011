"""`doctor`: whether this machine has what runs need, each thing with its mend."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from autor_nb.domain.errors import AutorError
from autor_nb.store import preferences
from autor_nb.verbs import target
from autor_nb.verbs.blocks import Cell, Heading, Mark, Table
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb
from autor_nb.version import __version__

NEEDED_BYTES = 1_000_000_000
PACKAGES = ("ipython", "ipykernel", "papermill", "plotly", "ipywidgets", "nbclient", "msgspec")
STUDY = ("pandas", "pyarrow", "scikit-learn")
PROGRAMS = ("claude", "codex", "opencode")


class Finding(NamedTuple):
    """One thing looked at; `state`: ok · warn · fail."""

    id: str
    state: str
    found: str
    mend: str = ""


@verb(name="doctor", examples=("autor doctor",))
@pass_face
def doctor(face: Face) -> Result:
    """Look whether this machine has what runs need. Exit 1 if something is missing that must be there."""
    findings = list(examine(face))
    failing = [item for item in findings if item.state == "fail"]
    rows: tuple[tuple[Cell, ...], ...] = tuple((Mark(f.state), f.id, f.found, f.mend) for f in findings)
    said = f"{len(failing)} things must be mended" if failing else "runs can be carried out here"
    blocks = (
        Heading(f"autor_nb {__version__}", Mark("fail" if failing else "ok"), said),
        Table(("", "What", "Found", "Mend"), rows),
    )
    facts = {"ok": not failing, "version": __version__, "findings": [item._asdict() for item in findings]}
    return Result(facts=facts, blocks=blocks, exit_code=1 if failing else 0)


def examine(face: Face) -> Iterator[Finding]:
    """Everything, in the order in which it is needed."""
    yield _python()
    yield from (_package(name, "fail", "pip install autor-nb") for name in PACKAGES)
    yield from (_package(name, "warn", 'pip install "autor-nb[study]" (the tabular agent needs it)') for name in STUDY)
    yield _package("jupyterlab", "warn", 'pip install "autor-nb[lab]"')
    yield _program("git", "warn", "Install git; experiment loops will need it.")
    yield _paper()
    yield from (_program(name, "", "") for name in PROGRAMS)
    yield from _runs(face)
    yield _settings()


def _python() -> Finding:
    if sys.platform == "win32":
        return Finding("python", "fail", "Windows", "Use it through WSL.")
    return Finding("python", "ok", f"{platform.python_version()} on {platform.system()} ({sys.executable})")


def _package(name: str, state: str, mend: str) -> Finding:
    try:
        return Finding(name, "ok", version(name))
    except PackageNotFoundError:
        return Finding(name, state, "not installed", mend)


def _program(name: str, state: str, mend: str) -> Finding:
    found = shutil.which(name)
    return Finding(name, "ok" if found else state or "ok", found or "not on PATH", "" if found else mend)


def _paper() -> Finding:
    if found := shutil.which("latexmk"):
        return Finding("paper", "ok", f"latexmk ({found})")
    try:
        return Finding("paper", "ok", f"typst {version('typst')} (no latexmk)")
    except PackageNotFoundError:
        return Finding(
            "paper",
            "fail",
            "neither latexmk nor typst",
            'pip install "autor-nb[study]", or install latexmk and texlive-latex-recommended',
        )


def _runs(face: Face) -> Iterator[Finding]:
    root = target.root(face)
    place = next(folder for folder in (root, *root.parents) if folder.is_dir())
    yield _locks(place)
    free = shutil.disk_usage(place).free
    state = "ok" if free > NEEDED_BYTES else "warn" if free > NEEDED_BYTES // 10 else "fail"
    yield Finding(
        "disk",
        state,
        f"{free / 1e9:.1f} GB free in {place}",
        "" if state == "ok" else "Free some space, or choose another place with --runs-dir.",
    )


def _locks(place: Path) -> Finding:
    """What keeps two engines apart on this file system."""
    from autor_nb.store import lock

    try:
        level, why = lock.level_in(place)
    except (OSError, AutorError) as error:
        return Finding("locks", "fail", f"{place}: {error}", "Choose a writable local folder with --runs-dir.")
    if level is None:
        return Finding("locks", "fail", f"do nothing in {place}: {why}", "Choose a local folder with --runs-dir.")
    if level is lock.Level.HEARTBEAT:
        said = f"{place}: {lock.WEAKER} ({why})"
        return Finding("locks", "warn", said, "A local folder (--runs-dir) has locks that need no waiting.")
    return Finding("locks", "ok", f"work in {place}")


def _settings() -> Finding:
    try:
        values = preferences.read()
    except AutorError as error:
        return Finding("settings", "fail", error.message, error.suggestion)
    return Finding("settings", "ok", f"{len(values)} defaults in {preferences.place()}")
