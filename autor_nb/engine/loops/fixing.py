"""A change that crashed on its screening run, mended once by a coder that can, before it counts as a crash."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.case import Decided
from autor_nb.domain.loops.parts import CoderResult
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.engine.loops.clones import clone_of
from autor_nb.engine.loops.ideas import Ideas
from autor_nb.engine.loops.trials import last_lines

if TYPE_CHECKING:
    from autor_nb.engine.loops.engine import LoopEngine

MOST = 1
TAIL_LINES = 30


def fixed(engine: LoopEngine, decided: Decided) -> bool:
    """Whether the experiment goes on, with a mended change or because a person interrupted the mending.

    The coder's `fix(task, output_tail)` is optional; it answers as `apply` does, and begins from the crashed change.
    """
    current = engine.state.current
    if engine.state.session is not None and engine.state.session.is_paid_out:
        return False
    if current is None or decided.verdict is not Verdict.CRASH or current.planned or current.fixes >= MOST:
        return False
    row = next((row for row in reversed(current.trials) if row.role == "screen" and row.counts), None)
    coder: Any = engine.parts.coder(engine.config)
    if row is None or current.idea is None or not callable(getattr(coder, "fix", None)):
        return False
    ideas, clone, began = Ideas(engine), clone_of(engine), time.monotonic()
    clone.checkout(current.commit)
    tail = "\n".join(filter(None, (row.reason, last_lines(engine.loop.path / row.output, TAIL_LINES))))
    try:
        result: CoderResult = coder.fix(ideas.coder_task(clone, current.n, current.idea), tail)
        if result.ending == "stopped" or engine.interrupting():
            return True
        if not result.ok:
            return False
        candidate = clone.commit_candidate(f"{engine.loop.name} #{current.n}: mended after a crash\n")
    except UsageError:
        return False  # it changed nothing that it may change
    finally:
        clone.checkout(engine.state.head)
    diff = clone.diff(current.parent, candidate.sha)
    whole = dataclasses.replace(candidate, parent=current.parent)
    took, values = time.monotonic() - began, ideas.values(current.idea, clone)
    ideas.applied(whole, diff, values, coder.name, result.cost_usd, took, fixes=current.fixes + 1)
    return True
