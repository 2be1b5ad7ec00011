"""Foreign text made fit for a panel: nothing that moves a cursor, hides or turns text; bounded, and honest about it."""

from __future__ import annotations

import re

from autor_nb.record.markup import plain as _plain

_HIDDEN = re.compile(
    "[\u061c\u115f\u180e\u200b\u2028\u2029\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SLACK = 4  # so many times a limit is looked at: colours and the like are taken out before text is cut


def plain(text: str) -> str:
    """The whole text, cleaned."""
    return _HIDDEN.sub("", _plain(text))


def cut(text: str, limit: int) -> tuple[str, int]:
    """At most `limit` characters of the text, and how many were left out."""
    looked_at = text[: limit * _SLACK]
    cleaned = plain(looked_at)
    return cleaned[:limit], len(text) - len(looked_at) + max(0, len(cleaned) - limit)


def line(text: str, limit: int = 300) -> str:
    """The text on one line, cut with an ellipsis."""
    found = " ".join(plain(text[: limit * _SLACK]).split())
    return found if len(found) <= limit else found[: limit - 1] + "…"


def path(name: str) -> str:
    """A file's name with what cannot be seen written out, so that two names never look the same."""
    return "".join(char if plain(char) == char and char not in "\n\t" else _written(char) for char in name)


def _written(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
