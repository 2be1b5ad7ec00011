"""The pictures of one report: so many bytes in all and for each, and the names of those that found no room."""

from __future__ import annotations

from collections.abc import Callable

from autor_nb.desk import clean
from autor_nb.export.parts import picture
from autor_nb.record.markup import NOTHING, Shown, Words, caption, stack
from autor_nb.record.units import count_words, size_words

TOTAL_BYTES = 2_100_000  # base64 adds a third: with its texts a whole report stays below 5 MB
PICTURE_BYTES = 420_000
WIDTHS = (1_200, 900, 640, 420)


class Album:
    """Pictures are taken in one after the other; what is too large is drawn smaller, then left out by name."""

    def __init__(self, total: int = TOTAL_BYTES) -> None:
        self.room, self.left_out = total, list[str]()

    def drawn(self, draw: Callable[[int], bytes], name: str, below: Words = "", twin: str = "") -> Shown:
        """A picture that `draw` makes as a PNG of at most a width; a line in its place if it has no room."""
        for width in WIDTHS:
            png = draw(width)
            if not png:
                return _instead(name, "cannot be drawn here", below)
            if len(png) <= min(PICTURE_BYTES, self.room):
                self.room -= len(png)
                return picture(png, name, below, twin)
        self.left_out.append(name)
        return _instead(name, "is left out: the pictures of this report have a bound", below)

    def told(self) -> Shown:
        """What is not shown anywhere in the report."""
        if not self.left_out:
            return NOTHING
        names = ", ".join(clean.line(name, 120) for name in self.left_out[:40])
        more = f" and {len(self.left_out) - 40} more" if len(self.left_out) > 40 else ""
        return caption(
            f"{count_words(len(self.left_out), 'picture')} not shown here ({size_words(TOTAL_BYTES)} in all, "
            f"{size_words(PICTURE_BYTES)} each): {names}{more}. The run's folder has them."
        )


def _instead(name: str, why: str, below: Words) -> Shown:
    line = caption(f"{clean.line(name, 200)} {why}.")
    return stack(line, below) if below else line
