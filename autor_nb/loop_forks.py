"""The faces' door to a loop's family: fork it, compare what came of it, merge the best, clear away what is done.

Measurements run in a process of their own, as first aid does; what changes a loop is a command to its engine.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from autor_nb import loop_control, loop_firstaid
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.forks import (
    SEEDS,
    CompareReport,
    CompareRequest,
    ContentionReport,
    ContentionRequest,
    ForkRun,
    MergeReport,
    MergeRequest,
    Variant,
    nothing_kept,
)
from autor_nb.domain.loops.state import LoopState, LoopStatus
from autor_nb.domain.run import Actor
from autor_nb.store import eventlog
from autor_nb.store.atomic import write_bytes
from autor_nb.store.loops import making, publishing
from autor_nb.store.loops.clone import remove
from autor_nb.store.loops.family import most_at_once
from autor_nb.store.loops.layout import LoopFolder, all_loops, loop_folder
from autor_nb.store.loops.words import EVENTS

__all__ = ["at_once", "clear", "compare", "contention", "family", "fork", "merge", "reports"]
MOST_FORKS = 64
OnRun = Callable[[ForkRun], None]


def reports(loop: LoopFolder) -> Path:
    """Where comparisons are kept."""
    return loop.path / "reports"


def config_of(state: LoopState) -> LoopConfig:
    """The configuration that the loop's log has."""
    return msgspec.convert(state.config, LoopConfig)


def root_of(loop: LoopFolder, state: LoopState) -> LoopFolder:
    """The loop that its family began with."""
    return LoopFolder(loop.path.parent / state.family) if state.family else loop


def family(loop: LoopFolder) -> list[tuple[LoopFolder, LoopState]]:
    """The loop that it began with first, then every fork that is still there, by name."""
    root = root_of(loop, loop_control.snapshot(loop).state).name
    found = [(one, loop_control.snapshot(one).state) for one in all_loops(loop.project)]
    members = [(one, state) for one, state in found if root in (one.name, state.family)]
    return sorted(members, key=lambda pair: (pair[0].name != root, pair[0].name))


# ------------------------------------------------------------------------------------------ forking


def fork(
    loop: LoopFolder,
    by: Actor,
    *,
    count: int = 1,
    name: str = "",
    directions: tuple[str, ...] = (),
    seed: int | None = None,
) -> list[LoopFolder]:
    """Loops that begin from this one's head, each with its own clone and log; they share one budget of errors.

    One direction is for all of them, as many as there are forks are one each.
    """
    if len(directions) not in (0, 1, count):
        raise UsageError(
            f"{len(directions)} directions do not go with {count} forks.", "Give one for all, or one for each."
        )
    if not 1 <= count <= MOST_FORKS:
        raise UsageError(f"{count} forks cannot be made.", f"Make 1 to {MOST_FORKS} at a time.")
    state = loop_control.snapshot(loop).state
    if state.damaged:
        raise UsageError(f"Loop {loop.name} is damaged: {state.damaged}.", "`autor recover` sets that aside.")
    names = _names(loop, count, name)
    head = head_in_repository(loop, state)
    made = []
    for at, one in enumerate(names):
        config = msgspec.structs.replace(config_of(state), name=one, include_uncommitted=False)
        made.append(
            loop_control.create(
                loop.project,
                config,
                by,
                seed=None if seed is None else seed + at,
                direction=directions[at if len(directions) > 1 else 0] if directions else "",
                forked_from=loop.name,
                forked_at=state.head_n,
                family=root_of(loop, state).name,
                base=head,
            )
        )
    return made


def _names(loop: LoopFolder, count: int, name: str) -> list[str]:
    if name and count == 1:
        return [name]
    stem, found, number = name or loop.name, list[str](), 1
    while len(found) < count:
        one = f"{stem}-{number}"
        if not loop_folder(loop.project, one).path.exists():
            found.append(one)
        number += 1
    return found


def head_in_repository(loop: LoopFolder, state: LoopState) -> str:
    """The loop's head, brought to the person's repository if a killed engine had not done so."""
    source = making.find_source(loop.project)
    if source.git.commit_of(state.head) is None:
        config = config_of(state)
        clone = making.open_clone(loop.clone, source, loop=loop.name, mutable=config.editable, link=config.link)
        publishing.publish(clone, source.git_dir, {}, kept=state.head)
    return state.head


