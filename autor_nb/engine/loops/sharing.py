"""What an engine does for its family: one budget kept in step, its turn to work, a merge carried to its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from autor_nb.domain.events import ENGINE, Event
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops import steps
from autor_nb.engine.loops.clones import clone_of
from autor_nb.store.loops import making, publishing
from autor_nb.store.loops.family import Turn, most_at_once

if TYPE_CHECKING:
    from autor_nb.engine.loops.engine import LoopEngine

POLL_S = 0.1
WORK = (steps.Test, steps.Propose, steps.Apply, steps.Run)


def catch_up(engine: LoopEngine) -> None:
    """What the family did meanwhile, and what a killed engine had not told it."""
    if not engine.state.config:
        return
    _same_budget(engine)
    if engine.state.keeps:
        engine.family.kept(engine.state)
    _settle(engine)


def before(engine: LoopEngine, command: Any) -> None:
    """A command is answered as the family stands: a second budget for forks is session 3, not 2 again."""
    _same_budget(engine)


def after(engine: LoopEngine, answered: list[Event]) -> None:
    """Carry to the family, or to the person's repository, what was just decided."""
    if any(isinstance(event, ev.BudgetGranted) for event in answered):
        engine.family.grant(engine.state)
    if any(isinstance(event, ev.Merged) for event in answered):
        _settle(engine)


def _same_budget(engine: LoopEngine) -> None:
    """A new budget is the whole family's: taken over from the others, told to them if they do not know it."""
    state, told = engine.state, engine.family.session()
    if told is not None and told.session > state.budget_session:
        engine.append(ev.BudgetGranted(session=told.session, alpha=told.alpha, by=told.by or ENGINE))
    elif state.budget_session > (told.session if told is not None else 1):
        engine.family.grant(state)


def _settle(engine: LoopEngine) -> None:
    """Put the loop's branch at what was merged, in its clone and in the person's repository, if it is not there yet."""
    state = engine.state
    if not state.merged_head or state.head != state.merged_head:
        return
    source = making.find_source(engine.loop.project)
    known = source.git.commit_of(f"refs/heads/autor/{engine.loop.name}")
    left = source.git.commit_of(f"refs/autor/{engine.loop.name}/head")
    if state.head in (known, left) and engine.clone is None:
        return
    engine.config = engine.work_now.config  # asked before any step was taken
    clone = clone_of(engine)
    clone.adopt(state.head)
    clone.checkout(state.head)
    publishing.publish(clone, source.git_dir, {}, kept=state.head)


def has_turn(engine: LoopEngine, step: steps.Step) -> bool:
    """Whether the step may be carried out: what runs something waits until the loop may work beside its forks."""
    if not isinstance(step, WORK):
        return True
    if engine.turn is None:
        config = engine.work_now.config
        engine.turn = Turn(engine.family, most_at_once(config.parallel, config.timed))
    return engine.turn.take() or _awaited(engine, engine.turn)


def _awaited(engine: LoopEngine, turn: Turn) -> bool:
    """Wait, and say so once; false if a person said something else meanwhile."""
    names = turn.at_work()
    config = engine.work_now.config
    a_time = "its metric is a time" if config.metric.time_like else "one of its metrics is a time"
    why = f"{a_time}, which others beside it would spoil" if config.timed else (
        "more at a time would slow each other down")  # fmt: skip
    said = (
        f"Waits for its turn: {len(names)} of at most {turn.limit} of the family of {engine.family.root.name} "
        f"{'is' if turn.limit == 1 else 'are'} at work ({', '.join(names)}), and {why}."
    )
    engine.append(ev.TurnAwaited(limit=turn.limit, working=names, reason=said[:1000]))
    began = time.monotonic()
    while not engine.interrupting(audit=engine.state.audit is not None):
        if turn.take():
            engine.append(ev.TurnTaken(waited_s=round(time.monotonic() - began, 3)))
            return True
        time.sleep(POLL_S)
    return False
