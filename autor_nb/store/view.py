"""An attempt as it was: its draft, files and facts as of a position of the log, read from log and objects.

This is what Checkers and stage notebooks read. A file's content comes from the workspace while that still holds
the very version, else from `objects/`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from autor_nb.domain.artifact import FileEntry, Inspection
from autor_nb.domain.errors import StoreError
from autor_nb.domain.stage import Ending, StageRef
from autor_nb.domain.state import AttemptState, RunState
from autor_nb.domain.venue import Venue
from autor_nb.store import objects
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.layout import RunFolder

MadeBy = dict[tuple[str, str], tuple[str, int]]


class StoredAttempt:
    """`domain.ports.AttemptView` over a run's folder."""

    def __init__(
        self,
        run: RunFolder,
        state: RunState,
        attempt: AttemptState,
        *,
        index: ArtifactIndex | None = None,
        venue: Venue | None = None,
        made: MadeBy | None = None,
        files: Mapping[str, FileEntry] | None = None,
    ) -> None:
        self.run, self.state, self.attempt_state = run, state, attempt
        stage = state.stage(attempt.stage)
        assert stage is not None
        self.stage: StageRef = stage.ref
        self.attempt = attempt.attempt
        self.goal = goal_of(run, state)
        self.venue = venue
        self.ending: Ending = attempt.ending or Ending.LOST
        self.detail = attempt.detail
        self.written_by = attempt.written_by
        self.frozen_hypotheses = state.frozen_hypotheses
        self.files: Mapping[str, FileEntry] = (
            files if files is not None else objects.get_files(run, attempt.files_after)
        )
        self.before: Mapping[str, FileEntry] = objects.get_files(run, attempt.files_before)
        self._index = index or _scanned(run)
        self._made = made if made is not None else made_by(run, state, upto=attempt)
        self.draft = _text(run.path / attempt.summary_path) if attempt.summary_path else None

    def place(self, path: str) -> Path:
        """Where that version of the file can be read; KeyError if it was not there, StoreError if not kept."""
        entry = self.files[path]
        if self._index.is_current(entry):
            return self.run.workspace / path
        kept = self.run.objects / entry.sha256
        if not kept.is_file():
            raise StoreError(
                f"{path} as of {self.stage.slug} attempt {self.attempt} was not kept.",
                "It was larger than the cap (object_cap_bytes).",
                path=str(kept),
            )
        return kept

    def read(self, path: str, limit: int | None = None) -> bytes:
        """The content of then, at most `limit` bytes."""
        with self.place(path).open("rb") as stream:
            return stream.read() if limit is None else stream.read(limit)

    def inspect(self, path: str) -> Inspection:
        """What opening the file showed."""
        entry = self.files[path]
        try:
            return self._index.inspect(entry, self.place(path))
        except (StoreError, OSError) as error:
            return Inspection(kind="binary", error=str(error).splitlines()[0])

    def known(self, path: str) -> Inspection | None:
        """What opening the file showed when it was last opened, without opening it; None if nobody remembers."""
        return self._index.known(self.files[path])

    def made_by(self, path: str) -> tuple[str, int] | None:
        """(stage number, attempt) that made this content at this path."""
        entry = self.files.get(path)
        return self._made.get((path, entry.sha256)) if entry else None

    def run_file(self, path: str) -> bool:
        """Whether the path, relative to the run, names a non-empty file or folder inside it."""
        return names_something(self.run.path, path)


def names_something(root: Path, path: str) -> bool:
    """Whether `path` is inside `root` (links resolved) and holds anything."""
    try:
        target = (root / path).resolve(strict=True)
        if not target.is_relative_to(root.resolve()):
            return False
        if target.is_dir():
            return any(os.scandir(target))
        return target.is_file() and target.stat().st_size > 0
    except (OSError, ValueError, RuntimeError):
        return False


def goal_of(run: RunFolder, state: RunState) -> str:
    """The whole goal; the log holds only the head of a very long one."""
    if not state.config.get("goal_is_long"):
        return state.goal
    return _text(run.user_input) or state.goal


def made_by(run: RunFolder, state: RunState, upto: AttemptState | None = None) -> MadeBy:
    """(path, hash) → (stage number, attempt) that made that content there, over all attempts up to one."""
    made: MadeBy = {}
    ended = [(stage.ref.number, a) for stage in state.stages for a in stage.attempts if a.ended_at]
    for number, attempt in sorted(ended, key=lambda pair: pair[1].ended_at):
        if upto is not None and attempt.ended_at > upto.ended_at:
            break
        add_made(
            made,
            number,
            attempt.attempt,
            objects.get_files(run, attempt.files_before),
            objects.get_files(run, attempt.files_after),
        )
    return made


def add_made(
    made: MadeBy, number: str, attempt: int, before: Mapping[str, FileEntry], after: Mapping[str, FileEntry]
) -> list[FileEntry]:
    """Enter what one attempt made or changed; answers with those files."""
    changed = [e for p, e in after.items() if (old := before.get(p)) is None or old.sha256 != e.sha256]
    for entry in changed:
        made[entry.path, entry.sha256] = (number, attempt)
    return changed


def _scanned(run: RunFolder) -> ArtifactIndex:
    index = ArtifactIndex(run)
    index.scan()
    return index


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return None
