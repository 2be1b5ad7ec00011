"""What a report is made of besides the record's words: sections, tags of states, pictures with their captions."""

from __future__ import annotations

import base64
import html
import re

from autor_nb.desk import clean
from autor_nb.record.markup import NOTHING, Shown, Words, escape_html, escape_markdown, shown, stack

MARKS = {"ok": "●", "warn": "▲", "fail": "✕", "accent": "◐", "idle": "○"}
_IMAGE = re.compile(r"!(?=\[)")


def section(title: str, *blocks: Words, level: int = 2, anchor: str = "", aside: Words = "") -> Shown:
    """A heading with what belongs to it; nothing at all if nothing does."""
    body = stack(*blocks)
    if not body.html and not body.text:
        return NOTHING
    name, tag = clean.line(title, 160), shown(aside)
    behind = (f" {tag.html}", f" {tag.markdown}", f" {tag.text}") if tag.text else ("", "", "")
    place = f' id="{html.escape(anchor)}"' if anchor else ""
    return Shown(
        f"<section{place}><h{level}>{escape_html(name)}{behind[0]}</h{level}>\n{body.html}\n</section>",
        f"{'#' * level} {escape_markdown(name)}{behind[1]}\n\n{body.markdown}",
        f"{name}{behind[2]}\n{body.text}",
    )


def tag(word: str, tone: str) -> Shown:
    """A state: sign, word and colour together."""
    mark, known = MARKS.get(tone, "○"), tone if tone in MARKS else "idle"
    said = clean.line(word, 60)
    return Shown(
        f'<span class="tag {known}"><span aria-hidden="true">{mark}</span> {escape_html(said)}</span>',
        f"{mark} {escape_markdown(said)}",
        f"{mark} {said}",
    )


def note(text: Words, tone: str = "idle") -> Shown:
    """Something a reader must not miss."""
    inner = shown(text)
    known = tone if tone in MARKS else "idle"
    return Shown(f'<p class="note {known}">{inner.html}</p>', f"{MARKS[known]} **{inner.markdown}**", f"! {inner.text}")


def meta(*texts: str) -> Shown:
    """Small facts in a row."""
    said = " · ".join(text for text in texts if text)
    return Shown(f'<p class="meta">{escape_html(said)}</p>', escape_markdown(said), said) if said else NOTHING


def picture(png: bytes, alt: str, below: Words = "", twin: str = "") -> Shown:
    """A picture with its caption; Markdown has its text twin, or says where it is."""
    data = base64.b64encode(png).decode("ascii")
    name, words = html.escape(clean.line(alt, 300)), shown(below)
    said = f"<figcaption>{words.html}</figcaption>" if words.html else ""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", twin)), default=0))
    instead = f"{fence}text\n{clean.plain(twin)}\n{fence}" if twin else f"(picture: {escape_markdown(clean.line(alt))})"
    folded = (
        f'<details><summary>As text</summary><pre class="twin">{html.escape(clean.plain(twin))}</pre></details>'
        if twin
        else ""
    )
    return Shown(
        f'<figure><img alt="{name}" src="data:image/png;base64,{data}">{said}{folded}</figure>',
        f"{instead}\n\n{words.markdown}".strip(),
        f"[{clean.line(alt)}] {words.text}",
    )


def quoted(markdown: str) -> str:
    """Foreign Markdown inside a quotation, which nothing in it can leave: no HTML, no pictures to be fetched."""
    text = clean.plain(markdown).strip("\n").replace("&", "&amp;").replace("<", "&lt;")
    return "\n".join(f"> {line}".rstrip() for line in _IMAGE.sub(r"!\\", text).split("\n"))
