"""Experiments from elsewhere, recorded into a loop that has run none of its own: recorded, never tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from autor_nb.domain.errors import UsageError
from autor_nb.domain.events import CommandRefused
from autor_nb.domain.loops.record import Record
from autor_nb.domain.run import Actor
from autor_nb.loop_control import told_again
from autor_nb.store.lock import EngineLock
from autor_nb.store.loops import history, ledger, standing
from autor_nb.store.loops.layout import LoopFolder


@dataclass(frozen=True)
class Imported:
    """How many were recorded, how many were there already, and the reasons of those that were refused."""

    recorded: int
    known: int
    refused: tuple[str, ...]


def bring_in(loop: LoopFolder, by: Actor, found: Sequence[Record]) -> Imported:
    """Record these in their order, each once; UsageError while an engine works or after the loop ran its own."""
    if standing.read(loop).baseline:
        raise UsageError(
            f"Loop {loop.name} has measured its own baseline: experiments of elsewhere cannot be put behind it.",
            "Import into a fresh loop (`autor loop init --name OTHER`), or tell of single ones by `autor loop record`.",
        )
    known = Counter(_mark(record) for record in history.rows(loop.experiments, Record) if record.mode == "recorded")
    recorded, there, refused = 0, 0, list[str]()
    with EngineLock(loop) as held, ledger.opened(loop, held) as opened:
        for one in found:
            if known[_mark(one)]:  # two lines that read the same are two experiments: each stands for one
                known[_mark(one)] -= 1
                there += 1
                continue
            answers = opened.answer(told_again(one, by))
            said = next((answer.reason for answer in answers if isinstance(answer, CommandRefused)), "")
            if said:
                refused.append(f"{one.run}: {said}")
            else:
                recorded += 1
    return Imported(recorded, there, tuple(refused))


def _mark(one: Record) -> tuple[str, float | None, str, str]:
    """What tells one recorded experiment from another; what has no metric is recorded as a crash."""
    commit = one.hash or one.short_hash
    if one.status == "crash" or one.metric is None:
        return (commit, None, "crash", one.summary)
    return (commit, one.metric, one.status, one.summary)
