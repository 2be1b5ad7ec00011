"""What every reader of file contents shares: the way to say that content is unreadable, and text decoding."""

from __future__ import annotations

import re
from typing import Any, BinaryIO

MANY = 100  # keys, names and the like that a schema lists; the count is always given in full


class Unreadable(Exception):
    """Content is not what its suffix promises; the message says why and what to do, in one line."""


def one_line(text: object, limit: int = 300) -> str:
    """Text from a library or a file, fit for a message: one line, no control characters, bounded."""
    line = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", str(text)[: limit * 4]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def megabytes(size: int) -> str:
    """A size for a message."""
    return f"{size / 1_000_000:,.0f} MB"


def read_at_most(stream: BinaryIO, size: int, limit: int, what: str) -> bytes:
    """The whole content; Unreadable if it is larger than what is sensible for its kind."""
    if size > limit:
        raise Unreadable(f"{what} of {megabytes(size)} is larger than the {megabytes(limit)} that are read")
    return stream.read(limit + 1)


def decode(content: bytes) -> tuple[str, dict[str, Any]]:
    """Text and what to note about its encoding; Unreadable for what is no text at all."""
    refuse_binary(content)
    try:
        return content.decode("utf-8-sig"), {}
    except UnicodeDecodeError:
        return content.decode("latin-1"), {"encoding": "latin-1"}


def refuse_binary(content: bytes) -> None:
    """Raise Unreadable for bytes that no text file holds."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("it is UTF-16 text; save it as UTF-8")
    if b"\0" in content:
        raise Unreadable("it holds NUL bytes, so it is not text")


def names(found: Any) -> list[str]:
    """Names for a schema: the first ones, as strings, each bounded."""
    return [one_line(name, 200) for _, name in zip(range(MANY), found, strict=False)]
