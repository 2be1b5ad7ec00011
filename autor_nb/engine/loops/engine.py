"""A loop's engine: takes commands in, carries out the next step, writes events; the only author of a loop's log.

What comes next is decided by `domain.loops.steps` from the folded log alone, so that an engine that was killed at any
point is followed by one that goes on from there.
"""

from __future__ import annotations

import contextlib
from typing import Any, Protocol

import msgspec

from autor_nb.domain import events as run_events
from autor_nb.domain.errors import AutorError, DamagedLogError, RunError, StoreError
from autor_nb.domain.events import Event
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops import rules, steps
from autor_nb.domain.loops.at_work import TrialRow
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.fold import LoopFold, seconds_between
from autor_nb.domain.loops.gate import Gate
from autor_nb.domain.loops.parts import Coder, Critic
from autor_nb.domain.loops.scalarizer import Scalarizer
from autor_nb.domain.loops.state import LoopState, LoopStatus
from autor_nb.domain.loops.suspicion import Surroundings
from autor_nb.engine import orphans
from autor_nb.engine.loops import sandbox, sharing
from autor_nb.engine.loops.clones import publish
from autor_nb.engine.loops.fixing import fixed
from autor_nb.engine.loops.ideas import Ideas
from autor_nb.engine.loops.past import Past
from autor_nb.engine.loops.trials import Trials
from autor_nb.engine.loops.trust import Trust
from autor_nb.engine.loops.verdicts import Verdicts
from autor_nb.store import inbox, lock
from autor_nb.store.eventlog import utc_now
from autor_nb.store.loops import damage
from autor_nb.store.loops.clone import Clone
from autor_nb.store.loops.family import Family, Turn, family_of
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.ledger import Ledger
from autor_nb.store.loops.views import Views
from autor_nb.store.loops.words import COMMANDS
from autor_nb.store.system_errors import what_happened, what_mends
from autor_nb.version import __version__


class LoopParts(Protocol):
    """What wiring gives to a loop's engine."""

    def gate(self, config: LoopConfig) -> Gate: ...
    def critic(self, config: LoopConfig) -> Critic: ...
    def coder(self, config: LoopConfig) -> Coder: ...
    def scalarizer(self, config: LoopConfig) -> Scalarizer | None: ...


