"""A PDF read for judging: its pages' text, and how many come before the references; it never raises."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_PAGES = 500
_REFERENCES = re.compile(r"^\s*(?:\d+\.?\s+)?(?:references|bibliography)\s*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class PdfText:
    """Text of each page; `error` says why the file cannot be read."""

    pages: tuple[str, ...] = ()
    error: str = ""

    @property
    def before_references(self) -> int:
        """Pages with main text: up to the last heading "References", its page too if text stands above it."""
        for number in reversed(range(len(self.pages))):
            found = _REFERENCES.search(self.pages[number])
            if found:
                above = self.pages[number][: found.start()].strip()
                return number + 1 if len(above) > 40 else number
        return len(self.pages)


def read_pdf(content: bytes | None) -> PdfText | None:
    """The PDF's text; None where there is no file."""
    if content is None:
        return None
    if not content:
        return PdfText(error="It is empty (0 bytes).")
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-2048:]:
        return PdfText(error="It is not a whole PDF (its head or its end is missing).")
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
        try:
            pages = tuple(
                document[number].get_textpage().get_text_bounded().replace("\r", "")
                for number in range(min(len(document), MAX_PAGES))
            )
        finally:
            document.close()
    except Exception as error:  # whatever a broken file does to the parser, it does not open
        return PdfText(error=f"It does not open: {' '.join(str(error).split())[:200]}")
    return PdfText(pages=pages)
