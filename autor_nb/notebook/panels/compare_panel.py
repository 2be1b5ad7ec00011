"""ComparePanel: a comparison at length with the choice of another, and below it figures of both, side by side."""

from __future__ import annotations

import base64
import html
from typing import Any

import ipywidgets

from autor_nb import control
from autor_nb.desk import comparable, files, previews
from autor_nb.desk.comparable import Two
from autor_nb.desk.compare import Side, newest, numbers_of_attempt
from autor_nb.domain.errors import UsageError
from autor_nb.figures.run_costs import cost_and_tokens
from autor_nb.figures.run_results import results_difference
from autor_nb.figures.run_timeline import run_timeline
from autor_nb.notebook.figures import live
from autor_nb.notebook.panels.panel import Panel
from autor_nb.notebook.panels.tail import tail_of
from autor_nb.store.layout import RunFolder

PICTURES = 4
DATA = "data:image/png;base64,"
_ROW = {"flex_flow": "row wrap", "display": "flex", "margin": "8px 0"}
_HALF = {"flex": "1 1 440px", "min_width": "0", "width": "auto"}


class ComparePanel(Panel):
    """Shows one Compare document; `below` holds the figures of the same two."""

    def __init__(self, two: Two, everything: bool = False) -> None:
        self.two, self.below = two, ipywidgets.VBox(_figures(two))
        super().__init__(kind="compare", view=comparable.document(two, everything))
        self._tail = tail_of(comparable.runs_of(two)[1])
        self._tail.first()
        self._tail.join(self)

    def show(self, view: dict[str, Any], attempt: dict[str, Any] | None) -> None:
        """What has ended does not change any more."""

    def tell(self, message: dict[str, Any]) -> None:
        """Signs of life only."""
        if "beat" in message:
            self.send(message)

    def ask(self, message: dict[str, Any]) -> None:
        """Compare two others, or show all of these."""
        asked = message.get("args") or {}
        if message.get("command") != "compare":
            raise UsageError("This panel is for reading.", "`%autor panel` has the buttons.")
        two, everything = comparable.chosen(self.two, asked.get("left"), asked.get("right")), bool(asked.get("all"))
        view = comparable.document(two, everything)
        if (
            view["picked"]["left"] != self.view["picked"]["left"]
            or view["picked"]["right"] != self.view["picked"]["right"]
        ):
            self.below.children = _figures(two)
        self.two, self.view = two, view


def comparison(state: tuple[Two, bool]) -> Any:
    """The panel, how results moved, and what else can be seen of both."""
    panel = ComparePanel(*state)
    return ipywidgets.VBox((panel, panel.below))


def _figures(two: Two) -> tuple[Any, ...]:
    """How results moved; for two runs also their timelines and costs; and every picture that differs."""
    sides, parts = comparable.of_attempts(two), list[Any]()
    if sides is None:
        runs = comparable.runs_of(two)
        found = [newest(run, control.snapshot(run).state) for run in runs]
        if found[0] is not None and found[1] is not None:
            parts += [*_results(found[0], found[1]), *_of_runs(runs), *_pictures(found[0], found[1])]
        return tuple(parts)
    return (*_results(*sides), *_pictures(*sides))


def _results(left: Side, right: Side) -> list[Any]:
    before, after = numbers_of_attempt(left), numbers_of_attempt(right)
    if not before or not after or before == after:
        return []
    same_run = left.run.path == right.run.path
    heads = (left.title, right.title) if same_run else (left.run.run_id, right.run.run_id)
    return [live(results_difference(before, after, heads=heads))]


def _of_runs(runs: tuple[RunFolder, RunFolder]) -> list[Any]:
    """Timelines in one row, costs in the next; the run's name above each."""
    states = [(run.run_id, control.snapshot(run).state) for run in runs]
    return [
        ipywidgets.Box([_titled(run, live(draw(state))) for run, state in states], layout=_ROW)
        for draw in (run_timeline, cost_and_tokens)
    ]


def _titled(title: str, shown: Any) -> Any:
    label = ipywidgets.HTML(f"<span>{html.escape(title)}</span>")
    return ipywidgets.VBox((label, shown), layout=_HALF)


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
        rows.append(ipywidgets.Box(pair, layout=_ROW))
    if len(names) > PICTURES:
        rows.append(ipywidgets.Label(f"and {len(names) - PICTURES} figures more that differ"))
    return rows


def _picture(side: Side, path: str, there: bool) -> Any:
    made = previews.preview(side.run, side.state, side.stage.ref.slug, side.attempt.attempt, path) if there else {}
    source = str(made.get("src", ""))
    if source.startswith(DATA):
        shown: Any = ipywidgets.Image(
            value=base64.b64decode(source[len(DATA) :]), format="png", layout={"max_width": "100%"}
        )
    else:
        shown = ipywidgets.Label(str(made.get("text", "")) or "not there")
    return _titled(f"{path}, {side.title}", shown)
