"""`autor loop init`: declare a loop by flags, questions, a template or another tool's file, and make it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from autor_nb import loop_control
from autor_nb.domain.errors import AutorError, UsageError
from autor_nb.domain.loops.config import LoopConfig, MetricSpec, loop_config, loop_name
from autor_nb.domain.loops.config_table import config_table
from autor_nb.record.units import count_words, duration_words
from autor_nb.store.atomic import write_text
from autor_nb.store.loops import config_file, foreign, references, templates
from autor_nb.store.loops.beginning import begin_repository, is_bare_ground, tracked
from autor_nb.store.loops.layout import loop_folder
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Cell, Facts, Heading, Items, Mark, Next, Para
from autor_nb.verbs.loops import loop_named, loop_target
from autor_nb.verbs.loops.init_questions import answered
from autor_nb.verbs.loops.session import seconds
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

PROGRAM = "program.md"
TRIAL_S = 600.0
SEEDS = 2**31
TEMPLATE = loop_named.Known("template", lambda: [one.name for one in templates.starters()])
FLAGS = ("objective", "mutable", "readonly", "command", "metric", "pattern", "lower", "time_budget")


@dataclass
class Begun:
    """What init did: files that were written, and sentences to tell."""

    project: Path
    config: LoopConfig
    written: list[Path]
    said: list[str]
    found_by: LoopConfig | None = None
    compared: references.Reference | None = None


@verb(
    name="init",
    examples=(
        "autor loop init --template tsp",
        "autor loop init --template tsp --seed 1",
        "autor loop init --mutable train.py --command 'python train.py' --metric val_loss --lower --time-budget 5m",
        "autor loop init --from problem.yaml",
        "autor loop init",
    ),
)
@click.argument("folder", required=False, type=click.Path(file_okay=False), metavar="[DIR]")
@click.option("--template", type=TEMPLATE, metavar="NAME", help="A ready project: tsp, tabular, multi_metric.")
@click.option("--from", "source", type=click.Path(), metavar="FILE", help="problem.yaml or autoresearch.toml.")
@click.option("--name", metavar="NAME", help="What the loop is called (else by its template, file or metric).")
@click.option("--objective", metavar="TEXT", help="What it is for, in a sentence.")
@click.option("--mutable", multiple=True, metavar="GLOB", help="What may be edited. Repeatable.")
@click.option("--readonly", multiple=True, metavar="GLOB", help="What must stay as it is. Repeatable.")
@click.option("--command", metavar="CMD", help="What is run to measure.")
@click.option("--metric", metavar="NAME", help="What the command prints as `NAME: 0.5` or `NAME=0.5`.")
@click.option("--pattern", metavar="RE", help="Or how to find it in the output: a pattern with a group.")
@click.option("--lower/--higher", "lower", default=None, help="Which way is better.")
@click.option("--time-budget", metavar="TIME", help="For one run of the command: 30s, 5m (else 10m).")
@click.option("--force", is_flag=True, help="Replace files and a section that are there.")
@click.option("--seed", type=click.IntRange(0, SEEDS - 1), metavar="N",
              help="Draw all seeds from N: a loop that can be repeated.")
@pass_face
def init(
    face: Face, folder: str | None, template: str | None, source: str | None, name: str | None, force: bool,
    seed: int | None, **said: Any,
) -> Result:
    """Declare a loop in autor.toml, write program.md, and make the loop in a clone of its own.

    Without flags it asks. A template in an empty folder begins a git repository with a first commit; else nothing of
    your repository is touched but these two files. Another tool's file is taken as it is, with its earlier results.
    """
    project = Path(folder).expanduser().resolve() if folder else Path.cwd()
    given = sorted(key for key in FLAGS if said.get(key) not in (None, ()))
    if (template or source) and given:
        what = "--template" if template else "--from"
        flag = given[0].replace("_", "-")
        raise UsageError(f"{what} says all that --{flag} would.", "Leave one of the two out, and edit the file after.")
    if template and source:
        raise UsageError("--template and --from are two ways to begin.", "Take one.")
    if name:
        loop_name(name)
    if template:
        begun = _from_template(template, project, name or "", force)
    elif source:
        begun = _from_file(Path(source).expanduser(), folder, name)
    else:
        begun = _from_flags(face, project, name, said, force)
    return _made(face, begun, seed)


# --------------------------------------------------------------------------------------- the ways


def _from_template(template: str, project: Path, name: str, force: bool) -> Begun:
    usual, _ = templates.starter_table(template)
    called = name or usual
    _must_be_new(project, called)
    empty, begun = is_bare_ground(project), (project / ".git").exists()
    project.mkdir(parents=True, exist_ok=True)
    written = templates.copy_starter(template, project, name, overwrite=force)
    said = [f"The template {template} was copied into {project}."]
    if empty and tracked(project) is None:
        begin_repository(project, f"Begin with the template {template}")
        said.append(
            "The repository had no commit yet: these files are its first."
            if begun
            else "The folder was empty: a git repository was begun in it, with a first commit."
        )
    found = references.reference(template)
    return Begun(project, config_file.read_loop(project, called), written, said, compared=found)


def _from_file(path: Path, folder: str | None, name: str | None) -> Begun:
    """Another tool's file stays the one that counts, unless the loop is to have another name."""
    path = path.resolve()
    if not path.is_file() or path.name not in foreign.FILES:
        raise UsageError(
            f"{path} is no file of a project that can be taken over.", f"Name one of {', '.join(foreign.FILES)}."
        )
    if folder is not None and Path(folder).expanduser().resolve() != path.parent:
        raise UsageError("The loop is made where its file is.", f"Leave out {folder}, or copy the project there.")
    project, said, written = path.parent, [f"{path.name} is taken as it is: it stays the loop's configuration."], []
    config = foreign.read_config(path)
    if name and name != config.name:
        config = msgspec.structs.replace(config, name=name)
        _must_be_new(project, name)
        said = [f"{path.name} was written into {config_file.AUTOR_TOML} as [loop.{name}]; that section counts now."]
        written.append(config_file.write_loop(project, config))
        return Begun(project, config_file.read_loop(project, name), written, said, config)
    _must_be_new(project, config.name)
    return Begun(project, config, written, said)


