"""Finding a run from inside a notebook and folding its log up to a position, never further."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, SupportsIndex

from autor_nb.domain.errors import UsageError
from autor_nb.domain.events import RunCreated
from autor_nb.domain.fold import fold
from autor_nb.domain.state import RunState
from autor_nb.store import eventlog, templates
from autor_nb.store.layout import RunFolder, find_run, runs_root

if TYPE_CHECKING:
    from autor_nb.record.attempt import AttemptRecord


def open_attempt(run: str | Path, stage: str | int, attempt: SupportsIndex, as_of: int) -> AttemptRecord:
    """See `record.open`."""
    from autor_nb.record.attempt import AttemptRecord

    folder = run_folder(run)
    state = state_as_of(folder, as_of)
    if not state.stages:
        raise UsageError(f"The log of {folder.run_id} holds no run as of event {as_of}.", "Leave as_of out.")
    number = attempt.__index__()
    slug = state.current or state.stages[-1].ref.slug
    if str(stage):
        slug = templates.resolve_stage(stage, [known.ref for known in state.stages]).slug
    known = state.stage(slug)
    assert known is not None
    found = known.attempt(number) if number else known.latest
    if found is None:
        which = f"attempt {number}" if number else "an attempt"
        raise UsageError(
            f"Stage {slug} of {folder.run_id} has no {which} as of event {state.last_seq}.",
            f"It has {len(known.attempts)}; give another number, or leave as_of out.",
        )
    return AttemptRecord(folder, state, found)


def state_as_of(run: RunFolder, as_of: int) -> RunState:
    """The run's state when its log was that long; 0 is now."""
    events, _ = eventlog.read(run.events)
    if as_of > 0:
        events = events[: next((at for at, event in enumerate(events) if event.seq > as_of), len(events))]
    return fold(events)


def run_folder(run: str | Path) -> RunFolder:
    """The run of that folder or id: the run that this folder is in, else one of the runs' root."""
    text = os.fspath(run)
    as_path = RunFolder(Path(text).expanduser().absolute())
    if text and as_path.exists:
        return RunFolder(as_path.path.resolve())
    here = Path.cwd().resolve()
    inside = next((folder for path in (here, *here.parents) if (folder := RunFolder(path)).exists), None)
    if inside is not None and (inside.run_id == text or _was_created_as(inside, text)):
        return inside
    if os.sep in text or text.startswith("."):
        raise UsageError(
            f"There is no run at {as_path.path}.",
            "Give a run's id or folder; with papermill say --cwd RUNS/<run>/stages.",
        )
    return find_run(runs_root(), text)


def _was_created_as(run: RunFolder, run_id: str) -> bool:
    """Whether a copied or renamed folder holds the run of that id."""
    with run.events.open("rb") as stream:
        first = eventlog.decode(stream.readline(eventlog.LINE_CAP))
    return isinstance(first, RunCreated) and first.run_id == run_id


def import_ahead() -> None:
    """Import what showing an attempt needs, and draw once: the first picture finds the fonts."""
    import autor_nb.record.attempt
    import autor_nb.record.manuscript
    import autor_nb.record.prose
    from autor_nb import registry
    from autor_nb.domain.errors import AutorError
    from autor_nb.figures import Bar, Bars, Drawn

    Drawn(Bars("", (Bar("a", 0, 1),))).bundle()
    autor_nb.record.prose.render("| a |\n|---|\n| b |\n")
    for name in registry.TABLE["checkers"]:
        try:
            registry.load("checkers", name)
        except AutorError:
            continue  # a broken rule is that rule's failure, shown where it is asked
