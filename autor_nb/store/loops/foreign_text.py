"""The bytes of a file that other programs wrote, as lines of text: whatever they took for text is read without loss."""

from __future__ import annotations

import codecs

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def lines(content: bytes) -> list[bytes]:
    """The lines, without the mark that some editors put first; UTF-16, as a shell of Windows writes, as UTF-8."""
    if content.startswith(_UTF16):
        content = content.decode("utf-16", "replace").encode("utf-8", "replace")
    first, *rest = content.split(b"\n")
    return [first.removeprefix(codecs.BOM_UTF8), *rest]


def decoded(line: bytes) -> str:
    """The line as UTF-8, else as the Western table that programs of Windows still write."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")
