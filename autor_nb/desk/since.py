"""What changed since the attempt before, in a few words: results by their numbers, files by their hashes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from autor_nb.desk.files import DRAFT, Files
from autor_nb.domain.artifact import FileEntry
from autor_nb.domain.errors import StoreError
from autor_nb.domain.state import AttemptState, StageState
from autor_nb.record.units import count_words
from autor_nb.store import objects
from autor_nb.store.layout import RunFolder

READ_BYTES = 1_000_000
READ_FILES = 12
_NOT_RESULTS = ("results/experiment_manifest.json",)


def since(run: RunFolder, stage: StageState, attempt: AttemptState) -> str:
    """`since attempt 1: 12 results and 2 files changed`; empty for a first attempt and for one at work."""
    earlier = [other for other in stage.attempts if other.attempt < attempt.attempt and other.files_after]
    if not earlier or not attempt.files_after:
        return ""
    results, files = _counted(run.path, earlier[-1].files_after, attempt.files_after)
    said = [count_words(results, "result")] * bool(results) + [count_words(files, "file")] * bool(files)
    return (
        f"since attempt {earlier[-1].attempt}: {' and '.join(said)} changed"
        if said
        else (f"since attempt {earlier[-1].attempt}: no result and no file changed")
    )


@lru_cache(maxsize=128)
def _counted(folder: Path, old_list: str, new_list: str) -> tuple[int, int]:
    """(results, files) that differ between two lists of files; both lists are contents that never change."""
    run = RunFolder(folder)
    try:
        old, new = objects.get_files(run, old_list), objects.get_files(run, new_list)
    except StoreError:
        return 0, 0
    differing = {path for path in old.keys() | new.keys() if path != DRAFT and _hash(old, path) != _hash(new, path)}
    read = sorted(path for path in differing if path.startswith("results/") and path not in _NOT_RESULTS)
    return sum(_results(run, old, new, path) for path in read[:READ_FILES]), len(differing)


def _hash(files: Files, path: str) -> str:
    return files[path].sha256 if path in files else ""


def _results(run: RunFolder, old: Files, new: Files, path: str) -> int:
    """Numbers of a JSON document, or rows of a table, that are new or not what they were."""
    if not path.lower().endswith((".json", ".csv", ".tsv")) or path not in new:
        return 0
    before, after = _content(run, old, path), _content(run, new, path)
    if after is None:
        return 0
    if path.lower().endswith(".json"):
        was, now = _numbers(before), _numbers(after)
        return sum(was.get(name) != value for name, value in now.items())
    lines = set(after.splitlines()[1:]) - set((before or b"").splitlines()[1:])
    return len(lines - {b""})


def numbers_of(run: RunFolder, entry: FileEntry) -> dict[str, Any]:
    """Every number of a JSON file as of then, by its place in it; none if it is too large or was not kept."""
    return _numbers(_content(run, {entry.path: entry}, entry.path))


def _content(run: RunFolder, files: Files, path: str) -> bytes | None:
    entry = files.get(path)
    if entry is None or entry.size_bytes > READ_BYTES:
        return None
    try:
        return objects.get(run, entry.sha256)
    except StoreError:
        return None


def _numbers(content: bytes | None) -> dict[str, Any]:
    import msgspec

    from autor_nb.record.readings import leaves

    try:
        return dict(leaves(msgspec.json.decode(content or b"{}")))
    except (msgspec.DecodeError, RecursionError):
        return {}
