"""The checks that look at programs and at one run of the command: does it run, and does it print its metric?"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import msgspec

from autor_nb.domain.loops.config import LoopConfig, MetricSpec
from autor_nb.domain.loops.metric import read_metric, read_metrics, read_resource
from autor_nb.domain.loops.preflight import CheckResult, result
from autor_nb.engine.loops import guards, sandbox
from autor_nb.engine.loops.preflight_context import Preflight
from autor_nb.registry import names

AGENTS = {"claude": "Claude Code", "codex": "Codex", "opencode": "opencode"}
_PLAIN = re.compile(r"[A-Za-z0-9_./+-]+")
_OF_THE_SHELL = re.compile(
    "alias|case|cd|command|eval|exec|export|for|if|set|source|test|time|trap|type|ulimit|umask|unset|until|wait|while"
)


def programs(context: Preflight) -> CheckResult:
    """Every program that the loop will call can be found, and every named part is installed."""
    config = context.config
    wanted = {"git": "git"}
    if config is not None:
        for kind, name in (("critics", config.critic.provider), ("coders", config.coder.agent)):
            missing = _unknown_part(kind, name, config)
            if missing is not None:
                return missing
        wanted |= _programs_of(config)
    for program, whose in wanted.items():
        if not _found(program, context.project):
            return result("programs", "blocking", f"There is no program {program!r} ({whose}).",
                          f"Install {program}, put it on PATH, or mend {whose}.")
    if config is not None and config.sandbox and (why_not := sandbox.refusal()):
        return result("programs", "blocking", why_not, sandbox.mend())
    if context.notes:
        return result("programs", "warning", " ".join(context.notes),
                      "Install what is missing, or write what you want into autor.toml.")
    python = sys.version.split()[0]
    return result("programs", "ok", f"{', '.join(wanted)}; Python {python}.")


def _unknown_part(kind: str, name: str, config: LoopConfig) -> CheckResult | None:
    if name in names(kind) or (kind == "coders" and config.coder.command):
        return None
    field = f"{kind[:-1]}.{'provider' if kind == 'critics' else 'agent'}"
    return result("programs", "blocking", f"{field} is {name!r}, which is not installed.",
                  f"Known: {', '.join(names(kind))}.")


def _programs_of(config: LoopConfig) -> dict[str, str]:
    """program → whose it is."""
    wanted = {}
    coder = () if config.coder.agent == "scripted" else config.coder.command  # a scripted one's names its file
    for field, command in (("command", config.command), ("coder.command", coder)):
        first = _first_word(command)
        if first:
            wanted[first] = field
    if config.coder.agent in AGENTS and not config.coder.command:
        wanted[config.coder.agent] = "coder.agent"
    for guard in config.guards:
        first = _first_word(guard.command)
        if first:
            wanted[first] = f"guard {guard.name}"
    return wanted


def _first_word(command: str | tuple[str, ...]) -> str:
    """The program that a command names plainly; empty where only a shell could tell."""
    if not isinstance(command, str):
        return command[0] if command else ""
    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    while words and re.match(r"[A-Za-z_]\w*=", words[0]):
        words = words[1:]
    first = words[0] if words else ""
    return first if _PLAIN.fullmatch(first) and not _OF_THE_SHELL.fullmatch(first) else ""


def _found(program: str, project: Path) -> bool:
    """On PATH; one with a slash is looked for in the project."""
    if "/" in program:
        return os.access(project / program, os.X_OK)
    return shutil.which(program) is not None


def metric_declared(context: Preflight) -> CheckResult:
    """It is known what is improved, in which direction, and where it is read."""
    if context.config is None:
        return context.unchecked("metric_declared")
    metric = context.config.metric
    said = f"{metric.name}, {metric.direction} is better, {_source(metric)}."
    if metric.source == "last_number":
        return result("metric_declared", "warning", said + " Whatever is printed after it would be taken for it.",
                      f"Print `{metric.name}: NUMBER` on a line of its own, and drop source.")
    return result("metric_declared", "ok", said)


def _source(metric: MetricSpec) -> str:
    if metric.source == "last_number":
        return "the last number that is printed"
    if metric.source == "json":
        return f"from JSON, key {metric.pattern or metric.name}"
    return f"from the pattern {metric.pattern}" if metric.pattern else f"from lines `{metric.name}: NUMBER`"


def command_runs(context: Preflight) -> CheckResult:
    """One run in a clone that is thrown away."""
    config = context.config
    if config is None:
        return context.unchecked("command_runs")
    measured = context.measured(config)
    end, said = measured.end, measured.last_lines()
    shown = config.command if isinstance(config.command, str) else shlex.join(config.command)
    if end.ending == "finished":
        found = result("command_runs", "ok", f"`{shown}` took {end.duration_s:.1f} s.")
        if failed := guards.in_clone(context, config, measured.output.parent):
            found = result("command_runs", "blocking", f"The command runs, but {failed.detail}", failed.fix)
        return msgspec.structs.replace(found, takes_s=round(end.duration_s, 3))
    if end.ending == "timed_out":
        return result("command_runs", "blocking",
                      f"`{shown}` had not ended after {config.trial_timeout_s:g} s and was killed.",
                      "Raise trial_timeout_s, or make the command shorter.")
    if end.ending == "not_started":
        return result("command_runs", "blocking", f"`{shown}` cannot be started. {end.detail}",
                      "Mend command: the program must be on PATH, or its path begin in the project (./run.sh).")
    why = f"exit code {end.exit_code}" if end.exit_code is not None else end.detail or end.ending
    return result("command_runs", "blocking", f"`{shown}` failed ({why}). It said: {said or 'nothing'}",
                  "Mend it until it ends with code 0 in a fresh clone: it sees committed files and `link` only.")


def metric_reads(context: Preflight) -> CheckResult:
    """That run printed the metric, and every other number that the configuration reads."""
    config = context.config
    if config is None:
        return context.unchecked("metric_reads")
    measured = context.measured(config)
    if measured.end.ending != "finished":
        return context.unchecked("metric_reads", "the command did not run to its end")
    found = read_metric(measured.output, config.metric, measured.folder)
    if found.value is None:
        return result("metric_reads", "blocking",
                      f"The command ran, but {config.metric.name} could not be read. {found.reason} "
                      f"It ended with: {measured.last_lines() or 'nothing printed'}",
                      f"Print `{config.metric.name}: 1.23` on a line of its own, or mend metric.pattern.")
    for name, other in read_metrics(measured.output, config.metrics, measured.folder).items():
        if other.value is None:
            return result("metric_reads", "blocking", f"metrics: {name} could not be read. {other.reason}",
                          f"Print `{name}: 1.23` on a line of its own, or mend its pattern.")
    said = f"{config.metric.name} = {found.value:g}."
    if config.resource is not None and (resource := read_resource(measured.output, config.resource)).value is None:
        return result("metric_reads", "warning", f"{said} The resource could not be read. {resource.reason}",
                      "Mend resource.pattern, or remove it.")
    return result("metric_reads", "ok", said)
