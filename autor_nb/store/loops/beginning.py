"""The repository that a project begins with: what its last commit holds, and a first commit in an empty folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.store.loops.git import Git
from autor_nb.store.loops.making import find_source


def tracked(project: Path) -> frozenset[str] | None:
    """What HEAD holds of the project's folder, by paths within it; None where there is no repository or no commit."""
    here = next(folder for folder in (project, *project.parents) if folder.is_dir())
    try:
        source = find_source(here)
    except UsageError:
        return None
    listed = source.git.run("ls-tree", "-r", "-z", "--name-only", source.head)
    start = f"{source.prefix}/" if source.prefix else ""
    names = (name for name in os.fsdecode(listed).split("\0") if name)
    return frozenset(name.removeprefix(start) for name in names if name.startswith(start))


def is_bare_ground(project: Path) -> bool:
    """Whether nothing is there but, at most, a repository that was begun in it and holds no commit yet."""
    if not project.exists():
        return True
    names = {path.name for path in project.iterdir()}
    return not names or (names == {".git"} and not _call(project, "rev-list", "-n", "1", "--all").stdout.strip())


def begin_repository(project: Path, message: str) -> str:
    """`git init` and a first commit of all that lies there, by the person if git knows them; answers with the hash."""
    _git(project, "init", "-q")
    _git(project, "add", "-A")
    known = _known(project, "user.name") and _known(project, "user.email")
    who = () if known else ("-c", "user.name=autor", "-c", "user.email=autor@localhost")
    _git(project, *who, "-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", message)
    return Git(project, named=False).line("rev-parse", "HEAD")


def _known(project: Path, key: str) -> bool:
    return bool(_call(project, "config", "--get", key).stdout.strip())


def _git(project: Path, *words: str) -> None:
    done = _call(project, *words)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"code {done.returncode}"]
        raise StoreError(
            f"git could not begin a repository in {project}: {said[-1]}",
            "Begin it yourself: `git init`, `git add -A`, `git commit`.",
            path=str(project),
        )


def _call(project: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """git with the person's own settings: it is their repository."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        return subprocess.run(
            ["git", *words],
            cwd=project,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env={**plain, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
        )
    except OSError as error:
        raise StoreError(
            f"git cannot be run: {error.strerror or error}.", "Install git, or put it on PATH.", path=str(project)
        ) from error
