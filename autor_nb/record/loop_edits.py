"""What a loop with the coder `external` waits for, since when, and the edits that nobody was waiting for."""

from __future__ import annotations

from pathlib import Path

import msgspec

from autor_nb.domain.loops.state import LoopState, LoopStatus
from autor_nb.record.units import count_words, date_words
from autor_nb.store.loops import edits
from autor_nb.store.loops.layout import LoopFolder

DONE = "edit.done"
SHOWN = 3


class Awaited(msgspec.Struct, frozen=True, kw_only=True):
    """An edit that is waited for: of which files, in which folder; `done` is the file that says it is complete."""

    n: int
    folder: str
    files: tuple[str, ...]
    since: str
    done: str

    @property
    def text(self) -> str:
        """In a sentence."""
        return (
            f"It waits for somebody's edit of {', '.join(self.files[:SHOWN])} in {self.folder} "
            f"since {date_words(self.since)}. It takes it when the files have rested for a moment, or at once "
            f"when {self.done} is made."
        )


def awaited(loop: LoopFolder, state: LoopState, status: LoopStatus) -> Awaited | None:
    """What is waited for just now; None where nothing is, or where no engine looks."""
    current, agent = state.current, str((state.config.get("coder") or {}).get("agent", ""))
    if status is not LoopStatus.RUNNING or agent != "external" or current is None or current.idea is None:
        return None
    if current.commit or state.audit is not None:
        return None
    return Awaited(
        n=current.n,
        folder=str(_tree(loop)),
        files=tuple(str(path) for path in state.config.get("mutable", ())),
        since=current.proposed_at,
        done=str(loop.path / DONE),
    )


def aside(loop: LoopFolder) -> list[str]:
    """The edits that were kept and are in no experiment, newest first, each with why and where."""
    left = [edit for edit in edits.kept(loop) if not edit.taken]
    said = []
    for edit in reversed(left):
        more = f" and {len(edit.paths) - SHOWN} more" if len(edit.paths) > SHOWN else ""
        paths = ", ".join(edit.paths[:SHOWN]) + more
        then = (
            "it is put back when an edit is waited for"
            if edit.pending and edit is left[-1]
            else "copy it into the clone when an edit is waited for"
        )
        said.append(f"{paths}, found {date_words(edit.at)}, in {edits.folder(loop) / edit.place / edits.FILES}: {then}")
    return said


def aside_words(loop: LoopFolder) -> str:
    """How many, in a line."""
    left = aside(loop)
    return f"{count_words(len(left), 'edit')} made when none was waited for, kept aside" if left else ""


def _tree(loop: LoopFolder) -> Path:
    """Where in the clone the project lies."""
    project = loop.project.resolve()
    top = next((folder for folder in (project, *project.parents) if (folder / ".git").exists()), project)
    return loop.clone / project.relative_to(top)
