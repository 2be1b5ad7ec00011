"""Blocks drawn: as text for terminals, as HTML that survives JupyterLab's sanitiser, as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable

from autor_nb.verbs import clean
from autor_nb.verbs.blocks import (
    Block,
    Cell,
    Facts,
    Heading,
    Items,
    Mark,
    Next,
    Para,
    Prose,
    Table,
    Verbatim,
    marked,
    tone,
)

_COMMAND = re.compile(r"`autor(?=[ `])")
_CODE = re.compile(r"`([^`\n]+)`")
_HELD = "\u00a0"
_LINE = "rgba(128,128,128,0.28)"
_TONES = {"good": "#1f8a70", "bad": "#c8452a", "care": "#b7791f", "busy": "#2f7fd0", "idle": "#808890"}
_BOX = f"border:1px solid {_LINE};border-radius:4px;padding:12px 16px;font-size:13px;line-height:19px"
_CELL = f"padding:2px 16px 2px 0;text-align:left;vertical-align:top;border-bottom:1px solid {_LINE}"
_PRE = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"
_HEADING = "font-size:{}px;line-height:20px;font-weight:600;margin:12px 0 4px"
_HEADINGS = {f"h{level}": _HEADING.format(15 if level == 1 else 13) for level in range(1, 7)}
_LABEL = "font-size:12px;opacity:0.8;margin:8px 0 4px"


def in_notebook(text: str) -> str:
    """Commands as a notebook takes them."""
    return _COMMAND.sub("`%autor", text)


def for_notebook(blocks: Iterable[Block]) -> list[Block]:
    """Next steps as a notebook takes them, for its text/plain."""
    return [
        Next(tuple((f"%{command}", why) for command, why in block.steps)) if isinstance(block, Next) else block
        for block in blocks
    ]


# ------------------------------------------------------------------------------------------------- text


def as_text(blocks: Iterable[Block], columns: int = 100) -> str:
    """For a terminal (or as text/plain)."""
    parts = [part for block in blocks if (part := _TEXT[type(block)](block, columns))]
    return "\n\n".join(parts)


def _cell(cell: Cell) -> str:
    return clean.line(marked(cell) if isinstance(cell, Mark) else cell, 300)


def _wrapped(text: str, columns: int, indent: str = "") -> str:
    lines = clean.plain(text, 20_000).split("\n")
    return "\n".join(
        textwrap.fill(item, columns, initial_indent=indent, subsequent_indent=indent) if item.strip() else ""
        for item in lines
    )


def _text_heading(block: Heading, columns: int) -> str:
    parts = [clean.line(block.text), marked(block.mark) if block.mark else "", clean.line(block.aside)]
    return "  ".join(part for part in parts if part)


def _text_facts(block: Facts, columns: int) -> str:
    pairs = [(clean.line(name), _cell(value)) for name, value in block.pairs if value]
    widest = max((clean.width(name) for name, _ in pairs), default=0)
    return "\n".join(f"{clean.pad(name, widest)}  {clean.clip(value, columns - widest - 2)}" for name, value in pairs)


def _text_table(block: Table, columns: int) -> str:
    rows = [[_cell(cell) for cell in row] for row in block.rows]
    if not rows:
        return ""
    head = [clean.line(name) for name in block.columns]
    widths = [max(clean.width(row[i]) for row in [head, *rows]) for i in range(len(head))]
    spare = columns - sum(widths[:-1]) - 2 * (len(widths) - 1)
    widths[-1] = max(min(widths[-1], spare), 20)
    lines = [
        "  ".join(clean.pad(clean.clip(cell, size), size) for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    ]
    return "\n".join([*([clean.line(block.title)] if block.title else []), *lines])


def _text_items(block: Items, columns: int) -> str:
    """What stands in backticks is typed as it stands, so that no line ends within it where it fits on one."""
    lines = [clean.line(block.title)] if block.title else []
    for number, item in enumerate(block.items, 1):
        whole = _CODE.sub(lambda code: code[0].replace(" ", _HELD), clean.line(item, 2000))
        filled = textwrap.fill(
            whole, columns, initial_indent=f"  {number}  ", subsequent_indent="     ",
            break_on_hyphens=False, break_long_words=False,
        )  # fmt: skip
        lines.append(filled.replace(_HELD, " "))
    return "\n".join(lines)


def _text_verbatim(block: Verbatim, columns: int) -> str:
    return "\n".join([*([clean.line(block.title)] if block.title else []), clean.plain(block.text, 200_000)])


def _text_next(block: Next, columns: int) -> str:
    steps = [(clean.line(command), clean.line(why)) for command, why in block.steps]
    widest = max((clean.width(command) for command, _ in steps), default=0)
    lines = [f"  {clean.pad(command, widest)}  {why}".rstrip() for command, why in steps]
    return "\n".join(["Next:", *lines]) if lines else ""


_TEXT: dict[type, Callable[..., str]] = {
    Heading: _text_heading,
    Facts: _text_facts,
    Table: _text_table,
    Items: _text_items,
    Verbatim: _text_verbatim,
    Prose: _text_verbatim,
    Next: _text_next,
    Para: lambda block, columns: _wrapped(block.text, columns),
}


# ------------------------------------------------------------------------------------------------- HTML


def as_html(blocks: Iterable[Block]) -> str:
    """One card, inline style only, inks inherited."""
    return f'<div style="{_BOX}">' + "".join(_HTML[type(block)](block) for block in blocks) + "</div>"


def _inline(text: str) -> str:
    """Escaped text; what stands in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", clean.html(in_notebook(text))).replace("\n", "<br>")


