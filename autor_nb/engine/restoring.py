"""Bringing a workspace back to how an attempt left it; what is replaced was kept before."""

from __future__ import annotations

import contextlib
import os
import shutil

from autor_nb.domain.artifact import FileEntry
from autor_nb.store import objects
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.layout import WORKSPACE_FOLDERS, RunFolder


def keep_all(run: RunFolder, files: dict[str, FileEntry], cap_bytes: int) -> str:
    """Keep every content of the workspace (up to the cap a file); answers with the manifest's hash."""
    for entry in files.values():
        if entry.size_bytes <= cap_bytes:
            objects.keep_file(run, run.workspace / entry.path, entry.sha256)
    return objects.put_files(run, files)


def restore(run: RunFolder, index: ArtifactIndex, manifest: str) -> tuple[str, ...]:
    """Make the workspace equal to the manifest; answers with the paths whose content had not been kept.

    Idempotent: after a kill in the middle the next engine does it again. Nothing is deleted: what has to make room
    and was too large to be kept as a copy is moved to the objects itself, so that an undo brings it back. A path
    whose earlier content nobody kept stays empty; a newer content never stands in for it.
    """
    wanted = objects.get_files(run, manifest)
    missing: list[str] = []
    present = index.scan()
    for path, entry in present.items():
        if path not in wanted:
            _take_away(run, entry)
    for path, entry in wanted.items():
        now = present.get(path)
        if now is not None and now.sha256 == entry.sha256:
            continue
        if now is not None:
            _take_away(run, now)
        kept = run.objects / entry.sha256
        if not kept.is_file():
            missing.append(path)
            continue
        target = run.workspace / path
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.restoring.tmp")
        shutil.copyfile(kept, beside)
        beside.replace(target)
    _drop_empty_folders(run)
    index.scan()
    return tuple(sorted(missing))[:100]


def _take_away(run: RunFolder, entry: FileEntry) -> None:
    source, kept = run.workspace / entry.path, run.objects / entry.sha256
    if kept.is_file():
        source.unlink(missing_ok=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            shutil.move(source, kept)


def _drop_empty_folders(run: RunFolder) -> None:
    for place, _, _ in os.walk(run.workspace, topdown=False):
        if os.path.relpath(place, run.workspace) not in (".", *WORKSPACE_FOLDERS):
            with contextlib.suppress(OSError):
                os.rmdir(place)  # noqa: PTH106 - only empty ones go
