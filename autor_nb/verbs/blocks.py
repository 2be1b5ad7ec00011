"""What a verb's answer is made of: a few kinds of blocks; how they are drawn is `draw`'s.

A block holds foreign text as it is; whoever draws it makes it safe. Commands stand in backticks.
"""

from __future__ import annotations

from typing import Union

import msgspec

from autor_nb.verbs import clean


class Mark(msgspec.Struct, frozen=True):
    """A status word; it chooses its glyph and its colour, and is never shown by colour alone."""

    word: str


Cell = Union[str, Mark]  # noqa: UP007 - msgspec reads it


class Heading(msgspec.Struct, frozen=True):
    """The first line of a card: what it is about, how that stands, and a word of detail."""

    text: str
    mark: Mark | None = None
    aside: str = ""


class Para(msgspec.Struct, frozen=True):
    """A paragraph; `quiet` for what is read second."""

    text: str
    quiet: bool = False


class Facts(msgspec.Struct, frozen=True):
    """Names and values, side by side; empty values are left out."""

    pairs: tuple[tuple[str, Cell], ...]


class Table(msgspec.Struct, frozen=True):
    """Rows under column names."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""


class Items(msgspec.Struct, frozen=True):
    """A numbered list."""

    items: tuple[str, ...]
    title: str = ""


class Verbatim(msgspec.Struct, frozen=True):
    """Text whose lines stay as they are."""

    text: str
    title: str = ""


class Prose(msgspec.Struct, frozen=True):
    """Markdown written by an agent or a person: rendered, never trusted."""

    text: str
    title: str = ""
    folded: bool = False


class Next(msgspec.Struct, frozen=True):
    """The next steps: what to type, and why."""

    steps: tuple[tuple[str, str], ...]


Block = Union[Heading, Para, Facts, Table, Items, Verbatim, Prose, Next]  # noqa: UP007

GOOD = {"approved", "completed", "complete", "passed", "ok", "found", "same", "yes", "keep"}
BAD = {"failed", "fail", "aborted", "timed_out", "lost", "blocking", "missing", "differs", "error"}
BAD |= {"crash", "timeout", "tampered"}
CARE = {
    "in_review",
    "warning",
    "warn",
    "stale",
    "paused",
    "interrupted",
    "waived",
    "refined",
    "stopped",
    "waits",
    "inconclusive",
    "untested",
}
BUSY = {"running", "working", "advance"}


def tone(mark: Mark) -> str:
    """good · bad · care · busy · idle."""
    for name, words in (("good", GOOD), ("bad", BAD), ("care", CARE), ("busy", BUSY)):
        if mark.word in words:
            return name
    return "idle"


GLYPHS = {"good": "●", "bad": "✕", "care": "▲", "busy": "◐", "idle": "○"}


def marked(mark: Mark) -> str:
    """Glyph and word; the words are ours, but a log may hold any."""
    return f"{GLYPHS[tone(mark)]} {clean.line(mark.word.replace('_', ' '), 40)}"
