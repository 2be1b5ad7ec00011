"""What a command printed, line by line from its end, in bounded memory however long the output or a line of it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

CHUNK = 256 * 1024
LINE_CAP = 1024 * 1024

Printed = Path | bytes | str | Sequence[str]


class Line(NamedTuple):
    """One line without its end; `offset` is where it begins in bytes. Of one beyond LINE_CAP only the end is here."""

    text: str
    offset: int


def backwards(printed: Printed, holding: bytes = b"") -> Iterator[Line]:
    """Lines from the last to the first; `\\r` ends one too (progress bars), undecodable bytes become U+FFFD.

    With `holding`, lines without these bytes may be left out, which makes a long output cheap to look through.
    """
    if isinstance(printed, Path):
        with printed.open("rb") as stream:

            def read(start: int, end: int) -> bytes:
                stream.seek(start)
                return stream.read(end - start)

            yield from _backwards(read, stream.seek(0, 2), holding)
        return
    whole = _bytes(printed)
    yield from _backwards(lambda start, end: whole[start:end], len(whole), holding)


def line_number(printed: Printed, offset: int) -> int:
    """The number, from 1, of the line that holds this byte."""
    if not isinstance(printed, Path):
        return _bytes(printed).count(b"\n", 0, offset) + 1
    count, left = 1, offset
    with printed.open("rb") as stream:
        while left > 0 and (chunk := stream.read(min(CHUNK, left))):
            count += chunk.count(b"\n")
            left -= len(chunk)
    return count


def _bytes(printed: bytes | str | Sequence[str]) -> bytes:
    if isinstance(printed, bytes):
        return printed
    text = printed if isinstance(printed, str) else "\n".join(printed)
    return text.encode("utf-8", "replace")


def _backwards(read: Callable[[int, int], bytes], size: int, holding: bytes) -> Iterator[Line]:
    position, carry = size, b""
    while position > 0:
        start = max(0, position - CHUNK)
        chunk = read(start, position)
        position = start
        # the beginning of the oldest line in hand is still to come, unless the file begins here
        whole = chunk + carry
        plain = whole.replace(b"\r", b"\n")
        first = plain.find(b"\n") + 1 if start else 0
        if start and not first:
            carry = whole[-LINE_CAP:]
            continue
        carry = whole[: first - 1] if start else b""
        if holding not in plain:
            continue
        end = len(plain)
        while end >= first:
            begin = plain.rfind(b"\n", first, end) + 1 or first
            if begin < end:
                text = plain[max(begin, end - LINE_CAP) : end]
                yield Line(text.decode("utf-8", "replace"), start + begin)
            end = begin - 1