def at_once(config: LoopConfig) -> int:
    """How many of a family may work at a time."""
    return most_at_once(config.parallel, config.timed)


def contention(loop: LoopFolder, together: int, on_run: OnRun, rounds: int = 3) -> ContentionReport:
    """How much slower the loop's command is while others run; kept in the family's first loop."""
    state = loop_control.snapshot(loop).state
    request = ContentionRequest(
        project=str(loop.project),
        commit=head_in_repository(loop, state),
        config=config_of(state),
        together=together,
        rounds=rounds,
        first_seed=secrets.randbelow(2**30),
    )
    report = loop_firstaid.ask("contention", request, step=ForkRun, on_step=on_run, answer=ContentionReport)
    _keep(root_of(loop, state), "contention", msgspec.to_builtins(report) | {"factor": report.factor})
    return report


# ---------------------------------------------------------------------------------------- comparing


def compare(loops: list[LoopFolder], on_run: OnRun, *, seeds: int = SEEDS, q: float = 0.05) -> CompareReport:
    """The loops' heads (of one: those of its family) against the commit they all began from, on fresh seeds."""
    members = family(loops[0]) if len(loops) == 1 else [(one, loop_control.snapshot(one).state) for one in loops]
    first = members[0][1]
    config = config_of(first)
    for one, state in members[1:]:
        theirs = config_of(state)
        if (theirs.command, theirs.metric, theirs.metrics) != (config.command, config.metric, config.metrics):
            raise UsageError(
                f"Loops {members[0][0].name} and {one.name} do not measure the same thing.",
                "Compare loops that have one command and one metric.",
            )
    variants = tuple(
        Variant(loop=one.name, commit=head_in_repository(one, state), n=state.head_n) for one, state in members
    )
    request = CompareRequest(
        project=str(loops[0].project),
        base=_common_base(loops[0].project, members, [one.commit for one in variants]),
        variants=variants,
        config=config,
        frozen_scales=first.frozen,
        seeds=seeds,
        first_seed=secrets.randbelow(2**30),
        q=q,
    )
    if all(one.commit == request.base for one in variants):
        return nothing_kept(request)
    report = loop_firstaid.ask("compare", request, step=ForkRun, on_step=on_run, answer=CompareReport)
    _keep(root_of(*members[0]), "compare", msgspec.to_builtins(report))
    return report


def _common_base(project: Path, members: list[tuple[LoopFolder, LoopState]], heads: list[str]) -> str:
    """Where the variants parted: the head that the forks began from, as far as all of them have it."""
    source = making.find_source(project)
    begun = [state.base for _, state in members if state.forked_from] or [state.base for _, state in members]
    known = [commit for commit in dict.fromkeys([*begun, *heads]) if source.git.commit_of(commit)]
    code, said = source.git.call("merge-base", "--octopus", *known, codes=(0, 1))
    if code:
        raise UsageError("The loops have no commit in common.", "Compare loops of one history.")
    return said.decode("ascii").split()[0]


def _keep(root: LoopFolder, what: str, content: object) -> Path:
    folder = reports(root)
    folder.mkdir(exist_ok=True)
    number = 1 + max((int(found[1]) for path in folder.glob(f"{what}_*.json")
                      if (found := re.fullmatch(rf"{what}_(\d+)\.json", path.name))), default=0)  # fmt: skip
    path = folder / f"{what}_{number:04d}.json"
    write_bytes(path, msgspec.json.format(msgspec.json.encode(content), indent=2))
    return path


# ------------------------------------------------------------------------------------------ merging


