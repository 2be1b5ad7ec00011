"""A document with what stands beside it on disk: its formatted numbers, citable keys, figures and labels.

Renderers ask it what a part means; how it is written down is theirs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from autor_nb.domain.document import (
    Cite,
    Document,
    Figure,
    Inline,
    Math,
    Number,
    NumberEntry,
    Ref,
    Table,
    Words,
)
from autor_nb.store.bibliography import read_bibliography

ROWS_A_PAGE = 32  # a longer table is cut into several, because a float cannot break over pages
PROSE_CHARS = 34  # a left-aligned column with a longer cell wraps instead of running out of the page

# Characters that change what a reader sees without being seen: controls, bidi overrides, zero-width, tags.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\ufe00-\ufe0f\U000e0000-\U000e0fff]"
)


@dataclass(frozen=True)
class Manuscript:
    """What a renderer needs to know beside the text.

    `numbers` are formatted values by name; `keys` what the bibliography defines; `labels` maps each label
    that something bears to a name safe in any source language.
    """

    document: Document
    folder: Path
    numbers: dict[str, str]
    keys: frozenset[str]
    labels: dict[str, str]

    @property
    def workspace(self) -> Path:
        """Figure paths are relative to this."""
        return self.folder.parent

    @property
    def cited(self) -> list[str]:
        """Keys that are cited and defined, in order of first citation."""
        found = (key for part in _parts(self.document) if isinstance(part, Cite) for key in part.keys)
        return [key for key in dict.fromkeys(found) if key in self.keys]

    def figure_file(self, figure: Figure, suffixes: Iterable[str]) -> Path | None:
        """The figure's file with the first suffix that exists, only if it lies inside the workspace."""
        name = PurePosixPath(figure.path)
        if name.is_absolute() or ".." in name.parts or "\x00" in figure.path:
            return None
        for suffix in suffixes:
            path = self.workspace / f"{figure.path}{suffix}"
            try:
                inside = path.is_file() and path.resolve().is_relative_to(self.workspace.resolve())
            except OSError:
                continue
            if inside:
                return path
        return None

    def plain(self, parts: Iterable[Inline]) -> str:
        """Inline parts as one line of plain text, for PDF metadata and for measuring."""
        return " ".join("".join(self._plain_part(part) for part in parts).split())

    def _plain_part(self, part: Inline) -> str:
        match part:
            case Words():
                return visible(part.text)
            case Number():
                return self.numbers.get(part.name, "??")
            case Cite():
                return "[" + ", ".join(part.keys) + "]"
            case Math():
                return part.typst
            case Ref():
                return "??" if part.label not in self.labels else "Figure 1"

    def prose_columns(self, table: Table) -> list[int]:
        """The left-aligned columns whose cells are sentences."""
        return [
            column
            for column, align in enumerate(table.align)
            if align == "l"
            and max((len(self.plain(row[column])) for row in table.rows if column < len(row)), default=0) > PROSE_CHARS
        ]


def read_manuscript(document: Document, folder: Path) -> Manuscript:
    """The document with the files beside it in its writing folder; missing or broken files give nothing."""
    bibliography = PurePosixPath(document.bibliography).name
    return Manuscript(
        document=document,
        folder=folder,
        numbers=_read_numbers(folder / "numbers.json"),
        keys=read_bibliography(_content(folder / bibliography)).keys,
        labels=_labels(document),
    )


def visible(text: str) -> str:
    """Text without characters that are not seen, lone surrogates shown as `?`."""
    return _UNSEEN.sub("", text.encode("utf-8", "replace").decode().replace("\n", " ").replace("\t", " "))


def formatted(entry: NumberEntry) -> str:
    """The number as its Python format spec writes it; a spec that does not fit, the shortest exact form."""
    try:
        text = format(entry.value, entry.format)
    except (ValueError, TypeError):
        text = repr(entry.value)
    return text if len(text) <= 60 else repr(entry.value)


def chunks(table: Table) -> Iterator[tuple[tuple[tuple[Inline, ...], ...], ...]]:
    """The table's rows in parts that fit a page; one empty part for a table without rows."""
    for start in range(0, max(len(table.rows), 1), ROWS_A_PAGE):
        yield table.rows[start : start + ROWS_A_PAGE]


def file_stems(names: Iterable[str]) -> list[str]:
    """A safe and unique file stem for each section name, in order."""
    stems: list[str] = []
    for name in names:
        stem = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:60] or "section"
        if stem.lower() in (other.lower() for other in stems):
            stem = f"{stem}_{len(stems) + 1}"
        stems.append(stem)
    return stems


def safe_label(label: str) -> str:
    """The label if it is plain ASCII, else the part of it that is with a short hash."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9:_-]{0,60}", label):
        return label
    digest = hashlib.sha256(label.encode("utf-8", "replace")).hexdigest()[:8]
    return "l" + re.sub(r"[^A-Za-z0-9:-]+", "-", label)[:40] + "-" + digest


def _labels(document: Document) -> dict[str, str]:
    labels: dict[str, str] = {}
    for section in document.sections:
        labels.setdefault(section.name, safe_label(f"sec:{section.name}"))
        for block in section.blocks:
            if isinstance(block, Figure | Table):
                labels[block.label] = safe_label(block.label)
    return labels


def _parts(document: Document) -> Iterator[Inline]:
    yield from (*document.title, *document.notice, *document.abstract)
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Figure | Table):
                yield from block.caption
            if isinstance(block, Table):
                yield from block.note
                for row in (block.header, *block.rows):
                    for cell in row:
                        yield from cell
            elif not isinstance(block, Figure):
                items = block.items if hasattr(block, "items") else (block.content,)
                for item in items:
                    yield from item


def _read_numbers(path: Path) -> dict[str, str]:
    try:
        raw = msgspec.json.decode(_content(path), type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return {}
    numbers = {}
    for name, content in raw.items():
        try:
            numbers[name] = formatted(msgspec.json.decode(content, type=NumberEntry))
        except msgspec.DecodeError:
            continue  # the checks name it; the text shows that the number is missing
    return numbers


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
