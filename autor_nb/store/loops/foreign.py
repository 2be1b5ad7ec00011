"""Projects of other tools, taken as they are: which loop they declare, what they found earlier, and the way back."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import CoderSpec, CriticSpec, LoopConfig
from autor_nb.domain.loops.record import Record
from autor_nb.store.loops import autoresearch_toml, critic_logs, foreign_history, problem_yaml, results_tsv
from autor_nb.store.loops.history import BadLine, History

FILES = (problem_yaml.FILE, "problem.yml", autoresearch_toml.FILE)
THEIRS = ".autoresearch"


def names(project: Path) -> dict[str, Path]:
    """name → file, of the loops that other tools' files declare; broken files have their usual name."""
    found: dict[str, Path] = {}
    for file in FILES:
        path = project / file
        if path.is_file():
            name = _slug(_said_name(path)) or path.stem
            while name in found:
                name = f"{name[:39]}-2"
            found[name] = path
    return found


def _said_name(path: Path) -> str:
    """What the file calls its branch."""
    try:
        if path.name == autoresearch_toml.FILE:
            return str(tomllib.loads(path.read_text(encoding="utf-8")).get("branch", ""))
        table = problem_yaml.load(path)
        return str(table.get("branch_prefix") or table.get("metric_name") or "")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, UsageError):
        return ""


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")[:41].strip("-_")


def read_config(path: Path, name: str = "") -> LoopConfig:
    """The configuration in another tool's file, which stays as it is."""
    chosen = name or next((known for known, place in names(path.parent).items() if place == path), path.stem)
    if path.name == autoresearch_toml.FILE:
        return autoresearch_toml.config(path, chosen)
    return problem_yaml.config(path, chosen)


@dataclass
class Earlier:
    """What a project found before us, and where that was read; `bad` are lines that could not be."""

    records: list[Record] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    source: str = ""
    critic_logs: list[Path] = field(default_factory=list)


def earlier(project: Path, config: LoopConfig) -> Earlier:
    """The earlier experiments of a project, from the first place that has any, and its critic's logs."""
    found = Earlier(critic_logs=critic_logs.paths(project / THEIRS / "critic_logs"))
    jsonl, table = project / THEIRS / "experiments.jsonl", project / "results.tsv"
    branch = (config.extra.get(autoresearch_toml.KEPT) or {}).get("branch") or "autoresearch"
    for source, history in _places(project, config, jsonl, table, str(branch)):
        if history.records or (history.bad and not found.bad):  # a file that holds no record hides none behind it
            found.records, found.bad, found.source = history.records, history.bad, source
        if found.records:
            break
    return found


def _places(
    project: Path, config: LoopConfig, jsonl: Path, table: Path, branch: str
) -> Iterator[tuple[str, History[Record]]]:
    """(where, what is there), the likeliest place first; each is read only when the ones before had nothing."""
    yield f"{THEIRS}/{jsonl.name}", foreign_history.read_jsonl(jsonl)
    results = results_tsv.read(table, config.metric.name)
    yield table.name, History(records=results.records(), bad=results.bad)
    if config.origin == autoresearch_toml.FILE:
        yield f"git log {branch}", foreign_history.read_log(project, branch)


def runnable(config: LoopConfig, critics: Collection[str], coders: Collection[str]) -> tuple[LoopConfig, list[str]]:
    """The configuration with the embedded critic and coder where the named ones are not there, and what was changed.

    An imported project names models and agents that this machine may not have; it runs all the same, and says so.
    """
    said: list[str] = []
    if unread := problem_yaml.unread(config):
        named = ", ".join(repr(key[:60]) for key in unread[:8])
        said.append(f"{problem_yaml.FILE} has keys that mean nothing here, and are kept as they are: {named}.")
    critic, coder = config.critic, config.coder
    if critic.provider not in critics:
        said.append(f"The critic {critic.provider!r} is not available: the embedded optimiser proposes instead.")
        critic = CriticSpec(provider="optimiser", context_last_n=critic.context_last_n)
        if coder.agent == "external":
            said.append("The optimiser's changes are made by the embedded coder `params`, not awaited from outside.")
            coder = CoderSpec(agent="params", timeout_s=coder.timeout_s)
    if coder.agent not in coders and not coder.command:
        said.append(f"The coder {coder.agent!r} is not available: the embedded coder `params` makes the changes.")
        coder = CoderSpec(agent="params", timeout_s=coder.timeout_s)
        if critic.provider != "optimiser":
            said.append("It needs ideas in numbers: the embedded optimiser proposes.")
            critic = CriticSpec(provider="optimiser", context_last_n=critic.context_last_n)
    return msgspec.structs.replace(config, critic=critic, coder=coder), said


def export_files(config: LoopConfig, records: list[Record], form: str) -> Iterator[tuple[str, str]]:
    """(path inside the project, text) of a project in another tool's format: `problem.yaml` or `autoresearch.toml`."""
    if form in ("problem.yaml", "problem"):
        yield problem_yaml.FILE, problem_yaml.text(config)
        rows = (_as_keep(results_tsv.of_record(record)) for record in records)
        yield "results.tsv", "".join(results_tsv.lines(rows, config.metric.name, crash_as_zero=True))
    elif form in ("autoresearch.toml", "autoresearch"):
        yield autoresearch_toml.FILE, autoresearch_toml.text(config)
        yield f"{THEIRS}/experiments.jsonl", "".join(foreign_history.autoresearch_lines(records))
    else:
        raise UsageError(f"{form!r} is no format of a project.", "Known: problem.yaml, autoresearch.toml.")


def _as_keep(row: results_tsv.ResultRow) -> results_tsv.ResultRow:
    """Those tools know no status `baseline`: it is a keep that is described so."""
    if row.status != "baseline":
        return row
    said = row.description
    described = said if "baseline" in said.lower() else f"baseline: {said}".rstrip(": ")
    return msgspec.structs.replace(row, status="keep", description=described)
