"""Everything the agents said: `logs_raw.jsonl`, one event a line with its stage, attempt and time.

Not flushed to disk line by line and not part of the truth. It is rotated by size; old parts are
`logs_raw.1.jsonl` (newest) and upwards, and the oldest go.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from autor_nb.domain.ports import AgentEvent
from autor_nb.store import surrogates
from autor_nb.store.eventlog import utc_now
from autor_nb.store.layout import RunFolder

PART_BYTES = 16 * 1024 * 1024
PARTS = 8
TEXT_CAP = 64 * 1024


class RawLog:
    """The appending end, held by the engine for one attempt: one thread may write while another flushes."""

    def __init__(self, run: RunFolder, stage: str, attempt: int) -> None:
        self.path, self.stage, self.attempt = run.raw_log, stage, attempt
        self._stream: IO[bytes] = self.path.open("ab")
        self._size = self._stream.tell()
        self.count = 0
        self._turn = threading.Lock()  # a flush must not meet a file that a rotation has just closed

    def write(self, event: AgentEvent) -> None:
        """Append one event; a very long text is cut, and says so."""
        said = {"at": utc_now(), "stage": self.stage, "attempt": self.attempt, **msgspec.to_builtins(event)}
        line = surrogates.encode(said) + b"\n"
        if len(line) > TEXT_CAP:
            line = msgspec.json.encode({key: _cut(value) for key, value in surrogates.escaped(said).items()}) + b"\n"
        with self._turn:
            if self._size and self._size + len(line) > PART_BYTES:
                self._rotate()
            self._stream.write(line)
            self._size += len(line)
            self.count += 1

    def flush(self) -> None:
        """Let readers see what was written so far."""
        with self._turn:
            self._stream.flush()

    def close(self) -> None:
        """Release the file."""
        with self._turn:
            self._stream.close()

    def _rotate(self) -> None:
        for number in range(PARTS - 1, 0, -1):
            part = _part(self.path, number)
            if part.exists():
                part.replace(_part(self.path, number + 1)) if number + 1 < PARTS else part.unlink()
        self.path.replace(_part(self.path, 1))
        fresh = self.path.open("ab")  # before the old one is let go: where this fails, there is still one to write to
        self._stream.close()
        self._stream, self._size = fresh, 0


def parts(run: RunFolder) -> list[Path]:
    """Where its parts lie if they are there, oldest first; the last is the one that grows."""
    return [*(_part(run.raw_log, number) for number in range(PARTS - 1, 0, -1)), run.raw_log]


def _part(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}.{number}{path.suffix}")


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > TEXT_CAP // 8:
        return f"{value[: TEXT_CAP // 8]}… ({len(value):,} characters, cut)"
    if isinstance(value, dict):
        whole = msgspec.json.encode(value)
        return value if len(whole) < TEXT_CAP // 4 else {"cut": f"{len(whole):,} bytes"}
    return value


def read(run: RunFolder, stage: str | None = None, attempt: int | None = None) -> Iterator[dict[str, Any]]:
    """What was said, oldest first, of one stage or attempt if given; lines that are torn are passed over."""
    for path in parts(run):
        if not path.is_file():
            continue
        with path.open("rb") as stream:
            for line in stream:
                try:
                    said = msgspec.json.decode(line)
                except (msgspec.DecodeError, RecursionError):
                    continue
                if (
                    isinstance(said, dict)
                    and (stage is None or said.get("stage") == stage)
                    and (attempt is None or said.get("attempt") == attempt)
                ):
                    yield said
