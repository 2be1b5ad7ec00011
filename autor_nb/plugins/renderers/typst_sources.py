"""Typst source for the parts of a document; every string that came from data is a string literal here."""

from __future__ import annotations

from collections.abc import Iterable

from autor_nb.domain.document import (
    Block,
    Bullets,
    Cite,
    Figure,
    Inline,
    Math,
    Number,
    Paragraph,
    Ref,
    Section,
    Table,
    Words,
)
from autor_nb.plugins.renderers.manuscript import Manuscript, chunks
from autor_nb.plugins.renderers.typst_text import literal

_STYLES = {"emph": "#emph(%s);", "strong": "#strong(%s);", "code": "#code(%s);"}


class TypstSource:
    """Writes one manuscript's parts; `wide`: the page has two columns; `pdf`: Typst can show PDF figures."""

    def __init__(self, manuscript: Manuscript, *, wide: bool, pdf: bool) -> None:
        self.manuscript = manuscript
        self.wide = wide
        self.suffixes = (".pdf", ".svg", ".png", ".jpg", ".jpeg") if pdf else (".svg", ".png", ".jpg", ".jpeg")

    def numbers(self) -> str:
        """The numbers by name, as formatted."""
        entries = "".join(
            f"  {literal(name)}: {literal(value)},\n" for name, value in sorted(self.manuscript.numbers.items())
        )
        return f"#let numbers = (:\n{entries})\n" if not entries else f"#let numbers = (\n{entries})\n"

    def inline(self, parts: Iterable[Inline]) -> str:
        """Inline parts as one run of markup."""
        return "".join(self._part(part) for part in parts)

    def _part(self, part: Inline) -> str:
        match part:
            case Words():
                return _STYLES.get(part.style, "#%s;").replace("%s", literal(part.text))
            case Number():
                known = part.name in self.manuscript.numbers
                return f"#num({literal(part.name)});" if known else f"#missing({literal(part.name)});"
            case Cite():
                return self._cite(part)
            case Math():
                return f"${part.typst}$"
            case Ref():
                known_label = self.manuscript.labels.get(part.label)
                if known_label is None:
                    return f"#missing({literal(part.label)});"
                return f"#ref(label({literal(known_label)}));"

    def _cite(self, part: Cite) -> str:
        known = "".join(f"#cite(label({literal(key)}));" for key in part.keys if key in self.manuscript.keys)
        return known + "".join(f"#missing({literal(key)});" for key in part.keys if key not in self.manuscript.keys)

    def section(self, section: Section) -> str:
        """One section with its heading."""
        level = min(max(section.level, 1), 3)
        supplement = "Appendix" if section.appendix else "Section"
        label = self.manuscript.labels[section.name]
        head = (
            f"#[#heading(level: {level}, supplement: [{supplement}])[#{literal(section.title)};]"
            f"#label({literal(label)});]\n"
        )
        return head + "\n" + "\n".join(self._block(block) for block in section.blocks)

    def _block(self, block: Block) -> str:
        match block:
            case Paragraph():
                return f"{self.inline(block.content)}\n"
            case Bullets():
                items = ", ".join(f"[{self.inline(item)}]" for item in block.items)
                return f"#list({items})\n" if block.items else ""
            case Figure():
                return self._figure(block)
            case Table():
                return "\n".join(self._table(block, rows, part) for part, rows in enumerate(chunks(block)))

    def _figure(self, figure: Figure) -> str:
        width = min(max(figure.width, 0.05), 1.0)
        source = self.manuscript.figure_file(figure, self.suffixes)
        if source is None:
            body = f"absent({literal(figure.path)})"
        else:
            path = "/" + source.relative_to(self.manuscript.workspace).as_posix()
            body = f"picture({literal(path)}, {width * 100:.3g}%)"
        return (
            f"#[#figure({body}, kind: image, caption: [{self.inline(figure.caption)}], placement: auto)"
            f"#label({literal(self.manuscript.labels[figure.label])});]\n"
        )

    def _table(self, table: Table, rows: tuple[tuple[tuple[Inline, ...], ...], ...], part: int) -> str:
        prose = self.manuscript.prose_columns(table)
        width = max(len(table.align), 1)
        columns = ", ".join("1fr" if i in prose else "auto" for i in range(width))
        aligns = ", ".join({"r": "right", "c": "center"}.get(align, "left") for align in table.align) or "left"
        header = self._row(table.header, width)
        body = "".join(f"    {self._row(row, width)},\n" for row in rows)
        note = f", note: [{self.inline(table.note)}]" if table.note and not part else ""
        across = ', scope: "parent"' if self.wide and (prose or width > 4) else ""
        fit = "false" if prose else "true"
        caption = self.inline(table.caption) + (" (continued)" if part else "")
        again = "#counter(figure.where(kind: table)).update(n => n - 1)\n" if part else ""
        label = "" if part else f"#label({literal(self.manuscript.labels[table.label])});"
        return (
            f"{again}#[#figure(kind: table, placement: auto{across}, caption: [{caption}],\n"
            f"  ruled(({columns},), ({aligns},), fit: {fit}{note},\n    ({header},),\n{body}  )){label}]\n"
        )

    def _row(self, cells: tuple[tuple[Inline, ...], ...], width: int) -> str:
        filled = [*cells[:width], *([()] * (width - len(cells)))]
        return ", ".join(f"[{self.inline(cell)}]" for cell in filled)
