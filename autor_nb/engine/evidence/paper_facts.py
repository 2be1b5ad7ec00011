"""What is known of the built paper: pages, where the references begin, hash, and whether we built it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from autor_nb.engine.evidence.found import content, sha256_of

PDF, LOG = "artifacts/paper.pdf", "artifacts/build_log.txt"
_REFERENCES = re.compile(r"^\s*(?:\d+\.?\s+)?(?:References|Bibliography|REFERENCES|BIBLIOGRAPHY)\s*$", re.MULTILINE)


def paper_facts(workspace: Path) -> dict[str, Any]:
    """The facts; zeros and empty texts where there is no paper."""
    digest = sha256_of(workspace / PDF)
    log = content(workspace / LOG).decode("utf-8", "replace")
    pages, main_pages = _pages(workspace / PDF)
    built = [line for line in log.splitlines() if line.startswith("renderer: ") and line.endswith(": built")]
    return {
        "path": PDF if digest else None,
        "sha256": digest,
        "pages": pages,
        "main_pages": main_pages,
        "built_by_us": bool(digest) and f"sha256={digest}" in log,
        "renderer": built[-1].removeprefix("renderer: ").split(" ")[0] if built else "",
    }


def _pages(pdf: Path) -> tuple[int, int]:
    """(all pages, pages up to and with the one on which the references begin)."""
    import pypdfium2

    raw = content(pdf, 256 << 20)
    try:
        document = pypdfium2.PdfDocument(raw)
    except Exception:  # whatever a broken file does to the parser, it has no pages
        return 0, 0
    try:
        count = len(document)
        for number in range(count):
            text = document[number].get_textpage().get_text_bounded()
            found = _REFERENCES.search(text.replace("\r", ""))
            if found:
                before = text[: found.start()].strip()
                return count, number + 1 if len(before) > 40 else number
        return count, count
    except Exception:
        return 0, 0
    finally:
        document.close()
