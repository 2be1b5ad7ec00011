"""`problem.yaml` as other tools write it: read without an edit into our configuration, and written back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import (
    CoderSpec,
    CriticSpec,
    LoopConfig,
    MetricSpec,
    Permission,
    ResourceSpec,
    Transform,
    When,
)
from autor_nb.domain.loops.fields import REQUIRED, Fields
from autor_nb.store.loops import shell_text

FILE = "problem.yaml"
SIZE_CAP, NODE_CAP = 1 << 20, 10_000
KEPT = "problem.yaml"  # the key of `extra` under which the whole file is kept, for the way back
PRESETS = ("claude", "codex", "opencode")
OFF = {"enabled": False}
WRONG_FILE = "Is it the right file?"
OURS = ("metrics", "scalarizer", "seed_env", "gate", "guards", "link", "stop", "holdout", "sandbox", "mode", "space")


def config(path: Path, name: str) -> LoopConfig:
    """The configuration; UsageError names the first key that is wrong, as the file writes it."""
    return from_table(load(path), name)


def from_table(table: dict[str, Any], name: str) -> LoopConfig:
    """The same from the file's content; what only other tools use is kept in `extra`."""
    return _read(Fields(FILE, table, equals=": "), name)


def unread(loop: LoopConfig) -> list[str]:
    """Keys of the file that mean nothing here: a slip of the pen, or another tool's own; they are kept all the same."""
    fields = Fields(FILE, dict(loop.extra.get(KEPT) or {}), equals=": ")
    if not fields.table:
        return []
    _read(fields, loop.name)
    return sorted(str(key) for key in fields.table if key not in fields.taken)


def _read(fields: Fields, name: str) -> LoopConfig:
    resource = fields.pattern("resource_metric_regex")
    transform = fields.choice(
        "resource_metric_transform", ("identity", "divide_by_1024", "divide_by_1000"), "identity"
    )
    budget = fields.duration(("time_budget_s", "time_budget"))
    columns = fields.words("results_tsv_columns", ())
    fields.text("branch_prefix", "")
    _state(fields.inner("state"))
    return LoopConfig(
        name=name,
        objective=fields.text("objective", ""),
        mutable=fields.paths("mutable_file"),
        readonly=fields.paths("readonly_files", ()),
        command=shell_text.command(fields.command("runner")),
        metric=MetricSpec(
            name=fields.text("metric_name"),
            direction="lower" if fields.flag("lower_is_better", True) else "higher",
            pattern=fields.pattern("metric_regex", REQUIRED),
        ),
        trial_timeout_s=fields.duration(("hard_timeout_s",)) or (2 * budget if budget else 600.0),
        resource=ResourceSpec(
            pattern=resource, transform=cast(Transform, transform),
            unit=columns[2] if len(columns) == 5 and columns[2] != "resource" else "",
        ) if resource else None,
        critic=_critic(fields.inner("gemma_critic")),
        coder=_coder(fields, fields.inner("coder")),
        origin=FILE,
        extra={KEPT: fields.table},
    )


def _critic(fields: Fields) -> CriticSpec:
    """`gemma_critic`: any server that speaks the same protocol; switched off none, not named the embedded one."""
    address = fields.text("ollama_url" if fields.has("ollama_url") else "base_url", "http://localhost:11434/v1")
    if not re.fullmatch(r"https?://[^\s/@]+(?:/\S*)?", address):
        fields.wrong("ollama_url", "is no http:// or https:// address without a password.",
                     "Write ollama_url: http://localhost:11434/v1")
    spec = CriticSpec(
        provider=fields.text("provider", _provider(address), filled=True),
        model=fields.text("model", ""),
        base_url=address,
        api_key_env=fields.environment("api_key_env", ""),
        thinking=fields.flag("thinking", False),
        context_last_n=fields.whole("context_last_n", 10) or 0,
        when=cast(When, fields.choice("when", ("always", "downtime"), "always")),
        max_vram_gb=fields.number("max_vram_gb", low=0, above=True),
    )
    if not fields.table:
        return CriticSpec()
    return spec if fields.flag("enabled", True) else CriticSpec(provider="none")