def _html_mark(mark: Mark) -> str:
    glyph, _, word = marked(mark).partition(" ")
    sign = f'<span style="color:{_TONES[tone(mark)]}">{glyph}</span>'
    return f'<span style="white-space:nowrap">{sign} {clean.html(word)}</span>'


def _html_cell(cell: Cell) -> str:
    return _html_mark(cell) if isinstance(cell, Mark) else _inline(clean.line(cell, 2000))


def _html_heading(block: Heading) -> str:
    mark = f"<span>{_html_mark(block.mark)}</span>" if block.mark else ""
    aside = f'<span style="opacity:0.74">{_inline(clean.line(block.aside))}</span>' if block.aside else ""
    big = "font-size:16px;font-weight:600;line-height:24px"
    title = f'<b style="{big}">{_inline(clean.line(block.text))}</b>'
    row = "display:flex;flex-wrap:wrap;gap:4px 24px;align-items:baseline"
    return f'<div style="{row}">{" ".join(filter(None, (title, mark, aside)))}</div>'


def _html_para(block: Para) -> str:
    quiet = ";opacity:0.74" if block.quiet else ""
    return f'<div style="margin:4px 0;max-width:860px{quiet}">{_inline(clean.plain(block.text, 20_000))}</div>'


def _html_facts(block: Facts) -> str:
    cells = "".join(
        f'<div style="min-width:96px"><div style="font-size:11.5px;opacity:0.74">{clean.html(name)}</div>'
        f'<div style="font-size:13px"><b style="font-weight:600">{_html_cell(value)}</b></div></div>'
        for name, value in block.pairs
        if value
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:8px 28px;margin:6px 0">{cells}</div>'


def _label(title: str) -> str:
    return f'<div style="{_LABEL}"><b style="font-weight:600">{clean.html(title)}</b></div>' if title else ""


def _html_table(block: Table) -> str:
    if not block.rows:
        return ""
    head = "".join(
        f'<th style="{_CELL};font-size:11.5px;opacity:0.74">{clean.html(name)}</th>' for name in block.columns
    )
    rows = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{_html_cell(cell)}</td>' for cell in row) + "</tr>" for row in block.rows
    )
    table = f'<table style="border-collapse:collapse;margin:4px 0"><tr>{head}</tr>{rows}</table>'
    return _label(block.title) + table


def _html_items(block: Items) -> str:
    items = "".join(f'<li style="max-width:860px">{_inline(clean.line(item, 4000))}</li>' for item in block.items)
    return f'{_label(block.title)}<ol style="margin:4px 0;padding-left:20px">{items}</ol>'


