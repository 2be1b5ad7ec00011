"""`autor install`: the skill that teaches coding agents to run loops, put where each of them looks."""

from __future__ import annotations

from pathlib import Path

import click

from autor_nb.domain.errors import UsageError
from autor_nb.store import skills
from autor_nb.store.skills import Placed
from autor_nb.verbs.blocks import Block, Cell, Heading, Mark, Para, Table
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

WORDS = {"written": "ok", "same": "same", "updated": "ok", "replaced": "ok", "kept": "warning"}
AGENT = loop_named.Known("agent", lambda: (*skills.agents(), "all"))


@verb(
    name="install",
    examples=("autor install", "autor install claude-code", "autor install all --project . --force"),
)
@click.argument("names", type=AGENT, nargs=-1, metavar="[AGENT|all]…")
@click.option("--project", type=click.Path(file_okay=False), metavar="FOLDER", help="Into this project, for all named.")
@click.option("--home", is_flag=True, help="Into the home folder, for all named.")
@click.option("--force", is_flag=True, help="Replace a file that somebody edited; it is kept beside as SKILL.md.mine.")
@pass_face
def install(face: Face, names: tuple[str, ...], project: str | None, home: bool, force: bool) -> Result:
    """Install the skill for coding agents; without a name it says where it would go and what is there.

    claude-code, gemini, codex and opencode get it in the home folder, copilot, cursor, windsurf and agents in the
    project here, unless said otherwise. What somebody edited is never replaced without being told.
    """
    if project is not None and home:
        raise UsageError("--project and --home are two places.", "Say one of them.")
    if project is not None and not Path(project).expanduser().is_dir():
        raise UsageError(f"There is no folder {project}.", "Make it, or name another.")
    placed: list[Placed] = []
    for agent in skills.chosen(names or ("all",)):
        where = "project" if project is not None else "home" if home else agent.where
        root = Path.home() if where == "home" else Path(project).expanduser().resolve() if project else Path.cwd()
        path = skills.path_of(agent, root, where)
        if not names:
            placed.append(Placed(agent.name, path, _standing(path)))
        else:
            placed.append(skills.place(agent, path, force=force or (skills.is_edited(path) and _asked(face, path))))
    return _shown(placed, planned=not names)


def _standing(path: Path) -> str:
    if not path.exists():
        return "not there"
    return "edited" if skills.is_edited(path) else "there"


def _asked(face: Face, path: Path) -> bool:
    if not face.interactive or face.ask is None:
        return False
    try:
        answer = face.ask(f"{path} was edited. Replace it (yours is kept beside it)? [y/N] ")
    except EOFError:
        return False
    return answer.strip().lower() in ("y", "yes")


def _shown(placed: list[Placed], planned: bool) -> Result:
    kept = [one for one in placed if one.outcome == "kept"]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (one.agent, Mark(WORDS.get(one.outcome, one.outcome)), one.outcome, str(one.path)) for one in placed
    )
    said = "where it would go" if planned else f"{len(placed) - len(kept)} in place, {len(kept)} left as edited"
    blocks: list[Block] = [Heading("The autor skill", None, said), Table(("Agent", "", "", "File"), rows)]
    for one in placed:
        if one.backup is not None:
            blocks.append(Para(f"What was edited is kept in {one.backup}."))
    hints: tuple[str, ...] = ()
    if planned:
        hints = ("autor install NAME… installs it, `autor install all` everywhere.",)
    elif kept:
        named = " ".join(one.agent for one in kept)
        hints = (f"`autor install {named} --force` replaces what was edited and keeps it beside as SKILL.md.mine.",)
    blocks += [Para(hint) for hint in hints]
    facts = {
        "skill": skills.NAME,
        "planned": planned,
        "agents": [{"agent": one.agent, "path": str(one.path), "outcome": one.outcome,
                    "backup": str(one.backup) if one.backup else None} for one in placed],
    }  # fmt: skip
    return Result(facts, tuple(blocks), hints, exit_code=2 if kept else 0)
