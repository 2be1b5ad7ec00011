"""A description as a PNG by matplotlib: the same picture, still, with no date or program name in the file."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

from autor_nb.figures.as_plotly import legend_places, offsets
from autor_nb.figures.descriptions import Bars, Description, Matrix, Strip
from autor_nb.figures.palette import ACCENT, GRID, INK, KINDS, MUTED, PANEL, STATUS, TEXT
from autor_nb.figures.scene_png import draw_scene

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SCALE = 1  # JupyterLab shows the PNG of an untrusted plotly output pixel by pixel
_DPI = 100
POINTS = 72 / _DPI


def to_png(figure: Description) -> bytes:
    """The figure at its own size in pixels, ink on white."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = figure.size
    canvas = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
    FigureCanvasAgg(canvas)
    if isinstance(figure, Bars):
        _bars(canvas, figure)
    elif isinstance(figure, Strip):
        _strip(canvas, figure)
    elif isinstance(figure, Matrix):
        _matrix(canvas, figure)
    else:
        draw_scene(canvas, figure.scene())
    with io.BytesIO() as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a glyph that the font lacks is drawn as a box, and says enough
        canvas.savefig(stream, format="png", dpi=_DPI * SCALE, metadata={"Software": None})
        return stream.getvalue()


def _axes(canvas: Figure, size: tuple[int, int], left: int, right: int, top: int, bottom: int) -> Any:
    width, height = size
    axes = canvas.add_axes(
        (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    )
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0, labelsize=9, labelcolor=TEXT, pad=6)
    axes.set_axisbelow(True)
    return axes


def _text(axes: Axes, x: float, y: float, text: str, **how: Any) -> None:
    how = {"fontsize": 9, "color": TEXT, "va": "center", "parse_math": False, "clip_on": False, **how}
    axes.text(x, y, text, **how)


def _row_labels(axes: Any, labels: list[str]) -> None:
    axes.set_yticks(range(len(labels)), labels=[""] * len(labels))
    for at, label in enumerate(labels):
        axes.annotate(
            label,
            (0, at),
            xycoords=("axes fraction", "data"),
            xytext=(-8, 0),
            ha="right",
            va="center",
            textcoords="offset points",
            fontsize=9,
            color=TEXT,
            annotation_clip=False,
            parse_math=False,
        )
    axes.set_ylim(max(1, len(labels)) - 0.5, -0.5)


def _bars(canvas: Figure, figure: Bars) -> None:
    axes = _axes(canvas, figure.size, 230, 40, 6, 28 + (18 if figure.axis else 0))
    end = max((bar.end for bar in figure.bars), default=1.0) or 1.0
    axes.set_xlim(0, end * 1.03)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    _ticks(axes)
    for at, bar in enumerate(figure.bars):
        axes.barh(at, bar.end - bar.start, left=bar.start, height=0.65, color=KINDS.get(bar.kind, ACCENT))
        before = bar.end > 0.82 * end and bar.start > 0.2 * end
        axes.annotate(
            bar.note,
            (bar.start if before else bar.end, at),
            xytext=(-5 if before else 5, 0),
            textcoords="offset points",
            ha="right" if before else "left",
            va="center",
            fontsize=8.6,
            color=MUTED,
            annotation_clip=False,
            parse_math=False,
        )
    _row_labels(axes, [bar.label for bar in figure.bars])
    if figure.unit:
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} {figure.unit}")
    if figure.axis:
        axes.set_xlabel(figure.axis, fontsize=9, color=TEXT, parse_math=False)


def _ticks(axes: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))


def _strip(canvas: Figure, figure: Strip) -> None:
    axes = _axes(canvas, figure.size, 230, 20 + max(figure.column_ends, default=0), 30, 44)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    _ticks(axes)
    for at, row in figure.drawn:
        color = KINDS["other"] if row.baseline else ACCENT
        for position, line in zip(offsets(len(row.lines)), row.lines, strict=True):
            axes.plot(
                line,
                [at + position] * len(line),
                linestyle="",
                marker="o",
                markersize=4.2,
                color=color,
                markerfacecolor="none",
                markeredgewidth=0.8,
                alpha=0.85,
            )
            if line:
                axes.plot(
                    [sum(line) / len(line)],
                    [at + position],
                    linestyle="",
                    marker="|",
                    markersize=4.5,
                    markeredgewidth=1.5,
                    color=INK,
                )
        axes.plot([row.mean], [at + 0.40], linestyle="", marker="^", markersize=6.5, color=INK, markeredgewidth=0)
    _row_labels(axes, [row.label for row in figure.rows])
    axes.set_xlabel(figure.axis, fontsize=9, color=TEXT, parse_math=False)
    for column, header in enumerate(figure.headers):
        cells = [(at, row.columns[column]) for at, row in enumerate(figure.rows) if column < len(row.columns)]
        _column(axes, figure.column_ends[column] * POINTS, header, cells, strong=column == 0)


def _column(axes: Axes, shift: float, header: str, cells: list[tuple[int, str]], *, strong: bool) -> None:
    """A column of text to the right of the plot."""
    how: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "va": "center", "fontsize": 9}
    how |= {"annotation_clip": False, "parse_math": False}
    axes.annotate(header, (1, 1), (shift, 9), xycoords="axes fraction", color=INK, fontweight="bold", **how)
    ink: dict[str, Any] = {"color": INK, "fontweight": "bold"} if strong else {"color": TEXT}
    for at, text in cells:
        axes.annotate(text, (1, at), (shift, 0), xycoords=("axes fraction", "data"), **ink, **how)


def _matrix(canvas: Figure, figure: Matrix) -> None:
    from matplotlib.patches import Rectangle

    width, _ = figure.size
    axes = _axes(canvas, figure.size, 0, 0, 24, 42)
    last = len(figure.rows) - 1
    axes.set(xlim=(0, width), ylim=(last + 0.5, -0.5), xticks=[], yticks=[])
    row_px = 26
    for name, left, right in figure.bands:
        axes.add_patch(Rectangle((left, -0.5), right - left, last + 1, color=PANEL, linewidth=0))
        _text(axes, left, -0.5 - 9 / row_px, name, fontweight="bold", color=INK)
    for column, label in enumerate(figure.labelled):
        _text(axes, figure.places[column], last + 0.5 + 9 / row_px, label, ha="center")
    used = []
    for row, (label, statuses) in enumerate(figure.rows):
        _text(axes, 98, row, label, ha="right", fontweight="bold" if row == last else "normal")
        for column, status in enumerate(statuses):
            used.append(status)
            _mark(axes, figure.places[column], row, status, min(7.6, figure.step * 0.4))
    below = last + 0.5 + 30 / row_px
    for status, left in legend_places([name for name in STATUS if name in used]):
        _mark(axes, left + 6, below, status, 7.6)
        _text(axes, left + 18, below, STATUS[status][4])


def _mark(axes: Axes, x: float, y: float, status: str, size: float) -> None:
    color, _, _, marker, _ = STATUS[status]
    edge = 1.5 if marker == "_" else 0
    axes.plot(
        [x],
        [y],
        linestyle="",
        marker=marker,
        markersize=size,
        color=color,
        markeredgewidth=edge,
        clip_on=False,
    )
