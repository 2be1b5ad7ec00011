"""`autor loop export` and `autor loop import`: a history for other programs, and other tools' histories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from autor_nb import loop_control, loop_imports
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.record import Record
from autor_nb.domain.loops.state import LoopState
from autor_nb.record import loop_history
from autor_nb.record.units import count_words, size_words
from autor_nb.store.atomic import write_text
from autor_nb.store.loops import foreign, foreign_history, history, history_text, results_tsv, standing
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Heading, Items, Next, Para, Verbatim
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

PROJECTS = ("problem.yaml", "autoresearch.toml")
SUFFIXES = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".tsv": "tsv"}
GIT_LOG = "git-log"
SHOWN = 8


@verb(
    name="export",
    examples=(
        "autor loop export --format csv > experiments.csv",
        "autor loop export tsp --output results.tsv --crash-as-zero",
        "autor loop export --format problem.yaml --output ../as_problem/",
    ),
)
@loop_named.loop_argument
@loop_named.loop_option
@click.option(
    "--format",
    "form",
    type=click.Choice((*history_text.FORMS, *PROJECTS)),
    help="A history (else by --output's suffix, else csv), or a whole project of another tool.",
)
@click.option("--output", "place", metavar="FILE", help="Where to (else it is printed); a folder for a project.")
@click.option("--crash-as-zero", is_flag=True, help="tsv: 0.000000 for a crash, as other tools write it.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@pass_face
def export(
    face: Face, name: str | None, name_too: str | None, form: str | None, place: str | None, crash_as_zero: bool,
    force: bool,
) -> Result:  # fmt: skip
    """Write the experiments as CSV, JSON, JSON Lines or the five-column table, or as another tool's project."""
    loop = loop_named.either(name, name_too)
    state = standing.read(loop)
    chosen = form or SUFFIXES.get(Path(place or "").suffix.lower(), "csv")
    if crash_as_zero and chosen != "tsv":
        raise UsageError("--crash-as-zero is for the five-column table only.", "Add `--format tsv`, or leave it out.")
    if chosen in PROJECTS:
        return _project(loop, state, chosen, place, force)
    metric = str((state.config.get("metric") or {}).get("name") or "metric")
    pieces = history_text.text(_records(loop), chosen, metric=metric, crash_as_zero=crash_as_zero)
    facts: dict[str, Any] = {"loop": loop.name, "format": chosen, "experiments": state.experiments}
    if place is None:
        text = "".join(pieces)
        return Result({**facts, "text": text}, (Verbatim(text),), document=text, state=loop)
    goal = _goal(place, force)
    history_text.to_file(goal, pieces)
    size = goal.stat().st_size
    said = Para(f"{count_words(state.experiments, 'experiment')} written to {goal} ({chosen}, {size_words(size)}).")
    return Result({**facts, "path": str(goal), "size_bytes": size}, (said,), state=loop)


def _records(loop: LoopFolder) -> Iterator[Record]:
    if loop.experiments.exists():
        return history.rows(loop.experiments, Record)
    return iter(loop_history.from_log(loop))


def _goal(place: str, force: bool) -> Path:
    if not place.strip():
        raise UsageError("--output needs a file.", "`--output experiments.csv`, or leave it out to print.")
    goal = Path(place).expanduser().absolute()
    if goal.is_dir():
        raise UsageError(f"{goal} is a folder.", "Name a file in it.")
    if goal.exists() and not force:
        raise UsageError(f"{goal} exists already.", "`--force` replaces it.")
    return goal


def _project(loop: LoopFolder, state: LoopState, form: str, place: str | None, force: bool) -> Result:
    if place is None or not place.strip():
        raise UsageError(f"A {form} project is several files.", "Say the folder: `--output FOLDER`.")
    folder = Path(place).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file.", "Name a folder.")
    config = msgspec.convert(state.config, LoopConfig)
    files = dict(foreign.export_files(config, list(_records(loop)), form))
    there = [path for path in files if (folder / path).exists()]
    if there and not force:
        raise UsageError(f"{folder} has {', '.join(there)} already.", "`--force` replaces them.")
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_text(folder / path, text, durable=False)
    facts = {"loop": loop.name, "format": form, "experiments": state.experiments,
             "paths": [str(folder / path) for path in files]}  # fmt: skip
    said = Para(f"Written to {folder}: {', '.join(files)}. The code is in branch autor/{loop.name} of the project.")
    return Result(facts, (said,), state=loop)


