"""ComparePanel: a comparison at length, and below it the figures that differ, side by side."""

from __future__ import annotations

import base64
import html
from typing import Any

import ipywidgets

from autor_nb.desk import files, previews
from autor_nb.desk.compare import Side, numbers_of_attempt
from autor_nb.figures.run_results import results_difference
from autor_nb.notebook.figures import live
from autor_nb.notebook.panels.panel import Panel

PICTURES = 4
DATA = "data:image/png;base64,"


class ComparePanel(Panel):
    """Shows one Compare document; attempts that have ended do not change any more."""

    def __init__(self, document: dict[str, Any], run: str = "") -> None:
        super().__init__(kind="compare", view={**document, "run": run, "choices": []})


def comparison(state: tuple[dict[str, Any], tuple[Side, Side] | None]) -> Any:
    """The panel, how results moved, and the pictures that differ; two runs have their tables only."""
    document, sides = state
    if sides is None:
        return ComparePanel(document)
    left, right = sides
    parts: list[Any] = [ComparePanel(document, right.run.run_id)]
    before, after = numbers_of_attempt(left), numbers_of_attempt(right)
    if before and after and before != after:
        parts.append(live(results_difference(before, after, heads=(left.title, right.title))))
    return ipywidgets.VBox((*parts, *_pictures(left, right)))


def _pictures(left: Side, right: Side) -> list[Any]:
    """Each picture that is not the same on both sides, the earlier one on the left."""
    one, two = files.around(left.run, left.attempt)[1], files.around(right.run, right.attempt)[1]
    names = [
        path
        for path in sorted({*one, *two})
        if path.startswith("figures/")
        and path.lower().endswith((".png", ".jpg", ".jpeg"))
        and (path not in one or path not in two or one[path].sha256 != two[path].sha256)
    ]
    rows: list[Any] = []
    for path in names[:PICTURES]:
        pair = [_picture(side, path, path in kept) for side, kept in ((left, one), (right, two))]
        rows.append(ipywidgets.HBox(pair, layout={"margin": "8px 0"}))
    if len(names) > PICTURES:
        rows.append(ipywidgets.Label(f"and {len(names) - PICTURES} figures more that differ"))
    return rows


def _picture(side: Side, path: str, there: bool) -> Any:
    title = f"{path}, {side.title}"
    label = ipywidgets.HTML(f"<span>{html.escape(title)}</span>")
    made = previews.preview(side.run, side.state, side.stage.ref.slug, side.attempt.attempt, path) if there else {}
    source = str(made.get("src", ""))
    if source.startswith(DATA):
        shown: Any = ipywidgets.Image(
            value=base64.b64decode(source[len(DATA) :]), format="png", layout={"max_width": "100%"}
        )
    else:
        shown = ipywidgets.Label(str(made.get("text", "")) or "not there")
    return ipywidgets.VBox((label, shown), layout={"width": "50%"})
