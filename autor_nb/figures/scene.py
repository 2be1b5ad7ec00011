"""Where every mark of a figure lies, in pixels from its upper left corner, so that both drawings are one picture."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Literal

from autor_nb.figures.palette import GRID, TEXT

Anchor = Literal["left", "center", "right"]
_NARROW = frozenset(" ijlI.,:;'|!()[]ftr-·")
_WIDE = frozenset("mwMWGOQ@%—…")


@dataclass(frozen=True)
class Box:
    """A filled rectangle; a `hollow` one has an outline and no filling."""

    left: float
    top: float
    width: float
    height: float
    color: str
    hover: str = ""
    hollow: bool = False


@dataclass(frozen=True)
class Dot:
    """A mark whose shape is a row of scene.SHAPES."""

    x: float
    y: float
    shape: str
    color: str
    size: float = 9.0
    hover: str = ""


@dataclass(frozen=True)
class Line:
    """A line through points; a `stepped` one keeps its height until the next point."""

    points: tuple[tuple[float, float], ...]
    color: str = GRID
    width: float = 1.0
    dashed: bool = False
    stepped: bool = False


@dataclass(frozen=True)
class Words:
    """A text, its middle at the height `y`."""

    x: float
    y: float
    text: str
    anchor: Anchor = "left"
    color: str = TEXT
    size: float = 12.0
    bold: bool = False


# shape → (plotly symbol, matplotlib marker)
SHAPES: dict[str, tuple[str, str | tuple[int, int, int]]] = {
    "disc": ("circle", "o"),
    "ring": ("circle-open", "o"),
    "diamond": ("diamond", "D"),
    "triangle": ("triangle-up", "^"),
    "cross": ("x", "X"),
    "dash": ("line-ew-open", "_"),
    "bar": ("line-ns-open", "|"),
    "square": ("square", "s"),
    "open_diamond": ("diamond-open", "D"),
    "open_triangle": ("triangle-up-open", "^"),
    "open_down": ("triangle-down-open", "v"),
    "slash": ("line-ne-open", (2, 2, -45)),
}
OPEN_SHAPES = frozenset({"ring", "dash", "bar", "open_diamond", "open_triangle", "open_down", "slash"})


@dataclass
class Scene:
    """All marks of a figure; later ones of a kind lie over earlier ones, lines below boxes below dots below words."""

    width: int
    height: int = 0
    backs: list[Box] = field(default_factory=list)
    rules: list[Line] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)

    def box(self, left: float, top: float, width: float, height: float, color: str, hover: str = "") -> None:
        """Fill a rectangle."""
        self.boxes.append(Box(left, top, width, height, color, hover))

    def write(self, x: float, y: float, text: str, anchor: Anchor = "left", **how: object) -> None:
        """Put a text somewhere; nothing is written for no text."""
        if text:
            self.words.append(Words(x, y, text, anchor, **how))  # type: ignore[arg-type]

    def key(self, left: float, y: float, entries: list[tuple[str, str, str]]) -> None:
        """A legend in one line: (shape, colour, word) each; besides SHAPES: a `box`, a `thin` one, a `cut`."""
        for shape, color, word in entries:
            if shape in ("box", "thin"):
                high = 10 if shape == "box" else 4
                self.backs.append(Box(left, y - high / 2, 14, high, color))
            elif shape == "cut":
                for shift in (-2.5, 2.5):
                    self.lines.append(Line(((left + 5 + shift, y + 4), (left + 9 + shift, y - 4)), color, 1.1))
            else:
                self.dots.append(Dot(left + 7, y, shape, color, 8))
            self.write(left + 20, y, word, size=11.5)
            left += 20 + breadth(word, 11.5) + 22


def breadth(text: str, size: float = 12.0) -> float:
    """About how many pixels a text takes, rather too many than too few."""
    total = 0.0
    for sign in text:
        if unicodedata.east_asian_width(sign) in "WF":
            total += 1.05
        elif unicodedata.combining(sign):
            continue
        else:
            total += 0.38 if sign in _NARROW else 0.98 if sign in _WIDE else 0.72 if sign.isupper() else 0.63
    return total * size


def fitted(text: str, room: float, size: float = 12.0) -> str:
    """The text on one line, cut with an ellipsis where it does not fit."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    if breadth(line, size) <= room:
        return line
    kept = line[: max(1, int(room / size / 0.3))]
    while kept and breadth(kept + "…", size) > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def label_room(labels: list[str], size: float = 12.0, most: float = 230.0) -> float:
    """Pixels that a column of labels takes, at most `most`."""
    return min(most, max((breadth(fitted(label, most, size), size) for label in labels), default=0.0)) + 10
