"""A configuration as the plain table that a person would have written: the way back from `loop_config`."""

from __future__ import annotations

from typing import Any

import msgspec

from autor_nb.domain.loops.config import LoopConfig

_OURS = ("name", "origin")


def config_table(config: LoopConfig) -> dict[str, Any]:
    """The `[loop.<name>]` table, without what is a default; `loop_config(name, table)` gives the configuration back."""
    table = msgspec.to_builtins(config)
    for key in _OURS:
        table.pop(key, None)
    stop = table.get("stop", {})
    if "wall_s" in stop:
        stop["wall"] = _length(stop.pop("wall_s"))
    gate = table.get("gate", {})
    if not {"name", "options"} & set(gate.get("options", {})):
        gate |= gate.pop("options", {})
    for key in ("readonly", "objective"):
        if not table.get(key):
            table.pop(key, None)
    cleaned: dict[str, Any] = _without_nothing(table)
    return cleaned


def _length(seconds: float) -> str | float:
    """`"2h"`, `"5m"` or the seconds."""
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return seconds


def _without_nothing(value: Any) -> Any:
    """TOML has no null, and an empty table says nothing."""
    if isinstance(value, dict):
        inner = {key: _without_nothing(item) for key, item in value.items() if item is not None}
        return {key: item for key, item in inner.items() if item != {}}
    if isinstance(value, list | tuple):
        return [_without_nothing(item) for item in value if item is not None]
    return value
