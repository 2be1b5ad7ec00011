"""The engine: takes commands in, carries out the next step, writes events; the only author of a run's log.

One `Engine` lives as long as it holds the lock. Everything it decides is decided by `domain.rules` from the
folded log; everything it does can be done again after a kill at any point.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Protocol

import msgspec

from autor_nb.domain import budget, rules
from autor_nb.domain import commands as cmd
from autor_nb.domain import events as ev
from autor_nb.domain.errors import AutorError, DamagedLogError, RunError, StoreError
from autor_nb.domain.fold import Fold
from autor_nb.domain.ports import Agent, Checker
from autor_nb.domain.run import RunConfig, RunStatus
from autor_nb.domain.stage import StageSpec
from autor_nb.domain.state import AttemptState, RunState
from autor_nb.domain.venue import Venue
from autor_nb.engine import orphans, restoring, review
from autor_nb.engine.configuration import edited_config, write_config
from autor_nb.engine.edited import EditedDraft
from autor_nb.engine.faults import Faults
from autor_nb.engine.projections import Views
from autor_nb.engine.work import StageWork
from autor_nb.store import damage, eventlog, inbox, lock, objects
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.layout import RunFolder
from autor_nb.store.view import MadeBy, StoredAttempt, made_by
from autor_nb.version import __version__


class Rendered(Protocol):
    """What became of a notebook."""

    @property
    def path(self) -> str: ...
    @property
    def complete(self) -> bool: ...
    @property
    def cells_run(self) -> int: ...
    @property
    def cells(self) -> int: ...
    @property
    def duration_s(self) -> float: ...
    @property
    def detail(self) -> str: ...


class Notebooks(Protocol):
    """Where stage notebooks are executed (`engine.render.NotebookRoom`)."""

    def warm(self) -> None:
        """Start a kernel ahead of need."""

    def render(self, run: RunFolder, spec: StageSpec, state: RunState, attempt: AttemptState, as_of: int) -> Rendered:
        """Execute the attempt's notebook."""
        ...

    def close(self) -> None:
        """End every kernel."""


class Parts(Protocol):
    """What wiring gives to the engine."""

    project: Path

    def agent(self, config: RunConfig) -> Agent: ...
    def specs(self, state: RunState) -> list[StageSpec]: ...
    def checkers(self, specs: list[StageSpec], slug: str) -> list[Checker]: ...
    def venue(self, config: RunConfig) -> Venue: ...
    def notebooks(self) -> Notebooks: ...


