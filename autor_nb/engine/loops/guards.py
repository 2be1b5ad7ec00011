"""Guard commands: programs that must end well on a candidate before it is kept, and on the unchanged code at all."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from autor_nb.domain.loops.config import Guard, LoopConfig
from autor_nb.domain.loops.preflight import CheckResult
from autor_nb.engine.loops import sandbox
from autor_nb.engine.loops.clones import clone_of
from autor_nb.engine.loops.preflight_context import Measured
from autor_nb.engine.loops.trial import TrialEnd, TrialRequest, run_whole
from autor_nb.engine.orphans import marker_prefix

if TYPE_CHECKING:
    from autor_nb.engine.loops.engine import LoopEngine
    from autor_nb.engine.loops.preflight_context import Preflight

UNCHANGED = "unchanged"
TITLE = "Guards pass on the unchanged code"


def run(engine: LoopEngine, guard: Guard, of: str, cancelled: Callable[[], bool] | None = None) -> Measured:
    """One guard on what is checked out in the loop's clone; `of` is a part of its log's name."""
    clone, loop = clone_of(engine), engine.loop
    request = TrialRequest(
        command=guard.command,
        cwd=clone.cwd,
        output=loop.logs / f"guard_{of}_{_slug(guard.name)}.log",
        marker=f"{marker_prefix(loop)}guard{of}",
        timeout_s=engine.config.trial_timeout_s,
        sandbox=engine.config.sandbox,
        writable=(clone.path,),
        hidden=(loop.path, *sandbox.holdouts(engine.config.holdout, clone.cwd, loop.project)),
    )
    return Measured(run_whole(request, cancelled=cancelled), request.output, clone.cwd)


def on_head(engine: LoopEngine) -> CheckResult | None:
    """The loop's guards on the code that candidates are made from; None where it has none, or was stopped meanwhile."""
    commands = [guard for guard in engine.config.guards if guard.command]
    if not commands:
        return None
    clone, head = clone_of(engine), engine.state.head
    for guard in commands:
        clone.checkout(head)
        found = run(engine, guard, UNCHANGED, engine.interrupting)
        clone.checkout(head)
        if found.end.ending in ("stopped", "lost"):
            return None
        if said := failure(guard, found, engine.config):
            return said
    names = ", ".join(guard.name for guard in commands)
    return CheckResult(id="guards", title=TITLE, state="ok", detail=f"{names}.")


def in_clone(context: Preflight, config: LoopConfig, logs: Path) -> CheckResult | None:
    """The first guard that fails in a clone that is thrown away, if any does."""
    commands = [guard for guard in config.guards if guard.command]
    for number, guard in enumerate(commands):
        with context.scratch(config) as clone:
            request = TrialRequest(
                command=guard.command, cwd=clone.cwd, output=logs / f"guard_{number}.log",
                timeout_s=config.trial_timeout_s, marker=f"autor-doctor-{secrets.token_hex(4)}",
                sandbox=config.sandbox, writable=(clone.path,),
            )  # fmt: skip
            if said := failure(guard, Measured(context.run(request), request.output, clone.cwd), config):
                return said
    return None


def failure(guard: Guard, found: Measured, config: LoopConfig) -> CheckResult | None:
    """What is said of a guard that fails where nothing was changed: it would have every candidate discarded."""
    if found.end.ending == "finished":
        return None
    return CheckResult(
        id="guards", title=TITLE, state="blocking",
        detail=f"guard {guard.name} fails on the unchanged code ({_why(found.end, config)}), so it would discard every "
        f"candidate. It ended with: {found.last_lines() or 'nothing printed'}",
        fix=f"Mend the command of guard {guard.name} until it ends with code 0 in a fresh clone, or take it out of "
        f"guards of [loop.{config.name}].",
    )  # fmt: skip


def _why(end: TrialEnd, config: LoopConfig) -> str:
    if end.ending == "timed_out":
        return f"not ended after {config.trial_timeout_s:g} s"
    return f"exit code {end.exit_code}" if end.exit_code is not None else (end.detail or end.ending).rstrip(".")


def _slug(name: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in name)[:40]
