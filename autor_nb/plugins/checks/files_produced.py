"""The files a summary says were produced: named by path, there, not empty, inside the run, new or changed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from functools import lru_cache

from autor_nb.domain.check import Check, failed, passed
from autor_nb.domain.ports import AttemptView
from autor_nb.domain.summary import NamedFile, Summary, parse
from autor_nb.plugins.checks.content import judged

DRAFT, SECTION = "notes/draft.md", "Files Produced"
LISTED = "At least one file is named"
# The engine makes these anew after every attempt, whether or not their bytes come out the same.
BY_ENGINE = frozenset(
    (
        "results/experiment_manifest.json",
        "artifacts/paper.pdf",
        "artifacts/build_log.txt",
        "artifacts/citation_verification.json",
        "reviews/readiness_facts.json",
        "reviews/readiness_checklist.md",
        "artifacts/release_manifest.json",
        "artifacts/release_bundle.zip",
    )
)


class FilesProducedChecker:
    """Judges the section; where it is missing or empty, the `summary` rules say so."""

    name = "files_produced"

    def check(self, view: AttemptView) -> Iterable[Check]:
        """Five Checks; the later ones are asked only of paths that passed the earlier ones."""
        summary = parse(view.draft or "")
        if summary.problem or SECTION not in summary.sections or SECTION in summary.empty:
            return
        folders = _folders(view)
        named = _named(summary, view, folders)
        if not named:
            yield failed(
                "files_produced.listed",
                LISTED,
                subject=DRAFT,
                detail=f"No path in backticks under {SECTION}.",
                remedy=f"Name every file made under {SECTION} in {DRAFT}, in backticks: `folder/file.ext`.",
            )
            return
        yield passed("files_produced.listed", LISTED, subject=DRAFT, detail=f"{len(named)} named.")
        inside = [file for file in named if not _leads_out(file.path)]
        yield judged(
            "files_produced.inside",
            "Every named path is inside the run",
            [file.path for file in named if _leads_out(file.path)],
            f"Name files in {DRAFT} by paths relative to the workspace, without “..”; put the files there.",
            subject=DRAFT,
        )
        missing = {file.path for file in inside if not _is_there(view, folders, file.path)}
        yield judged(
            "files_produced.exists",
            "Every named file exists",
            missing,
            f"Make these files, or take them off the list in {DRAFT}; a link that leads out of the run "
            "counts as missing.",
            subject=DRAFT,
        )
        there = [file for file in inside if file.path not in missing]
        empty = {file.path for file in there if _is_empty(view, folders, file.path)}
        yield judged(
            "files_produced.not_empty",
            "No named file is empty",
            empty,
            f"Fill these files, or take them off the list in {DRAFT}.",
            subject=DRAFT,
        )
        yield judged(
            "files_produced.fresh",
            "Every named file is new or changed, unless it says (reused)",
            [file.path for file in there if file.path not in empty and _is_stale(view, folders, file)],
            f"Write “(reused)” behind each of these in {DRAFT} if the work needs them as they were; "
            "otherwise make them anew.",
            subject=DRAFT,
        )


def _named(summary: Summary, view: AttemptView, folders: dict[str, list[str]]) -> list[NamedFile]:
    """Every path of the section; a word in backticks without `/` or suffix counts if it names something."""
    words = [word for word in summary.words if _is_there(view, folders, word.path)]
    return [*summary.files, *words]


def _folders(view: AttemptView) -> dict[str, list[str]]:
    """Every folder of the workspace with the files below it, made when first asked for."""
    found: dict[str, list[str]] = {}
    for path in view.files:
        folder = posixpath.dirname(path)
        while folder:
            found.setdefault(folder, []).append(path)
            folder = posixpath.dirname(folder)
    return found


def _leads_out(path: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    drive = len(parts[0]) == 2 and parts[0][1] == ":"
    return path.startswith(("/", "\\", "~")) or ".." in parts or "\0" in path or drive


@lru_cache(maxsize=1024)
def _in_workspace(path: str) -> str:
    return posixpath.normpath(path).removeprefix("workspace/")


def _place(view: AttemptView, folders: dict[str, list[str]], path: str) -> str:
    """The path in the workspace, as a name is read there: escaped if the file's own name is."""
    plain = _in_workspace(path)
    return plain if plain in view.files or plain in folders else posixpath.normpath(path)


def _is_there(view: AttemptView, folders: dict[str, list[str]], path: str) -> bool:
    place = _place(view, folders, path)
    if place in view.files:
        return not path.endswith("/")
    if place in folders or place in (".", "workspace"):
        return True
    # Other folders of the run (stages/, loops/) are not versioned: there the file system is asked.
    return not place.startswith("workspace/") and not _leads_out(path) and view.run_file(place)


def _is_empty(view: AttemptView, folders: dict[str, list[str]], path: str) -> bool:
    place = _place(view, folders, path)
    if place in view.files:
        return view.files[place].size_bytes == 0
    return place in folders and all(view.files[file].size_bytes == 0 for file in folders[place])


def _is_stale(view: AttemptView, folders: dict[str, list[str]], named: NamedFile) -> bool:
    place = _place(view, folders, named.path)
    if named.reused or place in BY_ENGINE:
        return False
    below = [place] if place in view.files else folders.get(place, [])
    return bool(below) and all(_unchanged(view, file) and not _of_edited_draft(view, file) for file in below)


def _of_edited_draft(view: AttemptView, path: str) -> bool:
    """Whether a person edited the draft that names this file: the file is what an attempt before made for it."""
    made = view.made_by(path) if view.written_by == "person" else None
    return made is not None and made[0] == view.stage.number


def _unchanged(view: AttemptView, path: str) -> bool:
    before = view.before.get(path)
    return before is not None and before.sha256 == view.files[path].sha256
