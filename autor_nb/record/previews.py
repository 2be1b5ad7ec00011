"""Small previews of files: the head of a table or text, a thumbnail of a picture or of a PDF's first page."""

from __future__ import annotations

import base64
import io
import warnings
from typing import TYPE_CHECKING

from autor_nb.domain.artifact import FileEntry, Inspection
from autor_nb.domain.errors import AutorError
from autor_nb.record.markup import LINE, NOTHING, Shown, muted, one_line, pre

if TYPE_CHECKING:
    from autor_nb.store.view import StoredAttempt

PICTURES = 12
HEAD_BYTES = 4_096
PICTURE_BYTES = 24 * 1024 * 1024
PIXELS = 40_000_000
_TEXTS = ("json", "jsonl", "table", "yaml", "text", "python")
_BINARY_TABLES = (".parquet", ".npz", ".npy")


class Previewer:
    """Makes previews for one notebook, so many pictures and no more."""

    def __init__(self, view: StoredAttempt) -> None:
        self.view = view
        self.pictures = 0

    def preview(self, entry: FileEntry, inspection: Inspection) -> Shown:
        """The preview, or nothing."""
        if inspection.error or not entry.size_bytes:
            return NOTHING
        try:
            if inspection.kind in ("image", "pdf") and entry.size_bytes <= PICTURE_BYTES:
                return self._picture(entry, inspection.kind)
            if inspection.kind in _TEXTS and not entry.path.lower().endswith(_BINARY_TABLES):
                return self._head(entry)
        except (AutorError, KeyError, OSError):
            return muted("its content is not kept")
        return NOTHING

    def _head(self, entry: FileEntry) -> Shown:
        text = self.view.read(entry.path, HEAD_BYTES).decode("utf-8", "replace")
        if entry.path.lower().endswith(".json"):
            flat = " ".join(text.split())
            text = "\n".join(flat[at : at + 60] for at in range(0, 180, 60))
            return pre(text + ("…" if len(flat) > 180 or entry.size_bytes > HEAD_BYTES else ""))
        lines = [line.rstrip() for line in text.split("\n") if line.strip()]
        kept = [one_line(line, 60) if len(line) > 60 else line.replace("\t", "  ") for line in lines[:4]]
        if len(lines) > 4 or entry.size_bytes > HEAD_BYTES:
            kept.append("…")
        return pre("\n".join(kept))

    def _picture(self, entry: FileEntry, kind: str) -> Shown:
        if self.pictures >= PICTURES or entry.path.lower().endswith(".svg"):
            return NOTHING
        self.pictures += 1
        content = self.view.read(entry.path)
        made = thumbnail(content, 220) if kind == "image" else pdf_pages(content, limit=1, width=160)[0][0]
        return picture(made, one_line(entry.path, 120)) if made else NOTHING


def picture(png: bytes, alt: str, width: int = 0) -> Shown:
    """A PNG inside HTML; its words are where it lies."""
    import html

    data = base64.b64encode(png).decode("ascii")
    size = f' width="{width}"' if width else ""
    return Shown(
        f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}"{size} '
        f'style="display:block;max-width:100%;height:auto;background:#fff;border:{LINE}">',
        "",
        "",
    )


def thumbnail(content: bytes, width: int) -> bytes:
    """A picture as a PNG at most so wide; empty if it cannot be read or is a bomb."""
    from PIL import Image

    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(content)) as image:
            warnings.simplefilter("ignore")
            if image.width * image.height > PIXELS:
                return b""
            if image.width > width or image.height > 4 * width:
                image.draft("RGB", (width, width))
                image.thumbnail((width, 4 * width))
            mode = "RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB"
            return _png(image.convert(mode))
    except Exception:  # Pillow raises many kinds for a hostile file: no preview then
        return b""


def pdf_pages(content: bytes, limit: int, width: int) -> tuple[list[bytes], int]:
    """The first pages as PNGs of that width, and how many there are in all; 0 if it cannot be opened."""
    import pypdfium2
    from PIL.Image import Dither, Quantize

    try:
        with pypdfium2.PdfDocument(content) as document:
            count = len(document)
            pages = []
            for index in range(min(limit, count)):
                page = document[index]
                scale = min(4.0, width / max(1.0, page.get_width()), 3_000 / max(1.0, page.get_height()))
                image = page.render(scale=scale).to_pil().convert("RGB")
                # A page of print needs few colours, and a notebook of pages should stay small.
                pages.append(_png(image.quantize(128, method=Quantize.FASTOCTREE, dither=Dither.NONE)))
            return pages or [b""], count
    except Exception:  # PDFium's errors for a hostile file: no preview then
        return [b""], 0


def _png(image: object) -> bytes:
    with io.BytesIO() as stream:
        image.save(stream, format="PNG", compress_level=6)  # type: ignore[attr-defined]
        return stream.getvalue()
