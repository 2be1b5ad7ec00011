"""The skill that teaches coding agents to run loops: its text, where each agent looks for it, and putting it there.

A file that somebody edited is never replaced without being told to: its last line tells the hash of what we wrote.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autor_nb.domain.errors import UsageError
from autor_nb.store.atomic import write_text
from autor_nb.store.templates import ROOT

NAME = "autor-loop"
FILE = "SKILL.md"
FOLDER = "skills"
DESCRIPTION = (
    "Improve a program's metric by an experiment loop that does not keep noise, with the autor command: set a loop up, "
    "run it, record own experiments, read its state, review, audit and report. Use it when somebody asks for an "
    "overnight optimisation, autoresearch, hyperparameter search by code edits, or whether a gain is real."
)
_MARK = re.compile(r"\n<!-- written by autor, sha256 ([0-9a-f]{64}); what you edit is kept -->\n?\Z")


@dataclass(frozen=True)
class AgentPlace:
    """Where an agent looks for skills, and what it wants in their front matter besides name and description."""

    name: str
    where: str
    home: str
    project: str
    front: dict[str, Any]


@dataclass(frozen=True)
class Placed:
    """What became of one file: written · same · updated · kept (edited by somebody) · replaced (told to)."""

    agent: str
    path: Path
    outcome: str
    backup: Path | None = None


def agents() -> dict[str, AgentPlace]:
    """Every agent by name."""
    import yaml

    table = yaml.safe_load((ROOT / FOLDER / "agents.yaml").read_text(encoding="utf-8"))
    return {
        name: AgentPlace(name, said["where"], said["home"], said["project"], said.get("front") or {})
        for name, said in table.items()
    }


def chosen(names: tuple[str, ...]) -> list[AgentPlace]:
    """The agents of these names, `all` for every one; UsageError with the nearest for a name that is none."""
    known = agents()
    if "all" in names:
        return list(known.values())
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise UsageError(
                f"No skill is known for an agent {name!r}.",
                (f"Did you mean {near[0]}? " if near else "") + f"Known: {', '.join(known)}, all.",
            )
    return [known[name] for name in dict.fromkeys(names)]


def body() -> str:
    """The skill's text without front matter."""
    return (ROOT / FOLDER / NAME / "BODY.md").read_text(encoding="utf-8")


def text(agent: AgentPlace) -> str:
    """The whole file for that agent, with its last line."""
    import yaml

    front = yaml.safe_dump(
        {"name": NAME, "description": DESCRIPTION, **agent.front}, sort_keys=False, allow_unicode=True, width=10_000
    )
    made = f"---\n{front}---\n\n{body().strip()}\n"
    return f"{made}\n<!-- written by autor, sha256 {_hash(made)}; what you edit is kept -->\n"


def path_of(agent: AgentPlace, root: Path, where: str) -> Path:
    """The file below a home or a project folder."""
    return root / (agent.home if where == "home" else agent.project) / NAME / FILE


def is_edited(path: Path) -> bool:
    """Whether somebody wrote or changed the file that is there."""
    try:
        there = path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    except FileNotFoundError:
        return False
    found = _MARK.search(there)
    return found is None or _hash(there[: found.start()]) != found[1]


def place(agent: AgentPlace, path: Path, *, force: bool = False) -> Placed:
    """Write the skill; an edited file stays as it is unless told, and is then kept beside it as SKILL.md.mine."""
    wanted = text(agent)
    if path.is_dir():
        raise UsageError(f"{path} is a folder.", "Move it away, then install again.")
    if not path.exists() and not path.is_symlink():
        _write(path, wanted)
        return Placed(agent.name, path, "written")
    if path.is_symlink():
        return Placed(agent.name, path, "kept")
    if path.read_bytes() == wanted.encode("utf-8"):
        return Placed(agent.name, path, "same")
    if not is_edited(path):
        _write(path, wanted)
        return Placed(agent.name, path, "updated")
    if not force:
        return Placed(agent.name, path, "kept")
    backup = path.with_name(FILE + ".mine")
    number = 2
    while backup.exists():
        backup, number = path.with_name(f"{FILE}.mine-{number}"), number + 1
    path.replace(backup)
    _write(path, wanted)
    return Placed(agent.name, path, "replaced", backup)


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, content, durable=False)


def _hash(content: str) -> str:
    """Of the text up to its last line that says something."""
    return hashlib.sha256(content.rstrip("\n").encode("utf-8")).hexdigest()
