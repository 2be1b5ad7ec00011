"""What the agents said as cards: pages of one attempt, and a tail that follows whichever attempt speaks now."""

from __future__ import annotations

import contextlib
import json
import os
from collections import deque
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from autor_nb.desk.cards import KINDS, card
from autor_nb.desk.lines import BUFFER, LINE_CAP, Calls, Key, decoded, head_of, is_shown, took, whole_lines
from autor_nb.store import rawlog
from autor_nb.store.layout import RunFolder

PAGE = 200
SEARCH_CHARS = 200
TAIL_BYTES = 1 << 18
# What cards are titled though no agent said it; a search finds these too.
_TITLES = (
    "run a command", "edit a file", "write a file", "read a file", "fetch a page", "search the web", "plan",
    "session started", "says it is done", "says it failed", "ok", "failed", "lines",
)  # fmt: skip
_Held = tuple[int, bytes, bytes]  # the card's number, its line, when its call began


def page_of(
    run: RunFolder,
    stage: str,
    attempt: int,
    before: int | None = None,
    count: int = 50,
    search: str = "",
    kinds: Collection[str] = (),
) -> dict[str, Any]:
    """The newest `count` cards before number `before` that match, with how many there are and how many match."""
    wanted = {name.encode() for name, kind in KINDS.items() if kind in kinds} if kinds else None
    needle = _Needle(search) if search.strip() else None
    held: deque[_Held] = deque(maxlen=max(1, min(count, PAGE)))
    total = matched = 0
    for number, kind, line, began in _of_attempt(run, (stage.encode("utf-8", "replace"), attempt)):
        total = number
        if (wanted is not None and kind not in wanted) or (needle is not None and not needle.found_in(kind, line)):
            continue
        matched += 1
        if before is None or number < before:
            held.append((number, line, began))
    return {"cards": _cards(held), "total": total, "matched": matched}


def _of_attempt(run: RunFolder, key: Key) -> Iterator[tuple[int, bytes, bytes, bytes]]:
    """(number, kind, line, when its call began) of every event that is a card; an attempt's lines lie together."""
    calls, number, met = Calls(), 0, False
    with contextlib.ExitStack() as stack:
        for stream in _opened(run, stack):
            for line, _ in whole_lines(stream):
                head = head_of(line)
                if head is None:
                    continue
                of, kind, at = head
                if of != key:
                    if met:
                        return
                    continue
                met = True
                if is_shown(kind):
                    number += 1
                    yield number, kind, line, calls.began(kind, line, at)


def _cards(held: Collection[_Held]) -> list[dict[str, Any]]:
    cards = []
    for number, line, began in held:
        event = decoded(line)
        if event is not None and event.get("type") in KINDS:
            cards.append(card(number, event, took(began, event)))
    return cards


class _Needle:
    """A search; most lines are told by their bytes, and only what may match is decoded."""

    def __init__(self, search: str) -> None:
        self.text = " ".join(search[:SEARCH_CHARS].split()).lower()
        clean = self.text.encode("utf-8", "replace").decode("utf-8")
        self._bytes = msgspec.json.encode(clean)[1:-1]
        self._in_titles = any(self.text in title for title in _TITLES)

    def found_in(self, kind: bytes, line: bytes) -> bool:
        """Whether an event says it, in any case of letters."""
        if self._in_titles and kind not in (b"text", b"thinking", b"notice"):
            event = decoded(line)
            if event is not None and self.text in card(0, event)["title"].lower():
                return True
        lower = line.lower() if self._bytes.isascii() else line.decode("utf-8", "replace").lower().encode("utf-8")
        if self._bytes not in lower:
            return False
        event = decoded(line)
        return event is not None and any(self.text in text.lower() for text in _texts(event))


def _texts(event: dict[str, Any]) -> Iterator[str]:
    for name in ("text", "name", "output", "detail", "session_id"):
        if isinstance(event.get(name), str):
            yield event[name]
    given = event.get("input")
    for key, value in given.items() if isinstance(given, dict) else ():
        yield str(key)
        yield value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


