"""A stored notebook as GitHub shows it: no script, no style, no class; pictures, tables and plain text remain."""

from __future__ import annotations

import html
from html.parser import HTMLParser
from typing import Any

import nh3

LIMIT_BYTES = 10_000_000
KEPT = {"alt", "src", "href", "title", "start", "colspan", "rowspan", "open"}
TAGS = {
    "a", "b", "blockquote", "br", "code", "dd", "del", "details", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4",
    "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "samp", "span", "strike", "strong",
    "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "ul", "var",
}  # fmt: skip
_WORDS = """() => { document.querySelectorAll('details').forEach(fold => { fold.open = true; });
  return [...document.querySelectorAll('.output')].map(o => o.innerText.split(/\\s+/).filter(Boolean)); }"""


class Markup(HTMLParser):
    """Collects what would act or be taken away: tags GitHub drops, event handlers, addresses that are not pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One tag."""
        if tag not in TAGS:
            self.refused.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("class", "id"):
                self.refused.append(f"{name}={value!r}")
            if name == "src" and not (value or "").startswith("data:image/png;base64,"):
                self.refused.append(f"{name}={value!r}")
            if name == "href" and not (value or "").startswith(("http://", "https://", "mailto:")):
                self.refused.append(f"{name}={value!r}")


def stripped(text: str) -> str:
    """HTML after the sanitiser: known tags with neither style nor class, pictures only as PNG data."""
    return nh3.clean(
        text, tags=TAGS, attributes={"*": KEPT}, url_schemes={"http", "https", "mailto", "data"}, link_rel=None
    )


def outputs(notebook: Any) -> list[Any]:
    """The data of every output that has any."""
    return [o["data"] for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs if "data" in o]


def page(notebook: Any, sanitised: bool) -> str:
    """The notebook's outputs on one page, richest representation first as GitHub chooses, sanitised or as stored."""
    shown = []
    for data in outputs(notebook):
        if "text/html" in data:
            shown.append(stripped(data["text/html"]) if sanitised else data["text/html"])
        elif "image/png" in data:
            shown.append(f'<img alt="figure" src="data:image/png;base64,{data["image/png"]}">')
        else:
            shown.append(f"<pre>{html.escape(data['text/plain'])}</pre>")
    body = "".join(f'<div class="output">{one}</div>' for one in shown)
    return f'<!DOCTYPE html><meta charset="utf-8"><body style="font-family:sans-serif;margin:24px">{body}'


def words(at: Any, notebook: Any, *, sanitised: bool) -> list[list[str]]:
    """Put the notebook's page into a browser's, unfold everything, and answer with each output's words as seen."""
    at.set_content(page(notebook, sanitised))
    if sanitised:
        assert 0 == at.locator("[style]:not(body), [class]:not(.output), script, style").count()
    return list(at.evaluate(_WORDS))
