"""A trial's output on disk: its beginning as it comes, and beyond a cap the end alone, in bounded memory."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from types import TracebackType

from autor_nb.domain.errors import StoreError

TAIL = 4 * 1024 * 1024
CUT = b"\n[output cut here: only its beginning and its end are kept]\n"


class Spill:
    """The file; `cut` bytes were left out of it between its beginning and its end when it is closed."""

    def __init__(self, path: Path, cap: int) -> None:
        self.path, self.bytes, self.cut = path, 0, 0
        self._tail_room = min(TAIL, cap // 2)
        self._head_room = cap - self._tail_room
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = path.open("wb", buffering=0)
        except OSError as error:
            raise self._lost(error) from error

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def write(self, chunk: bytes) -> None:
        """Take the next of the output."""
        self.bytes += len(chunk)
        if not self._tail:
            room = min(self._head_room, len(chunk))
            self._put(chunk[:room])
            self._head_room -= room
            chunk = chunk[room:]
        if chunk:
            self._tail.append(chunk)
            self._tail_bytes += len(chunk)
            while self._tail_bytes - len(self._tail[0]) >= self._tail_room:
                gone = len(self._tail.popleft())
                self._tail_bytes -= gone
                self.cut += gone

    def close(self) -> None:
        """Complete the file: nothing is written to it later."""
        if self._stream.closed:
            return
        try:
            if self.cut:
                self._drop_half_lines()
                self._put(CUT)
            for chunk in self._tail:
                self._put(chunk)
        finally:
            self._tail.clear()
            self._stream.close()

    def _drop_half_lines(self) -> None:
        """What a cut leaves of a line on either side could be read as another number than was printed."""
        with self.path.open("rb") as written:
            size = written.seek(0, 2)
            start = max(0, size - 65536)
            written.seek(start)
            ended = written.read().rfind(b"\n")
        keep = start + ended + 1 if ended >= 0 else start
        self._stream.truncate(keep)
        self._stream.seek(keep)
        self.cut += size - keep
        while self._tail:
            first = self._tail.popleft()
            end = first.find(b"\n")
            self.cut += len(first) if end < 0 else end + 1
            if end >= 0:
                self._tail.appendleft(first[end + 1 :])
                return

    def _put(self, chunk: bytes) -> None:
        view = memoryview(chunk)
        try:
            while view:
                view = view[self._stream.write(view) or 0 :]
        except OSError as error:
            raise self._lost(error) from error

    def _lost(self, error: OSError) -> StoreError:
        return StoreError(
            f"The output of a trial cannot be written to {self.path.name}: {error.strerror}.",
            "Free some space there, then start again.",
            str(self.path),
        )
