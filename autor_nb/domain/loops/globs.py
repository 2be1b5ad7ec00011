"""Which paths the globs of a loop's configuration mean: `*` within a folder, `**` across, a folder means all in it.

A glob that begins with `!` takes away what it means. Where one that gives and one that takes mean the same path, the
path itself, written out, decides; else the glob that spells out more of it; else what takes.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable


def matches(path: str, globs: Iterable[str]) -> bool:
    """Whether the globs mean this path (both relative, with `/`)."""
    given, taken = -1, -1
    for glob in globs:
        bare = glob.removeprefix("!")
        if _compiled(bare).fullmatch(path) is None:
            continue
        weight = len(path) + 1 if bare.removeprefix("./") == path else _spelled(bare)
        given, taken = (given, max(taken, weight)) if bare != glob else (max(given, weight), taken)
    return given > taken


def editable(mutable: Iterable[str], readonly: Iterable[str]) -> tuple[str, ...]:
    """The globs of what may be edited: of a file that both mean, the one that means it more closely decides."""
    return (*mutable, *(f"!{one}" for one in readonly))


@functools.lru_cache(maxsize=512)
def _spelled(glob: str) -> int:
    """How many characters of a path it spells out."""
    return len(re.sub(r"\[[^\]]*\]|[*?]", "", glob.removeprefix("./").rstrip("/")))


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
