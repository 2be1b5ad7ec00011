"""The verbs that keep a runs folder in order: `verify`, `archive`, `rm`, `recover`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import click

from autor_nb import control, loop_control
from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.domain.loops.fold import mended_words
from autor_nb.domain.run import RunStatus
from autor_nb.store import damage, layout
from autor_nb.store.layout import RunFolder
from autor_nb.store.loops import standing
from autor_nb.store.loops.layout import all_loops
from autor_nb.verbs import clean, target
from autor_nb.verbs.blocks import Block, Heading, Items, Mark, Next, Para, Table
from autor_nb.verbs.loops.loop_named import project_here
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


@verb(name="verify", examples=("autor verify", "autor verify latest"))
@target.run_argument
@target.run_too
@pass_face
def verify(face: Face, run_id: str | None, run_too: str | None) -> Result:
    """Ask every check and execute every notebook again, hold every file to the log; exit 1 if anything differs."""
    run = target.newest(face, target.either(run_id, run_too))
    return verified(face, run)


def verified(face: Face, run: RunFolder) -> Result:
    """What checking everything again found; each attempt is told as it is done."""
    found = control.verify(run, lambda row: face.say(_row(row)))
    differences = [str(item) for item in found.differences]
    mark = Mark("differs" if differences else "same")
    left = [text for row in found.rows for text in row.get("not_compared", ())]
    said = (
        f"{len(differences)} differences"
        if differences
        else "every check and notebook says what it said then, and every file that was compared is as recorded"
    )
    blocks: list[Block] = [Heading(f"Run {run.run_id}", mark, said)]
    if differences:
        blocks.append(Items(tuple(differences), title="What differs"))
        blocks.append(Next(((f"autor show --run {run.run_id} --checks", "the checks of then"),)))
    if compared := [text for row in found.rows for text in row.get("compared", ())]:
        blocks.append(Para(f"Compared: {_counted(compared)}.", quiet=True))
    blocks.append(Items(tuple(left), title="Not compared"))
    facts = {
        "run_id": run.run_id,
        "same": not differences,
        "differences": differences,
        "not_compared": left,
        "compared": compared,
        "attempts": [row for row in found.rows if row["attempt"]],
    }
    return Result(facts=facts, blocks=tuple(blocks), exit_code=1 if differences else 0, state=run)


def _row(row: dict[str, Any]) -> str:
    said = f"{len(row['differences'])} differences" if row["differences"] else "as recorded"
    name = f"{row['stage']} attempt {row['attempt']}" if row["attempt"] else "files and log"
    return clean.line(f"{name}: {said}")


def _counted(compared: list[str]) -> str:
    """Groups as they are, single files by their number."""
    groups = [text for text in compared if " " in text]
    texts = len(compared) - len(groups)
    return "; ".join([*groups, f"{texts} prompts, summaries and inputs"])


@verb(name="archive", examples=("autor archive latest", "autor archive 20260101_120000 --to ~/kept/"))
@click.argument("run_id", type=target.RunId(), metavar="RUN")
@click.option("--to", "place", type=click.Path(), metavar="FILE|FOLDER", help="Where the zip goes (else beside runs/).")
@pass_face
def archive(face: Face, run_id: str, place: str | None) -> Result:
    """Pack a run into a zip; the run itself stays."""
    run = target.named(face, run_id)
    goal = Path(place).expanduser() if place else target.root(face).parent
    made = pack(run, goal / f"{run.run_id}.zip" if (place or "").endswith(os.sep) else goal)
    size = made.stat().st_size
    facts = {"run_id": run.run_id, "archive": str(made), "size_bytes": size}
    return Result(
        facts=facts,
        blocks=(
            Para(f"Packed into {made} ({size / 1e6:.1f} MB); the run itself stays."),
            Next(((f"autor rm {run.run_id}", "deletes the run"),)),
        ),
        state=run,
    )


def pack(run: RunFolder, goal: Path) -> Path:
    """Pack a run into `goal`, a file or a folder; refused if the file is there or would lie inside the run."""
    if goal.is_dir():
        goal = goal / f"{run.run_id}.zip"
    if goal.exists():
        raise UsageError(f"{goal} exists already.", "Name another file with `autor archive --to`.")
    if goal.resolve().is_relative_to(run.path.resolve()):
        raise UsageError(f"{goal} lies inside the run that would be packed.", "Name another place with `--to`.")
    try:
        return control.archive(run, goal)
    except OSError as error:
        raise StoreError(
            f"Cannot write {goal}: {error.strerror}.", "Name another place with `--to`.", path=str(goal)
        ) from error


@verb(name="rm", examples=("autor rm 20260101_120000",))
@click.argument("run_id", type=target.RunId(), metavar="RUN")
@click.option("--yes", is_flag=True, help="Do not ask for the run's id to be typed.")
@pass_face
def rm(face: Face, run_id: str, yes: bool) -> Result:
    """Delete a run with everything in it; asks for its id to be typed."""
    run = target.named(face, run_id)
    if not yes:
        if face.ask is None or face.form == "json":
            raise UsageError(f"Deleting run {run.run_id} must be confirmed.", f"`autor rm {run.run_id} --yes`")
        goal = clean.line(control.snapshot(run).state.goal, 80)
        try:
            typed = face.ask(f"Run {run.run_id} ({goal}) will be gone for good. Type its id: ").strip()
        except EOFError:
            typed = ""
        if typed != run.run_id:
            raise UsageError("That is not the run's id; nothing was deleted.", f"`autor rm {run.run_id}`")
    try:
        control.remove(run)
    except OSError as error:
        raise StoreError(
            f"Run {run.run_id} could not be deleted whole: {error.strerror} ({error.filename}).",
            "Mend the permissions, then again.",
            path=str(run.path),
        ) from error
    return Result(facts={"run_id": run.run_id, "removed": True}, blocks=(Para(f"Run {run.run_id} is gone."),))


# ----------------------------------------------------------------------------------------------- recover


@verb(name="recover", examples=("autor recover", "autor recover --yes"))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--preview", is_flag=True, help="Only say what would be done.")
@pass_face
def recover(face: Face, yes: bool, preview: bool) -> Result:
    """Take up every interrupted run, mend damaged logs of runs and loops, and remove folders that never became runs."""
    root = target.root(face)
    every = [(run, control.snapshot(run).status) for run in layout.all_runs(root)]
    interrupted = [run for run, status in every if status is RunStatus.INTERRUPTED]
    damaged = [(run, damage.recoverable(run)) for run, status in every if status is RunStatus.DAMAGED]
    mendable = [run for run, kept in damaged if kept]
    husks = _husks(root)
    loops = [(loop, hurt) for loop in all_loops(project_here()) if (hurt := standing.whole(loop).damaged)]
    facts: dict[str, Any] = {
        "root": str(root),
        "interrupted": [run.run_id for run in interrupted],
        "damaged": [run.run_id for run, _ in damaged],
        "husks": [str(path) for path in husks],
        "loops": [loop.name for loop, _ in loops],
    }
    if not interrupted and not husks and not damaged and not loops:
        said = "Nothing to recover: no run was interrupted, no log of a run or a loop is damaged."
        return Result(facts=facts, blocks=(Para(said),))
    rows = (
        *((run.run_id, Mark("damaged"), _mending(kept)) for run, kept in damaged),
        *((run.run_id, Mark("interrupted"), "is set to work again") for run in interrupted),
        *((f"loop {loop.name}", Mark("damaged"), _setting_aside(hurt)) for loop, hurt in loops),
        *((path.name, Mark("lost"), "has no log, so it never was a run: removed") for path in husks),
    )
    table = Table(("Folder", "State", "What is done"), rows)
    if preview or not _agreed(face, yes, table):
        return Result(facts={**facts, "done": False}, blocks=(table, Next((("autor recover --yes", "does it"),))))
    for run in mendable:
        control.recover_log(run, control.actor(face.name))
    for run in (*mendable, *interrupted):
        now = control.snapshot(run)
        if now.state.status is RunStatus.COMPLETED:
            control.start_worker(run)  # only its files are to be brought back
        elif now.status is RunStatus.INTERRUPTED:
            control.resume(run, control.actor(face.name))
    for path in husks:
        shutil.rmtree(path)
    blocks: list[Block] = [table]
    told = {}
    for loop, _ in loops:
        mended = loop_control.recover_log(loop, control.actor(face.name))
        told[loop.name] = mended_words(mended) if mended is not None else "it was mended already"
        blocks.append(Para(f"Loop {loop.name}: {clean.line(told[loop.name], 600)}."))
    after = [("autor runs", "shows the runs")] if every or not loops else []
    after += [(f"autor loop status {loop.name}", "shows the loop") for loop, _ in loops]
    return Result(facts={**facts, "done": True, "mended": told}, blocks=(*blocks, Next(tuple(after))))


def _mending(kept: int) -> str:
    if not kept:
        return "nothing before the damage: left as it is; put events.jsonl from a backup in its place"
    return (
        f"its log goes back to its first {kept} lines and the workspace to how it was then; "
        "what was there is kept in its folder damaged/"
    )


def _setting_aside(hurt: str) -> str:
    return (
        f"{clean.line(hurt, 200)}: set aside, what its other files know is put back; "
        "the log as it was is kept in its folder damaged/"
    )


def _agreed(face: Face, yes: bool, table: Table) -> bool:
    if yes:
        return True
    if face.ask is None or face.form == "json":
        return False
    face.say(Result(facts={}, blocks=(table,)).text())
    try:
        return face.ask("Do it? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _husks(root: Path) -> list[Path]:
    """Folders with a run's id but no log; a fresh one may be about to become a run."""
    import re
    import time

    if not root.is_dir():
        return []
    return [
        path
        for path in sorted(root.iterdir())
        if re.fullmatch(r"\d{8}_\d{6}(_\d{2})?", path.name)
        and path.is_dir()
        and not path.is_symlink()
        and not (path / "events.jsonl").exists()
        and time.time() - path.stat().st_mtime > 60
    ]
