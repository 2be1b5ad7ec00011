"""Experiments as other tools keep them: their JSON Lines under several names, and subjects of commits."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.domain.errors import StoreError
from autor_nb.domain.loops.record import Record, finite, known_status, numbered
from autor_nb.store.loops import foreign_text
from autor_nb.store.loops.git import Git
from autor_nb.store.loops.history import SHOWN, BadLine, History

LOG_FORMAT = "%H|%h|%aI|%s"
LOG_CAP = 100_000
_ALIASES = {
    "hash": ("hash", "commit", "sha"),
    "timestamp": ("timestamp", "time", "ts"),
    "metric": ("metric", "value", "score"),
    "summary": ("summary", "description", "message"),
}
_NUMBERS = (*_ALIASES["metric"], "duration_s", "resource", "cost_usd")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_FORMULA = tuple("=+-@\t\r")
_MARK = re.compile(r"\[autoresearch\]|\bautoresearch:|\[autor\]", re.IGNORECASE)
_WORDS = (
    ("baseline", re.compile(r"\bbaseline\b", re.IGNORECASE)),
    ("keep", re.compile(r"\b(keep|kept|improvement)\b", re.IGNORECASE)),
    ("discard", re.compile(r"\b(discard|discarded|revert|reverted)\b", re.IGNORECASE)),
    ("crash", re.compile(r"\b(crash|crashed)\b", re.IGNORECASE)),
)
_VALUE = re.compile(
    r"(?<![\w.])(?:metric|score|loss|val_bpb|value)\s*=\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?![\w]|[.,]\d)",
    re.IGNORECASE,
)
_decoder = msgspec.json.Decoder(dict[str, Any])


def read_jsonl(path: Path) -> History[Record]:
    """Another tool's `experiments.jsonl`, numbered anew from 0 in its order."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return History()
    except OSError as error:
        raise StoreError(f"Cannot read {path}: {error.strerror}.", "Mend its permissions.", path=str(path)) from error
    return parse_jsonl(content)


def parse_jsonl(content: bytes) -> History[Record]:
    """The same from its bytes."""
    found: History[Record] = History()
    offset = 0
    records: list[Record] = []
    for line in foreign_text.lines(content):
        if line.strip():
            shown = foreign_text.decoded(line[:SHOWN])
            try:
                read = _record(_table(foreign_text.decoded(line)))
            except (msgspec.DecodeError, ValueError, RecursionError):
                read = "it is no whole JSON object (torn or overwritten)"
            if isinstance(read, str):
                found.bad.append(BadLine(offset, shown, read))
            else:
                records.append(read)
        offset += len(line) + 1
    found.records = list(numbered(records))
    return found


def read_whole(path: Path) -> History[Record]:
    """A history in one JSON list or one CSV table with a header, as `autor loop export` writes them."""
    try:
        text = "\n".join(map(foreign_text.decoded, foreign_text.lines(path.read_bytes())))
    except OSError as error:
        raise StoreError(f"Cannot read {path}: {error.strerror}.", "Mend its permissions.", path=str(path)) from error
    try:
        if path.suffix.lower() == ".json":
            return _numbered(_listed(json.loads(text)))
        rows = csv.DictReader(io.StringIO(text, newline=""))
        return _numbered({str(key): _typed(str(key), cell) for key, cell in row.items()} for row in rows)
    except (ValueError, RecursionError, csv.Error) as error:
        return History(bad=[BadLine(0, text[:SHOWN], f"it cannot be read: {error}")])


def _listed(found: Any) -> list[Any]:
    inner = found.get("experiments") if isinstance(found, dict) else found
    return inner if isinstance(inner, list) else [found]


def _numbered(tables: Iterable[Any]) -> History[Record]:
    """The records of these objects; of a bad one the place in the list is told."""
    found: History[Record] = History()
    records: list[Record] = []
    for number, table in enumerate(tables):
        read = _record(table) if isinstance(table, dict) else "it is no object"
        if isinstance(read, str):
            found.bad.append(BadLine(number, str(table)[:SHOWN], read))
        else:
            records.append(read)
    found.records = list(numbered(records))
    return found


def _number(value: Any) -> Any:
    """A number that was written as text is one; anything else as it is."""
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) else value


