"""Which loop a working verb means, and making the one that a project declares and nobody has made yet."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autor_nb import loop_control, registry
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.globs import matches
from autor_nb.domain.run import Actor
from autor_nb.record.units import count_words
from autor_nb.store.loops import foreign
from autor_nb.store.loops.beginning import tracked
from autor_nb.store.loops.config_file import AUTOR_TOML, declared, read_loop
from autor_nb.store.loops.layout import LoopFolder, all_loops, find_loop, loop_folder
from autor_nb.verbs import clean
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.result import Face

Fits = Callable[[loop_control.Snapshot], bool]
TEXT_CAP = 400_000


@dataclass(frozen=True)
class Wanted:
    """A loop, made or not. `config` is what its file says now; None for one that no file declares (a fork)."""

    loop: LoopFolder
    config: LoopConfig | None = None
    notes: tuple[str, ...] = ()


def wanted(name: str | None) -> Wanted:
    """The loop that is named, or the only one of the project, with its configuration read afresh from its file."""
    if name and ("/" in name or name == "."):
        loop = loop_named.loop_here(name)
        project, called = loop.project, loop.name
    else:
        project = loop_named.project_here()
        called = name or _only(project)
        loop = loop_folder(project, called)
    if any(one.name == called for one in declared(project)):
        config, notes = runnable(read_loop(project, called))
        return Wanted(loop, config, notes)
    if loop.exists:
        return Wanted(loop)
    if declared(project):
        read_loop(project, called)  # says what is declared, and what comes near
    return Wanted(find_loop(project, called))


def _only(project: Path) -> str:
    names = sorted({*(one.name for one in declared(project)), *(loop.name for loop in all_loops(project))})
    if len(names) == 1:
        return names[0]
    if not names:
        raise UsageError(
            f"{project} declares no loop, and has none.",
            "`autor loop init --template tsp` makes one to try; `autor loop init` asks for what is yours.",
        )
    raise UsageError(f"{project} has {len(names)} loops: {', '.join(names)}.", "Say which: give its name.")


def runnable(config: LoopConfig) -> tuple[LoopConfig, tuple[str, ...]]:
    """The configuration that a loop runs by; what another tool's file names and is not here is stood in for."""
    if config.origin == AUTOR_TOML:
        return config, ()
    runs, said = foreign.runnable(config, registry.names("critics"), registry.names("coders"))
    return runs, tuple(said)


def made(
    face: Face, want: Wanted, by: Actor, found_by: LoopConfig | None = None, seed: int | None = None
) -> LoopFolder:
    """The loop; made first where it is only declared, with what the project found earlier.

    `found_by` is another tool's configuration that found it, where the loop's own is another. From `seed` the loop
    draws all its seeds; without one it takes a random one.
    """
    if want.loop.exists or want.config is None:
        return want.loop
    project = want.loop.project
    check_committed(project, want.config)
    theirs = found_by or want.config
    earlier = foreign.earlier(project, theirs) if theirs.origin != AUTOR_TOML else foreign.Earlier()
    loop = loop_control.create(project, want.config, by, seed=seed, earlier=earlier.records, join=True)
    for path in earlier.critic_logs:
        shutil.copyfile(path, loop.critic_logs / path.name)
    face.say(f"Loop {loop.name} was made in {loop.path}.")
    if earlier.records:
        face.say(f"{len(earlier.records)} earlier experiments were taken over from {earlier.source}.")
    if earlier.bad:
        what, _, branch = earlier.source.partition("git log ")
        what = f"git-log --branch {branch}" if branch else what
        names = f"`autor loop import {what} --dry-run --loop {loop.name}` names them"
        lines = count_words(len(earlier.bad), "line")
        face.say(f"{lines} of {earlier.source} passed over as no records: {names}.")
    for note in want.notes:
        face.say(note)
    return loop


def check_committed(project: Path, config: LoopConfig) -> None:
    """Refuse a loop whose files its clone would lack: what it begins from is a commit."""
    held = tracked(project)
    if held is None:
        raise UsageError(
            f"{project} is in no git repository with a commit, which a loop begins from.",
            "`git init`, `git add` what belongs to it, `git commit`; or `autor loop init --template tsp` in an empty "
            "folder.",
        )
    for field in ("mutable", "readonly"):
        for glob in getattr(config, field):
            if any(matches(path, (glob,)) for path in held) or config.include_uncommitted:
                continue
            shown = clean.line(glob, 80)
            if any(True for _ in project.glob(glob.rstrip("/") or "*")):
                raise UsageError(
                    f"{shown} ({field} of loop {config.name}) is not committed, so the loop's clone would lack it.",
                    f"`git add {shown}` and `git commit`.",
                )
            raise UsageError(
                f"{shown} ({field} of loop {config.name}) is not there.", f"Name files of {project}, or add it."
            )


def only(name: str | None, fits: Fits) -> LoopFolder:
    """The named loop, else the only one that fits, else the only one; several are refused by name."""
    if name is None:
        fitting = [loop for loop in all_loops(loop_named.project_here()) if fits(loop_control.snapshot(loop))]
        if len(fitting) == 1:
            return fitting[0]
    return loop_named.loop_here(name)


def is_at_work(snapshot: loop_control.Snapshot) -> bool:
    """Whether an engine has something to do with it."""
    return snapshot.waiting == "engine"


def mutable_texts(project: Path, config: LoopConfig) -> dict[str, str]:
    """path → text of the mutable files as they lie in the project; what is no text is left out."""
    found: dict[str, str] = {}
    for path in sorted({inner for glob in config.mutable for inner in _under(project, glob)}):
        name = path.relative_to(project).as_posix()
        if matches(name, config.editable) and path.stat().st_size <= TEXT_CAP:
            found[name] = path.read_bytes().decode("utf-8", "replace")
    return found


def _under(project: Path, glob: str) -> list[Path]:
    places = list(project.glob(glob.rstrip("/") or "*"))
    inner = [path for place in places if place.is_dir() for path in place.rglob("*")]
    return [path for path in (*places, *inner) if path.is_file()]
