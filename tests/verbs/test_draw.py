"""Hostile text in every block comes out harmless in a terminal, in HTML and in Markdown."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from autor_nb.verbs import clean, draw
from autor_nb.verbs.blocks import Facts, Heading, Items, Mark, Next, Para, Prose, Table, Verbatim

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "'onmouseover='alert(1)",
    "[click](javascript:alert(1))",
    "![x](http://example.invalid/pixel.png)",
    "`</code><script>alert(1)</script>`",
    "```\n</pre><script>alert(1)</script>",
    "\x1b[2J\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b]8;;http://example.invalid\x07link",
    "\x9b31mred \x08\x08\x08 \r overwritten \u202egnp.exe \u200b hidden",
    "| a | b |\n|---|---|\n# heading\n* item",
    "\ud800 lone surrogate",
)
MAKERS: dict[str, Any] = {
    "heading": lambda text: Heading(text, Mark(text), text),
    "para": lambda text: Para(text),
    "facts": lambda text: Facts(((text, text), ("mark", Mark(text)))),
    "table": lambda text: Table((text, "b"), ((text, Mark(text)),), title=text),
    "items": lambda text: Items((text, text), title=text),
    "verbatim": lambda text: Verbatim(text, text),
    "prose": lambda text: Prose(text, text),
    "folded": lambda text: Prose(text, text, folded=True),
    "next": lambda text: Next(((f"autor {text}", text),)),
}


class Tags(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Scripts, handlers, links that run, things that load."""
        if tag in ("script", "svg", "iframe", "object", "style", "link", "img", "form"):
            if tag != "img" or "onerror" in dict(attributes):
                self.bad.append(tag)
        self.bad += [name for name, value in attributes
                     if name.startswith("on") or (value or "").strip().lower().startswith("javascript:")]


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("text", HOSTILE)
def test_html_holds_no_markup_of_a_strangers(kind: str, text: str) -> None:
    """No tag, handler or script of the text survives as such; the style is inline only."""
    html = draw.as_html([MAKERS[kind](text)])
    tags = Tags()
    tags.feed(html)
    assert [] == tags.bad
    assert "<style" not in html and "var(--" not in html
    html.encode("utf-8")


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("text", HOSTILE)
def test_terminal_text_moves_no_cursor(kind: str, text: str) -> None:
    """No escape, control or direction character is left."""
    shown = draw.as_text([MAKERS[kind](text)])
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)


@pytest.mark.parametrize("kind", [kind for kind in MAKERS if kind not in ("verbatim", "prose", "folded")])
@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_rendered_holds_no_markup_of_a_strangers(kind: str, text: str) -> None:
    """Rendered by a Markdown parser that lets HTML through, nothing of the text becomes a tag or a link."""
    from markdown_it import MarkdownIt

    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(draw.as_markdown([MAKERS[kind](text)]))
    tags = Tags()
    tags.feed(rendered)
    assert [] == tags.bad
    assert "<a " not in rendered and "<img" not in rendered


@pytest.mark.parametrize("kind", ["verbatim", "prose"])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_fence_in_the_text_does_not_end_the_fence_around_it(kind: str, text: str) -> None:
    """In Markdown long text stays inside one code block."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").parse(draw.as_markdown([MAKERS[kind](text)]))
    assert 1 == sum(token.type == "fence" for token in tokens)
    assert "html_block" not in {token.type for token in tokens}


def test_a_table_fits_the_terminal_also_with_wide_characters() -> None:
    """Columns line up and lines are cut, not wrapped."""
    table = Table(("a", "b"), (("研究計画", "x" * 300), ("plain", "y")))
    lines = draw.as_text([table], 60).split("\n")
    assert all(clean.width(line) <= 60 for line in lines)
    assert {clean.width(line[: line.index(char)]) for line, char in ((lines[1], "x"), (lines[2], "y"))} == {10}


def test_ten_megabytes_on_a_line_are_cut() -> None:
    """A card stays a card."""
    text = "a\x1b[1m" * 2_500_000
    assert len(draw.as_text([Heading(text), Para(text), Facts((("k", text),)), Table(("c",), ((text,),))])) < 50_000
    assert len(draw.as_html([Heading(text), Para(text), Facts((("k", text),)), Table(("c",), ((text,),))])) < 50_000


def test_commands_read_as_they_are_typed_there() -> None:
    """`autor` in a shell, `%autor` in a notebook."""
    block = Para("Then `autor approve` goes on.")
    assert "`autor approve`" in draw.as_text([block])
    assert "<code>%autor approve</code>" in draw.as_html([block])
    assert "`%autor approve`" in draw.as_markdown([block])
