"""What is looked at before a loop may start: sixteen checks with stable ids, and the canary."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.idea import Idea

State = Literal["ok", "warning", "blocking"]

TITLES = {
    "git_repository": "Git repository with a commit",
    "programs": "Programs on PATH",
    "configuration": "Configuration is valid and its files are there",
    "metric_declared": "Metric is declared",
    "command_runs": "Command runs within its time",
    "metric_reads": "Metric is printed and finite",
    "critic_endpoint": "Critic answers",
    "vram": "Enough GPU memory beside the critic",
    "critic_dry_run": "Critic gives a valid idea",
    "branch": "Branch for the experiments",
    "log_folder": "Folder for the logs can be written",
    "lock": "No stale lock",
    "program": "program.md says what to try",
    "working_tree": "Working tree is clean",
    "disk_space": "Disk space",
    "go_ahead": "Go-ahead",
}
IDS = tuple(TITLES)
CANARY = "canary"
CANARY_TITLE = "Canary: breaking the mutable file shows"


class CheckResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one check went; `fix` is what mends it, empty where nothing is to be mended."""

    id: str
    title: str
    state: State
    detail: str
    fix: str = ""
    takes_s: float = 0.0
    """How long one run of the command took, where the check made one."""


class PreflightRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is asked of the process that makes the checks. `do`: all · status · next · step · reset."""

    project: str
    name: str | None = None
    do: str = "all"
    step: str = ""
    go_ahead: bool | None = None
    canary: bool = True


class StepRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of the wizard: what was found when, or nothing yet."""

    id: str
    title: str
    result: CheckResult | None = None
    at: str = ""


class PreflightAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the checks found; `steps` and the one just `made` are the wizard's. `notes`: what stands in for what."""

    name: str
    results: tuple[CheckResult, ...] = ()
    steps: tuple[StepRow, ...] = ()
    made: StepRow | None = None
    notes: tuple[str, ...] = ()


class AskRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call of a critic or a coder, outside any session; the coder is given an idea and works in a copy."""

    project: str
    config: LoopConfig
    folder: str = ""
    idea: Idea | None = None
    dry_run: bool = False


class AskAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the part answered, or, of a dry run, what it would be given (`task`, path or name → text)."""

    part: str
    idea: Idea | None = None
    ok: bool = True
    detail: str = ""
    diff: str = ""
    changed: tuple[str, ...] = ()
    cost_usd: float | None = None
    log: dict[str, Any] = {}
    task: dict[str, str] = {}


def result(id: str, state: State, detail: str, fix: str = "") -> CheckResult:
    """The result of the check with that id."""
    return CheckResult(id=id, title=TITLES.get(id, CANARY_TITLE), state=state, detail=detail, fix=fix)


def runs(results: Iterable[CheckResult]) -> bool:
    """Whether the command ran and printed its metric, so that there is something to compare with."""
    found = {one.id: one for one in results}
    ran, read = found.get("command_runs"), found.get("metric_reads")
    return ran is not None and ran.takes_s > 0 and read is not None and read.state != "blocking"


def ready(results: Iterable[CheckResult]) -> bool:
    """Whether nothing forbids to start."""
    return all(one.state != "blocking" for one in results)


def blocking(results: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """What forbids to start."""
    return tuple(one for one in results if one.state == "blocking")