def _from_flags(face: Face, project: Path, name: str | None, said: dict[str, Any], force: bool) -> Begun:
    if tracked(project) is None:
        raise UsageError(
            f"{project} is in no git repository with a commit, which a loop begins from.",
            "`git init`, `git add` what belongs to it, `git commit`; or `autor loop init --template tsp` in an empty "
            "folder.",
        )
    said = answered(face, said)
    limit = seconds("--time-budget", said["time_budget"])
    metric = MetricSpec(
        name=said["metric"], direction="lower" if said["lower"] else "higher", pattern=said["pattern"] or ""
    )
    called = name or _slug(said["metric"])
    config = LoopConfig(
        name=called,
        objective=said["objective"] or f"Make {said['metric']} {'lower' if said['lower'] else 'higher'}.",
        mutable=said["mutable"],
        readonly=said["readonly"],
        command=said["command"],
        metric=metric,
        trial_timeout_s=limit or TRIAL_S,
    )
    config = loop_config(called, config_table(config))  # checks every field as if a person had written it
    _must_be_new(project, called)
    loop_target.check_committed(project, config)
    written = [config_file.write_loop(project, config, replace=force)]
    return Begun(project, config_file.read_loop(project, called), written, [])


def _slug(metric: str) -> str:
    """A loop's name from its metric's."""
    plain = "".join(char if char.isascii() and char.isalnum() else "-" for char in metric.lower()).strip("-")
    return loop_name(plain[:41].strip("-") or "loop")


def _must_be_new(project: Path, name: str) -> None:
    if loop_folder(project, name).exists:
        raise UsageError(
            f"There is a loop {name} in {project} already.",
            f"`autor loop start {name}` goes on with it; `--name OTHER` makes another.",
        )


# ------------------------------------------------------------------------------------- the loop


