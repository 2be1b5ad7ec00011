"""What critics' calls left in critic_logs/, read slimly: who answered, what it cost in tokens, what it thought."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.store.loops import critic_logs

SIZE_CAP = 64 << 20
THOUGHT = 1500


class _Raw(msgspec.Struct):
    model: Any = None
    model_used: Any = None
    thinking: Any = None
    thinking_block: Any = None
    reasoning: Any = None
    reasoning_field: Any = None
    usage: Any = None


class _Call(msgspec.Struct):
    ts: str = ""
    error: Any = None
    parsed_idea: Any = None
    raw_response: _Raw | None = None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call; `thought` is the model's own thinking, cut; `hypothesis` what it proposed; `tokens` in and out."""

    file: str
    at: str = ""
    model: str = ""
    thought: str = ""
    error: str = ""
    hypothesis: str = ""
    tokens: tuple[int, int] = (0, 0)
    readable: bool = True


_decoder = msgspec.json.Decoder(_Call)


def read(path: Path) -> Call:
    """The (first) call of a file; one that is none says so by `readable`."""
    try:
        with path.open("rb", buffering=0) as stream:
            content = stream.read(min(SIZE_CAP, os.fstat(stream.fileno()).st_size)) or b""
    except OSError as error:
        return Call(file=path.name, error=f"cannot be read: {error.strerror}", readable=False)
    for part in (content, content.partition(b"\n")[0]):
        try:
            return _call(path.name, _decoder.decode(part))
        except (msgspec.DecodeError, ValueError, RecursionError):
            continue
    return Call(file=path.name, error="is no critic's call", readable=False)


def names(folder: Path) -> list[Path]:
    """Every file of calls, by name, which is by time."""
    return critic_logs.paths(folder)


def read_all(folder: Path) -> Iterator[Call]:
    """One after the other."""
    return map(read, names(folder))


def _call(name: str, call: _Call) -> Call:
    raw = call.raw_response or _Raw()
    idea = call.parsed_idea if isinstance(call.parsed_idea, dict) else {}
    thought = next((text for text in (raw.thinking, raw.thinking_block, raw.reasoning, raw.reasoning_field)
                    if isinstance(text, str) and text.strip()), "")  # fmt: skip
    return Call(
        file=name,
        at=call.ts,
        model=_text(raw.model or raw.model_used, 80),
        thought=thought[:THOUGHT] + ("…" if len(thought) > THOUGHT else ""),
        error=_text(call.error, 500),
        hypothesis=_text(idea.get("hypothesis"), 500),
        tokens=_tokens(raw.usage),
    )


def _text(value: Any, limit: int) -> str:
    return "" if value is None else str(value)[:limit]


def _tokens(usage: Any) -> tuple[int, int]:
    """(in, out) as the common endpoints name them."""
    if not isinstance(usage, dict):
        return (0, 0)
    found = []
    for keys in (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens")):
        value = next((usage[key] for key in keys if isinstance(usage.get(key), int)), 0)
        found.append(max(0, value))
    return (found[0], found[1])
