"""The figures of a study as pictures, with their captions."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from autor_nb.record.markup import Several, Shown, caption, code, glyph, label, one_line, shown, stack, words
from autor_nb.record.previews import pdf_pages, thumbnail
from autor_nb.record.readings import content, json_of

if TYPE_CHECKING:
    from autor_nb.record.attempt import AttemptRecord
    from autor_nb.store.view import StoredAttempt

SHOWN = 16
WIDTH = 1_200
SHOWN_WIDTH = 640
BYTES = 24 * 1024 * 1024
_ORDER = {".png": 0, ".jpg": 1, ".jpeg": 2, ".pdf": 3, ".svg": 4}


@dataclass(frozen=True)
class Picture:
    """A picture as an output of its own, so that every reader of notebooks shows it."""

    png: bytes
    text: str
    width: int = SHOWN_WIDTH

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        data = {"image/png": base64.b64encode(self.png).decode("ascii"), "text/plain": self.text}
        return data, {"image/png": {"width": self.width}}

    def __repr__(self) -> str:
        return self.text


def figures(record: AttemptRecord) -> Shown | Several:
    """Every figure once, whatever its formats, in the order that the agent gave."""
    found = stems(record.view)
    if not found:
        return glyph("info", "There is no figure under figures/.")
    said_of = captions(record.view)
    ordered = [stem for stem in said_of if stem in found] + [stem for stem in found if stem not in said_of]
    parts: list[Any] = []
    for stem in ordered[:SHOWN]:
        title, said = said_of.get(stem, ("", ""))
        path = found[stem]
        picture = _picture(record.view, path)
        head = label(title or PurePosixPath(stem).name)
        source = (
            code(path) if picture is not None else code(path) + shown(" ") + glyph("warning", "cannot be drawn here")
        )
        parts += [
            head,
            *([picture] if picture is not None else []),
            caption(stack(words(said), source) if said else source),
        ]
    if len(ordered) > SHOWN:
        parts.append(caption(f"{len(ordered) - SHOWN} more are among the artifacts."))
    return Several(tuple(parts))


def stems(view: StoredAttempt) -> dict[str, str]:
    """Path without suffix → the file to show."""
    found: dict[str, str] = {}
    for path in sorted(path for path in view.files if path.startswith("figures/")):
        suffix = PurePosixPath(path).suffix.lower()
        if suffix not in _ORDER:
            continue
        stem = path[: -len(suffix)]
        if stem not in found or _ORDER[suffix] < _ORDER[PurePosixPath(found[stem]).suffix.lower()]:
            found[stem] = path
    return found


def captions(view: StoredAttempt) -> dict[str, tuple[str, str]]:
    """Path without suffix → (title, caption), as the agent wrote them."""
    listed = json_of(view, "notes/figures.json")
    found: dict[str, tuple[str, str]] = {}
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict) and isinstance(item.get("path"), str):
            stem = item["path"]
            if PurePosixPath(stem).suffix.lower() in _ORDER:
                stem = stem[: -len(PurePosixPath(stem).suffix)]
            found[stem] = (
                one_line(str(item.get("title", "")), 120),
                one_line(str(item.get("caption", "")), 800),
            )
    return found


def _picture(view: StoredAttempt, path: str) -> Picture | None:
    png = drawn(view, path, WIDTH)
    return Picture(png, f"[figure {path}]") if png else None


def drawn(view: StoredAttempt, path: str, width: int) -> bytes:
    """A figure's file as a PNG at most so wide; empty if it cannot be drawn."""
    found = content(view, path, BYTES)
    if found is None or path.lower().endswith(".svg"):
        return b""
    return pdf_pages(found, 1, width)[0][0] if path.lower().endswith(".pdf") else thumbnail(found, width)
