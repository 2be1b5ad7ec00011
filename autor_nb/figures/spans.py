"""Spans of time in rows, on an axis of real time where long stretches without work are drawn short."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

from autor_nb.figures import twin
from autor_nb.figures.palette import GRID, INK, KINDS, MUTED, PANEL
from autor_nb.figures.scene import Line, Scene, breadth, fitted, label_room
from autor_nb.figures.ticks import clock, day, time_ticks

WIDTH = 820
ROW = 26
_TOP, _BOTTOM = 28, 66

SpanKind = Literal["work", "failed", "wait"]
_KINDS: dict[str, tuple[str, str]] = {
    "work": (KINDS["work"], "the agent works"),
    "failed": (KINDS["failed"], "no draft came of it"),
    "wait": (KINDS["wait"], "waits for a person"),
}


@dataclass(frozen=True)
class Span:
    """From `start` to `end`, in seconds since 1970; `note` says in words what it was."""

    start: float
    end: float
    kind: SpanKind
    note: str
    mark: str = ""


@dataclass(frozen=True)
class SpanRow:
    """A row of spans with its text columns."""

    label: str
    spans: tuple[Span, ...]
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Piece:
    """A stretch of the axis: moments on the left, pixels on the right; a `cut` one is drawn shorter than it was."""

    start: float
    end: float
    left: float
    right: float
    cut: bool


@dataclass(frozen=True)
class Spans:
    """Work and waiting apart: thick bars for work, thin ones for waiting."""

    name: str
    rows: tuple[SpanRow, ...]
    headers: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return WIDTH, _TOP + ROW * len(self.rows) + _BOTTOM if self.rows else 60

    @cached_property
    def _all(self) -> list[Span]:
        return [span for row in self.rows for span in row.spans]

    def pieces(self, left: float, right: float) -> list[Piece]:
        """The axis: every stretch in which anything works at its length, the others at most as long as is fair."""
        if not self._all:
            return []
        begin, end = min(span.start for span in self._all), max(span.end for span in self._all)
        end = max(end, begin + 1e-3)
        busy = _union([(span.start, span.end) for span in self._all if span.kind != "wait"])
        edges = [begin, *(moment for stretch in busy for moment in stretch), end]
        stretches = [(a, b, index % 2 == 1) for index, (a, b) in enumerate(pairwise(edges)) if b > a]
        worked = sum(b - a for a, b, works in stretches if works)
        idle = [b - a for a, b, works in stretches if not works]
        longest = worked / max(2, len(idle)) if worked else end - begin
        lengths = [b - a if works or b - a <= 1.5 * longest else longest for a, b, works in stretches]
        scale = (right - left) / sum(lengths)
        found, at = [], left
        for (a, b, _), length in zip(stretches, lengths, strict=True):
            found.append(Piece(a, b, at, at + length * scale, length < b - a))
            at += length * scale
        return found

    def scene(self) -> Scene:
        """Where everything lies."""
        scene = Scene(*self.size)
        if not self.rows:
            scene.write(4, 30, "No attempt yet.", color=MUTED)
            return scene
        left = 4 + label_room([row.label for row in self.rows], most=220)
        ends = self._column_ends()
        right = WIDTH - 14 - (ends[-1] if ends else 0)
        foot = _TOP + ROW * len(self.rows)
        pieces = self.pieces(left, right)
        for at, row in enumerate(self.rows):
            self._row(scene, row, _TOP + ROW * at, left, right, pieces)
        for header, end in zip(self.headers, ends, strict=True):
            scene.write(right + end, _TOP - 14, header, "right", color=MUTED, size=11.5)
            for at, row in enumerate(self.rows):
                text = row.columns[self.headers.index(header)] if row.columns else ""
                scene.write(right + end, _TOP + ROW * (at + 0.5), text, "right")
        self._axis(scene, pieces, left, right, foot)
        self._key(scene, pieces, 14, foot + 50)
        return scene

    def _row(self, scene: Scene, row: SpanRow, top: float, left: float, right: float, pieces: list[Piece]) -> None:
        middle = top + ROW / 2
        scene.rules.append(Line(((left, middle), (right, middle)), PANEL, ROW - 4))
        scene.write(left - 10, middle, fitted(row.label, left - 14), "right")
        for span in row.spans:
            x0, x1 = _x(pieces, span.start), _x(pieces, span.end)
            color = _KINDS[span.kind][0]
            note = self._hover(span)
            if span.kind == "wait":
                scene.box(x0, middle - 2, max(x1 - x0, 1.5), 4, color, note)
                continue
            scene.box(x0, middle - 8, max(x1 - x0 - 1, 1.5), 16, color, note)
            if span.mark and x1 - x0 >= breadth(span.mark, 11) + 6:
                scene.write((x0 + x1) / 2, middle, span.mark, "center", color=KINDS["on"], size=11)

    def _hover(self, span: Span) -> str:
        """Its words; of very many spans fewer of them, so that a figure stays light."""
        if len(self._all) <= 120:
            return span.note
        return (
            ""
            if span.kind == "wait"
            else span.note.replace("attempt ", "").replace("worked ", "").removesuffix(", finished")
        )

    def _axis(self, scene: Scene, pieces: list[Piece], left: float, right: float, foot: float) -> None:
        scene.rules.append(Line(((left, foot + 3), (right, foot + 3)), GRID, 1.2))
        cuts = [piece for piece in pieces if piece.cut]
        moments = self._moments(pieces, right - left)
        fine = bool(pieces) and pieces[-1].end - pieces[0].start < 600
        before, shown = -1e9, ""
        for at in moments:
            x = _x(pieces, at, after=True)
            text = clock(at, fine)
            date = "" if day(at) == shown else day(at) if shown else f"{day(at)} UTC"
            half = max(breadth(text, 11.5), breadth(date, 11)) / 2
            if x - half < before + 10 or x - half < left - 50 or x + half > right + 40:
                continue
            scene.rules.append(Line(((x, _TOP), (x, foot + 7)), GRID))
            scene.write(x, foot + 16, text, "center", size=11.5)
            scene.write(x, foot + 30, date, "center", color=MUTED, size=11)
            shown = day(at)
            before = x + half
        for piece in cuts if len(cuts) <= 40 else []:
            x = (piece.left + piece.right) / 2
            for shift in (-2.5, 2.5):
                scene.lines.append(Line(((x + shift - 2, foot + 7), (x + shift + 2, foot - 1)), INK, 1.1))

    def _moments(self, pieces: list[Piece], wide: float) -> list[float]:
        if not pieces:
            return []
        if not any(piece.cut for piece in pieces):
            return time_ticks(pieces[0].start, pieces[-1].end, max(2, int(wide / 80)))
        starts = [piece.start for before, piece in pairwise(pieces) if before.cut]
        return [pieces[0].start, *starts] if not pieces[0].cut else starts

    def _key(self, scene: Scene, pieces: list[Piece], left: float, y: float) -> None:
        used = {span.kind for span in self._all}
        entries = [
            ("thin" if kind == "wait" else "box", color, word) for kind, (color, word) in _KINDS.items() if kind in used
        ]
        if any(piece.cut for piece in pieces):
            entries.append(("cut", INK, "long waits, drawn short"))
        scene.key(left, y, entries)

    def _column_ends(self) -> list[float]:
        ends: list[float] = []
        at = 0.0
        for column, header in enumerate(self.headers):
            cells = [row.columns[column] for row in self.rows if column < len(row.columns)]
            at += 18 + max([breadth(header, 11.5), *(breadth(cell) for cell in cells)])
            ends.append(at)
        return ends

    def text(self) -> str:
        """The same as lines of text."""
        rows = [
            [row.label if first else "", clock(span.start, True), span.note]
            for row in self.rows
            for first, span in ((at == 0, span) for at, span in enumerate(row.spans))
        ]
        totals = [[row.label, *row.columns] for row in self.rows if row.columns]
        lines = [self.name, *twin.columns(["", "UTC", ""], rows)] if rows else [self.name, "No attempt yet."]
        right = range(1, len(self.headers) + 1)
        return "\n".join([*lines, "", *twin.columns(["", *self.headers], totals, right)] if totals else lines)


def _union(stretches: list[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _x(pieces: list[Piece], at: float, after: bool = False) -> float:
    """The pixel of a moment."""
    for piece in pieces:
        if at < piece.end or (at == piece.end and not after):
            share = (max(at, piece.start) - piece.start) / (piece.end - piece.start)
            return piece.left + share * (piece.right - piece.left)
    return pieces[-1].right if pieces else 0.0
