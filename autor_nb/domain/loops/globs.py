"""Which paths the globs of a loop's configuration mean: `*` within a folder, `**` across, a folder means all in it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable


def matches(path: str, globs: Iterable[str]) -> bool:
    """Whether one of the globs means this path (both relative, with `/`)."""
    return any(_compiled(glob).fullmatch(path) is not None for glob in globs)


@functools.lru_cache(maxsize=512)
def _compiled(glob: str) -> re.Pattern[str]:
    words, at = "", 0
    glob = glob.removeprefix("./").rstrip("/")
    while at < len(glob):
        if glob.startswith("**/", at):
            words, at = words + "(?:.*/)?", at + 3
        elif glob.startswith("**", at):
            words, at = words + ".*", at + 2
        elif glob[at] == "*":
            words, at = words + "[^/]*", at + 1
        elif glob[at] == "?":
            words, at = words + "[^/]", at + 1
        elif glob[at] == "[" and (end := glob.find("]", at + 2)) > 0:
            inner = glob[at + 1 : end].replace("\\", "\\\\")
            inner = "^" + inner[1:] if inner[0] in "!^" else inner
            words, at = f"{words}(?!/)[{inner}]", end + 1
        else:
            words, at = words + re.escape(glob[at]), at + 1
    try:
        return re.compile(f"(?:{words})(?:/.*)?", re.DOTALL)
    except re.error:  # a class that is none: the words as they are
        return re.compile(f"{re.escape(glob)}(?:/.*)?", re.DOTALL)