def _html_verbatim(block: Verbatim) -> str:
    return f'{_label(block.title)}<pre style="{_PRE}">{clean.html(block.text[:200_000])}</pre>'


def _html_prose(block: Prose) -> str:
    body = prose_html(block.text)
    if block.folded:
        return f'<details><summary style="cursor:pointer">{clean.html(block.title)}</summary>{body}</details>'
    return _label(block.title) + body


def prose_html(text: str) -> str:
    """Markdown as HTML: no raw HTML in, sanitised out; no picture is fetched, headings keep to the card's scale."""
    import nh3
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return nh3.clean(
        reader.render(clean.plain(text, 400_000)),
        url_schemes={"http", "https", "mailto"},
        set_tag_attribute_values={tag: {"style": style} for tag, style in _HEADINGS.items()},
    )


def _html_next(block: Next) -> str:
    steps = "".join(
        f'<div style="margin:2px 0">{_inline(f"`{command}`")} <span style="opacity:0.74">{_inline(why)}</span></div>'
        for command, why in block.steps
    )
    style = f"margin-top:10px;padding-top:4px;border-top:1px solid {_LINE}"
    return f'<div style="{style}">{_label("Next")}{steps}</div>'


_HTML: dict[type, Callable[..., str]] = {
    Heading: _html_heading,
    Para: _html_para,
    Facts: _html_facts,
    Table: _html_table,
    Items: _html_items,
    Verbatim: _html_verbatim,
    Prose: _html_prose,
    Next: _html_next,
}


# --------------------------------------------------------------------------------------------- Markdown


def as_markdown(blocks: Iterable[Block]) -> str:
    """For text/markdown: nbconvert, plain viewers."""
    return "\n\n".join(part for block in blocks if (part := _MARKDOWN[type(block)](block))) + "\n"


def _md(text: str) -> str:
    """Escaped, but commands of ours in backticks stay code."""
    pieces = _CODE.split(in_notebook(clean.line(text, 4000)))
    return (
        "".join(
            f"`{piece}`" if index % 2 else clean.markdown(piece) if piece.strip() else piece
            for index, piece in enumerate(pieces)
        )
        if len(pieces) > 1
        else clean.markdown(text)
    )


def _md_cell(cell: Cell) -> str:
    return _md_mark(cell) if isinstance(cell, Mark) else clean.markdown(clean.line(cell, 300))


def _md_mark(mark: Mark) -> str:
    return clean.markdown(marked(mark))


def _md_table(block: Table) -> str:
    if not block.rows:
        return ""
    lines = [
        [clean.markdown(name) for name in block.columns],
        ["---"] * len(block.columns),
        *[[_md_cell(cell) for cell in row] for row in block.rows],
    ]
    table = "\n".join("| " + " | ".join(row) + " |" for row in lines)
    return f"**{clean.markdown(block.title)}**\n\n{table}" if block.title else table


def _md_verbatim(block: Verbatim | Prose) -> str:
    text = clean.plain(block.text, 200_000)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    title = f"**{clean.markdown(block.title)}**\n\n" if block.title else ""
    return f"{title}{fence}\n{text}\n{fence}"


def _md_heading(block: Heading) -> str:
    mark = f" · {_md_mark(block.mark)}" if block.mark else ""
    return f"### {clean.markdown(block.text)}{mark}" + (f" · {clean.markdown(block.aside)}" if block.aside else "")


_MARKDOWN: dict[type, Callable[..., str]] = {
    Heading: _md_heading,
    Para: lambda block: _md(block.text),
    Facts: lambda block: "\n".join(
        f"* {clean.markdown(name)}: {_md_cell(value)}" for name, value in block.pairs if value
    ),
    Table: _md_table,
    Items: lambda block: "\n".join(
        [
            *([f"**{clean.markdown(block.title)}**", ""] if block.title else []),
            *(f"{n}. {_md(item)}" for n, item in enumerate(block.items, 1)),
        ]
    ),
    Verbatim: _md_verbatim,
    Prose: _md_verbatim,
    Next: lambda block: "\n".join(
        ["Next:", "", *(f"* {_md(f'`{command}`')} {_md(why)}" for command, why in block.steps)]
    ),
}
