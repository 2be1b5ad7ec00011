"""Critic logs: one JSON object a call, each in a file of its own; ours, and those that other tools left behind."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.domain.errors import StoreError
from autor_nb.store import surrogates
from autor_nb.store.atomic import write_bytes
from autor_nb.store.loops.history import BadLine

SIZE_CAP = 64 << 20
_RESPONSE = {
    "model_used": "model", "raw_content": "content", "thinking_block": "thinking", "reasoning_field": "reasoning",
}

_NOTHING: dict[str, Any] = {"model": "", "content": "", "thinking": "", "reasoning": "", "usage": {}}


class CriticCall(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One call, with what was asked and answered; either `parsed_idea` or `error` is there."""

    ts: str = ""
    commit: str = ""
    system_prompt: str = ""
    user_prompt: str = ""
    raw_response: dict[str, Any] = {}
    parsed_idea: dict[str, Any] | None = None
    error: str | None = None


_decoder = msgspec.json.Decoder(CriticCall)


def write(folder: Path, call: CriticCall) -> Path:
    """Write the call into a file whose name no other call can have."""
    stamp = re.sub(r"[^0-9T]", "", call.ts)[:18] or "call"
    commit = re.sub(r"[^0-9a-f]", "", call.commit)[:7] or "none"
    path = folder / f"{stamp}_{commit}_{secrets.token_hex(4)}.jsonl"
    outcome = {"error": call.error} if call.parsed_idea is None else {"parsed_idea": call.parsed_idea}
    record = {
        "ts": call.ts,
        "commit": call.commit,
        "system_prompt": call.system_prompt,
        "user_prompt": call.user_prompt,
        "raw_response": {**_NOTHING, **call.raw_response},
        **outcome,
    }
    write_bytes(path, surrogates.encode(record) + b"\n", durable=False)
    return path


def paths(folder: Path) -> list[Path]:
    """The files of a folder by name, which is by time."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in (".jsonl", ".json") and path.is_file())


def read(folder: Path, bad: Callable[[Path, BadLine], object] = lambda path, line: None) -> Iterator[CriticCall]:
    """Every call of a folder, one at a time; what is none is handed to `bad`."""
    for path in paths(folder):
        yield from read_file(path, lambda line, path=path: bad(path, line))  # type: ignore[misc]


def read_file(path: Path, bad: Callable[[BadLine], object] = lambda line: None) -> Iterator[CriticCall]:
    """The calls in a file: one object over any number of lines, or one a line."""
    try:
        if path.stat().st_size > SIZE_CAP:
            bad(BadLine(0, "", f"it has more than {SIZE_CAP >> 20} MB"))
            return
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(f"Cannot read {path}: {error.strerror}.", "Mend its permissions.", path=str(path)) from error
    whole = _call(content)
    if whole is not None:
        yield whole
        return
    offset = 0
    for line in content.split(b"\n"):
        if line.strip():
            call = _call(line)
            if call is None:
                bad(BadLine(offset, line[:120].decode("utf-8", "replace"), "it is no critic's call"))
            else:
                yield call
        offset += len(line) + 1


def _call(content: bytes) -> CriticCall | None:
    try:
        call = _decoder.decode(content)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    if call.raw_response.keys() & _RESPONSE.keys():
        call.raw_response = {_RESPONSE.get(key, key): value for key, value in call.raw_response.items()}
    return call
