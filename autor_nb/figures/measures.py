"""Several measures of the same rows beside one another: one panel of bars each, with its own scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from autor_nb.figures import twin
from autor_nb.figures.palette import GRID, KINDS, MUTED
from autor_nb.figures.scene import Line, Scene, breadth, fitted, label_room
from autor_nb.figures.ticks import nice_end, nice_ticks, short_words

WIDTH = 820
ROW = 24
GAP = 30
_TOP = 34


@dataclass(frozen=True)
class Measure:
    """One panel. `parts` are (word, key of palette.KINDS); `values` one number a part by row, None where unknown."""

    name: str
    parts: tuple[tuple[str, str], ...]
    values: tuple[tuple[float | None, ...], ...]
    words: Callable[[float], str] = "{:g}".format

    def total(self, row: int) -> float | None:
        """The sum of what is known of a row."""
        known = [value for value in self.values[row] if value is not None]
        return sum(known) if known else None

    def said(self, row: int) -> str:
        """The row's total in words."""
        total = self.total(row)
        return "–" if total is None else self.words(total)


@dataclass(frozen=True)
class Measures:
    """Rows × measures; a row without a number says so with a dash."""

    name: str
    labels: tuple[str, ...]
    measures: tuple[Measure, ...]
    note: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        if not self.labels:
            return WIDTH, 60
        return WIDTH, _TOP + ROW * len(self.labels) + 26 + (28 if self._parts or self.note else 0)

    @property
    def _parts(self) -> list[tuple[str, str]]:
        """The legend: parts that some row has, of measures that have several."""
        found = []
        for measure in self.measures:
            for at, (word, kind) in enumerate(measure.parts):
                if len(measure.parts) > 1 and any(values[at] for values in measure.values):
                    found.append((word, KINDS[kind]))
        return list(dict.fromkeys(found))

    def scene(self) -> Scene:
        """Where everything lies."""
        scene = Scene(*self.size)
        if not self.labels:
            scene.write(4, 30, "No attempt yet.", color=MUTED)
            return scene
        left = 4 + label_room(list(self.labels), most=220)
        for at, label in enumerate(self.labels):
            scene.write(left - 10, _TOP + ROW * (at + 0.5), fitted(label, left - 14), "right")
        many = max(1, len(self.measures))
        wide = (WIDTH - left - 16 - GAP * (many - 1)) / many
        for index, measure in enumerate(self.measures):
            self._panel(scene, measure, left + index * (wide + GAP), wide)
        foot = self.size[1] - 14
        scene.key(left, foot, [("box", color, word) for word, color in self._parts])
        if self.note:
            scene.write(WIDTH - 16, foot, self.note, "right", color=MUTED, size=11.5)
        return scene

    def _panel(self, scene: Scene, measure: Measure, left: float, wide: float) -> None:
        foot = _TOP + ROW * len(self.labels)
        scene.write(left, 14, measure.name, bold=True)
        scene.write(left + breadth(measure.name) * 1.08 + 10, 14, self._whole(measure), color=MUTED)
        totals = [measure.total(row) or 0.0 for row in range(len(self.labels))]
        said = [measure.said(row) for row in range(len(self.labels))]
        room = wide - 8 - max(breadth(word, 11.5) for word in said)
        end = nice_end(max(totals), 4) if any(totals) else 0.0
        step = room / end if end else 0.0
        for tick in nice_ticks(0, end, 4) if end else []:
            x = left + tick * step
            scene.rules.append(Line(((x, _TOP), (x, foot + 4)), GRID))
        for tick, word in self._labelled(measure, end, step):
            scene.write(left + tick * step, foot + 13, word, "center", color=MUTED, size=11)
        scene.rules.append(Line(((left, _TOP), (left, foot)), GRID, 1.4))
        for row, values in enumerate(measure.values):
            at, middle = left, _TOP + ROW * (row + 0.5)
            for (word, kind), value in zip(measure.parts, values, strict=True):
                if value:
                    hover = f"{self.labels[row]}: {measure.words(value)}" + (f", {word}" if word else "")
                    scene.box(at, middle - 7, value * step, 14, KINDS[kind], hover)
                    at += value * step
            scene.write(at + 6, middle, said[row], color=MUTED, size=11.5)

    def _labelled(self, measure: Measure, end: float, step: float) -> list[tuple[float, str]]:
        """Ticks whose labels do not touch."""
        kept: list[tuple[float, str]] = []
        ticks = nice_ticks(0, end, 4) if end else []
        for tick, word in zip(ticks, short_words(list(map(measure.words, ticks))), strict=True):
            half = breadth(word, 11) / 2
            if not kept or (tick - kept[-1][0]) * step > half + breadth(kept[-1][1], 11) / 2 + 8:
                kept.append((tick, word))
        return kept

    def _whole(self, measure: Measure) -> str:
        """The sum over all rows in words; nothing for a single row."""
        known = [total for row in range(len(self.labels)) if (total := measure.total(row)) is not None]
        return f"{measure.words(sum(known))} in all" if len(known) > 1 else ""

    def text(self) -> str:
        """The same as lines of text."""
        head = [""]
        for measure in self.measures:
            head += [measure.name, *(word for word, _ in measure.parts)] if len(measure.parts) > 1 else [measure.name]
        rows = []
        for row, label in enumerate(self.labels):
            cells = [label]
            for measure in self.measures:
                cells.append(measure.said(row))
                if len(measure.parts) > 1:
                    cells += ["–" if value is None else measure.words(value) for value in measure.values[row]]
            rows.append(cells)
        sums = ["  ".join(filter(None, (measure.name, self._whole(measure)))) for measure in self.measures]
        lines = [self.name, *twin.columns(head, rows, range(1, len(head)))] if rows else [self.name, "Nothing yet."]
        lines += [said for said, measure in zip(sums, self.measures, strict=True) if self._whole(measure)]
        return "\n".join([*lines, self.note] if self.note else lines)
