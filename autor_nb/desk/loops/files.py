"""What lies on disk beside a loop's log: the newest lines that a trial printed, and the change that an idea became."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from autor_nb.desk import clean
from autor_nb.store.loops.layout import LoopFolder

LINES, TAIL, LINE = 40, 16_384, 200
DIFF = 40_000
DIFF_LINES = 400
_SHA = re.compile(r"[0-9a-f]{64}")


def output(loop: LoopFolder, trial: int) -> dict[str, Any]:
    """The last lines of a trial's output, cleaned; a bar of progress is one line, as it last stood."""
    path = loop.output(trial)
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - TAIL))
            content = stream.read(TAIL).decode("utf-8", "replace")
    except OSError:
        return {"lines": [], "size": 0, "path": str(path)}
    raw = content.split("\n")
    if size > TAIL:
        raw = raw[1:] or raw
    lines = [_line(one) for one in raw[-LINES - 1 :]]
    while lines and not lines[-1]:
        lines.pop()
    return {"lines": lines[-LINES:], "size": size, "path": str(path)}


def _line(text: str) -> str:
    """One line with its spaces, cut; of what a carriage return wrote over, the last."""
    found = clean.plain(text.rstrip("\r").rpartition("\r")[2][: LINE * 4]).replace("\n", " ").expandtabs(8).rstrip()
    return found if len(found) <= LINE else found[: LINE - 1] + "…"


def diff(loop: LoopFolder, sha256: str) -> dict[str, Any]:
    """The change as lines that begin with their sign: [kind, text], kind one of @, +, -, space."""
    if not _SHA.fullmatch(sha256):
        return {"lines": [], "cut": 0}
    try:
        text = Path(loop.objects / sha256).read_bytes()[: DIFF * 4].decode("utf-8", "replace")
    except OSError:
        return {"lines": [], "cut": 0}
    lines = []
    size = 0
    every = text.split("\n")
    for raw in every:
        if raw.startswith(("--- ", "diff ", "index ", "similarity ", "new file mode", "deleted file mode")) or not raw:
            continue
        if raw.startswith("+++ "):
            lines.append(["f", clean.path(raw[4:].removeprefix("b/"))[:300]])
            continue
        kind = raw[0] if raw[0] in "@+-" else " "
        lines.append([kind, _line(raw if kind == "@" else raw[1:])])
        size += len(lines[-1][1])
        if size > DIFF or len(lines) >= DIFF_LINES:
            break
    return {
        "lines": lines,
        "cut": max(0, len(every) - len(lines) - 4) if size > DIFF or len(lines) >= DIFF_LINES else 0,
    }
