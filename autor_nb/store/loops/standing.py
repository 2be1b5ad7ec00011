"""A checkpoint of a loop's state: a cache beside the log, so that a long one need not be read from its beginning."""

from __future__ import annotations

import msgspec

from autor_nb.domain.loops.fold import LoopFold
from autor_nb.domain.loops.state import LoopState
from autor_nb.store import eventlog
from autor_nb.store.atomic import write_bytes
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.words import EVENTS

FORMAT = 5
WITNESS = 4096


class Standing(msgspec.Struct, kw_only=True):
    """A state as of `offset` in the log; `witness` is the hash of the bytes before it, so that another log is seen."""

    format: int
    offset: int
    witness: str
    state: LoopState


_decoder = msgspec.json.Decoder(Standing)


def save(loop: LoopFolder, state: LoopState) -> None:
    """Write the checkpoint; the caller holds the lock, and the state is that of the whole log."""
    offset = loop.events.stat().st_size
    made = Standing(format=FORMAT, offset=offset, witness=_witness(loop, offset), state=state)
    write_bytes(loop.standing, msgspec.json.encode(made), durable=False)


def load(loop: LoopFolder) -> tuple[LoopFold, int]:
    """A fold and the offset to go on reading from: those of the checkpoint if it fits the log, else of nothing."""
    try:
        made = _decoder.decode(loop.standing.read_bytes())
        fits = made.format == FORMAT and made.offset <= loop.events.stat().st_size
        if fits and made.witness == _witness(loop, made.offset):
            return LoopFold(made.state), made.offset
    except (OSError, msgspec.DecodeError, RecursionError):
        pass
    return LoopFold(), 0


def last_known(loop: LoopFolder) -> LoopState | None:
    """The state that the checkpoint holds, whether or not it fits the log."""
    try:
        made = _decoder.decode(loop.standing.read_bytes())
    except (OSError, msgspec.DecodeError, RecursionError):
        return None
    return made.state if made.format == FORMAT else None


def read(loop: LoopFolder) -> LoopState:
    """The loop's state now."""
    fold, offset = load(loop)
    events, _ = eventlog.read(loop.events, offset, EVENTS)
    return fold.apply(events)


def whole(loop: LoopFolder) -> LoopState:
    """The state by the whole log, whatever the checkpoint holds: a damage that lies before it shows too."""
    return LoopFold().apply(eventlog.read(loop.events, 0, EVENTS)[0])


def _witness(loop: LoopFolder, offset: int) -> str:
    import hashlib

    with loop.events.open("rb") as stream:
        stream.seek(max(0, offset - WITNESS))
        return hashlib.sha256(stream.read(min(WITNESS, offset))).hexdigest()