class Engine:
    """One run's engine."""

    def __init__(self, run: RunFolder, parts: Parts) -> None:
        self.run, self.parts = run, parts
        self._fold = Fold()
        self._log: eventlog.EventLog
        self._faults: Faults
        self.index = ArtifactIndex(run)
        self.views = Views(run)
        self.made: MadeBy = {}
        self._notebooks: Notebooks | None = None
        self.lock: lock.EngineLock | None = None
        self.out_of_budget = False

    # ------------------------------------------------------------------------------------- its life

    @property
    def state(self) -> RunState:
        """The folded log."""
        return self._fold.state

    def work(self, held: lock.EngineLock) -> None:
        """Work until somebody must decide; the caller holds the lock."""
        self.lock = held
        self._log = eventlog.EventLog(self.run.events, held.confirm)
        self._faults = Faults(self.run)
        try:
            past, _ = eventlog.read(self.run.events)
            if self._fold.apply(past).damaged:
                raise damage.refusal(self.run, self.state.damaged)
            orphans.end_left_behind(self.run, self._newest())
            if rules.next_step(self.state) == rules.Wait() and inbox.is_empty(self.run):
                return
            self._work()
        except (DamagedLogError, lock.LockLostError):
            raise
        except Exception as error:
            raise self._given_up(error) from error
        finally:
            with contextlib.suppress(OSError, StoreError):  # a cache: a full disk goes without
                if not held.lost:
                    self.index.save()
            self._log.close()
            self._faults.close()
            if self._notebooks is not None:
                self._notebooks.close()

    def _work(self) -> None:
        me = lock.myself()
        self.index.scan()
        self.made = made_by(self.run, self.state)
        self.append(
            ev.WorkerStarted(
                pid=me.pid,
                host=me.host,
                boot_id=me.boot_id,
                process_started=me.process_started,
                version=__version__,
                lock=self.lock.told if self.lock is not None else "",
            )
        )
        self._adopt_edited_config()
        self._steps()
        self.append(ev.WorkerStopped(reason=self.state.pause_reason or f"the run is {self.state.status}"))

    def _given_up(self, error: Exception) -> RunError:
        """What a fault outside any step comes to: told to who started the engine, and in the log if that takes it."""
        failure = self._faults.failure(error, self._newest())
        if self.state.status is not RunStatus.FAILED:
            with contextlib.suppress(OSError, StoreError):
                self._log.append(failure)  # and no view: those may be what cannot be written
        return RunError(failure.reason, failure.suggestion)

    def _adopt_edited_config(self) -> None:
        try:
            changed = edited_config(self.run, self.state)
        except AutorError as error:
            self.append(ev.RunFailed(reason=error.message[:2000], suggestion=error.suggestion[:2000]))
            return
        if changed is not None:
            self.append(changed)

    def _steps(self) -> None:
        while True:
            held = self.lock
            if held is not None:
                held.heartbeat()
            self.take_commands()
            step = rules.next_step(self.state)
            if isinstance(step, rules.Wait):
                return
            if isinstance(step, rules.Work | rules.Decide) and (due := budget.due(self.state, eventlog.utc_now())):
                self.append(due)
                continue
            try:
                self._carry_out(step)
            except lock.LockLostError:
                raise
            except Exception as error:  # the disk's, a plug-in's or ours: the run says which, and can be resumed
                self.append(self._faults.failure(error, self._newest()))

    def _newest(self) -> AttemptState | None:
        """The latest attempt of the stage in work."""
        current = self.state.stage(self.state.current) if self.state.current else None
        return current.latest if current else None

    def _carry_out(self, step: rules.Step) -> None:
        match step:
            case rules.Restore(files=files):
                missing = restoring.restore(self.run, self.index, files)
                self.append(ev.WorkspaceRestored(files=files, missing=missing), changed_files=True)
            case rules.Lose(stage=stage, attempt=number):
                attempt = self._attempt(stage, number)
                files = self.keep_files()
                self.append(msgspec.structs.replace(self._faults.ended_by(attempt), files=files), changed_files=True)
            case rules.Judge(stage=stage, attempt=number, part=part):
                self._judge(self._attempt(stage, number), part)
            case rules.Decide():
                self._decide()
            case rules.Complete():
                self.append(ev.RunCompleted())
            case rules.Work(stage=stage, trigger=trigger):
                (EditedDraft if trigger == "edit" else StageWork)(self, self._spec(stage), trigger).carry_out()

    # ----------------------------------------------------------------------------------- the log

    def append(self, *events: ev.Event, changed_files: bool = False) -> list[ev.Event]:
        """Write events, fold them, bring the views up to them."""
        written: list[ev.Event] = [self._log.append(event) for event in events]
        self._fold.apply(written)
        self.views.update(self.state, written, self.index, changed_files=changed_files, made=self.made)
        return written

    def log_is_ours(self) -> bool:
        """Whether the log on disk is still just what this engine wrote."""
        return self._log.is_intact()

    # --------------------------------------------------------------------------------- commands

    def take_commands(self) -> None:
        """Answer everything that waits in the inbox."""
        for path, command in inbox.waiting(self.run):
            if command.id not in self.state.answered and not self._refused_before(command.id):
                self._answer(command)
            inbox.done(path)

    def _refused_before(self, command_id: str) -> bool:
        return any(refusal.command_id == command_id for refusal in self.state.refusals)

    def _answer(self, command: cmd.RunCommand) -> None:
        try:
            decided = [self._filled(event, command) for event in rules.answer(self.state, command)]
        except rules.Refused as refused:
            self.append(
                ev.CommandRefused(
                    command_id=command.id,
                    command=type(command).__name__.lower(),
                    reason=refused.reason[:2000],
                    suggestion=refused.suggestion[:2000],
                    by=command.by,
                )
            )
            return
        self.append(*decided)

    def _filled(self, event: ev.Event, command: cmd.RunCommand) -> ev.Event:
        """What only the disk can tell or keep: files before a withdrawal, a configuration's hash, an edited text."""
        if isinstance(command, cmd.Edit):
            objects.put(self.run, command.text.encode("utf-8", "replace"))
        if isinstance(event, ev.Redone | ev.RolledBack | ev.RollbackUndone):
            return msgspec.structs.replace(event, files=self.keep_files())
        if isinstance(event, ev.ConfigChanged):
            return write_config(self.run, event)
        return event

    def interrupting(self) -> bool:
        """Whether a command or the budget ends the work in progress; other commands are answered."""
        for path, command in inbox.waiting(self.run):
            if isinstance(command, cmd.Stop | cmd.Abort | cmd.Redo | cmd.Rollback | cmd.Undo):
                try:
                    rules.answer(self.state, command)
                except rules.Refused:
                    pass
                else:
                    return True
            if command.id not in self.state.answered:
                self._answer(command)
            inbox.done(path)
        if self.lock is not None:
            self.lock.heartbeat()
        due = budget.due(self.state, eventlog.utc_now())
        if isinstance(due, ev.BudgetWarned):
            self.append(due)
        self.out_of_budget = isinstance(due, ev.Paused)
        return self.out_of_budget

    # ---------------------------------------------------------------------------------- attempts

    def _attempt(self, slug: str, number: int) -> AttemptState:
        stage = self.state.stage(slug)
        attempt = stage.attempt(number) if stage else None
        if attempt is None:
            raise LookupError(f"{slug} attempt {number}")
        return attempt

    def _spec(self, slug: str) -> StageSpec:
        for spec in self.parts.specs(self.state):
            if spec.slug == slug:
                return spec
        raise AutorError(f"The templates of stage {slug} are gone.", "Put templates/stages/… back, then resume.")

    def keep_files(self) -> str:
        """Keep the workspace as it is now; answers with its manifest's hash."""
        return restoring.keep_all(self.run, self.index.scan(), self.config.limits.object_cap_bytes)

    @property
    def config(self) -> RunConfig:
        """The run's configuration."""
        return rules.config_of(self.state)

    def view(self, attempt: AttemptState, **given: Any) -> StoredAttempt:
        """The attempt as rules see it."""
        return StoredAttempt(
            self.run,
            self.state,
            attempt,
            index=self.index,
            venue=self.parts.venue(self.config),
            made=self.made,
            **given,
        )

    def _judge(self, attempt: AttemptState, part: str) -> None:
        if part == "check":
            from autor_nb.engine.checking import check_attempt

            checkers = self.parts.checkers(self.parts.specs(self.state), attempt.stage)
            self.append(check_attempt(self.run, self.view(attempt), checkers))
        elif part == "notebook":
            rendered = self.notebooks.render(
                self.run, self._spec(attempt.stage), self._fold.snapshot(), attempt, attempt.checked_seq
            )
            self.append(
                ev.NotebookRendered(
                    stage=attempt.stage,
                    attempt=attempt.attempt,
                    path=rendered.path,
                    complete=rendered.complete,
                    as_of=attempt.checked_seq,
                    cells_run=rendered.cells_run,
                    cells=rendered.cells,
                    duration_s=round(rendered.duration_s, 3),
                    detail=rendered.detail[:2000],
                )
            )
        else:
            self.append(rules.verdict(self.state, attempt, self.config.limits.retries))

    @property
    def notebooks(self) -> Notebooks:
        """Where notebooks are executed, opened at first use."""
        if self._notebooks is None:
            self._notebooks = self.parts.notebooks()
        return self._notebooks

    def _decide(self) -> None:
        attempt = self.state.under_review
        assert attempt is not None
        self.append(*review.decide(self.run, self.state, attempt))
