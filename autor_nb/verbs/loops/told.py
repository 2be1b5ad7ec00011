"""What happens to a loop, told to somebody who watches: one short line each, and only what a watcher cares for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autor_nb.domain import events as run_events
from autor_nb.domain.events import Decision, Event, Unknown
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.fold import mended_words
from autor_nb.record.units import count_words, duration_words, number_words
from autor_nb.verbs import clean
from autor_nb.verbs.loops.experiment_table import signed


def told(event: Event | Unknown) -> str | None:
    """The event as one line, or None if it tells a watcher nothing."""
    if isinstance(event, Unknown):
        return f"{event.at[11:19]}  an event of another version: {clean.line(event.type, 60)}"
    words = _WORDS.get(type(event))
    said = words(event) if words is not None else ""
    if not said:
        return None
    by = f", by {event.by}" if isinstance(event, Decision) and event.by.is_person else ""
    return clean.line(f"{event.at[11:19]}  {said}{by}", 240)


_KINDS = {"screen": "screening run", "confirm": "confirming run", "warm_up": "warm-up run", "reference": "run",
          "calibrate": "calibrating run", "audit": "run"}  # fmt: skip


def _proposed(event: ev.IdeaProposed) -> str:
    return f"#{event.n} proposes: {event.idea.hypothesis}"


def _trial(event: ev.TrialEnded) -> str:
    value = number_words(event.metric, 6) if event.metric is not None else event.reason or event.ending
    return f"{_which(event)}: {value} ({duration_words(event.duration_s)})"


def _which(event: ev.TrialEnded) -> str:
    """Which run it was: `#3 confirming run of the candidate`."""
    kind = _KINDS.get(event.role, event.role)
    if event.n < 0:  # an audit: the state shown as the loop's best, against the one it began from
        return f"audit, {kind} of the {'head' if event.subject == 'candidate' else 'baseline'}"
    return f"#{event.n} {kind} of the {event.subject if event.n else 'unchanged code'}"


def _read(event: ev.EvidenceRead) -> str:
    bar = f" of {event.bar:.4g}" if event.bar else ""
    return f"#{event.n} E {number_words(event.e_value, 3)}{bar} after {count_words(event.pairs, 'pair')}"


def _ended(event: ev.ExperimentEnded) -> str:
    value = f" {number_words(event.metric, 6)}" if event.metric is not None else ""
    delta = f" ({signed(event.delta)})" if event.delta is not None else ""
    word = "BASELINE" if event.baseline else str(event.verdict).upper()
    return f"#{event.n} {word}{value}{delta}: {event.reason or event.summary}"


def _recorded(event: ev.ExperimentRecorded) -> str:
    return f"#{event.n} recorded, not tested: {event.status} {number_words(event.metric, 6)} {event.summary}"


def _audited(event: ev.AuditEnded) -> str:
    word = "is better than the baseline" if event.better else "is not shown to be better than the baseline"
    pairs = count_words(event.pairs, "fresh pair") + (f", {event.before} from before" if event.before else "")
    return f"audit: experiment {event.n} {word} (E {number_words(event.e_value, 3)}, bar {event.bar:g}, {pairs})"


def _doctor(event: ev.DoctorAnswered) -> str:
    return f"{len(event.blocking)} checks forbid to start: {', '.join(event.blocking)}" if event.blocking else ""


def _gate_tested(event: ev.GateTested) -> str:
    """What comes next takes seconds in which nothing would be seen."""
    soon = " (next: the gate itself, on thousands of simulated sessions; some seconds)"
    coming = soon if event.part == "control" and event.ok else ""
    return f"gate test {event.part}: {'ok' if event.ok else 'FAILED'}{coming}: {event.detail}"


_WORDS: dict[type, Callable[[Any], str]] = {
    ev.LoopCreated: lambda event: f"loop {event.name} was made",
    ev.LoopStarted: lambda event: "set to work",
    ev.LoopConfigChanged: lambda event: "the configuration was changed",
    ev.LoopConfirmed: lambda event: "the go-ahead was given",
    ev.BudgetGranted: lambda event: f"a new budget of errors was granted, session {event.session}",
    ev.DoctorAnswered: _doctor,
    ev.GateTested: _gate_tested,
    ev.ProgramRead: lambda event: "" if event.first else "program.md has changed and was read again",
    ev.IdeaProposed: _proposed,
    ev.IdeaRefused: lambda event: f"#{event.n} a proposal was refused: {event.why}",
    ev.ChangeApplied: lambda event: f"#{event.n} +{event.added} −{event.removed} in {', '.join(event.files[:4])}",
    ev.TrialEnded: _trial,
    ev.PairVoided: lambda event: f"#{event.n} pair {event.pair} does not count: {event.why}",
    ev.EvidenceRead: _read,
    ev.ExperimentEnded: _ended,
    ev.ExperimentReopened: lambda event: f"#{event.n} goes on",
    ev.ExperimentRecorded: _recorded,
    ev.AuditEnded: _audited,
    ev.IdeaPinned: lambda event: f"pinned: {event.idea.hypothesis}",
    ev.IdeaVetoed: lambda event: f"#{event.n} was vetoed" + (f": {event.why}" if event.why else ""),
    ev.RepeatsAdded: lambda event: f"#{event.n} was given {count_words(event.pairs, 'more pair', 'more pairs')}",
    ev.AuditAsked: lambda event: "an audit was asked for",
    ev.Merged: lambda event: f"the best of {event.fork} was taken over",
    ev.LoopPaused: lambda event: f"paused: {event.reason}",
    ev.LoopResumed: lambda event: "goes on",
    ev.LoopStopped: lambda event: f"stopped: {event.reason}",
    ev.LoopFailed: lambda event: f"failed: {event.reason} {event.suggestion}",
    run_events.LogRecovered: lambda event: f"log mended: {mended_words(event)}" if event.line else "",
    run_events.CommandRefused: lambda event: f"{event.command} was refused: {event.reason}",
}
