"""A run read at one moment, for a report: its state, its decisions, and the hash of the log they were read from."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field
from typing import Any

from autor_nb import control
from autor_nb.desk import attempt as desk
from autor_nb.desk import files
from autor_nb.desk.decisions import Decisions
from autor_nb.domain.check import Check
from autor_nb.domain.errors import StoreError
from autor_nb.domain.state import AttemptState, RunState, StageState
from autor_nb.export.album import Album
from autor_nb.record.attempt import AttemptRecord
from autor_nb.store import eventlog
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.layout import RunFolder
from autor_nb.store.view import StoredAttempt


@dataclass(frozen=True)
class Source:
    """What a report is made from; `lines` of the log were read, and `sha256` is theirs."""

    now: control.Snapshot
    decisions: list[dict[str, Any]]
    lines: int
    sha256: str
    album: Album = field(default_factory=Album)

    @property
    def run(self) -> RunFolder:
        """The run's folder."""
        return self.now.run

    @property
    def state(self) -> RunState:
        """The run's state."""
        return self.now.state

    @functools.cached_property
    def index(self) -> ArtifactIndex:
        """What is known of the workspace's files; not scanned, since every content is asked for by its hash."""
        return ArtifactIndex(self.run)

    def opened(self, attempt: AttemptState) -> Opened:
        """The attempt as the record reads it."""
        return Opened(self, attempt)

    def checks(self, attempt: AttemptState) -> tuple[Check, ...]:
        """The recorded answers of an attempt."""
        return desk.recorded(self.run, attempt)


class Opened(AttemptRecord):
    """An attempt whose files are read as of then, without looking through the workspace."""

    def __init__(self, source: Source, attempt: AttemptState) -> None:
        super().__init__(source.run, source.state, attempt)
        self._source = source

    @functools.cached_property
    def view(self) -> StoredAttempt:
        """The attempt as it was."""
        after = files.around(self.run, self.attempt)[1]
        return StoredAttempt(self.run, self.state, self.attempt, index=self._source.index, made={}, files=after)


def read(run: RunFolder) -> Source:
    """The run as it is now; a live one goes on, and what it adds is not in the report."""
    now = control.snapshot(run)
    events, _ = eventlog.read(run.events)
    if not now.state.damaged:
        events = [event for event in events if event.seq <= now.state.last_seq]
    decisions = Decisions(control.actor("export"))
    decisions.take(events)
    try:
        content = run.events.read_bytes()
    except OSError as error:
        raise StoreError(f"Cannot read {run.events}: {error.strerror}.", "Mend it.", path=str(run.events)) from error
    lines = content.split(b"\n")[:-1][: len(events)]
    digest = hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()
    return Source(now=now, decisions=decisions.shown(now.state)[::-1], lines=len(lines), sha256=digest)


def shown_attempt(stage: StageState) -> AttemptState | None:
    """The approved attempt of a stage, else its latest."""
    return stage.attempt(stage.approved) if stage.approved else stage.latest