class LoopEngine:
    """One loop's engine; lives as long as it holds the lock."""

    def __init__(self, loop: LoopFolder, parts: LoopParts) -> None:
        self.loop, self.parts = loop, parts
        self._fold = LoopFold()
        self._ledger: Ledger
        self.lock: lock.EngineLock | None = None
        self.config: LoopConfig
        self.gate: Gate
        self.past: Past
        self.views: Views
        self._work: _Work | None = None
        self.clone: Clone | None = None
        self.surroundings: Surroundings | None = None
        self.reference_facts: list[tuple[float, int]] = []
        self.outputs: list[tuple[int | None, str]] = []
        self.published: dict[int, str] | None = None
        self.baseline_texts: dict[str, str] | None = None
        self.past_baseline: list[TrialRow] = []
        self._baseline_over = False
        self.family: Family
        self.turn: Turn | None = None

    @property
    def state(self) -> LoopState:
        """The folded log."""
        return self._fold.state

    # ------------------------------------------------------------------------------------- its life

    def work(self, held: lock.EngineLock) -> None:
        """Work until somebody must say something; the caller holds the lock."""
        self.lock = held
        past = damage.whole(self.loop)
        self._ledger = Ledger(self.loop, held, self._fold, Views(self.loop))
        self.views = self._ledger.views
        try:
            self._fold.apply(past)
            orphans.end_left_behind(self.loop, self._running_trial())
            self.family = family_of(self.loop, self.state)
            self.past = Past(past)
            self._remember(past)
            self.views.catch_up(self.state, past)
            sharing.catch_up(self)
            self._at_work()
        except (DamagedLogError, lock.LockLostError):
            raise
        except AutorError as error:
            raise self._given_up(error.message, error.suggestion) from error
        except OSError as error:
            said = what_happened(error, str(self.loop.path)), what_mends(error, str(self.loop.path), "start it again")
            raise self._given_up(*said) from error
        except Exception as error:  # nobody foresaw it: the next engine would meet it again, so a person is told
            where = f"worker.log in {self.loop.operator_state} says where. Then `autor loop start {self.loop.name}`"
            self._given_up(f"The engine broke off: {type(error).__name__}: {error}", f"{where} tries again.")
            raise
        finally:
            with contextlib.suppress(OSError, StoreError):
                if not held.lost and not self.state.damaged:
                    self.views.close(self.state)
            self._ledger.close()
            if self.turn is not None:
                self.turn.release()

    def _remember(self, past: list[Any]) -> None:
        """What of the runs so far later ones are held against."""
        for event in past:
            if isinstance(event, ev.ExperimentEnded) and event.baseline:
                self._baseline_over = True
            if isinstance(event, ev.TrialEnded) and event.ending == "finished":
                self.outputs = [*self.outputs[-199:], (event.seed, event.output_sha256)]
                if event.role == "reference" and not self._baseline_over:
                    row = TrialRow(trial=event.trial, role=event.role, subject=event.subject, seed=event.seed)
                    row.metric = event.metric
                    self.past_baseline.append(row)

    def _at_work(self) -> None:
        me = lock.myself()
        if self._next() == steps.Wait() and inbox.is_empty(self.loop):
            return
        self.append(
            run_events.WorkerStarted(
                pid=me.pid,
                host=me.host,
                boot_id=me.boot_id,
                process_started=me.process_started,
                version=__version__,
                lock=self.lock.told if self.lock is not None else "",
            )
        )
        if (lost := self._running_trial()) is not None:
            self.append(_lost(self.state, lost))
        self._steps()
        if self.clone is not None:
            publish(self, all_of_them=True)
        reason = self.state.pause_reason or self.state.stop_reason or f"the loop is {self.state.status}"
        self.append(run_events.WorkerStopped(reason=reason[:1000]))

    def _given_up(self, message: str, suggestion: str) -> RunError:
        if self.state.status is not LoopStatus.FAILED:
            with contextlib.suppress(OSError, StoreError):
                self._ledger.append(ev.LoopFailed(reason=message[:2000], suggestion=suggestion[:2000]))
        return RunError(message, suggestion)

    def _running_trial(self) -> TrialRow | None:
        running = self.state.current.running() if self.state.current else None
        if running is None and self.state.audit is not None and self.state.audit.trials:
            last = self.state.audit.trials[-1]
            running = last if not last.ending else None
        return running

    def _steps(self) -> None:
        while True:
            if self.lock is not None:
                self.lock.heartbeat()
            self.take_commands()
            step = self._next()
            if isinstance(step, steps.Wait):
                return
            try:
                if sharing.has_turn(self, step):
                    self._carry_out(step)
            except (lock.LockLostError, StoreError):
                raise
            except AutorError as error:  # a part's or a person's: the loop says which, and can be started again
                self.append(ev.LoopFailed(reason=error.message[:2000], suggestion=error.suggestion[:2000]))

    def _next(self) -> steps.Step:
        if steps.rests(self.state):
            return steps.Wait()
        work = self._of_today()
        since = seconds_between(self.state.updated_at, utc_now())
        worked = (self.state.session.worked_s if self.state.session else 0.0) + since
        return steps.next_step(self.state, work.config, work.gate, worked, work.routes)

    def _of_today(self) -> _Work:
        """Config and gate as the log has them now; made again when the configuration changed."""
        if self._work is None or self._work.raw != (self.state.config, self.state.alpha):
            self._work = _Work(self.state, self.parts)
            self.config, self.gate = self._work.config, self._work.gate
        self._work.freeze(self.state)
        return self._work

    @property
    def work_now(self) -> _Work:
        """Configuration, gate and scalarizer in force."""
        return self._of_today()

    def _carry_out(self, step: steps.Step) -> None:
        match step:
            case steps.Doctor():
                self.append(Trust(self).doctor())
            case steps.Test(part=part):
                self.append(Trust(self).test(part))
            case steps.Fail(reason=reason, suggestion=suggestion):
                self.append(ev.LoopFailed(reason=reason[:2000], suggestion=suggestion[:2000]))
            case steps.Pause(reason=reason, cause=cause):
                self.append(ev.LoopPaused(reason=reason[:2000], cause=cause))
            case steps.End(reason=reason, cause=cause):
                self.append(ev.LoopStopped(reason=reason[:2000], cause=cause))
            case steps.Propose(n=n):
                Ideas(self).propose(n)
            case steps.Apply():
                Ideas(self).apply()
            case steps.Run():
                Trials(self).run(step)
            case steps.PlanBlock():
                Verdicts(self).plan(step)
            case steps.Conclude(decided=decided):
                if not fixed(self, decided):
                    Verdicts(self).conclude(decided)
            case steps.ConcludeBaseline():
                Verdicts(self).baseline()
            case steps.BeginAudit():
                self.append(ev.AuditAsked())
            case steps.ConcludeAudit(decided=decided):
                self.append(Verdicts(self).audited(decided))

    # ----------------------------------------------------------------------------------- the log

    def append(self, *events: Event) -> list[Event]:
        """Write events, fold them, bring the views up to them."""
        written = self._ledger.append(*events)
        self.past.take(written)
        self._remember(written)
        return written

    # --------------------------------------------------------------------------------- commands

    def take_commands(self) -> None:
        """Answer everything that waits in the inbox."""
        for path, command in inbox.waiting(self.loop, COMMANDS):
            if command.id not in self.state.answered:
                self._answer(command)
            inbox.done(path)

    def _answer(self, command: cmd.LoopCommand) -> None:
        sharing.before(self, command)
        answer = sandbox.in_force(rules.carried_out(self.state, command), self.state, command)
        sharing.after(self, self.append(*answer))

    def interrupting(self, audit: bool = False) -> bool:
        """Whether what is at work must end: by a pause, a stop, a veto. Other commands are answered meanwhile."""
        if self.lock is not None:
            self.lock.heartbeat()
        self.take_commands()
        state = self.state
        if audit:
            return state.audit is None or state.status is LoopStatus.PAUSED
        vetoed = state.current is not None and state.current.vetoed_by is not None
        return vetoed or state.status is not LoopStatus.RUNNING


