"""Values replaced in JSON text in place: everything between them stays byte for byte."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.knobs import join_path

SPACE = re.compile(r"[ \t\r\n]*")
Span = tuple[tuple[str, ...], int, int]


def replace_in_json(text: str, wanted: dict[tuple[str, ...], Any]) -> str:
    """The text with new values at these keys; UsageError if one is not there or stands there twice."""
    try:
        spans = list(_spans(text, SPACE.match(text).end(), ()))  # type: ignore[union-attr]
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The file cannot be read as JSON: {str(error)[:200]}", "Mend its syntax.") from error
    for keys in wanted:
        often = sum(1 for span in spans if span[0] == keys)
        if often != 1:
            raise UsageError(f"{join_path(keys)} stands {often} times in the file.", "Write it exactly once.")
    for keys, start, end in sorted(spans, key=lambda span: -span[1]):
        if keys in wanted:
            text = text[:start] + _written(wanted[keys], text[start:end]) + text[end:]
    return text


def _written(value: Any, old: str) -> str:
    if isinstance(value, float) and "e" in old.lower():
        from autor_nb.plugins.coders.literals import write_literal

        return write_literal(value, old)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _spans(text: str, at: int, keys: tuple[str, ...]) -> Iterator[Span]:
    """Where each value inside an object begins and ends; lists are passed over whole."""
    decoder = json.JSONDecoder()
    if text[at] != "{":
        return
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = decoder.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        value, end = decoder.raw_decode(text, at)
        inner = (*keys, key)
        if isinstance(value, dict):
            yield from _spans(text, at, inner)
        else:
            yield inner, at, end
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    match = SPACE.match(text, at)
    return match.end() if match else at