def _provider(address: str) -> str:
    for word, provider in (("openrouter.ai", "openrouter"), ("api.openai.com", "openai"), (":11434", "ollama")):
        if word in address:
            return provider
    return "openai-compatible"


def _coder(whole: Fields, fields: Fields) -> CoderSpec:
    """`coder`: switched off, somebody outside edits the file, if a critic tells them what to try."""
    command = fields.command("command", ())
    agent = fields.text("agent", "claude", filled=True).lower()
    enabled = fields.flag("enabled", False)
    if enabled and agent not in PRESETS and not command:
        fields.wrong("agent", f"is {agent!r}, for which there is no preset.",
                     f"Take one of {', '.join(PRESETS)}, or write coder.command.")
    spec = CoderSpec(
        agent=agent,
        permission=cast(Permission, fields.choice("permission", ("acceptEdits", "bypass"), "acceptEdits")),
        timeout_s=fields.duration(("timeout_s",), 300.0) or 300.0,
        command=command,
        prompt_template=fields.text("prompt_template", ""),
    )
    if enabled:
        return spec
    return CoderSpec(agent="external") if whole.has("coder") or whole.has("gemma_critic") else CoderSpec()


def _state(fields: Fields) -> None:
    """`state`: how often STATE.md is written; checked here, used from `extra` by the views."""
    fields.flag("enabled", True)
    fields.number("throttle_seconds", low=0)
    fields.whole("rebuild_every_n_iter", low=1)


def text(loop: LoopConfig) -> str:
    """The configuration as such a file; UsageError for what the format has no words for."""
    import yaml

    kept: dict[str, Any] = dict(loop.extra.get(KEPT) or {})
    if kept:
        loop, table = _edited(kept, loop)
    else:
        table = _plain(loop)
    missing = [name for name, there in _inexpressible(loop).items() if there]
    note = f"# Not expressible in this format and left out: {', '.join(missing)}.\n" if missing else ""
    return note + yaml.safe_dump(table, sort_keys=False, allow_unicode=True, width=100)


def _edited(kept: dict[str, Any], loop: LoopConfig) -> tuple[LoopConfig, dict[str, Any]]:
    """The file that was read, with only those keys written anew whose setting a person has changed since.

    What stands in for a critic or a coder that is not here is nobody's wish: the file keeps its own.
    """
    theirs = from_table(kept, loop.name)
    if loop.critic == CriticSpec(provider="optimiser", context_last_n=theirs.critic.context_last_n):
        loop = msgspec.structs.replace(loop, critic=theirs.critic)
    if loop.coder == CoderSpec(agent="params", timeout_s=theirs.coder.timeout_s):
        loop = msgspec.structs.replace(loop, coder=theirs.coder)
    if msgspec.structs.replace(loop, origin=FILE, extra=theirs.extra) == theirs:
        return loop, kept
    before, now = _plain(theirs), _plain(loop)
    budget = Fields(FILE, kept, equals=": ").duration(("time_budget_s", "time_budget"))
    if budget and budget <= loop.trial_timeout_s:  # what a run should take is not what it may take
        del before["time_budget_s"], now["time_budget_s"]
    return loop, _merged(kept, before, now)