def _made(face: Face, begun: Begun, seed: int | None) -> Result:
    """Write program.md, make the loop, and say what comes next."""
    program = begun.project / PROGRAM
    if not program.exists() and not program.is_symlink():
        write_text(program, program_text(begun.config))
        begun.written.append(program)
    config, notes = loop_target.runnable(begun.config)
    want = loop_target.Wanted(loop_folder(begun.project, config.name), config, notes)
    told: list[str] = []
    before, face.say = face.say, told.append
    try:
        loop_target.made(face, want, loop_control.actor(face.name), begun.found_by, seed)
    except AutorError as error:
        mend = f"{error.suggestion} Then `autor loop start {config.name} --iterations 20` makes it."
        written = ", ".join(path.name for path in begun.written)
        raise UsageError(f"{written} written, but the loop was not made: {error.message}", mend) from error
    finally:
        face.say = before
    return _card(begun, config, [*begun.said, *told])


def program_text(config: LoopConfig) -> str:
    """The first words of program.md, for a person to go on from."""
    better = "Lower" if config.metric.direction == "lower" else "Higher"
    stays = f" {_listed(config.readonly)} must stay as it is." if config.readonly else ""
    return (
        f"# {' '.join(config.objective.split()) or config.name}\n\n"
        f"{better} `{config.metric.name}` is better. Only {_listed(config.mutable)} may be edited.{stays}\n\n"
        "Write below what is worth trying and what to leave alone: this file is read before every experiment.\n"
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _card(begun: Begun, config: LoopConfig, said: list[str]) -> Result:
    loop = loop_folder(begun.project, config.name)
    command = config.command if isinstance(config.command, str) else " ".join(config.command)
    inside = "" if begun.project == Path.cwd() else f"cd {begun.project} && "
    start = f"{inside}autor loop start {config.name} --iterations {config.stop.iterations or 20}"
    steps = (
        (start, "sets it to work"),
        (f"{inside}autor loop doctor {config.name}", "looks first whether anything is missing"),
        (f"{inside}autor loop noise --loop {config.name}", "how much of one run is noise"),
    )
    blocks: tuple[Block, ...] = (
        Heading(f"Loop {config.name}", Mark("created"), clean.line(config.objective, 160)),
        Items(tuple(said), title="What was done"),
        Facts(
            (
                ("May be edited", clean.line(", ".join(config.mutable), 200)),
                ("Must stay", clean.line(", ".join(config.readonly), 200)),
                ("Command", clean.line(command, 200)),
                ("Metric", clean.line(f"{config.metric.name}, {config.metric.direction} is better", 100)),
                ("Configuration", config.origin),
                ("Written", ", ".join(path.name for path in begun.written)),
            )
        ),
        *_reference(begun.compared),
        Para(f"{PROGRAM} says what to try: edit it whenever you like.", quiet=True),
        Next(steps),
    )
    facts = {
        "loop": config.name, "project": str(begun.project), "path": str(loop.path), "origin": config.origin,
        "config": config_table(config), "written": [str(path) for path in begun.written], "said": said,
        "next": [step for step, _ in steps], "reference": _reference_facts(begun.compared),
    }  # fmt: skip
    return Result(facts, blocks, tuple(f"{step}: {why}" for step, why in steps), state=loop)


def _reference(found: references.Reference | None) -> tuple[Block, ...]:
    """What a run of the same template found elsewhere, where to read it, and how to make it again."""
    if found is None:
        return ()
    again, start = found.commands
    rows: tuple[tuple[str, Cell], ...] = (
        ("It found", found.headline),
        ("It took", f"{count_words(found.runs, 'run')} in {duration_words(found.worked_s)}"),
        ("To read", str(references.folder(found.template) / references.REPORT)),
        ("To repeat", f"{again} && {start}"),
    )
    return (Para("A reference run of this template, to compare yours with:"), Facts(rows))


def _reference_facts(found: references.Reference | None) -> dict[str, Any] | None:
    if found is None:
        return None
    facts: dict[str, Any] = msgspec.to_builtins(found)
    return {"path": str(references.folder(found.template)), "commands": list(found.commands), **facts}
