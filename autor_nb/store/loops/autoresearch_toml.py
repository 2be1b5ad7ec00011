"""`autoresearch.toml` as other tools write it: read without an edit into our configuration, and written back."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, cast

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import Direction, LoopConfig, MetricSpec
from autor_nb.domain.loops.fields import Fields
from autor_nb.store.loops import shell_text

FILE = "autoresearch.toml"
KEPT = "autoresearch.toml"  # the key of `extra` under which the whole file is kept, for the way back


def config(path: Path, name: str) -> LoopConfig:
    """The configuration; UsageError names the first key that is wrong, as the file writes it."""
    return from_table(load(path), name)


def from_table(table: dict[str, Any], name: str) -> LoopConfig:
    """The same from the file's content."""
    fields = Fields(FILE, table)
    fields.text("branch", "autoresearch", filled=True)
    metric = fields.text("metric_name", "metric", filled=True)
    return LoopConfig(
        name=name,
        objective=fields.text("objective", ""),
        mutable=fields.paths("target_file"),
        readonly=(),
        command=shell_text.command(fields.command("eval_command")),
        metric=MetricSpec(
            name=metric,
            direction=cast(Direction, fields.choice("metric_direction", ("lower", "higher"), "lower")),
            pattern=pattern(metric),
        ),
        trial_timeout_s=fields.duration(("time_budget",), 600.0) or 600.0,
        origin=FILE,
        extra={KEPT: table},
    )


def pattern(metric: str) -> str:
    """The format names no pattern: `name: NUMBER` or `name=NUMBER` on any line, or a line that is only a number."""
    named = rf"(?<![\w.\-/]){re.escape(metric)}[\"']?\s*[:=]\s*[\"']?"
    return rf"(?:{named}|^\s*(?=[-+.\d]\S*\s*$))([^\s\"',;)}}\]]+)"


def text(loop: LoopConfig) -> str:
    """The configuration as such a file; UsageError for what the format has no words for."""
    import tomlkit

    kept: dict[str, Any] = dict(loop.extra.get(KEPT) or {})
    if not kept:
        return tomlkit.dumps(_plain(loop))
    before, now = _plain(from_table(kept, loop.name)), _plain(loop)
    changed = {key: value for key, value in now.items() if value != before[key]}
    return tomlkit.dumps(kept | changed)


def _plain(loop: LoopConfig) -> dict[str, Any]:
    if len(loop.mutable) != 1:
        raise UsageError(
            f"[loop.{loop.name}] mutable names {len(loop.mutable)} paths; {FILE} has one target_file.",
            "Export as TOML or JSON, or keep one mutable file.",
        )
    seconds = loop.trial_timeout_s
    return {
        "target_file": loop.mutable[0],
        "eval_command": shell_text.text(loop.command),
        "metric_name": loop.metric.name,
        "metric_direction": loop.metric.direction,
        "time_budget": f"{int(seconds // 60)}m" if seconds % 60 == 0 else f"{seconds:g}s",
        "branch": f"autor/{loop.name}",
    }


def load(path: Path) -> dict[str, Any]:
    """The file's content; UsageError with line and column if it is no TOML."""
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}.", "Mend that place in the file.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", "Mend its permissions.") from error
    # Dates would not survive the log.
    plain: dict[str, Any] = msgspec.to_builtins(table, enc_hook=str)
    return plain
