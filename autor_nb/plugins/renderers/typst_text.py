"""Plain text as Typst string literals: nothing in it can be markup or code, whatever it holds."""

from __future__ import annotations

from autor_nb.plugins.renderers.manuscript import visible

_SPECIAL = {"\\": "\\\\", '"': '\\"'}


def literal(text: str) -> str:
    """A string literal."""
    return '"' + "".join(_SPECIAL.get(c, c) for c in visible(text)) + '"'


def comment(text: str) -> str:
    """Text that may stand behind `//`: one line, printable."""
    return "".join(c if c.isprintable() else "?" for c in visible(text))[:200]
