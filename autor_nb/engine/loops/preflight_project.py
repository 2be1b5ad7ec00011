"""The checks that look at the project: repository, configuration, folders, lock, program.md, disk, go-ahead."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.globs import matches
from autor_nb.domain.loops.judging import must_judge
from autor_nb.domain.loops.preflight import CheckResult, result
from autor_nb.engine.loops.preflight_context import Preflight
from autor_nb.registry import load
from autor_nb.store import claims
from autor_nb.store.loops import snapshot, standing
from autor_nb.store.loops.making import Source, find_source
from autor_nb.store.system_errors import what_happened, what_mends

DISK_BLOCKING, DISK_WARNING = 200 << 20, 1 << 30
PROGRAM = "program.md"


def git_repository(context: Preflight) -> CheckResult:
    """The project lies in a repository that has a commit to begin from."""
    source = find_source(context.project)
    return result("git_repository", "ok", f"{source.top} at {source.head[:7]}.")


def configuration(context: Preflight) -> CheckResult:
    """It reads, its parts exist, and what it names is in the commit that the loop begins from."""
    if context.config is None:
        refusal = context.refusal
        said = refusal.message if refusal else "There is none."
        return result("configuration", "blocking", said, refusal.suggestion if refusal else "`autor loop init`")
    config = context.config
    gate = _made("gates", config.gate.name, (), config.gate.options, config)
    weighing = None
    if config.scalarizer:
        weighing = _made("scalarizers", config.scalarizer, (config.metrics,), config.scalarizer_options, config)
    must_judge(gate, config, weighing)
    source = find_source(context.project)
    here = _files(source)
    for field, globs in (("mutable", config.mutable), ("readonly", config.readonly)):
        for glob in globs:
            if any(matches(path, (glob,)) for path in here) or (config.include_uncommitted and _there(context, glob)):
                continue
            return _missing(context, field, glob)
    for glob in (*config.link, *((config.holdout,) if config.holdout else ())):
        if not _there(context, glob):
            field = "holdout" if glob == config.holdout else "link"
            return result("configuration", "blocking", f"{_where(config)} {field} names {glob}, which is not there.",
                          f"Put it into {context.project}, or mend {field}.")
    return result("configuration", "ok", f"{config.origin}: {_where(config)}.")


def _where(config: LoopConfig) -> str:
    return f"[loop.{config.name}]" if config.origin == "autor.toml" else config.origin


def _made(kind: str, name: str, given: tuple[object, ...], options: dict[str, object], config: LoopConfig) -> Any:
    """Make the part once: an unknown name or a wrong option is a UsageError of its own."""
    try:
        return load(kind, name)(*given, **options)
    except TypeError as error:
        raise UsageError(
            f"{_where(config)} {kind[:-1]}: {name} does not take these options: {error}.",
            f"`autor guide` lists the options of {name}.",
        ) from error


def _files(source: Source) -> set[str]:
    """What the base commit has, relative to the project."""
    listed = source.git.run("ls-tree", "-r", "-z", "--name-only", source.head).split(b"\0")
    start = f"{source.prefix}/" if source.prefix else ""
    names = (os.fsdecode(name) for name in listed if name)
    return {name.removeprefix(start) for name in names if name.startswith(start)}


def _there(context: Preflight, glob: str) -> bool:
    path = context.project / glob
    return path.exists() or any(True for _ in context.project.glob(glob.rstrip("/") or "*"))


def _missing(context: Preflight, field: str, glob: str) -> CheckResult:
    config = context.config
    assert config is not None
    named = f"{_where(config)} {field} names {glob}"
    if _there(context, glob):
        return result(
            "configuration", "blocking", f"{named}, which is not committed, so the loop's clone would lack it.",
            f"`git add {glob}` and `git commit`, or set include_uncommitted = true.",
        )
    return result("configuration", "blocking", f"{named}, which is not there.",
                  f"Put the file into {context.project}, or mend {field}.")


def branch(context: Preflight) -> CheckResult:
    """There is a branch to come back to, and a name for the loop's own."""
    source = find_source(context.project)
    if not source.branch:
        return result(
            "branch", "blocking", f"HEAD of {source.top} is detached at {source.head[:7]}: it is on no branch.",
            "`git switch -c NAME` makes a branch here, `git switch main` goes back to one.",
        )
    if source.git.commit_of("refs/heads/autor") is not None:
        return result(
            "branch", "blocking", "The repository has a branch named `autor`, so that none can be named autor/….",
            "`git branch -m autor NAME` renames it.",
        )
    ours = f"autor/{context.name}"
    if source.git.commit_of(f"refs/heads/{ours}") is not None and not context.folder.exists:
        return result("branch", "warning", f"The branch {ours} is there from an earlier loop.",
                      f"`git branch -m {ours} NAME` keeps it under another name.")
    return result("branch", "ok", f"From {source.branch.removeprefix('refs/heads/')}; what is kept goes to {ours}.")


