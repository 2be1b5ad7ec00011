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
    sections = _sections(markdown)
    body = markdown[match.end() :] if (match := _TITLE.match(markdown)) else markdown
    limit = SOURCE_CHARS
    while True:
        made = html_of(_head(body, limit))
        if len(made.encode("utf-8")) <= HTML_BYTES:
            return Draft(made, sections, len(body) > limit)
        limit = min(limit, len(body)) // 2


def html_of(markdown: str) -> str:
    """Markdown as HTML; headings are of one level, pictures are not followed, links only to the web and to mail."""
    import nh3

    reader = _reader()
    environment: dict[str, Any] = {}
    tokens = reader.parse(clean.plain(markdown), environment)
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
    return made


def _only_links_away(tag: str, name: str, value: str) -> str | None:
    """A relative link would lead away from the notebook."""
    return value if name != "href" or value.strip().lower().startswith(_LINKS) else None


@cache
def _reader() -> Any:
    """The record's parser, which leaves mathematics as it was written."""
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    reader = prose.new_parser()
    dollarmath_plugin(reader, allow_labels=False, allow_space=False, allow_digits=False)
    reader.add_render_rule("math_inline", _inline)
    reader.add_render_rule("math_block", _block)
    return reader


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


def _sections(markdown: str) -> int:
    """How many headings of the second level stand in the draft as far as it is shown."""
    tokens = _reader().parse(markdown[:SOURCE_CHARS])
    return sum(token.type == "heading_open" and token.tag == "h2" for token in tokens)
