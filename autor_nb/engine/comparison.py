"""What differs between two executions of one notebook, as a reader of its text would see it."""

from __future__ import annotations

import difflib
from typing import Any

TEXTS = ("text/html", "text/markdown", "text/plain")


def differences(kept: Any, again: Any) -> list[str]:
    """One line per difference in code or in text outputs; pictures are left to their text twins."""
    found: list[str] = []
    cells, others = _code(kept), _code(again)
    for name in [*cells, *(name for name in others if name not in cells)]:
        if name not in others or name not in cells:
            found.append(f"cell {name}: only in the {'kept' if name in cells else 'new'} notebook")
        elif cells[name].source != others[name].source:
            found.append(f"cell {name}: its code is not the template's")
        else:
            found += _outputs(name, texts_of(cells[name]), texts_of(others[name]))
    return found


def texts_of(cell: Any) -> list[tuple[str, str]]:
    """(mime type or stream, text) of every output of a cell, in order."""
    texts: list[tuple[str, str]] = []
    for output in cell.outputs:
        if output.output_type == "stream":
            texts.append((output.name, _joined(output.text)))
        elif output.output_type == "error":
            texts.append(("error", f"{output.ename}: {output.evalue}"))
        else:
            texts += [(mime, _joined(output.data[mime])) for mime in TEXTS if mime in output.data]
    return texts


def _code(notebook: Any) -> dict[str, Any]:
    return {str(cell.get("id", index)): cell for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"}


def _outputs(name: str, kept: list[tuple[str, str]], again: list[tuple[str, str]]) -> list[str]:
    if [mime for mime, _ in kept] != [mime for mime, _ in again]:
        return [f"cell {name}: {len(kept)} text outputs before, {len(again)} now"]
    differing = [(old, new) for (_, old), (_, new) in zip(kept, again, strict=True) if old != new]
    if not differing:
        return []
    old, new = differing[-1]  # the plain text comes last, and reads best
    lines = [line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line[:2] in ("- ", "+ ")]
    return [f"cell {name}: " + " | ".join(line[:160] for line in lines[:4])]


def _joined(text: Any) -> str:
    return "".join(text) if isinstance(text, list) else str(text)