# ----------------------------------------------------------------------------------------------- import


@verb(
    name="import",
    examples=(
        "autor loop import results.tsv",
        "autor loop import old/.autoresearch/experiments.jsonl --loop tsp",
        "autor loop import git-log --branch autoresearch/may",
    ),
)
@click.argument("what", metavar="FILE|git-log")
@loop_named.loop_option
@click.option("--metric", default="", metavar="NAME", help="The metric's column (else the second, or as usual).")
@click.option("--branch", default="HEAD", show_default=True, metavar="NAME", help="git-log: whose commits to read.")
@click.option("--dry-run", is_flag=True, help="Say what would be recorded, and record nothing.")
@pass_face
def import_(face: Face, what: str, name_too: str | None, metric: str, branch: str, dry_run: bool) -> Result:
    """Record what another tool found: a results.tsv, an experiments.jsonl, an export, or its commits' subjects.

    They are recorded and not tested; a line that is none is named and passed over. Doing it twice records nothing.
    """
    loop = loop_named.loop_here(name_too)
    found, source = _found(loop, what, metric, branch)
    if not found.records:
        raise UsageError(
            f"{source} holds no experiment" + (f" ({found.bad[0].why})." if found.bad else "."),
            "A table needs the columns commit, metric, status; a commit's subject a mark like [autoresearch].",
        )
    done = loop_imports.Imported(0, 0, ())
    if not dry_run:
        done = loop_imports.bring_in(loop, loop_control.actor(face.name), found.records)
    head = f"{count_words(len(found.records), 'experiment')} read, {done.recorded} recorded"
    blocks: list[Block] = [Heading(f"Loop {loop.name}: import from {clean.line(source, 120)}", None, head)]
    if dry_run:
        blocks.append(Para("Nothing was recorded: this was a dry run."))
    if done.known:
        blocks.append(Para(f"{count_words(done.known, 'experiment')} had been recorded before."))
    odd = [f"line at byte {line.offset}: {line.why} ({clean.line(line.text, 60)})" for line in found.bad]
    odd += [clean.line(said, 200) for said in done.refused]
    if odd:
        more = [f"and {len(odd) - SHOWN} more"] if len(odd) > SHOWN else []
        blocks.append(Items((*odd[:SHOWN], *more), title="Passed over"))
    steps = ((f"autor loop log {loop.name}", "shows them"),
             (f"autor loop recheck --loop {loop.name}", "says whether the gain is real"))  # fmt: skip
    blocks.append(Next(steps))
    facts = {"loop": loop.name, "source": source, "read": len(found.records), "recorded": done.recorded,
             "known": done.known, "refused": list(done.refused), "dry_run": dry_run,
             "unreadable_lines": [{"offset": line.offset, "why": line.why} for line in found.bad]}  # fmt: skip
    return Result(facts, tuple(blocks), tuple(f"{step}: {why}" for step, why in steps), state=loop)


def _found(loop: LoopFolder, what: str, metric: str, branch: str) -> tuple[history.History[Record], str]:
    if what == GIT_LOG:
        return foreign_history.read_log(loop.project, branch), f"the commits of {branch}"
    path = Path(what).expanduser()
    if not path.is_file():
        raise UsageError(
            f"There is no file {what}.", "Name a results.tsv, an experiments.jsonl or an export, or say git-log."
        )
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return foreign_history.read_jsonl(path), path.name
    if path.suffix.lower() in (".json", ".csv"):
        return foreign_history.read_whole(path), path.name
    own = str((standing.read(loop).config.get("metric") or {}).get("name", ""))
    table = results_tsv.read(path, metric or own)
    return history.History(records=table.records(), bad=table.bad), path.name