def merge(
    loop: LoopFolder, by: Actor, on_run: OnRun, *, seeds: int = SEEDS
) -> tuple[CompareReport, MergeReport | None]:
    """Compare the loop's forks, confirm the best against its head, merge it; None where no fork is better."""
    now = loop_control.snapshot(loop)
    if now.status is LoopStatus.RUNNING or now.live:
        raise UsageError(f"Loop {loop.name} is at work.", f"`autor loop stop {loop.name}` first.")
    forks = [(one, state) for one, state in family(loop) if state.forked_from == loop.name]
    if not forks:
        raise UsageError(f"Loop {loop.name} has no fork.", f"`autor loop fork {loop.name} -n 2` makes two.")
    new = [one for one, state in forks if not _holds(loop, now.state.head, head_in_repository(one, state))]
    if not new:
        raise UsageError(
            f"Loop {loop.name} holds all that its forks kept.",
            f"`autor loop start {forks[0][0].name} --iterations 20` sets one to work.",
        )
    found = compare([loop, *new], on_run, seeds=seeds)
    best = next((row for row in found.rows if row.loop != loop.name and row.mean is not None), None)
    if found.interrupted or best is None or best.mean is None or best.mean <= 0:
        return found, None
    state = now.state
    request = MergeRequest(
        project=str(loop.project),
        loop=loop.name,
        head=head_in_repository(loop, state),
        fork=best.loop,
        commit=best.commit,
        config=config_of(state),
        frozen_scales=state.frozen,
        first_seed=secrets.randbelow(2**30),
        coin=secrets.randbelow(2**30),
    )
    report = loop_firstaid.ask("merge", request, step=ForkRun, on_step=on_run, answer=MergeReport)
    if report.stage == "done" and report.result is not None:
        adopt(loop, by, report)
    _keep(root_of(loop, state), "merge", msgspec.to_builtins(report))
    return found, report


def _holds(loop: LoopFolder, head: str, commit: str) -> bool:
    """Whether that commit is in the loop's history already."""
    source = making.find_source(loop.project)
    code, _ = source.git.call("merge-base", "--is-ancestor", commit, head, codes=(0, 1, 128))
    return code == 0


def adopt(loop: LoopFolder, by: Actor, report: MergeReport) -> None:
    """Ask the loop's engine to take the merge over; it refuses if the loop has moved on meanwhile."""
    result, request = report.result, report.request
    assert result is not None
    metric = sum(result.metrics) / len(result.metrics) if result.metrics else None
    e_value = f"E {result.e_value:.4g}" if result.e_value is not None else "confirmed"
    loop_control.ask(
        loop,
        cmd.MergeFork(
            **loop_control.fields(by),
            fork=request.fork,
            commit=report.merged,
            parent=request.head,
            metric=metric,
            scores=result.scores,
            detail=f"{request.fork} at {request.commit[:10]}; run again when merged: {e_value} on {result.pairs} pairs",
        ),
    )


# ----------------------------------------------------------------------------------------- clearing


def finished(loop: LoopFolder) -> list[LoopFolder]:
    """Forks of the loop's family that no engine works on and no session waits for."""
    done = []
    for one, state in family(loop):
        now = loop_control.snapshot(one)
        over = now.status in (LoopStatus.STOPPED, LoopStatus.CREATED, LoopStatus.FAILED)
        if state.forked_from and over and not now.live:
            done.append(one)
    return done


def clear(loop: LoopFolder) -> Path:
    """Remove a fork's folder; its log and records go to its family's first loop, its commits stay as refs."""
    from autor_nb.store.lock import EngineLock

    state = loop_control.snapshot(loop).state
    if not state.forked_from:
        raise UsageError(f"Loop {loop.name} is no fork.", "Only forks are cleared away; delete its folder by hand.")
    keep = root_of(loop, state).path / "forks" / loop.name
    with EngineLock(loop):
        _publish_all(loop, state)
        keep.mkdir(parents=True, exist_ok=True)
        for path in (loop.events, loop.experiments, loop.results):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(path, keep / path.name)
    remove(loop.path)
    return keep


def _publish_all(loop: LoopFolder, state: LoopState) -> None:
    """Every experiment's commit that the clone has, as refs of the person's repository."""
    events, _ = eventlog.read(loop.events, 0, EVENTS)
    commits = {event.n: event.commit for event in events if isinstance(event, ev.ExperimentEnded) and event.n}
    source, config = making.find_source(loop.project), config_of(state)
    clone = making.open_clone(loop.clone, source, loop=loop.name, mutable=config.editable, link=config.link)
    if clone.ready:
        here = {n: sha for n, sha in commits.items() if sha and clone.git.commit_of(sha)}
        publishing.publish(clone, source.git_dir, here, kept=state.head)
