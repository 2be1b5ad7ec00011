"""Foreign text made safe to show: control characters out for terminals, escapes for HTML and Markdown."""

from __future__ import annotations

import re
import unicodedata
from html import escape

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|.)?", re.S)
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
_MATH = re.compile(r"([$\\])")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&])")


def plain(text: str, limit: int | None = None) -> str:
    """Text that moves no cursor, changes no colour and turns no direction; at most `limit` characters."""
    if limit is not None and len(text) > limit:
        text = text[:limit] + f"… ({len(text):,} characters)"
    text = text.replace("\r\n", "\n")
    return _CONTROLS.sub("", _ESCAPES.sub("", text)).expandtabs(4)


def line(text: str, limit: int = 400) -> str:
    """The same on one line."""
    if len(text) > limit * 8:
        text = text[: limit * 8]
    text = " ".join(plain(text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def html(text: str) -> str:
    """The text as HTML between tags, never markup of its own nor mathematics.

    Jupyter typesets what stands between two `$` or behind a backslash; it looks for both within one text
    node, so that a sign in a node of its own stays what was written.
    """
    return _MATH.sub(r"<span>\1</span>", escape(plain(text), quote=True))


def markdown(text: str) -> str:
    """The text as Markdown on one line, never markup of its own."""
    return _MARKDOWN.sub(r"\\\1", line(text, 4000))


def width(text: str) -> int:
    """Columns that the text takes in a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def clip(text: str, columns: int) -> str:
    """The text cut to so many columns."""
    if width(text) <= columns:
        return text
    kept = ""
    for char in text:
        if width(kept + char) > columns - 1:
            break
        kept += char
    return kept + "…"


def pad(text: str, columns: int) -> str:
    """The text filled up with blanks to so many columns."""
    return text + " " * max(0, columns - width(text))
