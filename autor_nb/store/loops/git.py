"""git as a loop calls it: plumbing only, with no configuration, hook, identity or prompt of the person's in force."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil

from autor_nb.domain.errors import StoreError

NULL = "0" * 40
_OVERRIDES = (
    "core.hooksPath=/dev/null",  # no hook of anybody's
    "core.fsmonitor=false",  # no program that watches
    "core.untrackedCache=false",
    "core.logAllRefUpdates=false",
    "core.quotePath=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "diff.external=",
    "safe.directory=*",  # a repository of another owner is the person's own choice
    "advice.detachedHead=false",
)
_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "autor"), ("EMAIL", "autor@localhost"))
}


class Git:
    """Calls of git on one repository.

    `person`: read with the person's own settings, as `.gitignore` needs it. Not `named`: `repo` is any folder of it.
    """

    def __init__(self, repo: Path, tree: Path | None = None, *, person: bool = False, named: bool = True) -> None:
        self.repo, self.tree = repo, tree
        self._words = ["git", *(word for value in _OVERRIDES for word in ("-c", value))]
        if named:
            self._words += [f"--git-dir={repo}"] + ([f"--work-tree={tree}"] if tree is not None else [])
        self._environment = environment(person=person)

    def run(
        self, *words: str, stdin: bytes | None = None, index: Path | None = None, codes: tuple[int, ...] = (0,)
    ) -> bytes:
        """git's answer; StoreError with git's own words if it ends in another code than one of `codes`."""
        return self.call(*words, stdin=stdin, index=index, codes=codes)[1]

    def call(
        self, *words: str, stdin: bytes | None = None, index: Path | None = None, codes: tuple[int, ...] = (0,)
    ) -> tuple[int, bytes]:
        """(code, answer) of git."""
        environment = self._environment if index is None else {**self._environment, "GIT_INDEX_FILE": str(index)}
        try:
            ended = subprocess.run(
                [*self._words, *words],
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                cwd=self.tree if self.tree is not None and self.tree.is_dir() else self.repo,
                env=environment,
            )
        except OSError as error:
            raise StoreError(
                f"git cannot be run for {self.repo}: {error.strerror or error}.",
                "Install git, or put it on PATH.",
                path=str(self.repo),
            ) from error
        if ended.returncode not in codes:
            said = ended.stderr.decode("utf-8", "replace").strip() or f"code {ended.returncode}"
            raise StoreError(
                f"git {words[0]} failed in {self.tree or self.repo}: {said.splitlines()[-1]}",
                "Free some space or mend the repository (`git fsck`), then go on.",
                path=str(self.repo),
            )
        return ended.returncode, ended.stdout

    def line(self, *words: str, index: Path | None = None) -> str:
        """git's answer of one line."""
        return os.fsdecode(self.run(*words, index=index)).strip()

    def commit_of(self, name: str) -> str | None:
        """The commit that a name means here, or None."""
        if name.startswith("-"):
            return None
        code, answer = self.call("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", codes=(0, 1, 128))
        return answer.decode("ascii").strip() if code == 0 else None


def end_left(repo: Path, within_s: float = 5.0) -> None:
    """Wait for the calls of git on this repository that a killed engine left, then end them."""
    named = f"--git-dir={repo}"
    left = []
    for process in psutil.process_iter(["name", "cmdline"]):
        words = process.info["cmdline"] or []
        if process.info["name"] == "git" and named in words and _OVERRIDES[-1] in words:
            left.append(process)
    for process in psutil.wait_procs(left, timeout=within_s)[1]:
        with contextlib.suppress(psutil.Error):
            process.kill()


def environment(*, person: bool = False) -> dict[str, str]:
    """The surroundings of git: nothing of GIT_* from outside, and no settings of the person's unless asked for."""
    kept: Mapping[str, str] = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    ours = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1"}
    if not person:
        ours |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ATTR_NOSYSTEM": "1", **_IDENTITY}
        ours |= {"HOME": os.devnull, "XDG_CONFIG_HOME": os.devnull}  # a git older than 2.32 knows only these
    return {**kept, **ours}
