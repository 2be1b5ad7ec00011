"""A paper as a document model: one structure from which every renderer makes its sources.

Text is a list of inline parts, so that nothing is ever markup by accident: a renderer escapes every `Words`.
Numbers never stand in text: they are `Number` parts that name an entry of `writing/numbers.json`.
"""

from __future__ import annotations

from typing import Union

import msgspec

COUNTABLE = ("references and figures", "completeness")
"""What a program can judge of a paper, by counting."""
REVIEWED = (
    "narrative clarity",
    "claims–evidence alignment",
    "technical rigor",
    "experiment design",
    "writing quality",
    "structure and flow",
    *COUNTABLE,
)
"""What a review of a paper scores."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag=str.lower):
    """Base of tagged parts."""


class Words(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """Plain text; `style`: "" · emph · strong · code."""

    text: str
    style: str = ""


class Number(_Part, frozen=True, kw_only=True):
    """A computed number, by its name in numbers.json; rendered as the macro of that name."""

    name: str


class Cite(_Part, frozen=True, kw_only=True):
    """Citations by bibliography key."""

    keys: tuple[str, ...]


class Math(_Part, frozen=True, kw_only=True):
    """Inline mathematics, as LaTeX and as Typst source, written by a program, never taken from data."""

    latex: str
    typst: str


class Ref(_Part, frozen=True, kw_only=True):
    """A reference to a figure, table or section by its label."""

    label: str


Inline = Union[Words, Number, Cite, Math, Ref]  # noqa: UP007


class Paragraph(_Part, frozen=True, kw_only=True):
    """One paragraph."""

    content: tuple[Inline, ...]


class Bullets(_Part, frozen=True, kw_only=True):
    """A list."""

    items: tuple[tuple[Inline, ...], ...]


class Figure(_Part, frozen=True, kw_only=True):
    """A figure: `path` relative to the workspace without suffix (both .pdf and .png exist)."""

    label: str
    path: str
    caption: tuple[Inline, ...]
    width: float = 0.9


class Table(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A table; `align` has one of l c r per column."""

    label: str
    caption: tuple[Inline, ...]
    align: str
    header: tuple[tuple[Inline, ...], ...]
    rows: tuple[tuple[tuple[Inline, ...], ...], ...]
    note: tuple[Inline, ...] = ()


Block = Union[Paragraph, Bullets, Figure, Table]  # noqa: UP007


class Section(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A section; `name` is its file's stem under writing/sections. `results`: bare numerals are forbidden in it."""

    name: str
    title: str
    blocks: tuple[Block, ...]
    level: int = 1
    results: bool = False
    appendix: bool = False


class NumberEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One number of writing/numbers.json (an object name → entry).

    `value` is the number, `file` where it was read (relative to the workspace), `pointer` an RFC 6901 JSON
    pointer into that file (for .csv: /row/column with 0-based row), `format` a Python format spec (".2f", "d").
    """

    value: float | int
    file: str
    pointer: str
    format: str


class Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A whole paper (`writing/document.json`)."""

    title: tuple[Inline, ...]
    authors: tuple[str, ...]
    date: str
    notice: tuple[Inline, ...]
    abstract: tuple[Inline, ...]
    sections: tuple[Section, ...]
    bibliography: str = "references.bib"
    keywords: tuple[str, ...] = ()
