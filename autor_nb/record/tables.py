"""Tables as outputs of their own: HTML that scrolls, a Markdown pipe table, and columns in plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autor_nb.record.markup import LINE, Shown, Words, escape_html, escape_markdown, one_line, shown

_TEXT_WIDTH = 64


def table(headers: Sequence[str], rows: Sequence[Sequence[Words]], align: str = "") -> Shown:
    """A table; `align` has l or r per column."""
    align = align or "l" * len(headers)
    cells = [[shown(cell) for cell in row] for row in rows]
    return Shown(_html(headers, cells, align), _markdown(headers, cells, align), _text(headers, cells, align))


def _html(headers: Sequence[str], rows: list[list[Shown]], align: str) -> str:
    side = {"l": "left", "r": "right"}
    fit = {"l": ";max-width:420px;overflow-wrap:break-word", "r": ";white-space:nowrap"}
    head = "".join(
        f'<th style="text-align:{side[where]};font-weight:600;font-size:11.5px;padding:4px 12px 4px 0;'
        f'border-bottom:{LINE};white-space:nowrap">{escape_html(name).replace(chr(10), "<br>")}</th>'
        for name, where in zip(headers, align, strict=True)
    )
    cell = {
        where: f'<td style="text-align:{side[where]};padding:5px 12px 5px 0;border-bottom:{LINE};'
        f'vertical-align:top;font-size:12.5px{fit[where]}">'
        for where in "lr"
    }
    body = "\n".join(
        "<tr>" + "".join(f"{cell[where]}{item.html}</td>" for item, where in zip(row, align, strict=True)) + "</tr>"
        for row in rows
    )
    return (
        '<div style="overflow-x:auto">'
        '<table style="border-collapse:collapse;table-layout:auto;width:100%;font-size:12.5px">'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>"
    )


def _markdown(headers: Sequence[str], rows: list[list[Shown]], align: str) -> str:
    def line(items: Sequence[str]) -> str:
        return "| " + " | ".join(" ".join(item.split()) for item in items) + " |"

    rule = "|" + "|".join("---:" if where == "r" else "---" for where in align) + "|"
    body = [line([_in_cell(item.markdown) for item in row]) for row in rows]
    return "\n".join([line([escape_markdown(name) for name in headers]), rule, *body])


def _in_cell(markdown: str) -> str:
    """A cell is one line: a fenced block becomes its first line as code."""
    if "```" in markdown:
        inner = [line for line in markdown.split("\n") if line.strip() and not line.startswith("```")]
        markdown = f"`{inner[0].replace('`', chr(39))[:80]}`" if inner else ""
    return re.sub(r"(?<!\\)\|", r"\\|", markdown)


def _text(headers: Sequence[str], rows: list[list[Shown]], align: str) -> str:
    lines = [[one_line(name) for name in headers]]
    lines += [[one_line(item.text, _TEXT_WIDTH) for item in row] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    return "\n".join(
        "  ".join(
            f"{item:>{width}}" if where == "r" else f"{item:<{width}}"
            for item, width, where in zip(line, widths, align, strict=True)
        ).rstrip()
        for line in lines
    )
