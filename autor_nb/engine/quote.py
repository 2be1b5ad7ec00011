"""Foreign text as data: cleaned of what steers terminals, bounded, and fenced so that none is structure."""

from __future__ import annotations

import re

# Escape sequences: CSI, then strings (OSC and its like; only if they end, lest one swallow the rest).
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff]")
_BREAK = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Marks that turn the direction of what follows them, also beyond the text that holds them.
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_RUNS = re.compile(r"`+|~+")
LINE_CHARS = 4_000


def clean(text: str) -> str:
    """The text with plain newlines, and without escape sequences, control characters and lone surrogates."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = _ANSI.sub("", text) if "\x1b" in text or "\x9b" in text else text
    return _CONTROL.sub("", _BREAK.sub("\n", text))


def bounded(text: str, limit: int, whole: str = "") -> str:
    """At most about `limit` characters of cleaned text: head and tail, and between them what was left out.

    `whole` says where all of it is. Lines beyond LINE_CHARS are shortened in the same way.
    """
    where = f"; whole in {whole}" if whole else ""
    text = clean(_shortened(text, limit, where))
    if len(text) > LINE_CHARS:
        text = "\n".join(_shortened(line, LINE_CHARS, where) for line in text.split("\n"))
    return text.strip("\n")


def _shortened(text: str, limit: int, where: str) -> str:
    if len(text) <= limit:
        return text
    head, tail = limit * 3 // 4, limit // 4
    left_out = len(text) - head - tail
    return f"{text[:head]}\n[… {left_out:,} characters left out{where} …]\n{text[len(text) - tail :]}"


def fence(text: str, info: str = "text") -> str:
    """A fenced block that nothing inside can end: its fence is longer than any such run in the text."""
    longest = max((len(run) for run in _RUNS.findall(text)), default=0)
    bar = "`" * max(3, longest + 1)
    return f"{bar}{info}\n{text}\n{bar}"


def one_line(text: str, limit: int = 200) -> str:
    """The text on one line, without control characters or turning marks, at most `limit` characters."""
    line = " ".join(_TURNING.sub("", clean(text[: limit * 8])).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
