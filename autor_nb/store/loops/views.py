"""What a loop shows on disk beside its log: records, the table, the newest idea, a page of text; all derived."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from autor_nb.domain.events import Event, Unknown
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.record import Record
from autor_nb.domain.loops.state import LoopState
from autor_nb.domain.loops.story import state_text
from autor_nb.store.atomic import write_bytes, write_text
from autor_nb.store.loops import history, results_tsv, standing
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.problem_yaml import KEPT

STATE_S = 2.0
STATUS = {"keep": "keep", "advance": "keep", "crash": "crash", "timeout": "crash", "tampered": "crash"}


class Views:
    """Keeps the views of one loop up with its log; they can be deleted, and are made again."""

    def __init__(self, loop: LoopFolder, paged_at: float = 0.0) -> None:
        self.loop = loop
        self._hypotheses: dict[int, str] = {}
        self._mode = "strict"
        self._saved_at = self._paged_at = paged_at
        self._metric = ""

    def fits(self, state: LoopState) -> bool:
        """Whether the newest record is the one that the log ends with: a writer that was killed left none behind."""
        last = history.tail(self.loop.experiments, 1)
        wanted = state.recent[-1].n if state.recent else None
        return (last[-1].run if last else None) == wanted and (wanted is None or self.loop.results.exists())

    def catch_up(self, state: LoopState, past: Iterable[Event | Unknown]) -> None:
        """Make the records anew where they are not what the log says."""
        records: dict[int, Record] = {}
        for event in past:
            if isinstance(event, Event) and (record := self._record(event)) is not None:
                records.pop(record.run, None)
                records[record.run] = record
        self._metric = str(state.config.get("metric", {}).get("name", "metric"))
        wanted = b"".join(history.encode(record) for record in records.values())
        if not _is(self.loop.experiments, wanted):
            write_bytes(self.loop.experiments, wanted, durable=False)
        self._table(list(records.values()))

    def update(self, state: LoopState, written: list[Event]) -> None:
        """Take over what is new; the record comes after the row, so that it shows that both are there."""
        self._metric = self._metric or str(state.config.get("metric", {}).get("name", "metric"))
        for event in written:
            if isinstance(event, ev.IdeaProposed):
                write_bytes(self.loop.next_idea, msgspec.json.format(_idea(event)), durable=False)
            record = self._record(event)
            if record is None:
                continue
            if isinstance(event, ev.ExperimentEnded) and self._known(record.run):
                kept = [one for one in history.read(self.loop.experiments).records if one.run != record.run]
                self._table([*kept, record])
                history.write(self.loop.experiments, [*kept, record])
            else:
                self._row(record)
                history.append(self.loop.experiments, record)
            self._page(state)

    def close(self, state: LoopState) -> None:
        """Bring the page of text and the checkpoint up to the log."""
        self.page(state)
        self._save(state)

    def page(self, state: LoopState) -> None:
        """Write the page of text, unless the configuration asks for none."""
        self._paged_at = time.monotonic()
        if cadence_of(state).enabled:
            write_text(self.loop.state_md, state_text(state), durable=False)

    def page_if_due(self, state: LoopState) -> None:
        """Write it, where the configuration does not bound how often, or its time has come."""
        cadence = cadence_of(state)
        if cadence.throttle_s is None or cadence.is_due(state.experiments, _age_s(self.loop.state_md)):
            self.page(state)

    def _save(self, state: LoopState) -> None:
        self._saved_at = time.monotonic()
        standing.save(self.loop, state)

    # ---------------------------------------------------------------------------------- the parts

    def _record(self, event: Event) -> Record | None:
        match event:
            case ev.LoopStarted():
                self._mode = event.mode
            case ev.IdeaProposed():
                self._hypotheses[event.n] = event.idea.hypothesis
            case ev.ExperimentEnded():
                return Record(
                    run=event.n,
                    hash=event.commit,
                    short_hash=event.commit[:8],
                    metric=event.metric,
                    delta=event.delta,
                    status="baseline" if event.baseline else STATUS.get(event.verdict, "discard"),
                    summary=event.summary,
                    timestamp=event.at,
                    trials=event.trials,
                    verdict=str(event.verdict),
                    reason=event.reason,
                    mode=self._mode,
                    e_value=event.e_value,
                    alpha_t=event.alpha_t,
                    interval=event.interval,
                    seed=event.seed,
                    duration_s=event.duration_s,
                    resource=event.resource,
                    hypothesis=self._hypotheses.pop(event.n, ""),
                    cost_usd=event.cost_usd,
                )
            case ev.ExperimentRecorded():
                return Record(
                    run=event.n,
                    hash=event.commit,
                    short_hash=event.commit[:8],
                    metric=event.metric,
                    delta=event.delta,
                    status=event.status,
                    summary=event.summary,
                    timestamp=event.ran_at or event.at,
                    trials=1,
                    verdict="",
                    mode="recorded",
                    reason="recorded, not tested",
                    duration_s=event.duration_s,
                    resource=event.resource,
                    hypothesis=event.hypothesis,
                    cost_usd=event.cost_usd,
                )
            case _:
                pass
        return None

    def _known(self, n: int) -> bool:
        last = history.tail(self.loop.experiments, 1)
        return (
            bool(last)
            and n <= last[-1].run
            and any(row.run == n for row in history.rows(self.loop.experiments, Record))
        )

    def _table(self, records: list[Record]) -> None:
        rows = [_result(record) for record in records]
        wanted = "".join(results_tsv.lines(rows, self._metric or "metric"))
        if not _is(self.loop.results, wanted.encode()):
            write_text(self.loop.results, wanted, durable=False)

    def _row(self, record: Record) -> None:
        if not self.loop.results.exists():
            self._table([])
        *_, line = results_tsv.lines([_result(record)], self._metric or "metric")
        with self.loop.results.open("a", encoding="utf-8", newline="") as stream:
            stream.write(line)

    def _page(self, state: LoopState) -> None:
        now, cadence = time.monotonic(), cadence_of(state)
        if cadence.is_due(state.experiments, now - self._paged_at):
            self.page(state)
        if now - self._saved_at >= STATE_S:
            self._save(state)


@dataclass(frozen=True)
class Cadence:
    """How often the page of text is written while a loop works: `state` of a problem.yaml may say so."""

    enabled: bool = True
    throttle_s: float | None = None
    every: int | None = None

    def is_due(self, experiments: int, age_s: float) -> bool:
        """Whether a page of that age is written again after so many experiments: each `every`-th at once."""
        counts = self.every is not None and experiments % self.every == 0
        return counts or age_s >= (STATE_S if self.throttle_s is None else self.throttle_s)


def cadence_of(state: LoopState) -> Cadence:
    """What the loop's configuration asks for."""
    told = ((state.config.get("extra") or {}).get(KEPT) or {}).get("state") or {}
    return Cadence(told.get("enabled", True), told.get("throttle_seconds"), told.get("rebuild_every_n_iter"))


def _age_s(path: Path) -> float:
    """Seconds since the file was written; endless where there is none."""
    try:
        age = time.time() - path.stat().st_mtime
    except OSError:
        return math.inf
    return age if age >= 0 else math.inf


def _idea(event: ev.IdeaProposed) -> bytes:
    plain = msgspec.to_builtins(event.idea)
    return msgspec.json.encode({name: plain[name] for name in plain if name != "change" or plain[name]})


def _result(record: Record) -> results_tsv.ResultRow:
    return results_tsv.ResultRow(
        commit=record.short_hash,
        metric=record.metric,
        resource=record.resource,
        status=record.status,
        description=record.summary or record.hypothesis,
    )


def _is(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False
