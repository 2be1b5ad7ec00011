"""What an agent said, one event a card: a human title, the words that matter, cut and cleaned."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Any

from autor_nb.desk import clean

TEXT_CHARS = 2_000
RESULT_LINES = 12
TITLE_CHARS = 200
INPUT_CHARS = 20_000
Words = tuple[str, str, bool]  # title, text, mono

KINDS = {
    "text": "text",
    "thinking": "thinking",
    "tool_call": "tool",
    "tool_result": "result",
    "notice": "notice",
    "finished": "finished",
    "session_started": "session",
}
_PATH_KEYS = ("file_path", "path", "filename", "file", "notebook_path", "target_file", "absolute_path")
_COMMAND_KEYS = ("command", "cmd", "script")
_QUERY_KEYS = ("pattern", "query", "regex", "glob", "q")
_OLD_KEYS, _NEW_KEYS = ("old_string", "old_str", "old_text"), ("new_string", "new_str", "new_text", "new_source")
_BODY_KEYS = ("content", "contents", "file_text", "text")


def card(number: int, event: dict[str, Any], took_s: float | None = None) -> dict[str, Any]:
    """One Card; `event` is a line of the raw log of a kind in KINDS."""
    kind = KINDS[event["type"]]
    title, text, mono = _WORDS[kind](event)
    text, more = (_first_lines(text) if kind == "result" else clean.cut(text, TEXT_CHARS)) if text else ("", 0)
    ok = event.get("ok", True)
    return {
        "n": number,
        "at": clean.line(str(event.get("at", "")), 40),
        "kind": kind,
        "ok": bool(ok) if kind in ("result", "finished") else None,
        "title": clean.line(title, TITLE_CHARS),
        "text": text.strip("\n"),
        "mono": mono,
        "more": more,
        "took_s": took_s,
    }


def _first_lines(text: str) -> tuple[str, int]:
    kept, more = clean.cut(text, TEXT_CHARS)
    lines = kept.strip("\n").split("\n")
    if len(lines) <= RESULT_LINES:
        return kept, more
    head = "\n".join(lines[:RESULT_LINES])
    return head, more + len(kept) - len(head)


def _said(event: dict[str, Any]) -> Words:
    return "", str(event.get("text", "")), False


def _session(event: dict[str, Any]) -> Words:
    return "Session started", str(event.get("session_id", "")), True


def _finished(event: dict[str, Any]) -> Words:
    return "Says it is done" if event.get("ok") else "Says it failed", str(event.get("detail", "")), False


def _result(event: dict[str, Any]) -> Words:
    output = str(event.get("output", ""))
    lines = output.strip("\n").count("\n") + 1
    said = "ok" if event.get("ok", True) else "failed"
    return said + (f" · {lines:,} lines" if lines > RESULT_LINES else ""), output, True


def _tool(event: dict[str, Any]) -> Words:
    name, given = str(event.get("name", "")), event.get("input")
    given = given if isinstance(given, dict) else {}
    plainly = "".join(char for char in name.lower() if char.isalnum())
    for answer in (_command(given), _file(plainly, given), _asked(plainly, given)):
        if answer is not None:
            return answer
    return clean.line(name, TITLE_CHARS) or "A step", _pairs(given), bool(given)


def _command(given: dict[str, Any]) -> Words | None:
    for key in _COMMAND_KEYS:
        found = given.get(key)
        if isinstance(found, str) and found.strip():
            return "Run a command", found, True
        if isinstance(found, list) and found and all(isinstance(word, str) for word in found):
            shell = len(found) == 3 and found[1] in ("-c", "-lc")
            return "Run a command", found[2] if shell else shlex.join(found), True
    return None


def _file(name: str, given: dict[str, Any]) -> Words | None:
    patch = _first(given, ("patch", "diff", "input"))
    if "patch" in name and patch:
        return _patch(patch)
    path = _first(given, _PATH_KEYS)
    if not path:
        return None
    if any(word in name for word in ("read", "view", "open", "cat")):
        return "Read a file", clean.path(path), True
    edits = given.get("edits")
    pairs = [edit for edit in edits if isinstance(edit, dict)] if isinstance(edits, list) else [given]
    old = sum(_lines(_first(pair, _OLD_KEYS)) for pair in pairs)
    new = sum(_lines(_first(pair, _NEW_KEYS)) for pair in pairs)
    body = _first(given, _BODY_KEYS)
    if any(word in name for word in ("edit", "replace", "update", "insert")) or old or new:
        return "Edit a file", clean.path(path) + _change(new or _lines(body), old), True
    if any(word in name for word in ("write", "create", "save")) or body:
        return "Write a file", clean.path(path) + _change(_lines(body), 0), True
    return None


def _patch(patch: str) -> Words:
    lines = patch.split("\n")
    marks = ("*** Update File: ", "*** Add File: ", "*** Delete File: ", "+++ b/")
    names = [line[len(mark) :] for line in lines for mark in marks if line.startswith(mark)]
    added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
    gone = sum(line.startswith("-") and not line.startswith("---") for line in lines)
    shown = ", ".join(clean.path(name[:300]) for name in names[:5]) + (
        f" and {len(names) - 5} more" if names[5:] else ""
    )
    title = "Edit a file" if len(names) < 2 else f"Edit {len(names)} files"
    return title, shown + _change(added, gone), True


def _asked(name: str, given: dict[str, Any]) -> Words | None:
    url, query = _first(given, ("url",)), _first(given, _QUERY_KEYS)
    if url:
        return "Fetch a page", url, True
    if query and any(word in name for word in ("search", "grep", "glob", "find")):
        where = _first(given, _PATH_KEYS)
        return ("Search the web" if "web" in name else "Search"), query + (f" in {where}" if where else ""), True
    items = given.get("todos", given.get("plan"))
    if isinstance(items, list) and items:
        return "Plan", "\n".join(_todo(item) for item in items[:40]), False
    return None


def _todo(item: Any) -> str:
    if not isinstance(item, dict):
        return f"· {item}"
    mark = {"completed": "✓", "in_progress": "›"}.get(str(item.get("status", "")), "·")
    return f"{mark} {_first(item, ('content', 'step', 'text', 'title'))}"


def _first(given: dict[str, Any], keys: tuple[str, ...]) -> str:
    return next((given[key] for key in keys if isinstance(given.get(key), str) and given[key]), "")


def _lines(text: str) -> int:
    return len(text.splitlines())


def _change(added: int, gone: int) -> str:
    parts = [f"+{added:,}"] * bool(added) + [f"−{gone:,}"] * bool(gone)
    return f"  {' '.join(parts)} {'line' if added + gone == 1 else 'lines'}" if parts else ""


def _pairs(given: dict[str, Any]) -> str:
    lines = []
    for key, value in given.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        lines.append(f"{key}: {text[:INPUT_CHARS]}")
    return "\n".join(lines)


_WORDS: dict[str, Callable[[dict[str, Any]], Words]] = {
    "text": _said,
    "thinking": _said,
    "notice": _said,
    "tool": _tool,
    "result": _result,
    "finished": _finished,
    "session": _session,
}
