"""Sentences as parts: a template's words stay words; put in are numbers, names from the data, references."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence

from autor_nb.domain.document import Bullets, Cite, Inline, Math, Paragraph, Ref, Words

Run = tuple[Inline, ...]
Put = Inline | Run | str


def say(template: str, **parts: Put) -> Run:
    """The template with its `{names}` replaced; a plain `str` is put in as words."""
    out: list[Inline] = []
    for literal, name, _, _ in string.Formatter().parse(template):
        if literal:
            out.append(Words(text=literal))
        if name is not None:
            part = parts[name]
            out += [Words(text=part)] if isinstance(part, str) else part if isinstance(part, tuple) else [part]
    return _merged(out)


def para(*runs: Run) -> Paragraph:
    """One paragraph of several sentences, with a space between them."""
    return Paragraph(content=spaced(runs))


def spaced(runs: Iterable[Run]) -> Run:
    """Runs with one space between each two; empty ones are left out."""
    out: list[Inline] = []
    for run in runs:
        if run:
            out += [Words(text=" "), *run] if out else list(run)
    return _merged(out)


def bullets(items: Iterable[Run]) -> Bullets:
    """A list."""
    return Bullets(items=tuple(items))


def code(text: object, limit: int = 80) -> Words:
    """A name from the data in code type; one that would read as a number stands in quotes."""
    flat = " ".join(str(text).split()) or "(empty)"
    flat = flat if len(flat) <= limit else flat[: limit - 1] + "…"
    bare = any(re.search(r"\d", piece) and not re.search(r"[^\W\d_]", piece) for piece in flat.split())
    return Words(text=f'"{flat}"' if bare else flat, style="code")


def emph(text: str) -> Words:
    """Emphasised words."""
    return Words(text=text, style="emph")


def strong(text: str) -> Words:
    """Strong words."""
    return Words(text=text, style="strong")


def cite(*keys: str) -> Run:
    """A citation with a space before it; nothing without keys."""
    return (Words(text=" "), Cite(keys=tuple(dict.fromkeys(keys)))) if keys else ()


def ref(label: str) -> Ref:
    """A reference to a table, a figure or a section."""
    return Ref(label=label)


def math(latex: str, typst: str) -> Math:
    """Inline mathematics of our own."""
    return Math(latex=latex, typst=typst)


def listed(items: Sequence[Put], last: str = "and") -> Run:
    """“a, b and c”."""
    out: list[Inline] = []
    for place, item in enumerate(items):
        if place:
            out.append(Words(text=f" {last} " if place == len(items) - 1 else ", "))
        out += [Words(text=item)] if isinstance(item, str) else item if isinstance(item, tuple) else [item]
    return _merged(out)


def has_numeral(text: str) -> bool:
    """Whether a text from elsewhere holds a numeral outside a word, so that it cannot be quoted."""
    return re.search(r"(?<![^\W\d])(?<![\w.])\d", text) is not None


def _merged(parts: Iterable[Inline]) -> Run:
    """Neighbouring plain words as one part."""
    out: list[Inline] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, Words) and isinstance(last, Words) and part.style == last.style == "":
            out[-1] = Words(text=last.text + part.text)
        elif not (isinstance(part, Words) and not part.text):
            out.append(part)
    return tuple(out)