def working_tree(context: Preflight) -> CheckResult:
    """Uncommitted work is left alone, and by default not taken along."""
    source = find_source(context.project)
    dirty = snapshot.changed(source.git_dir, source.top)
    if not dirty:
        return result("working_tree", "ok", "Nothing is uncommitted.")
    some = ", ".join(dirty[:3]) + (f" and {len(dirty) - 3} more" if len(dirty) > 3 else "")
    if context.config is not None and context.config.include_uncommitted:
        return result("working_tree", "ok", f"Uncommitted, and taken along as configured: {some}.")
    return result("working_tree", "warning", f"Not committed, so not in the loop's clone: {some}.",
                  "`git commit` it, or set include_uncommitted = true. The loop leaves it as it is.")


def program(context: Preflight) -> CheckResult:
    """The research direction, which a critic is told."""
    path = context.project / PROGRAM
    if not path.is_file():
        return result("program", "warning", f"{path} is not there: a critic is told the objective only.",
                      f"Write what to try and what to leave alone into {PROGRAM}; it is read before every iteration.")
    text = path.read_bytes().decode("utf-8", "replace").strip()
    if not text:
        return result("program", "warning", f"{path} is empty.", "Write what to try and what to leave alone.")
    return result("program", "ok", f"{len(text.splitlines())} lines.")


def _nearest(path: Path) -> Path:
    """The path, or what of it is there."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def log_folder(context: Preflight) -> CheckResult:
    """A file can be written where the loop's logs go."""
    place = _nearest(context.folder.logs)
    if not place.is_dir():
        return result("log_folder", "blocking", f"{place} is a file, where the loop needs a folder.", f"Move {place}.")
    try:
        with tempfile.NamedTemporaryFile(prefix=".autor-", dir=place) as probe:
            probe.write(b"x" * 4096)
            probe.flush()
    except OSError as error:
        return result("log_folder", "blocking", what_happened(error, str(place)),
                      what_mends(error, str(place), "check again"))
    if context.folder.exists and (hurt := standing.whole(context.folder).damaged):
        return result("log_folder", "warning", f"The log of loop {context.folder.name} is damaged: {hurt}.",
                      "`autor recover` sets that aside and says what it cost; the next start does so too.")
    return result("log_folder", "ok", f"{context.folder.path}.")


def lock(context: Preflight) -> CheckResult:
    """Nobody else works on the loop, and nobody's death left it half open."""
    folder = context.folder.operator_state / "engine"
    claim = claims.highest(folder) if folder.is_dir() else None
    holder = claim.holder if claim is not None and not claim.ended else None
    theirs = context.project / ".autoresearch" / "loop.lock"
    if holder is not None and claim is not None:
        verdict = claims.judge(folder, claim)
        who = f"process {holder.pid} on {holder.host}"
        if verdict is claims.Verdict.ALIVE and holder.pid != os.getpid():
            return result("lock", "blocking", f"The loop is being worked on by {who}.",
                          f"`{context.folder.command('stop')}` ends it.")
        if verdict in (claims.Verdict.GONE, claims.Verdict.EXPIRED):
            return result("lock", "warning", f"A stale lock: {who} was killed while it worked on the loop.",
                          f"`{context.folder.command('start')}` takes it over and goes on.")
    if theirs.exists():
        return result("lock", "warning", f"Another tool left {theirs}: its loop may be at work here.",
                      "End that tool, then remove the file.")
    return result("lock", "ok", "Nobody holds it.")


def disk_space(context: Preflight) -> CheckResult:
    """Room for logs and objects."""
    place = _nearest(context.folder.path)
    free = context.free_bytes(place)
    said = f"{free / (1 << 30):.1f} GB are free on the disk of {place}."
    if free < DISK_BLOCKING:
        return result("disk_space", "blocking", said, f"Free some space: at least {DISK_BLOCKING >> 20} MB.")
    if free < DISK_WARNING:
        return result("disk_space", "warning", said, "Free some space before a long session.")
    return result("disk_space", "ok", said)


def go_ahead(context: Preflight) -> CheckResult:
    """A person said that it may work, and for how long."""
    start = context.folder.command("start")
    confirm = context.folder.command("confirm")
    fix = f"`{start} --iterations 20` or `--wall 5m`, typed by a person, counts; without an end, `{confirm}` first."
    if context.go_ahead:
        return result("go_ahead", "ok", "Given.")
    if context.go_ahead is None:
        return result("go_ahead", "warning", "Nobody has said yet how long it may work.", fix)
    return result("go_ahead", "blocking", "Nobody has said how long it may work.", fix)


