"""LaTeX source for the parts of a document; every string that came from data is escaped here."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

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
from autor_nb.plugins.renderers.latex_text import comment, escaped, macro_names
from autor_nb.plugins.renderers.manuscript import Manuscript, chunks, safe_label

_PLAIN_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*")
_HEADINGS = ("section", "subsection", "subsubsection")
_STYLES = {"emph": r"\emph{%s}", "strong": r"\textbf{%s}", "code": r"\texttt{%s}"}


class LatexSource:
    """Writes one manuscript's parts; `wide` tells whether the page has two columns."""

    def __init__(self, manuscript: Manuscript, *, wide: bool) -> None:
        self.manuscript = manuscript
        self.wide = wide
        self.macros = macro_names(manuscript.numbers)

    def numbers(self) -> str:
        """numbers.tex: one macro a number, its name in numbers.json behind it."""
        lines = ["% One macro for each entry of numbers.json; made from it, never edited.\n"]
        for name, macro in sorted(self.macros.items(), key=lambda pair: pair[1]):
            value = self.manuscript.numbers[name]
            lines.append(rf"\newcommand{{\{macro}}}{{{escaped(value)}}} % {comment(name)}" + "\n")
        negative = [m for name, m in self.macros.items() if re.match(r"-[0-9.]", self.manuscript.numbers[name])]
        if negative:
            lines.append("% A leading hyphen is set as a minus sign.\n")
            lines += [rf"\autorminus\{macro}" + "\n" for macro in sorted(negative)]
        return "".join(lines)

    def inline(self, parts: Iterable[Inline]) -> str:
        """Inline parts as one run of source."""
        return "".join(self._part(part) for part in parts)

    def _part(self, part: Inline) -> str:
        match part:
            case Words():
                text = escaped(part.text)
                if part.style == "code":
                    text = re.sub(r"(\\_|/|\.(?=\w))", r"\1\\allowbreak{}", text)
                return _STYLES.get(part.style, "%s").replace("%s", text)
            case Number():
                macro = self.macros.get(part.name)
                return rf"\{macro}{{}}" if macro else rf"\autormissing{{{escaped(part.name)}}}"
            case Cite():
                return self._cite(part)
            case Math():
                return rf"\ensuremath{{{part.latex}}}"
            case Ref():
                return self._reference(part.label)

    def _cite(self, part: Cite) -> str:
        # An unknown key is written too, if it can be: the check on citations names it, LaTeX prints [?].
        good = [key for key in part.keys if re.fullmatch(r"[^\s\\{}%#~,$&^]+", key)]
        bad = [rf"\autormissing{{{escaped(key)}}}" for key in part.keys if key not in good]
        return (rf"\citep{{{','.join(good)}}}" if good else "") + "".join(bad)

    def _reference(self, label: str) -> str:
        known = self.manuscript.labels.get(label)
        if known is None:
            return rf"\autormissing{{{escaped(label)}}}"
        return rf"{self._kind(label)}~\ref{{{known}}}"

    def _kind(self, label: str) -> str:
        for section in self.manuscript.document.sections:
            if section.name == label:
                return "Appendix" if section.appendix else "Section"
            for block in section.blocks:
                if isinstance(block, Figure | Table) and block.label == label:
                    return "Figure" if isinstance(block, Figure) else "Table"
        return ""

    # ------------------------------------------------------------------------------------------ blocks

    def section(self, section: Section) -> str:
        """One section's file."""
        heading = _HEADINGS[min(max(section.level, 1), 3) - 1]
        title = escaped(section.title)
        label = safe_label(f"sec:{section.name}")
        body = "\n".join(self._block(block) for block in section.blocks)
        return f"\\{heading}{{{title}}}\n\\label{{{label}}}\n\n{body}"

    def _block(self, block: Block) -> str:
        match block:
            case Paragraph():
                return self.inline(block.content) + "\n"
            case Bullets():
                items = "".join(rf"  \item {{}}{self.inline(item)}" + "\n" for item in block.items)
                return f"\\begin{{itemize}}\n{items}\\end{{itemize}}\n" if block.items else ""
            case Figure():
                return self._figure(block)
            case Table():
                return "\n".join(self._table(block, rows, part) for part, rows in enumerate(chunks(block)))

    def _figure(self, figure: Figure) -> str:
        width = min(max(figure.width, 0.05), 1.0)
        path = self._graphic(figure)
        body = (
            rf"\includegraphics[width={width:.3g}\linewidth,height=0.6\textheight,keepaspectratio]{{{path}}}"
            if path
            else rf"\autorabsent{{{escaped(figure.path)}}}"
        )
        return (
            "\\begin{figure}[tbp]\n  \\centering\n"
            f"  {body}\n  \\caption{{{self.inline(figure.caption)}}}\n"
            f"  \\label{{{self.manuscript.labels[figure.label]}}}\n\\end{{figure}}\n"
        )

    def _graphic(self, figure: Figure) -> str:
        """The path to write down; a file with an unusual name is copied beside the text under a plain one."""
        source = self.manuscript.figure_file(figure, (".pdf", ".png", ".jpg", ".jpeg"))
        if source is None:
            return ""
        relative = source.relative_to(self.manuscript.workspace).as_posix()
        if _PLAIN_PATH.fullmatch(relative) and source.stem.count(".") == 0:
            return relative
        copy = Path(f"figure-{safe_label(figure.path).rsplit('-', 1)[-1]}{source.suffix}")
        shutil.copyfile(source, self.manuscript.folder / copy)
        return copy.as_posix()

    def _table(self, table: Table, rows: tuple[tuple[tuple[Inline, ...], ...], ...], part: int) -> str:
        prose = self.manuscript.prose_columns(table)
        aligns = ["L" if i in prose else (a if a in "lcr" else "l") for i, a in enumerate(table.align)]
        star = "*" if self.wide and (prose or len(aligns) > 4) else ""
        head = " & ".join(rf"\textbf{{{self.inline(cell)}}}" for cell in _filled(table.header, len(aligns)))
        body = "".join(
            "    " + " & ".join("{}" + self.inline(cell) for cell in _filled(row, len(aligns))) + r" \\" + "\n"
            for row in rows
        )
        caption = self.inline(table.caption) + (" (continued)" if part else "")
        label = "" if part else rf"\label{{{self.manuscript.labels[table.label]}}}"
        environment = "autorprosetable" if prose else "autortable"
        note = rf"  \autortablenote{{{self.inline(table.note)}}}" + "\n" if table.note and not part else ""
        again = "  \\addtocounter{table}{-1}\n" if part else ""
        return (
            f"\\begin{{table{star}}}[tbp]\n  \\centering\n{again}  \\caption{{{caption}}}{label}\n"
            f"  \\begin{{{environment}}}{{{''.join(aligns)}}}\n    \\toprule\n"
            f"    {head} \\\\\n    \\midrule\n"
            f"{body}    \\bottomrule\n  \\end{{{environment}}}\n{note}\\end{{table{star}}}\n"
        )


def _filled(cells: tuple[tuple[Inline, ...], ...], width: int) -> list[tuple[Inline, ...]]:
    """The row cut or filled to the table's width, so that a ragged row cannot break the table."""
    return [*cells[:width], *([()] * (width - len(cells)))]