def _typed(column: str, cell: Any) -> Any:
    """A field of a CSV table as what it is: nothing, a number, or text, without the sign against formulas."""
    if not isinstance(cell, str) or not cell.strip():
        return None
    if column in _NUMBERS:
        return _number(cell)
    return cell[1:] if cell[0] == "'" and cell[1:2] in _FORMULA else cell


def _table(line: str) -> dict[str, Any]:
    """The object; Python's own writer says NaN and Infinity, which are no JSON: in the metric of a crash as a rule."""
    try:
        return _decoder.decode(line)
    except msgspec.DecodeError:
        table = json.loads(line)
        if not isinstance(table, dict):
            raise
        return table


def _record(table: dict[str, Any]) -> Record | str:
    """The record, or why it is none."""
    named = {ours: next((table[key] for key in keys if table.get(key) is not None), None)
             for ours, keys in _ALIASES.items()}
    status = known_status(str(table.get("status", "")))
    if status is None:
        return f"its status is {str(table.get('status'))[:30]!r}"
    metric = finite(_number(named["metric"]))
    if metric is None and named["metric"] is not None and status != "crash":
        return f"its metric is {str(named['metric'])[:30]!r}, not a finite number"
    commit = str(named["hash"] or "")
    seed = table.get("seed")
    return Record(
        run=0, hash=commit, short_hash=str(table.get("short_hash") or commit[:7]),
        metric=None if status == "crash" else metric, status=status,
        summary=str(named["summary"] or ""), timestamp=str(named["timestamp"] or ""),
        verdict="crash" if status == "crash" else "",
        seed=seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
        duration_s=finite(table.get("duration_s")), resource=finite(table.get("resource")),
        hypothesis=str(table.get("hypothesis") or ""), cost_usd=finite(table.get("cost_usd")),
    )


def parse_log(lines: Iterable[str]) -> History[Record]:
    """Experiments in the subjects of commits, given newest first as `git log --format=%H|%h|%aI|%s` prints them.

    Only marked subjects count (`[autoresearch] keep: metric=0.974 - why`): a number in any other says nothing.
    """
    found: History[Record] = History()
    records: list[Record] = []
    for number, line in enumerate(lines):
        parts = line.rstrip("\n").split("|", 3)
        if len(parts) < 4 or not _MARK.search(parts[3]):
            continue
        read = _of_subject(*parts)
        if isinstance(read, str):
            found.bad.append(BadLine(number, line[:SHOWN], read))
        else:
            records.append(read)
    found.records = list(numbered(reversed(records)))
    return found


def _of_subject(commit: str, short: str, at: str, subject: str) -> Record | str:
    after = _MARK.split(subject, maxsplit=1)[-1]
    head = after.partition(" - ")[0]
    status = next((status for status, word in _WORDS if word.search(head)), None)
    if status is None:
        return "its subject names no status"
    values = _VALUE.findall(head) or _VALUE.findall(after)
    metric = finite(float(values[0])) if values else None
    return Record(
        run=0, hash=commit, short_hash=short, timestamp=at, status=status,
        metric=None if status == "crash" else metric,
        verdict="crash" if status == "crash" else "",
        summary=after.partition(" - ")[2].strip() or after.strip(" :-"),
    )


def read_log(project: Path, branch: str) -> History[Record]:
    """The experiments that a branch of the project's repository tells of; none if there is no such branch."""
    folder = project / ".git"
    if not folder.exists():
        return History()
    git = Git(folder if folder.is_dir() else project, project)
    commit = git.commit_of(branch)
    if commit is None:
        return History()
    answer = git.run("log", f"--max-count={LOG_CAP}", f"--format={LOG_FORMAT}", commit, "--")
    return parse_log(answer.decode("utf-8", "replace").split("\n"))


def autoresearch_lines(records: Iterable[Record]) -> Iterator[str]:
    """The records as `autoresearch.toml` tools write them: their eight fields and their three statuses."""
    words = {"keep": "kept", "discard": "discarded", "crash": "discarded"}
    for record in records:
        table = {
            "run": record.run, "hash": record.hash, "short_hash": record.short_hash, "metric": record.metric,
            "delta": record.delta, "status": words.get(record.status, record.status),
            "summary": record.summary or record.hypothesis, "timestamp": record.timestamp,
        }
        yield msgspec.json.encode(table).decode("utf-8") + "\n"
