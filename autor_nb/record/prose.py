"""An agent's Markdown as HTML: parsed with raw HTML off, cleaned, with the notebook's own inline styles."""

from __future__ import annotations

from functools import cache
from typing import Any

from autor_nb.record.markup import LINE, Shown, plain

_STYLES = {
    "table": "border-collapse:collapse;font-size:12.5px;margin:0 0 10px",
    "th": f"text-align:left;font-weight:600;padding:4px 12px 4px 0;border-bottom:{LINE}",
    "td": f"text-align:left;padding:4px 12px 4px 0;border-bottom:{LINE};vertical-align:top",
    "p": "margin:0 0 10px;max-width:860px",
    "ul": "margin:0 0 10px;padding-left:20px",
    "ol": "margin:0 0 10px;padding-left:20px",
    "li": "margin:0 0 2px;max-width:860px",
    "pre": "margin:0 0 10px;font-size:11.5px;line-height:16px;white-space:pre-wrap",
    "code": "font-size:12px",
    "blockquote": "margin:0 0 10px;padding-left:12px;border-left:3px solid rgba(128,128,128,0.28)",
    **{f"h{level}": "margin:8px 0 6px;font-size:14px;line-height:20px;font-weight:600" for level in range(1, 7)},
}
TAGS = {*_STYLES, "a", "b", "strong", "em", "i", "s", "br", "hr", "thead", "tbody", "tr", "sup", "sub"}
LIMIT = 200_000


@cache
def _parser() -> Any:
    return new_parser()


def new_parser() -> Any:
    """The one reading of an agent's Markdown, for whoever adds to it: without HTML and pictures, with tables."""
    from markdown_it import MarkdownIt

    return (
        MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"]).disable("image")
    )


def render(text: str) -> str:
    """HTML of a Markdown text; pictures are not followed, links only to the web and to mail."""
    import nh3

    cut = plain(text[:LIMIT])
    made = nh3.clean(
        _parser().render(cut),
        tags=TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
        set_tag_attribute_values={tag: {"style": style} for tag, style in _STYLES.items()},
    )
    more = len(text) - LIMIT
    return made if more <= 0 else f"{made}<p>… {more:,} more characters are in the summary's file.</p>"


def prose(source: str) -> Shown:
    """A text as it reads; its Markdown is without HTML, which some readers of notebooks would trust."""
    cut = plain(source[:LIMIT]).strip("\n")
    return Shown(render(source), cut.replace("&", "&amp;").replace("<", "&lt;"), cut)
