"""Opening pictures and PDFs whole, within bounds: what only looks like one is found out."""

from __future__ import annotations

import threading
import warnings
from typing import Any, BinaryIO
from xml.parsers import expat

from autor_nb.domain.artifact import Inspection
from autor_nb.store.contents import Unreadable, megabytes, one_line, read_at_most

MAX_PIXELS = 64_000_000
PDF_LIMIT = 512 << 20
PDF_PAGES_READ = 200
SVG_LIMIT = 32 << 20

_DRAWN = frozenset(("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "image", "use"))
_pdfium = threading.Lock()  # the library is not made for threads


def inspect_image(stream: BinaryIO, size: int, format_name: str) -> Inspection:
    """Decode every pixel of a picture of that format."""
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            picture = Image.open(stream, formats=[format_name])
        except UnidentifiedImageError as error:
            raise Unreadable(f"it is not a {format_name} picture") from error
        except Image.DecompressionBombError as error:
            raise Unreadable("it has more pixels than are opened") from error
    with picture:
        width, height = picture.size
        if width * height > MAX_PIXELS:
            raise Unreadable(f"it has {width} × {height} pixels; {MAX_PIXELS // 10**6} million are opened")
        try:
            picture.load()
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise Unreadable(f"it does not decode (truncated?): {one_line(error)}") from error
        schema: dict[str, Any] = {"width": width, "height": height, "mode": picture.mode}
        return Inspection(kind="image", schema=schema, empty=_one_colour(picture))


def _one_colour(picture: Any) -> bool:
    try:
        extrema = picture.getextrema()
    except (ValueError, NotImplementedError):
        return False
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return all(low == high for low, high in bands)


class _Svg:
    """What a pass over an SVG met."""

    def __init__(self) -> None:
        self.root = ""
        self.size: dict[str, str] = {}
        self.drawn = 0
        self.active = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if not self.root:
            self.root = local
            wanted = ("width", "height", "viewBox")
            self.size = {key: one_line(attributes[key], 40) for key in wanted if key in attributes}
        self.drawn += local in _DRAWN
        self.active = self.active or local == "script" or any(k.lower().startswith("on") for k in attributes)

    def entity(self, *_: object) -> None:
        raise Unreadable("it declares XML entities, which are refused; save it without them")


def inspect_svg(stream: BinaryIO, size: int) -> Inspection:
    """Parse an SVG as XML; entities are refused, external documents are never fetched."""
    content = read_at_most(stream, size, SVG_LIMIT, "An SVG")
    found = _Svg()
    parser = expat.ParserCreate()
    parser.StartElementHandler = found.start
    parser.EntityDeclHandler = found.entity
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise Unreadable(f"it is not well-formed XML: {one_line(error)}") from error
    if found.root != "svg":
        raise Unreadable(f"its root element is <{one_line(found.root, 40)}>, not <svg>")
    schema: dict[str, Any] = dict(found.size)
    if found.active:
        schema["active"] = True  # scripts or handlers: never to be shown as markup
    return Inspection(kind="image", schema=schema, empty=found.drawn == 0)


def inspect_pdf(stream: BinaryIO, size: int) -> Inspection:
    """Open a PDF, count its pages and the characters on them."""
    import pypdfium2

    if size > PDF_LIMIT:
        raise Unreadable(f"a PDF of {megabytes(size)} is larger than what is opened")
    if b"%PDF-" not in stream.read(1024):
        raise Unreadable("it does not begin as a PDF")
    stream.seek(max(size - 2048, 0))
    if b"%%EOF" not in stream.read():
        raise Unreadable("its end is missing (truncated?)")
    stream.seek(0)
    with _pdfium:
        try:
            document = pypdfium2.PdfDocument(stream, autoclose=False)
        except pypdfium2.PdfiumError as error:
            reason = "it is encrypted" if "password" in str(error).lower() else one_line(error)
            raise Unreadable(f"it does not open as a PDF: {reason}") from error
        try:
            schema, empty = _pdf_schema(document)
        except pypdfium2.PdfiumError as error:
            raise Unreadable(f"a page of it does not open: {one_line(error)}") from error
        finally:
            document.close()
    return Inspection(kind="pdf", schema=schema, empty=empty)


def _pdf_schema(document: Any) -> tuple[dict[str, Any], bool]:
    pages = len(document)
    characters, objects = 0, 0
    schema: dict[str, Any] = {"pages": pages}
    for number in range(min(pages, PDF_PAGES_READ)):
        page = document[number]
        if number == 0:
            width, height = page.get_size()
            schema |= {"width": round(width, 1), "height": round(height, 1)}
        text = page.get_textpage()
        characters += text.count_chars()
        objects += any(True for _ in page.get_objects(max_depth=1))
        text.close()
        page.close()
    schema["text_chars"] = characters
    return schema, pages == 0 or (objects == 0 and characters == 0)
