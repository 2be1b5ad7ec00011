"""A loop's log with lines in it that are no events: they are set aside, what the views still know is put back.

Nothing that was there is thrown away, and what is missing is told: by an event in each missing one's place, and by one
at the end.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autor_nb.domain.errors import DamagedLogError
from autor_nb.domain.events import ENGINE, Damaged, Event, LogRecovered, Unknown
from autor_nb.domain.run import Actor
from autor_nb.store import eventlog
from autor_nb.store.atomic import write_bytes
from autor_nb.store.eventlog import utc_now
from autor_nb.store.loops import restoring
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.words import EVENTS

FOLDER = "damaged"
MOST_MISSING = 100_000


def whole(loop: LoopFolder) -> list[Event | Unknown]:
    """Every event of the log, mended first where it must be; the caller holds the lock and has not opened it."""
    events, _ = eventlog.read(loop.events, 0, EVENTS)
    if is_hurt(events):
        mend(loop)
        events, _ = eventlog.read(loop.events, 0, EVENTS)
    return events


def is_hurt(events: list[Any], after: int = 0) -> bool:
    """Whether a line of these is no event, or a number is missing; `after` is the number before the first."""
    for event in events:
        if isinstance(event, Damaged) or event.seq > after + 1:
            return True
        after = max(after, event.seq)
    return False


def mend(loop: LoopFolder, by: Actor = ENGINE, *, asked: bool = False) -> LogRecovered | None:
    """Set aside what is no event and put back what is known of it; None where nothing was wrong.

    A line that may be a newer version's is set aside only if a person `asked` for it. The caller holds the lock.
    """
    events, end = eventlog.read(loop.events, 0, EVENTS)
    if not is_hurt(events):
        return None
    damaged = [event for event in events if isinstance(event, Damaged)]
    good = [event for event in events if not isinstance(event, Damaged)]
    _refuse(loop, damaged, asked)
    present = {event.seq for event in good}
    top = max(present, default=0)
    if top - len(present) > MOST_MISSING:
        raise _refusal(loop, f"{top - len(present):,} events are missing from its log")
    missing = [seq for seq in range(1, top + 1) if seq not in present]
    behind = next((n for n, event in enumerate(reversed(events)) if not isinstance(event, Damaged)), len(events))
    found = restoring.restored(loop, good, missing, range(top + 1, top + 1 + behind))
    if 1 in missing and 1 not in found:
        raise _refusal(loop, "the line that its log begins with is damaged, and no checkpoint of it is left")
    folder = loop.path / FOLDER / datetime.now(UTC).strftime("%Y%m%d_%H%M%S_%f")
    content = loop.events.read_bytes()
    write_bytes(folder / loop.events.name, content)
    if loop.experiments.is_file():
        write_bytes(folder / loop.experiments.name, loop.experiments.read_bytes())
    kept_in = folder.relative_to(loop.path).as_posix()
    told = LogRecovered(
        seq=max([top, *found]) + 1, at=utc_now(), line=damaged[0].line if damaged else missing[0], lines=len(damaged),
        kept_in=kept_in, missing=tuple(seq for seq in missing if seq not in found)[:200], restored=tuple(sorted(found)),
        by=by,
    )  # fmt: skip
    lines = [line for line in content[:end].split(b"\n") if line.strip()]
    write_bytes(loop.events, _mended(lines, missing, found, told))
    return told


def _mended(lines: list[bytes], missing: list[int], found: dict[int, Event], told: LogRecovered) -> bytes:
    """The log anew: every good line as it was, and in the place of each missing one what is known of it."""
    made, waiting, at = list[bytes](), list(missing), ""

    def put(before: int) -> None:
        while waiting and waiting[0] < before:
            seq = waiting.pop(0)
            gap = LogRecovered(seq=seq, at=at or told.at, line=0, kept_in=told.kept_in, missing=(seq,))
            made.append(eventlog.encode(found.get(seq, gap)))

    for line in lines:
        event = eventlog.decode(line, 0, EVENTS)
        if isinstance(event, Damaged):
            continue
        put(event.seq)
        made.append(line)
        at = event.at or at
    made += [eventlog.encode(found[seq]) for seq in sorted(found) if seq not in missing]
    return b"".join(line + b"\n" for line in (*made, eventlog.encode(told)))


def _refuse(loop: LoopFolder, damaged: list[Damaged], asked: bool) -> None:
    """What cannot be read at all is not mended by writing it; what may be a newer version's is for a person to say."""
    for event in damaged:
        if not event.line:
            raise _refusal(loop, str(event))
        if event.seq > 0 and event.type in EVENTS.known and not asked:
            raise _refusal(loop, f"{event}; it may be of a newer version")


def _refusal(loop: LoopFolder, why: str) -> DamagedLogError:
    return DamagedLogError(
        f"Loop {loop.name} cannot go on: {why}.",
        "`autor recover` sets the line aside and keeps it; if a newer autor-nb wrote it, upgrade. A copy of its "
        "events.jsonl from a backup, put in its place, loses nothing.",
        path=str(loop.events),
    )


def folders(loop: LoopFolder) -> list[Path]:
    """Where what was set aside is kept, oldest first."""
    place = loop.path / FOLDER
    return sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []
