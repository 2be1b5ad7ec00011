"""How often the holdout was opened: counted over every attempt of a run, whatever became of it afterwards.

A rollback or a redo takes the agent's log of openings back with the workspace; the manifests that the attempts left
in the engine's log stay. An opening is a line of the agent's log which an attempt added. What a line says is the
agent's word; that none is forgotten is ours.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import msgspec

from autor_nb.domain import events as ev
from autor_nb.domain.errors import StoreError
from autor_nb.store import eventlog, objects
from autor_nb.store.layout import RunFolder

LOG = "notes/holdout_log.jsonl"
_LINES_CAP = 10_000


class Openings:
    """Every opening so far: `found` what their lines hold, `unreadable` lines that are no JSON (openings all the
    same), `unkept` states of the log of which no copy is left, so that nobody can count them."""

    def __init__(self) -> None:
        self.found: list[Any] = []
        self.unreadable = 0
        self.unkept = 0
        self._seen: Counter[str] = Counter()  # each line as often as any one state of the log has held it

    @property
    def times(self) -> int:
        """How often, as far as lines tell."""
        return len(self.found) + self.unreadable

    def attempt(self, before: Counter[str], after: Counter[str]) -> None:
        """An attempt found one state of the log and left another. What was there as it began, and in no earlier
        state, was added when no engine was looking: an opening as well."""
        for line in ((before - self._seen) + (after - before)).elements():
            try:
                self.found.append(json.loads(line))
            except (ValueError, RecursionError):
                self.unreadable += 1
        self._seen |= before | after


def openings(run: RunFolder, now: bytes | None = None) -> Openings:
    """All openings of the attempts in the run's log; with `now`, the agent's log as it lies there, also those of
    the attempt that has not ended."""
    counted, known = Openings(), {"": Counter[str]()}
    before: Counter[str] = Counter()
    working = False
    for event in eventlog.read(run.events)[0]:
        if not isinstance(event, ev.AttemptStarted | ev.AttemptEnded):
            continue
        if event.files not in known:
            known[event.files] = _lines(run, event.files, counted)
        if isinstance(event, ev.AttemptStarted):
            before, working = known[event.files], True
        else:
            after = known[event.files] if event.files else before
            counted.attempt(before, after)
            before, working = after, False
    if working or now is not None:
        counted.attempt(before, before if now is None else _split(now))
    return counted


def _lines(run: RunFolder, manifest: str, counted: Openings) -> Counter[str]:
    """The log's lines in the files of a manifest."""
    try:
        if not manifest or LOG.encode() not in objects.get(run, manifest):  # most manifests need no decoding
            return Counter()
        entry = objects.get_files(run, manifest).get(LOG)
        return _split(objects.get(run, entry.sha256)) if entry else Counter()
    except (StoreError, msgspec.DecodeError):
        counted.unkept += 1
        return Counter()


def _split(content: bytes) -> Counter[str]:
    lines = (line.strip() for line in content.decode("utf-8", "replace").split("\n"))
    return Counter([line for line in lines if line][:_LINES_CAP])
