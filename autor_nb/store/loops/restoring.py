"""What a loop's views and checkpoint still know of events whose lines in its log were damaged, as events again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

import msgspec

from autor_nb.domain.errors import StoreError
from autor_nb.domain.events import Event
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.record import Record
from autor_nb.domain.loops.state import REFERENCE
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.store.loops import history, standing
from autor_nb.store.loops.clone import repository_of
from autor_nb.store.loops.git import Git
from autor_nb.store.loops.layout import LoopFolder

AT_WORK = (
    ev.IdeaProposed, ev.ChangeApplied, ev.TrialStarted, ev.TrialEnded, ev.BlockPlanned, ev.PairVoided, ev.EvidenceRead,
)  # fmt: skip
SAYS = "put back from experiments.jsonl after its line in the log was damaged"


def restored(loop: LoopFolder, good: list[Any], missing: list[int], behind: Iterable[int]) -> dict[int, Event]:
    """Events by the number they had (`behind`: numbers that damaged last lines may have had)."""
    found: dict[int, Event] = {}
    free = [*missing, *behind]
    if 1 in missing and (begun := _beginning(loop)) is not None:
        found[1] = begun
    try:
        records = history.read(loop.experiments).records
    except StoreError:
        return found
    ends = {event.n: event.seq for event in good if isinstance(event, ev.ExperimentEnded | ev.ExperimentRecorded)}
    low = 0
    for at, record in enumerate(records):
        if record.run in ends:
            low = max(low, ends[record.run])
            continue
        mine = [event.seq for event in good if isinstance(event, AT_WORK) and event.n == record.run]
        later = [ends[one.run] for one in records[at + 1 :] if one.run in ends]
        first, last = max([low, *mine, *found]), min(later, default=1 << 62)
        seq = next((seq for seq in free if first < seq < last and seq not in found), None)
        event = _event(loop, record, good) if seq is not None else None
        if event is not None and seq is not None:
            found[seq] = _numbered(event, seq, record.timestamp)
    return found


def _numbered(event: Event, seq: int, at: str) -> Event:
    return msgspec.structs.replace(event, seq=seq, at=at)


def _beginning(loop: LoopFolder) -> Event | None:
    """How the loop began, by its checkpoint; a configuration that changed since is the one that it has now."""
    state = standing.last_known(loop)
    if state is None or not state.config or not state.base or state.name != loop.name:
        return None
    return ev.LoopCreated(
        seq=1, at=state.created_at, name=state.name, config=state.config, base=state.base, seed=state.seed,
        project=str(loop.project), dirty=state.dirty, forked_from=state.forked_from, forked_at=state.forked_at,
        family=state.family, direction=state.direction, contract=state.contract,
    )  # fmt: skip


def _event(loop: LoopFolder, record: Record, good: list[Any]) -> Event | None:
    """The record as the event that it was made from; None where it does not say enough, or its commit is gone."""
    if record.mode == "recorded":
        return ev.ExperimentRecorded(
            n=record.run, status=record.status, metric=record.metric, summary=record.summary, commit=record.hash,
            delta=record.delta, duration_s=record.duration_s, resource=record.resource, hypothesis=record.hypothesis,
            cost_usd=record.cost_usd,
        )  # fmt: skip
    try:
        verdict = Verdict(record.verdict)
    except ValueError:
        return None
    baseline = record.status == "baseline"
    if verdict.moves and not _is_there(loop, record.hash):
        return None
    parent = next((one.parent for one in good if isinstance(one, ev.ChangeApplied) and one.n == record.run), "")
    reason = f"{record.reason} ({SAYS})" if record.reason else SAYS
    return ev.ExperimentEnded(
        n=record.run, verdict=verdict, reason=reason[:2000], commit=record.hash, parent=parent, summary=record.summary,
        metric=record.metric, delta=record.delta, e_value=record.e_value, alpha_t=record.alpha_t,
        interval=record.interval, seed=record.seed, trials=record.trials, duration_s=record.duration_s or 0.0,
        resource=record.resource, cost_usd=record.cost_usd, baseline=baseline,
        confirmed=verdict is Verdict.KEEP and record.e_value is not None, reached_confirm=_confirmed(record, good),
        calibration=_calibration(record, good) if baseline else (), reference=_fresh(record, good, verdict, baseline),
    )  # fmt: skip


def _is_there(loop: LoopFolder, commit: str) -> bool:
    with contextlib.suppress(StoreError, OSError):
        return bool(commit) and Git(repository_of(loop.clone)).commit_of(commit) == commit
    return False


def _runs(record: Record, good: list[Any], *roles: str) -> list[Any]:
    """The runs of that experiment that the log still has."""
    ended = (one for one in good if isinstance(one, ev.TrialEnded) and one.n == record.run)
    return [one for one in ended if one.role in roles and one.score is not None]


def _confirmed(record: Record, good: list[Any]) -> bool:
    return bool(_runs(record, good, "confirm")) or record.e_value is not None


def _calibration(record: Record, good: list[Any]) -> tuple[float, ...]:
    """Baseline against baseline, as the verdict made it from the same runs."""
    scores = [one.score for one in _runs(record, good, "calibrate")]
    return tuple(one - other for one, other in zip(scores[::2], scores[1::2], strict=False))


def _fresh(record: Record, good: list[Any], verdict: Verdict, baseline: bool) -> tuple[float, ...] | None:
    """The new incumbent's fresh scores, where it moved."""
    if not verdict.moves or baseline:
        return None
    scores = [one.score for one in _runs(record, good, "confirm") if one.subject == "candidate"]
    scores = scores or [one.score for one in _runs(record, good, "screen")]
    return tuple(scores[-REFERENCE:]) or None
