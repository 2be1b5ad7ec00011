"""An attempt to try a Checker on: a folder with files and a few facts, without a run or an engine.

view = FolderView(tmp_path, stage="03", draft="# Stage 03: …")
checks = list(MyChecker().check(view))
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from autor_nb.domain.artifact import FileEntry, Inspection
from autor_nb.domain.stage import Ending, StageRef
from autor_nb.domain.venue import Venue
from autor_nb.store.inspection import hash_and_inspect, inspect_file
from autor_nb.store.view import names_something

STAGES = {
    "00": ("00_intake", "Intake"),
    "01": ("01_literature_survey", "Literature Survey"),
    "02": ("02_hypothesis_generation", "Hypothesis Generation"),
    "03": ("03_study_design", "Study Design"),
    "04": ("04_implementation", "Implementation"),
    "05": ("05_experimentation", "Experimentation"),
    "06": ("06_analysis", "Analysis"),
    "07": ("07_writing", "Writing"),
    "08": ("08_dissemination", "Dissemination"),
}
DRAFT = "notes/draft.md"


def stage_ref(number: str) -> StageRef:
    """One of the fixed stages by its number."""
    slug, title = STAGES[number]
    return StageRef(number=number, slug=slug, title=title)


def snapshot(workspace: Path) -> dict[str, FileEntry]:
    """Every regular file below a folder, links not followed, as the engine would record it."""
    files = {}
    for place in sorted(workspace.rglob("*")):
        if place.is_symlink() or not place.is_file():
            continue
        path = place.relative_to(workspace).as_posix()
        sha256, size, _ = hash_and_inspect(place)
        files[path] = FileEntry(path=path, size_bytes=size, sha256=sha256)
    return files


class FolderView:
    """`domain.ports.AttemptView` over a folder `workspace` as it is now; its parent is the run's folder.

    `before` is a `snapshot` taken earlier (nothing unless given). `makers` maps paths to (stage number,
    attempt); a path that it does not name was made by this attempt if it is new or changed since `before`,
    else supplied by the person. `draft` is notes/draft.md unless given.
    """

    def __init__(
        self,
        workspace: Path,
        *,
        stage: str = "01",
        attempt: int = 1,
        goal: str = "Find out.",
        draft: str | None = None,
        before: Mapping[str, FileEntry] | None = None,
        makers: Mapping[str, tuple[str, int] | None] | None = None,
        venue: Venue | None = None,
        ending: Ending = Ending.FINISHED,
        detail: str = "",
        written_by: str = "agent",
        frozen_hypotheses: str = "",
    ) -> None:
        self.workspace = workspace
        self.stage = stage_ref(stage)
        self.attempt = attempt
        self.goal = goal
        self.venue = venue
        self.ending = ending
        self.detail = detail
        self.written_by = written_by
        self.frozen_hypotheses = frozen_hypotheses
        self.files: Mapping[str, FileEntry] = snapshot(workspace)
        self.before: Mapping[str, FileEntry] = dict(before or {})
        self.makers = dict(makers or {})
        self.draft = draft if draft is not None else self._draft_there()
        self._seen: dict[str, Inspection] = {}

    def _draft_there(self) -> str | None:
        place = self.workspace / DRAFT
        return place.read_bytes().decode("utf-8", "replace") if DRAFT in self.files else None

    def read(self, path: str, limit: int | None = None) -> bytes:
        """The file's bytes, at most `limit`; KeyError if it is not there."""
        self.files[path]
        with (self.workspace / path).open("rb") as stream:
            return stream.read() if limit is None else stream.read(limit)

    def inspect(self, path: str) -> Inspection:
        """What opening the file shows, read once."""
        self.files[path]
        if path not in self._seen:
            self._seen[path] = inspect_file(self.workspace / path, path)
        return self._seen[path]

    def made_by(self, path: str) -> tuple[str, int] | None:
        """Who made the file: as told, else by comparison with `before`."""
        if path in self.makers:
            return self.makers[path]
        now, then = self.files.get(path), self.before.get(path)
        if now is None or (then is not None and then.sha256 == now.sha256):
            return None
        return self.stage.number, self.attempt

    def run_file(self, path: str) -> bool:
        """Whether the path names a non-empty file or folder inside the workspace's parent."""
        return names_something(self.workspace.parent, path)
