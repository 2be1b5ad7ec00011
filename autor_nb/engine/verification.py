"""Verifying a run: every rule asked again about every attempt, every notebook executed, every file held to the log.

Nothing of the run is changed; what differs from the record is reported. No agent is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from autor_nb.domain.check import Check
from autor_nb.domain.events import AttemptChecked
from autor_nb.domain.fold import fold
from autor_nb.domain.ports import Checker
from autor_nb.domain.rules import config_of
from autor_nb.domain.run import RunConfig
from autor_nb.domain.stage import StageSpec
from autor_nb.domain.state import AttemptState, RunState
from autor_nb.domain.venue import Venue
from autor_nb.engine.checking import check_attempt
from autor_nb.engine.review import checks_of
from autor_nb.engine.standing import stand
from autor_nb.store import eventlog, objects
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.layout import RunFolder
from autor_nb.store.view import StoredAttempt


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt verified, or (attempt 0) the run as it lies on disk.

    `differences` are in words, empty when what was compared is as recorded; `not_compared` says what was not.
    """

    stage: str
    attempt: int
    checks: int
    notebook: str
    differences: tuple[str, ...]
    compared: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()


class Parts(Protocol):
    """What verification needs of wiring."""

    def specs(self, state: RunState) -> list[StageSpec]: ...
    def checkers(self, specs: list[StageSpec], slug: str) -> list[Checker]: ...
    def venue(self, config: RunConfig) -> Venue: ...


Reexecute = Callable[[RunFolder, str, int], list[str]]


def verify(
    run: RunFolder, parts: Parts, reexecute: Reexecute | None, report: Callable[[Finding], None]
) -> list[Finding]:
    """Verify every attempt that was checked, oldest first, then the files; `report` is told each as it is done."""
    events, _ = eventlog.read(run.events)
    index = ArtifactIndex(run)
    index.scan()
    findings: list[Finding] = []
    for event in events:
        if not isinstance(event, AttemptChecked):
            continue
        state = fold(past for past in events if past.seq <= event.seq)
        stage = state.stage(event.stage)
        attempt = stage.attempt(event.attempt) if stage else None
        if attempt is None:
            continue
        differences = list(_checks_again(run, parts, state, attempt, index))
        left: tuple[str, ...] = ()
        path = run.notebook(event.stage, event.attempt)
        if not path.is_file():
            differences.append(f"{path.name} is missing")
        elif reexecute is not None:
            differences += reexecute(run, event.stage, event.attempt)
        else:
            left = (f"{path.name}: it was not executed",)
        finding = Finding(
            stage=event.stage,
            attempt=event.attempt,
            checks=event.total,
            notebook=path.name,
            differences=tuple(differences),
            not_compared=left,
        )
        findings.append(finding)
        report(finding)
    findings.append(_files(run, events, index))
    report(findings[-1])
    return findings


def _files(run: RunFolder, events: list[eventlog.Logged], index: ArtifactIndex) -> Finding:
    standing = stand(run, fold(events), events, index)
    return Finding(
        stage="",
        attempt=0,
        checks=0,
        notebook="",
        differences=tuple(standing.differences),
        compared=tuple(standing.compared),
        not_compared=tuple(standing.not_compared),
    )


def _checks_again(
    run: RunFolder, parts: Parts, state: RunState, attempt: AttemptState, index: ArtifactIndex
) -> list[str]:
    view = StoredAttempt(run, state, attempt, index=index, venue=parts.venue(config_of(state)))
    again = check_attempt(run, view, parts.checkers(parts.specs(state), attempt.stage))
    recorded = {_key(check): check.passed for check in checks_of(run, attempt)}
    answered = {_key(check): check.passed for check in (again.checks or objects.get_checks(run, again.checks_object))}
    words = {True: "passes", False: "fails", None: "is not answered"}
    return [
        f"{id}{f' ({subject})' if subject else ''}: recorded as {words[recorded.get((id, subject))]}, "
        f"now {words[answered.get((id, subject))]}"
        for id, subject in dict.fromkeys((*recorded, *answered))
        if recorded.get((id, subject)) != answered.get((id, subject))
    ]


def _key(check: Check) -> tuple[str, str]:
    return check.id, check.subject
