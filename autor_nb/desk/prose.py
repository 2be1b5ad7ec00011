"""A draft as HTML for a panel: the record's reading of Markdown, cleaned, without any style or class of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from typing import Any

from autor_nb.desk import clean
from autor_nb.record import prose

HTML_BYTES = 60_000
SOURCE_CHARS = 48_000
FORMULA_CHARS = 2_000
HEADING = "h5"  # the panel's own headings end at h4
_TITLE = re.compile(r"\ufeff?\s*# Stage \d+: [^\n]*\n")
_LINKS = ("http://", "https://", "mailto:")


@dataclass(frozen=True)
class Draft:
    """A draft's HTML, how many sections it has, and whether there is more than is shown."""

    html: str
    sections: int
    cut: bool


@lru_cache(maxsize=8)
def draft(markdown: str) -> Draft:
    """The draft for a panel, at most HTML_BYTES of it; its first line, the stage's title, is left out."""
    body = markdown[match.end() :] if (match := _TITLE.match(markdown)) else markdown
    limit = min(SOURCE_CHARS, len(body))
    html, sections = _rendered(_head(body, limit))
    while (size := len(html.encode("utf-8"))) > HTML_BYTES:
        limit = int(limit * 0.9 * HTML_BYTES / size)
        html, _ = _rendered(_head(body, limit))
    return Draft(html, sections, limit < len(body))


def html_of(markdown: str) -> str:
    """Markdown as HTML; headings are of one level, pictures are not followed, links only to the web and to mail."""
    return _rendered(markdown)[0]


def _rendered(markdown: str) -> tuple[str, int]:
    """(HTML, how many headings of the second level)."""
    import nh3

    reader = _reader()
    environment: dict[str, Any] = {}
    tokens = reader.parse(clean.plain(markdown), environment)
    sections = sum(token.type == "heading_open" and token.tag == "h2" for token in tokens)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = HEADING
    made: str = nh3.clean(
        reader.renderer.render(tokens, reader.options, environment),
        tags=prose.TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        attribute_filter=_only_links_away,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return made, sections


def _only_links_away(tag: str, name: str, value: str) -> str | None:
    """A relative link would lead away from the notebook."""
    return value if name != "href" or value.strip().lower().startswith(_LINKS) else None


@cache
def _reader() -> Any:
    """The record's parser, which leaves mathematics as it was written."""
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    reader = prose.new_parser()
    dollarmath_plugin(reader, allow_labels=False, allow_space=False, allow_digits=False)
    reader.inline.ruler.before("escape", "tex", _tex)
    reader.add_render_rule("math_inline", _inline)
    reader.add_render_rule("math_block", _block)
    return reader


def _tex(state: Any, silent: bool) -> bool:
    r"""\(…\) and \[…\] as they were written; a mark without its pair is an escaped bracket, as in Markdown."""
    close = {"\\(": "\\)", "\\[": "\\]"}.get(state.src[state.pos : state.pos + 2])
    if close is None:
        return False
    end = state.src.find(close, state.pos + 2, min(state.posMax, state.pos + FORMULA_CHARS))
    if end < 0:
        return False
    if not silent:
        state.pending += state.src[state.pos : end + 2]
    state.pos = end + 2
    return True


def _inline(self: Any, tokens: Any, index: int, options: Any, environment: Any) -> str:
    return f"${escape(tokens[index].content)}$"


def _block(self: Any, tokens: Any, index: int, options: Any, environment: Any) -> str:
    return f"<p>$${escape(tokens[index].content)}$$</p>\n"


def _head(text: str, limit: int) -> str:
    """The text's beginning, cut between lines where it can be."""
    if len(text) <= limit:
        return text
    end = text.rfind("\n", limit // 2, limit)
    return text[: end if end > 0 else limit]