class FeedTail:
    """Follows the attempt that speaks now, by position, through rotation; one thread may use it."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.total = 0
        self._log = run.raw_log
        self._inode = self._offset = 0
        self._key: Key = (b"", 0)
        self._calls = Calls()
        self._held: deque[_Held] = deque()

    def read(self, limit: int = 50) -> dict[str, Any] | None:
        """What is new, newest last, at most `limit` cards, the rest counted; None if there is nothing."""
        try:
            status = self._log.stat()
        except OSError:
            return None
        if (status.st_ino, status.st_size) == (self._inode, self._offset):
            return None
        key, before = self._key, self.total
        self._held = deque(maxlen=max(1, limit))
        for path, inode, offset in self._to_read(status):
            if not self._follow(path, inode, offset):
                break  # rotated meanwhile: the next reading goes on from here
        new = self.total - (before if self._key == key else 0)
        if not new:
            return None
        cards = _cards(self._held)
        self._held.clear()
        return {
            "stage": self._key[0].decode("utf-8", "replace"),
            "attempt": self._key[1],
            "total": self.total,
            "skipped": new - len(cards),
            "cards": cards,
        }

    def _to_read(self, status: os.stat_result) -> list[tuple[Path, int, int]]:
        """(file, inode, position) of what was not read, oldest first."""
        if status.st_ino == self._inode:
            return [(self._log, self._inode, self._offset if status.st_size >= self._offset else 0)]
        files = _standing(self.run)
        if not self._inode:
            return [(path, inode, 0) for path, inode in _since_the_attempt_began(files)]
        mine = next((at for at, (_, inode) in enumerate(files) if inode == self._inode), None)
        if mine is None:  # what was being read is gone, with what came after it
            return [(path, inode, 0) for path, inode in files]
        return [(path, inode, self._offset if at == 0 else 0) for at, (path, inode) in enumerate(files[mine:])]

    def _follow(self, path: Path, inode: int, offset: int) -> bool:
        try:
            stream = path.open("rb", buffering=BUFFER)
        except OSError:
            return False
        with stream:
            if os.fstat(stream.fileno()).st_ino != inode:
                return False
            self._inode, self._offset = inode, offset
            stream.seek(offset)
            for line, size in whole_lines(stream):
                self._offset += size
                self._take(line)
        return True

    def _take(self, line: bytes) -> None:
        head = head_of(line)
        if head is None:
            return
        key, kind, at = head
        if key != self._key:
            self._key, self.total, self._calls = key, 0, Calls()
            self._held.clear()
        if is_shown(kind):
            self.total += 1
            self._held.append((self.total, line, self._calls.began(kind, line, at)))


def _standing(run: RunFolder) -> list[tuple[Path, int]]:
    """The log's files with their inodes, oldest first, seen twice alike so that no rotation came between."""
    seen: list[tuple[Path, int]] = []
    for _ in range(5):
        found = []
        for path in rawlog.parts(run):
            with contextlib.suppress(OSError):
                found.append((path, path.stat().st_ino))
        if found == seen:
            break
        seen = found
    return seen


def _opened(run: RunFolder, stack: contextlib.ExitStack) -> list[IO[bytes]]:
    """All files of the log, oldest first, opened before one is read: then a rotation takes none away."""
    streams: list[IO[bytes]] = []
    for _ in range(5):
        streams, inodes = [], []
        for path, _inode in _standing(run):
            with contextlib.suppress(OSError):
                streams.append(stack.enter_context(path.open("rb", buffering=BUFFER)))
                inodes.append(os.fstat(streams[-1].fileno()).st_ino)
        if inodes == [inode for _, inode in _standing(run)]:
            break
    return streams


def _since_the_attempt_began(files: list[tuple[Path, int]]) -> list[tuple[Path, int]]:
    """The files that hold lines of the attempt which spoke last; the oldest of them may hold others' before."""
    current: Key | None = None
    kept: list[tuple[Path, int]] = []
    for path, inode in reversed(files):
        kept.insert(0, (path, inode))
        first, last = _ends(path)
        current = current or last
        if current is not None and first is not None and first != current:
            break
    return kept


def _ends(path: Path) -> tuple[Key | None, Key | None]:
    """Whose the first and the last whole lines of a file are."""
    try:
        with path.open("rb") as stream:
            first = head_of(stream.readline(LINE_CAP))
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - TAIL_BYTES))
            lines = stream.read(TAIL_BYTES).split(b"\n")[:-1]
    except OSError:
        return None, None
    last = next((head for line in reversed(lines) if (head := head_of(line)) is not None), None)
    return first[0] if first else None, last[0] if last else None
