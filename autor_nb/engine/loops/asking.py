"""What a face asks of the engine's side without a session: the checks, one call of a critic, one of a coder."""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.course import scale_of, shown_name
from autor_nb.domain.loops.globs import matches
from autor_nb.domain.loops.parts import CoderTask, CriticTask, PastExperiment
from autor_nb.domain.loops.preflight import (
    AskAnswer,
    AskRequest,
    CheckResult,
    PreflightAnswer,
    PreflightRequest,
    StepRow,
)
from autor_nb.engine.loops import preflight
from autor_nb.engine.loops.past import Past
from autor_nb.engine.loops.preflight_context import scratch_clone
from autor_nb.engine.loops.wizard import Step, Wizard
from autor_nb.registry import create
from autor_nb.store import eventlog
from autor_nb.store.loops import standing
from autor_nb.store.loops.clone import repository_of
from autor_nb.store.loops.git import Git
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.making import find_source
from autor_nb.store.loops.words import EVENTS

PROGRAM = "program.md"
TEXT_CAP = 400_000
Say = Callable[[CheckResult], None]


def checks(request: PreflightRequest, say: Say) -> PreflightAnswer:
    """All checks, or what the wizard is asked for; each is told as it is made."""
    with preflight.prepared(
        Path(request.project), request.name, go_ahead=request.go_ahead, with_canary=request.canary
    ) as context:
        if request.do == "all":
            results = preflight.check_all(context, say)
            return PreflightAnswer(name=context.name, results=tuple(results), notes=context.notes)
        wizard = Wizard(context, with_canary=request.canary)
        made: Step | None = None
        if request.do == "next":
            made = wizard.next()
        elif request.do == "step":
            made = wizard.step(request.step)
        elif request.do == "reset":
            wizard.reset()
        if made is not None and made.result is not None:
            say(made.result)
        steps = tuple(_row(step) for step in wizard.status())
        return PreflightAnswer(
            name=context.name, steps=steps, made=_row(made) if made else None, notes=context.notes
        )


def _row(step: Step) -> StepRow:
    return StepRow(id=step.id, title=step.title, result=step.result, at=step.at)


def critic(request: AskRequest, stopped: Callable[[], bool]) -> AskAnswer:
    """One idea by the loop's critic, from the loop's history and the files as the loop has them; nothing is kept."""
    config, project = request.config, Path(request.project)
    loop = LoopFolder(Path(request.folder)) if request.folder else None
    past, incumbent, base = _history(loop)
    with _tree(project, config, loop, base) as tree:
        task = CriticTask(
            loop=config.name,
            objective=config.objective,
            metric=shown_name(msgspec.to_builtins(config)),
            direction="higher" if config.scalarizer else config.metric.direction,
            program=_text(project / PROGRAM),
            mutable={name: _text(tree / name) for name in _mutable(tree, config)},
            space=config.space,
            experiments=past,
            incumbent_metric=incumbent,
            config=config.critic,
            folder=request.folder,
            cancelled=stopped,
        )
        if request.dry_run:
            return AskAnswer(part=config.critic.provider, task=_told(task))
        proposal = create("critics", config.critic.provider).propose(task)
    return AskAnswer(
        part=config.critic.provider, idea=proposal.idea, cost_usd=proposal.cost_usd, log=dict(proposal.log)
    )


def coder(request: AskRequest, stopped: Callable[[], bool]) -> AskAnswer:
    """The idea made by the loop's coder in a copy of what the loop has; the change is told, and thrown away."""
    config, project, idea = request.config, Path(request.project), request.idea
    assert idea is not None
    loop = LoopFolder(Path(request.folder)) if request.folder else None
    _, _, base = _history(loop)
    with _tree(project, config, loop, base) as tree:
        mutable = _mutable(tree, config)
        before = {name: _text(tree / name) for name in mutable}
        if request.dry_run:
            return AskAnswer(part=config.coder.agent, idea=idea, task=before)
        done = create("coders", config.coder.agent).apply(
            CoderTask(
                clone=tree,
                mutable=mutable,
                idea=idea,
                timeout_s=config.coder.timeout_s,
                config=config.coder,
                cancelled=stopped,
                mutable_globs=config.editable,
                space=config.space,
                n=1,
                folder=request.folder,
                program=_text(project / PROGRAM),
                marker=f"autor-ask-{config.name}",
            )
        )
        after = {name: _text(tree / name) for name in _mutable(tree, config)}
    return AskAnswer(
        part=config.coder.agent,
        idea=idea,
        ok=done.ok,
        detail=done.detail,
        diff=_diff(before, after),
        changed=done.changed,
        cost_usd=done.cost_usd,
    )


def _history(loop: LoopFolder | None) -> tuple[tuple[PastExperiment, ...], float | None, str]:
    """What was tried, the incumbent's metric and its commit; nothing of a loop that is not made."""
    if loop is None or not loop.exists:
        return (), None, ""
    events, _ = eventlog.read(loop.events, 0, EVENTS)
    state = standing.read(loop)
    past = Past(events)
    standing_at = past.standing_score if scale_of(state.config).scored else state.head_metric
    return tuple(past.experiments), standing_at, state.head


@contextlib.contextmanager
def _tree(project: Path, config: LoopConfig, loop: LoopFolder | None, head: str) -> Iterator[Path]:
    """A copy of the project as the loop has it now: its mutable files as its head has them."""
    with scratch_clone(project, config) as tree:
        repo = repository_of(loop.clone) if loop is not None else None
        if repo is not None and repo.is_dir() and head:
            git, prefix = Git(repo), find_source(project).prefix
            start = f"{prefix}/" if prefix else ""
            for name in os.fsdecode(git.run("ls-tree", "-r", "-z", "--name-only", head)).split("\0"):
                if name.startswith(start) and matches(name.removeprefix(start), config.editable):
                    (tree / name.removeprefix(start)).write_bytes(git.run("cat-file", "blob", f"{head}:{name}"))
        yield tree


def _mutable(tree: Path, config: LoopConfig) -> tuple[str, ...]:
    files = (path.relative_to(tree).as_posix() for path in sorted(tree.rglob("*")) if path.is_file())
    return tuple(name for name in files if not name.startswith(".git/") and matches(name, config.editable))


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:TEXT_CAP].decode("utf-8", "replace")
    except OSError:
        return ""


def _told(task: CriticTask) -> dict[str, str]:
    """What a critic is given, by name."""
    shown = [msgspec.to_builtins(one) for one in task.experiments[-max(1, task.config.context_last_n) :]]
    return {
        "objective": task.objective,
        "metric": f"{task.metric}, {task.direction} is better",
        "incumbent": "" if task.incumbent_metric is None else f"{task.incumbent_metric:.6g}",
        PROGRAM: task.program,
        "experiments": f"{len(task.experiments)}, of which the newest: {msgspec.json.encode(shown).decode()}",
        **task.mutable,
    }


def _diff(before: dict[str, str], after: dict[str, str]) -> str:
    """What the coder changed."""
    said: list[str] = []
    for name in sorted({*before, *after}):
        old, new = before.get(name, "").splitlines(), after.get(name, "").splitlines()
        said += difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", lineterm="")
    return "\n".join(said)