def _merged(kept: dict[str, Any], before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The kept keys with those of `now` that are not as `before`, inner tables likewise."""
    if now == OFF:
        return kept | OFF
    merged = {key: value for key, value in kept.items() if key in now or key not in before}
    for key, value in now.items():
        old, was = kept.get(key), before.get(key)
        if value == was and key in before:
            continue
        inner = isinstance(value, dict) and isinstance(old, dict) and isinstance(was, dict)
        merged[key] = _merged(old, was, value) if inner else value  # type: ignore[arg-type]
    return merged


def _plain(loop: LoopConfig) -> dict[str, Any]:
    if len(loop.mutable) != 1:
        raise UsageError(
            f"[loop.{loop.name}] mutable names {len(loop.mutable)} paths; {FILE} has one mutable_file.",
            "Export as TOML or JSON, or keep one mutable file.",
        )
    if loop.metric.source != "regex":
        raise UsageError(
            f"[loop.{loop.name}] metric.source is {loop.metric.source}; {FILE} knows patterns only.",
            'Print the metric on a line of its own and use source = "regex".',
        )
    table: dict[str, Any] = {
        "objective": loop.objective,
        "metric_name": loop.metric.name,
        "metric_regex": loop.metric.pattern or rf"{re.escape(loop.metric.name)}\s*[:=]\s*([-+.\deE]+)",
        "lower_is_better": loop.metric.direction == "lower",
        "time_budget_s": _short(loop.trial_timeout_s),
        "hard_timeout_s": _short(loop.trial_timeout_s),
        "mutable_file": loop.mutable[0],
        "readonly_files": list(loop.readonly),
        "runner": shell_text.text(loop.command),
        "branch_prefix": loop.name,
        "results_tsv_columns": ["commit", loop.metric.name, "resource", "status", "description"],
        "gemma_critic": _critic_table(loop.critic),
        "coder": _coder_table(loop.coder),
    }
    if loop.resource is not None:
        table |= {"resource_metric_regex": loop.resource.pattern, "resource_metric_transform": loop.resource.transform}
    return table


def _critic_table(critic: CriticSpec) -> dict[str, Any]:
    if critic.provider in ("optimiser", "scripted", "none"):
        return dict(OFF)
    table: dict[str, Any] = {
        "enabled": True, "provider": critic.provider, "model": critic.model, "when": critic.when,
        "thinking": critic.thinking, "context_last_n": critic.context_last_n,
    }
    if critic.max_vram_gb is not None:
        table["max_vram_gb"] = _short(critic.max_vram_gb)
    if critic.base_url:
        table["ollama_url"] = critic.base_url
    if critic.api_key_env:
        table["api_key_env"] = critic.api_key_env
    return table


def _coder_table(coder: CoderSpec) -> dict[str, Any]:
    if coder.agent in ("params", "external", "scripted"):
        return dict(OFF)
    table: dict[str, Any] = {
        "enabled": True, "agent": coder.agent, "permission": coder.permission, "timeout_s": _short(coder.timeout_s),
    }
    if coder.command:
        table["command"] = coder.command if isinstance(coder.command, str) else list(coder.command)
    if coder.prompt_template:
        table["prompt_template"] = coder.prompt_template
    return table


def _short(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _inexpressible(loop: LoopConfig) -> dict[str, bool]:
    bare = LoopConfig(
        name="x", objective="", mutable=(), readonly=(), command="", metric=MetricSpec(name="x", direction="lower")
    )
    return {name: getattr(loop, name) != getattr(bare, name) for name in OURS}


def load(path: Path) -> dict[str, Any]:
    """The file's content as JSON would have it; UsageError with line and column if it is no YAML mapping."""
    import yaml

    try:
        content = path.read_bytes()
        if len(content) > SIZE_CAP:
            raise UsageError(f"{path} has {len(content):,} bytes, too many for a configuration.", WRONG_FILE)
        found = yaml.safe_load(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", "Mend its permissions.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        place = getattr(error, "problem_mark", None)
        where = f", line {place.line + 1}, column {place.column + 1}" if place is not None else ""
        said = getattr(error, "problem", None) or type(error).__name__
        raise UsageError(f"{path} is not valid YAML: {said}{where}.", "Mend that place in the file.") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path} holds no keys.", "Write metric_name: …, metric_regex: …, runner: …, mutable_file: ….")
    plain = _json_like(found, path, [NODE_CAP], 20)
    assert isinstance(plain, dict)
    return plain


def _json_like(value: Any, path: Path, left: list[int], depth: int) -> Any:
    """The value without dates and sets, and without what anchors could blow it up to."""
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        raise UsageError(f"{path} holds more than {NODE_CAP:,} values, or is nested too deeply.", WRONG_FILE)
    if isinstance(value, dict):
        return {str(key): _json_like(item, path, left, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_json_like(item, path, left, depth - 1) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
