"""What somebody outside edits in the clone, for the coder `external`: never thrown away with the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autor_nb.domain.errors import AutorError
from autor_nb.engine.loops.canary import BROKEN
from autor_nb.store.loops import edits
from autor_nb.store.loops.clone import Clone

if TYPE_CHECKING:
    from autor_nb.engine.loops.engine import LoopEngine


def guard(engine: LoopEngine, clone: Clone) -> None:
    """Have every edit kept aside before the tree is put back; for the coder that waits for edits only."""
    if engine.config.coder.agent == "external":
        clone.before_checkout = lambda: _keep(engine, clone)


def _keep(engine: LoopEngine, clone: Clone) -> None:
    """What a run may have written itself is kept as well, but is put back by nobody but a person."""
    ran, clone.lent = clone.lent, False
    current = engine.state.current
    vetoed = current is not None and current.vetoed_by is not None
    try:
        if laid := clone.laid():
            clone.rest_on(laid)
        found = {path: content for path, content in edits.left(clone).items() if content != BROKEN}
    except (AutorError, OSError):
        return  # a tree that a kill left half made cannot be compared with anything
    if found:
        edits.keep(engine.loop, found, clone.head(), pending=not ran and not vetoed)
