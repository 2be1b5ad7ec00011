"""What a notebook shows, in HTML, Markdown and plain text at once; every word is escaped where it enters.

Only inline styles are used, and only those that pass JupyterLab's sanitiser of untrusted outputs.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MONO = "margin:0;font-family:monospace;font-size:11.5px;line-height:16px;background:rgba(0,0,0,0)"
LINE = "1px solid rgba(128,128,128,0.28)"
MUTED = "opacity:0.74"
OK, WARN, FAIL, ACCENT = "#1f8a70", "#b7791f", "#d1512d", "#2f7fd0"
GLYPHS = {
    "pass": (OK, "●", "pass"),
    "waived": (ACCENT, "◆", "waived"),
    "warning": (WARN, "▲", "warning"),
    "fail": (FAIL, "✕", "fails"),
    "info": (ACCENT, "◐", "note"),
}

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MATH = re.compile(r"([$\\])")
_MARKS = re.compile(r"([\\`*_{}\[\]()#+!|~$^-])")


@dataclass(frozen=True)
class Shown:
    """One thing in three notations; a notebook takes the richest it may show."""

    html: str
    markdown: str
    text: str

    def __add__(self, other: Shown) -> Shown:
        return Shown(self.html + other.html, self.markdown + other.markdown, self.text + other.text)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/markdown": self.markdown, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Several:
    """Outputs one after the other: a figure and its caption, a gallery."""

    parts: tuple[Any, ...]

    def _ipython_display_(self) -> None:
        from IPython.display import display

        for part in self.parts:
            display(part)

    @property
    def text(self) -> str:
        """All parts as plain text."""
        return "\n".join(part.text for part in self.parts)

    def __repr__(self) -> str:
        return self.text


NOTHING = Shown("", "", "")
Words = str | Shown


def plain(text: str) -> str:
    """Text without terminal sequences, control characters and marks that turn the direction of reading."""
    return _CONTROL.sub("", _ANSI.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def one_line(text: str, limit: int = 0) -> str:
    """Text on one line, cut at `limit` characters."""
    line = " ".join(plain(text[: limit * 4 + 400] if limit else text).split())
    return line if not limit or len(line) <= limit else line[: limit - 1] + "…"


def escape_html(text: str) -> str:
    """Text for HTML between tags; a sign that begins mathematics stands in a node of its own, where it begins none."""
    return _MATH.sub(r"<span>\1</span>", html.escape(plain(text)))


def escape_markdown(text: str) -> str:
    """Text for one place in Markdown, where nothing of it is a mark."""
    escaped = _MARKS.sub(r"\\\1", plain(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"(?m)^(\s*\d+)\.", r"\1\\.", escaped)


def words(text: str) -> Shown:
    """Text as it is."""
    return Shown(escape_html(text).replace("\n", "<br>"), escape_markdown(text).replace("\n", "  \n"), plain(text))


def shown(thing: Words) -> Shown:
    """Anything as Shown."""
    return thing if isinstance(thing, Shown) else words(thing)


def muted(thing: Words) -> Shown:
    """Said more quietly."""
    inner = shown(thing)
    return Shown(f'<span style="{MUTED}">{inner.html}</span>', inner.markdown, inner.text)


def bold(thing: Words) -> Shown:
    """Said more loudly."""
    inner = shown(thing)
    return Shown(f"<b>{inner.html}</b>", f"**{inner.markdown}**" if inner.markdown else "", inner.text)


def code(text: str) -> Shown:
    """A name or command, on one line."""
    line = one_line(text)
    fence = "`" * (max((len(run) for run in re.findall(r"`+", line)), default=0) + 1)
    pad = " " if line[:1] == "`" or line[-1:] == "`" else ""
    marked = f"{fence}{pad}{line}{pad}{fence}" if line else ""
    return Shown(f'<code style="font-size:12px">{html.escape(line)}</code>', marked, line)


def pre(text: str, *, height: bool = False) -> Shown:
    """Lines as they stand."""
    body = plain(text).rstrip("\n")
    scroll = ";max-height:480px;overflow:auto" if height else ";overflow-x:auto"
    fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", body)), default=0) + 1)
    return Shown(
        f'<pre style="{MONO};white-space:pre{scroll}">{html.escape(body)}</pre>',
        f"\n{fence}text\n{body}\n{fence}\n",
        body,
    )


def glyph(kind: str, word: str | None = None) -> Shown:
    """A status: colour, glyph and word together."""
    color, mark, said = GLYPHS[kind]
    said = said if word is None else word
    text = f"{mark} {said}".rstrip()
    inner = f'<span style="color:{color};font-weight:700">{mark}</span>'
    if said:
        keep = "white-space:nowrap" if len(said) <= 24 else "white-space:normal"
        inner = f'<span style="{keep}">{inner} {escape_html(said)}</span>'
    return Shown(inner, escape_markdown(text), text)


def joined(things: Iterable[Words], separator: str = ", ") -> Shown:
    """Things in a row."""
    items = [shown(thing) for thing in things]
    glue = words(separator)
    return Shown(
        separator.join(item.html for item in items) if not separator.strip() else glue.html.join(i.html for i in items),
        glue.markdown.join(item.markdown for item in items),
        separator.join(item.text for item in items),
    )


def stack(*blocks: Words, gap: int = 0) -> Shown:
    """Blocks below one another; empty ones leave no trace."""
    kept = [block for block in (shown(block) for block in blocks) if block.html or block.text]
    open_, close = (f'<div style="margin-top:{gap}px">', "</div>") if gap else ("<div>", "</div>")
    return Shown(
        "\n".join(block.html if index == 0 else f"{open_}{block.html}{close}" for index, block in enumerate(kept)),
        "\n\n".join(block.markdown.strip("\n") for block in kept),
        "\n".join(block.text for block in kept),
    )


def label(text: str) -> Shown:
    """A small heading inside a block."""
    inner = f'<b style="font-weight:600">{escape_html(text)}</b>'
    return Shown(
        f'<div style="font-size:12px;opacity:0.8;margin:0 0 4px">{inner}</div>',
        f"**{escape_markdown(text)}**",
        plain(text),
    )


def caption(thing: Words) -> Shown:
    """A line below a figure or table."""
    inner = shown(thing)
    return Shown(f'<div style="margin-top:4px;font-size:11.5px;{MUTED}">{inner.html}</div>', inner.markdown, inner.text)


def card(*blocks: Words, edge: str = "", flex: bool = False) -> Shown:
    """A framed block; `edge` colours its left side."""
    inner = stack(*blocks)
    style = f"border:{LINE};border-radius:4px;padding:12px 16px"
    style += f";border-left:3px solid {edge}" if edge else ""
    style += ";flex:1 1 300px" if flex else ""
    return Shown(f'<div style="{style}">{inner.html}</div>', inner.markdown, inner.text)


def side_by_side(*blocks: Shown, gap: str = "8px 16px") -> Shown:
    """Blocks beside one another while there is room."""
    inner = stack(*blocks)
    body = "\n".join(block.html for block in blocks if block.html)
    return Shown(f'<div style="display:flex;flex-wrap:wrap;gap:{gap}">{body}</div>', inner.markdown, inner.text)


def details(summary: Words, body: Words, *, text: bool = False, gap: int = 6) -> Shown:
    """Something folded away; plain text and Markdown hold only the summary line unless `text`."""
    head, inner = shown(summary), shown(body)
    return Shown(
        f'<details style="margin-top:{gap}px"><summary style="cursor:pointer">{head.html}</summary>'
        f'<div style="margin-top:6px">{inner.html}</div></details>',
        f"{head.markdown}\n\n{inner.markdown}" if text else head.markdown,
        f"{head.text}\n{inner.text}" if text else head.text,
    )


def facts(pairs: Sequence[tuple[str, Words]]) -> Shown:
    """Names with values below them, in a row that wraps."""
    body = "".join(
        f'<div style="min-width:96px"><div style="font-size:11.5px;{MUTED}">{escape_html(name)}</div>'
        f'<div style="font-size:13px"><b style="font-weight:600">{shown(value).html}</b></div></div>'
        for name, value in pairs
    )
    return Shown(
        f'<div style="display:flex;flex-wrap:wrap;gap:8px 28px">{body}</div>',
        "\n".join(f"- {escape_markdown(name)}: **{shown(value).markdown}**" for name, value in pairs),
        "\n".join(f"{plain(name)}: {shown(value).text}" for name, value in pairs),
    )
