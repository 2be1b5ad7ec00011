"""A command in another tool's file: a text for a shell, and for bash where it says what a plain sh does not know."""

from __future__ import annotations

import re
import shlex

_BASH_ONLY = re.compile(
    r"(?:^|[;&|(\s])(?:source|pushd|popd|shopt|declare|mapfile)\s|\[\[|<\(|>\(|<<<|&>|\|&|\bpipefail\b|\$'|\{\w+\.\.\w+\}"
)


def command(text: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """The command as we run it; those tools give every text to bash."""
    return ("bash", "-c", text) if isinstance(text, str) and _BASH_ONLY.search(text) else text


def text(command: str | tuple[str, ...]) -> str:
    """The command as one text, the other way round."""
    if isinstance(command, str):
        return command
    return command[2] if command[:2] == ("bash", "-c") and len(command) == 3 else shlex.join(command)
