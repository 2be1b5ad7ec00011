"""Contents by hash: what an attempt left stays readable after a later one has rewritten the workspace.

Objects are written beside and renamed, but not flushed one by one: a reader checks the hash, so that a torn
object is noticed and never taken for the content.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from pathlib import Path

import msgspec

from autor_nb.domain.artifact import FileEntry
from autor_nb.domain.check import Check
from autor_nb.domain.errors import StoreError
from autor_nb.store.layout import Workplace

_entries = msgspec.json.Decoder(list[FileEntry])
_checks = msgspec.json.Decoder(tuple[Check, ...])


def put(run: Workplace, content: bytes) -> str:
    """Keep a content; answers with its SHA-256."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = run.objects / sha256
    if not path.exists():
        beside = run.objects / f".{sha256[:16]}.{secrets.token_hex(4)}.tmp"
        try:
            beside.write_bytes(content)
            beside.replace(path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise StoreError(
                f"Cannot keep a version of a file in {run.objects}: {error.strerror}.",
                "Free some space, then resume.",
                path=str(path),
            ) from error
    return sha256


def keep_file(run: Workplace, source: Path, sha256: str) -> None:
    """Keep a copy of a file whose hash is known; a file that changed meanwhile is not kept."""
    path = run.objects / sha256
    if path.exists():
        return
    beside = run.objects / f".{sha256[:16]}.{secrets.token_hex(4)}.tmp"
    try:
        shutil.copyfile(source, beside, follow_symlinks=False)
        with beside.open("rb") as stream:
            same = hashlib.file_digest(stream, "sha256").hexdigest() == sha256
        if same:
            beside.replace(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(
            f"Cannot keep a version of {source}: {error.strerror}.", "Free some space, then resume.", path=str(path)
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def get(run: Workplace, sha256: str) -> bytes:
    """A content by its hash; StoreError if it was not kept or is damaged."""
    path = run.objects / sha256
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(
            f"The content {sha256[:12]} is not kept in {run.objects}.",
            "It may have been larger than the cap (object_cap_bytes).",
            path=str(path),
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise StoreError(
            f"The object {path} is damaged: its content has another hash.",
            "Remove it; the run goes on without that version.",
            path=str(path),
        )
    return content


def put_files(run: Workplace, files: dict[str, FileEntry]) -> str:
    """Keep a list of files (a manifest); answers with its hash."""
    return put(run, msgspec.json.encode([files[path] for path in sorted(files)]))


def get_files(run: Workplace, sha256: str) -> dict[str, FileEntry]:
    """A manifest by its hash; an empty hash is the empty manifest."""
    if not sha256:
        return {}
    return {entry.path: entry for entry in _entries.decode(get(run, sha256))}


def put_checks(run: Workplace, checks: tuple[Check, ...]) -> str:
    """Keep the Checks of an attempt that do not fit a line of the log."""
    return put(run, msgspec.json.encode(checks))


def get_checks(run: Workplace, sha256: str) -> tuple[Check, ...]:
    """Checks by their object's hash."""
    return _checks.decode(get(run, sha256))
