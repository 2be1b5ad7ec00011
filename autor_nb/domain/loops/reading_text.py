"""What an edit of a script that is not Python does that honest edits do not, and the words both readings look for."""

from __future__ import annotations

import difflib
import re

from autor_nb.domain.loops.suspicion import Evidence, Surroundings

_HISTORY = re.compile(
    r"(?<![\w-])git\s+(?:-\S+\s+)*(?:commit|reset|rebase|update-ref|checkout|switch|branch|tag|push|stash|filter-branch|"
    r"replace|config|am|cherry-pick|merge|symbolic-ref|reflog|gc|prune|clean)(?![\w-])"
)
_SAYS = re.compile(r"(?:echo|printf|print|puts|console\.log|println!?|cat|fmt\.Print\w*)\b.*")
_LEAVES = re.compile(r"(?:\bnohup\b|\bsetsid\b|\bdisown\b|[^&>|]&\s*$)")
_CHANGES = re.compile(r"(?:>|\bsed\s+-i|\bcp\b|\bmv\b|\bln\b|\brm\b|\btee\b|\bchmod\b|\btouch\b|\btruncate\b)")


def history_words(text: str) -> bool:
    """Whether a command changes a repository's history or settings."""
    return _HISTORY.search(text) is not None


def metric_in(text: str, around: Surroundings) -> bool:
    """Whether a printed text would be read as the metric."""
    if not around.metric and not around.metric_pattern:
        return False
    if around.metric_pattern:
        try:
            if re.search(around.metric_pattern, text):
                return True
        except re.error:
            pass
    return bool(around.metric) and re.search(rf"(?<![\w.]){re.escape(around.metric)}[\"']?\s*[:=]", text) is not None


def of_text(path: str, old: str, new: str, around: Surroundings) -> list[Evidence]:
    """Evidence in the lines that an edit of a script adds."""
    lines = new.splitlines()
    match = difflib.SequenceMatcher(None, old.splitlines(), lines, autojunk=False)
    added = [
        at
        for word, _, _, start, end in match.get_opcodes()
        if word in ("insert", "replace")
        for at in range(start, end)
    ]
    return [seen for at in added if (seen := _of_line(path, at + 1, lines[at], around)) is not None]


def _of_line(path: str, number: int, line: str, around: Surroundings) -> Evidence | None:
    def seen(kind: str, what: str, grave: bool = True) -> Evidence:
        weight = "tampered" if grave else "suspicious"
        return Evidence(kind=kind, text=f"{path}:{number} {what}", path=path, line=number, weight=weight)  # type: ignore[arg-type]

    words = re.split(r"[\s\"'=;()<>|&]+", line)
    if history_words(line):
        return seen("history", "rewrites the repository's history")
    if around.holdout and any(word.removeprefix("./").startswith(around.holdout) for word in words):
        return seen("holdout", f"opens the holdout {around.holdout}")
    if _CHANGES.search(line) and any(around.guards(word) for word in words if word):
        return seen("protected_write", "writes a file that must stay as it is")
    if _SAYS.search(line) and metric_in(line, around) and (around.evaluator or "$" not in line):
        return seen("fake_metric", f"prints {around.metric} itself")
    if around.seed_env and re.search(rf"\b{re.escape(around.seed_env)}=", line):
        return seen("seed_rewritten", f"rewrites the seed {around.seed_env}")
    if path.endswith((".sh", ".bash")) and _LEAVES.search(line):
        return seen("detached", "leaves a process behind", grave=False)
    return None