class _Work:
    """The configuration in force, and the parts made from it."""

    def __init__(self, state: LoopState, parts: LoopParts) -> None:
        self.raw = (state.config, state.alpha)
        self.config = msgspec.convert(state.config, LoopConfig)
        self.gate = parts.gate(self.config)
        if state.alpha is not None and "alpha" in self.gate.options:  # a gate without a rate has none to be granted
            options = {**self.config.gate.options, "alpha": state.alpha}
            gate = msgspec.structs.replace(self.config.gate, options=options)
            self.config = msgspec.structs.replace(self.config, gate=gate)
            self.gate = parts.gate(self.config)
        self.scalarizer = parts.scalarizer(self.config)
        self.frozen: Any = None
        self.routes: tuple[Any, ...] = ()

    def freeze(self, state: LoopState) -> None:
        """Take over the scales that were frozen at the baseline; a baseline that begins anew has none yet."""
        if not state.frozen:
            self.frozen, self.routes = None, ()
        if self.scalarizer is not None and self.frozen is None and state.frozen:
            from autor_nb.domain.loops.scalarizer import Frozen

            self.frozen = msgspec.convert(state.frozen, Frozen)
            self.routes = self.scalarizer.routes(self.frozen)


def _lost(state: LoopState, row: TrialRow) -> ev.TrialEnded:
    """A trial that ended with its engine: it says nothing, and is run again."""
    audit = state.audit is not None and any(row is one for one in state.audit.trials)
    n = ev.AUDIT if audit or state.current is None else state.current.n
    return ev.TrialEnded(
        trial=row.trial,
        n=n,
        role=row.role,
        subject=row.subject,
        ending="lost",
        seed=row.seed,
        pair=row.pair,
        reason="The engine ended while it ran.",
        output=row.output,
    )
