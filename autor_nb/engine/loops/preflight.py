"""The checks before a loop starts, in their order: `doctor` makes all of them, `wizard` one by one.

A check never raises and changes nothing of the person's: the command runs in a clone that is thrown away.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from autor_nb.domain.errors import AutorError, UsageError
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.preflight import CANARY, IDS, CheckResult, result, runs
from autor_nb.engine.loops import preflight_critic, preflight_project, preflight_run
from autor_nb.engine.loops.canary import look
from autor_nb.engine.loops.preflight_context import Preflight
from autor_nb.registry import names
from autor_nb.store.loops.config_file import AUTOR_TOML, read_loop
from autor_nb.store.loops.foreign import runnable
from autor_nb.store.loops.layout import LoopFolder, loop_folder

__all__ = ["CHECKS", "Preflight", "adopted", "canary", "check", "check_all", "prepared"]

CHECKS: dict[str, Callable[[Preflight], CheckResult]] = {
    "git_repository": preflight_project.git_repository,
    "programs": preflight_run.programs,
    "configuration": preflight_project.configuration,
    "metric_declared": preflight_run.metric_declared,
    "command_runs": preflight_run.command_runs,
    "metric_reads": preflight_run.metric_reads,
    "critic_endpoint": preflight_critic.critic_endpoint,
    "vram": preflight_critic.vram,
    "critic_dry_run": preflight_critic.critic_dry_run,
    "branch": preflight_project.branch,
    "log_folder": preflight_project.log_folder,
    "lock": preflight_project.lock,
    "program": preflight_project.program,
    "working_tree": preflight_project.working_tree,
    "disk_space": preflight_project.disk_space,
    "go_ahead": preflight_project.go_ahead,
}
assert tuple(CHECKS) == IDS


def prepared(
    project: Path,
    name: str | None = None,
    folder: LoopFolder | None = None,
    *,
    go_ahead: bool | None = None,
    with_canary: bool = False,
) -> Preflight:
    """What the checks are told of a loop; a configuration that cannot be read is a finding, not an error."""
    try:
        config = read_loop(project, name)
        refusal = None
    except UsageError as error:
        config, refusal = None, error
    called = config.name if config is not None else name or "loop"
    try:
        place = folder or loop_folder(project, called)
    except UsageError as error:
        refusal = refusal or error
        place = loop_folder(project, "loop")
    notes: tuple[str, ...] = ()
    if config is not None:
        config, notes = adopted(config)
    return Preflight(
        project=project, name=called, folder=place, config=config, refusal=refusal, go_ahead=go_ahead, notes=notes,
        canary=look if with_canary else None,
    )


def adopted(config: LoopConfig) -> tuple[LoopConfig, tuple[str, ...]]:
    """The configuration that a loop runs by, and what is to be told of it.

    A project of another tool names models and agents that may not be here: it runs all the same, by the embedded
    parts. What a person wrote into autor.toml is never exchanged.
    """
    if config.origin == AUTOR_TOML:
        return config, ()
    runs, said = runnable(config, names("critics"), names("coders"))
    return runs, tuple(said)


def check(context: Preflight, id: str) -> CheckResult:
    """One check, or the canary; what nobody foresaw is a finding too."""
    try:
        return canary(context) if id == CANARY else CHECKS[id](context)
    except AutorError as error:
        return result(id, "blocking", error.message, error.suggestion)
    except OSError as error:
        return result(id, "blocking", f"{error.filename or context.project}: {error.strerror or error}.",
                      "Mend its permissions or free some space.")


def check_all(context: Preflight, say: Callable[[CheckResult], None] | None = None) -> list[CheckResult]:
    """All of them in order, each told as it is made; the canary last, where it was given and the command ran."""
    results: list[CheckResult] = []
    for id in IDS if context.canary is None else (*IDS, CANARY):
        if id == CANARY and not runs(results):
            break
        results.append(check(context, id))
        if say is not None:
            say(results[-1])
    return results


def canary(context: Preflight) -> CheckResult:
    """Break the mutable file in a clone: the command must fail, or the metric must move."""
    if context.canary is None:
        return result(CANARY, "warning", "It was left out.", "`autor loop start` makes it at its beginning.")
    if context.config is None:
        return context.unchecked(CANARY)
    seen, detail = context.canary(context)
    if seen:
        return result(CANARY, "ok", detail)
    return result(
        CANARY, "blocking", detail,
        "The command measures something else than the mutable file: an installed copy of the project (reinstall it "
        "without -e, or run it from its folder), a cached result, or the wrong file in `mutable`.",
    )
