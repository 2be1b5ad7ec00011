"""The attempt's summary as the engine read it: what was found first, the rest folded away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autor_nb.domain import summary as parsing
from autor_nb.record.markup import NOTHING, Shown, details, escape_html, escape_markdown, glyph, plain, stack
from autor_nb.record.prose import prose

if TYPE_CHECKING:
    from autor_nb.record.attempt import AttemptRecord

FIRST = ("Objective", "Key Results", "Suggestions for Refinement")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def summary(record: AttemptRecord) -> Shown:
    """The summary, rendered."""
    text = record.view.draft
    if text is None or not text.strip():
        return glyph("fail", "There is no summary: the agent left no draft.")
    read = parsing.parse(text)
    shown_first = [name for name in FIRST if read.sections.get(name, "").strip()]
    if not shown_first:
        note = glyph("warning", f"Not in sections: {read.problem}" if read.problem else "Without the agreed sections.")
        return stack(note, prose(text))
    rest = [name for name in dict.fromkeys(read.headings) if name not in shown_first]
    blocks = [_section(name, read.sections[name]) for name in shown_first]
    folded = NOTHING
    if rest:
        count = _NUMBERS[len(rest)].capitalize() if len(rest) < len(_NUMBERS) else str(len(rest))
        more = "section" if len(rest) == 1 else "sections"
        line = f"{count} more {more} "
        names = f"({', '.join(plain(name) for name in rest[:12])})"
        head = Shown(
            f'{line}<span style="opacity:0.74">{escape_html(names)}</span>',
            f"{line}{escape_markdown(names)}",
            line + plain(names),
        )
        folded = details(head, stack(*(_section(name, read.sections.get(name, "")) for name in rest)), text=True)
    return stack(*blocks, folded)


def _section(name: str, source: str) -> Shown:
    body, style = prose(source), "margin:8px 0 6px;font-size:14px;line-height:20px;font-weight:600"
    return Shown(
        f'<h3 style="{style}">{escape_html(name)}</h3>{body.html}',
        f"### {escape_markdown(name)}\n\n{body.markdown}",
        f"{plain(name)}\n{body.text}\n",
    )
