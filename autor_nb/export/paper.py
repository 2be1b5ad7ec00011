"""The paper of a run: its pages as pictures, and where the PDF lies."""

from __future__ import annotations

from autor_nb.desk import clean
from autor_nb.domain.state import AttemptState
from autor_nb.export.parts import meta, section
from autor_nb.export.source import Source, shown_attempt
from autor_nb.record.manuscript import paper_path
from autor_nb.record.markup import NOTHING, Shown, Words, code, details, words
from autor_nb.record.previews import pdf_pages
from autor_nb.record.readings import content
from autor_nb.record.units import count_words, size_words

PAGES = 16
WIDTH = 800
BYTES = 64 * 1024 * 1024


def paper(source: Source) -> Shown:
    """The newest paper that an attempt which counts has left."""
    for stage in reversed(source.state.stages):
        attempt = shown_attempt(stage)
        if attempt is not None and attempt.ended_at:
            made = _of(source, attempt)
            if made.html:
                return made
    return NOTHING


def _of(source: Source, attempt: AttemptState) -> Shown:
    view = source.opened(attempt).view
    path = paper_path(view)
    if path is None:
        return NOTHING
    entry = view.files[path]
    head = code(f"workspace/{clean.path(path)}") + words(
        f", {size_words(entry.size_bytes)}, sha256 {entry.sha256[:12]}"
    )
    found = content(view, path, BYTES)
    pages, count = pdf_pages(found, PAGES, WIDTH) if found is not None else ([], 0)
    if not count or not pages[0]:
        return section("Paper", head, meta("It cannot be opened as a PDF."), anchor="paper")
    shown: list[Words] = [_page(source, png, index, count) for index, png in enumerate(pages, 1)]
    first, rest = shown[:2], shown[2:]
    more = meta(f"{count_words(count - len(pages), 'more page')} in the file.") if count > len(pages) else NOTHING
    grid = _grid(first)
    folded = details(f"Pages 3 to {len(pages)}", _grid(rest)) if rest else NOTHING
    counted = head + words(f", {count_words(count, 'page')}")
    return section("Paper", counted, grid, folded, more, anchor="paper")


def _page(source: Source, png: bytes, index: int, count: int) -> Shown:
    from autor_nb.record.previews import thumbnail

    return source.album.drawn(
        lambda width: png if width >= WIDTH else thumbnail(png, width), f"Page {index} of {count}", f"{index}"
    )


def _grid(pages: list[Words]) -> Shown:
    made = [page for page in pages if isinstance(page, Shown)]
    return Shown(
        f'<div class="pages">{"".join(page.html for page in made)}</div>',
        "\n".join(page.markdown for page in made),
        "\n".join(page.text for page in made),
    )
