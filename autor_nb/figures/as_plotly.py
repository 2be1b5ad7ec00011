"""A description as a plotly figure: a plain dictionary of JSON, made without importing plotly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autor_nb.figures.descriptions import Bars, Description, Matrix, Strip
from autor_nb.figures.palette import ACCENT, GRID, INK, KINDS, MUTED, PANEL, PAPER, STATUS, TEXT
from autor_nb.figures.scene_plotly import safe as _safe
from autor_nb.figures.scene_plotly import scene_json

FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"


def to_plotly(figure: Description) -> dict[str, Any]:
    """The figure's JSON; every label is escaped, since plotly reads marks in text."""
    if isinstance(figure, Bars):
        data, layout = _bars(figure)
    elif isinstance(figure, Strip):
        data, layout = _strip(figure)
    elif isinstance(figure, Matrix):
        data, layout = _matrix(figure)
    else:
        data, layout = scene_json(figure.scene())
    width, height = figure.size
    frame = {
        "width": width,
        "height": height,
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "showlegend": False,
        "font": {"family": FONT, "size": 12, "color": TEXT},
        "hovermode": "closest",
        "dragmode": False,
        "hoverlabel": {"align": "left"},
    }
    config = {"displayModeBar": False, "responsive": False, "displaylogo": False}
    return {"data": data, "layout": {**frame, **layout}, "config": config}


def _axis(**more: Any) -> dict[str, Any]:
    return {"showgrid": False, "zeroline": False, "showline": False, "ticks": "", "fixedrange": True, **more}


def _rows_axis(labels: Sequence[str], span: float = 0.5) -> dict[str, Any]:
    return _axis(
        range=[len(labels) - 1 + span, -span],
        tickmode="array",
        tickvals=list(range(len(labels))),
        ticktext=[_safe(label) for label in labels],
        automargin=False,
    )


def _bars(figure: Bars) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    bars = figure.bars
    end = max((bar.end for bar in bars), default=1.0) or 1.0
    late = [bar.end > 0.82 * end and bar.start > 0.2 * end for bar in bars]
    data: list[dict[str, Any]] = [
        {
            "type": "bar",
            "orientation": "h",
            "y": list(range(len(bars))),
            "base": [bar.start for bar in bars],
            "x": [bar.end - bar.start for bar in bars],
            "width": 0.65,
            "marker": {"color": [KINDS.get(bar.kind, ACCENT) for bar in bars]},
            "hoverinfo": "text",
            "hovertext": [_safe(f"{bar.label}: {bar.note}") for bar in bars],
        },
        {
            "type": "scatter",
            "mode": "text",
            "y": list(range(len(bars))),
            "hoverinfo": "skip",
            "cliponaxis": False,
            "x": [bar.start if before else bar.end for bar, before in zip(bars, late, strict=True)],
            "text": [
                f"{_safe(bar.note)} " if before else f" {_safe(bar.note)}"
                for bar, before in zip(bars, late, strict=True)
            ],
            "textposition": ["middle left" if before else "middle right" for before in late],
            "textfont": {"color": MUTED, "size": 11.5},
        },
    ]
    bottom = 28 + (18 if figure.axis else 0)
    return data, {
        "margin": {"l": 230, "r": 40, "t": 6, "b": bottom},
        "yaxis": _rows_axis([bar.label for bar in bars]),
        "xaxis": _axis(
            range=[0, end * 1.03],
            showgrid=True,
            gridcolor=GRID,
            nticks=8,
            ticksuffix=f" {figure.unit}" if figure.unit else "",
            title={"text": _safe(figure.axis)},
        ),
    }


def _strip(figure: Strip) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    rings: dict[str, list[Any]] = {"x": [], "y": [], "color": [], "text": []}
    ticks: dict[str, list[Any]] = {"x": [], "y": []}
    for at, row in figure.drawn:
        for position, line in zip(offsets(len(row.lines)), row.lines, strict=True):
            for value in line:
                rings["x"].append(value)
                rings["y"].append(at + position)
                rings["color"].append(KINDS["other"] if row.baseline else ACCENT)
                rings["text"].append(_safe(f"{row.label}: {value:.6g}"))
            if line:
                ticks["x"].append(sum(line) / len(line))
                ticks["y"].append(at + position)
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": rings["x"],
            "y": rings["y"],
            "opacity": 0.85,
            "marker": {"symbol": "circle-open", "size": 6, "color": rings["color"], "line": {"width": 1.1}},
            "hoverinfo": "text",
            "hovertext": rings["text"],
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": ticks["x"],
            "y": ticks["y"],
            "hoverinfo": "skip",
            "marker": {"symbol": "line-ns-open", "size": 6, "color": INK, "line": {"width": 2}},
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": [row.mean for _, row in figure.drawn],
            "y": [at + 0.40 for at, _ in figure.drawn],
            "hoverinfo": "text",
            "hovertext": [_safe(f"{row.label}: mean {row.mean:.6g}") for _, row in figure.drawn],
            "marker": {"symbol": "triangle-up", "size": 9, "color": INK},
        },
    ]
    return data, {
        "margin": {"l": 230, "r": 20 + max(figure.column_ends, default=0), "t": 30, "b": 44},
        "yaxis": _rows_axis([row.label for row in figure.rows]),
        "xaxis": _axis(showgrid=True, gridcolor=GRID, title={"text": _safe(figure.axis)}, nticks=8),
        "annotations": _strip_columns(figure),
    }


def offsets(lines: int) -> list[float]:
    """Where the lines of a row lie around its middle, in rows."""
    step = min(0.14, 0.6 / max(1, lines))
    return [step * (index - (lines - 1) / 2) for index in range(lines)]


def _strip_columns(figure: Strip) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for column, header in enumerate(figure.headers):
        end = figure.column_ends[column]
        common = {"xref": "paper", "x": 1, "xanchor": "right", "showarrow": False, "xshift": end}
        found.append({**common, "text": f"<b>{_safe(header)}</b>", "yref": "paper", "y": 1, "yanchor": "bottom"})
        for at, row in enumerate(figure.rows):
            if column < len(row.columns):
                found.append(
                    {
                        **common,
                        "text": _safe(row.columns[column]),
                        "yref": "y",
                        "y": at,
                        "font": {"color": INK if column == 0 else TEXT},
                    }
                )
    return found


def _matrix(figure: Matrix) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    places, width = figure.places, figure.size[0]
    details = figure.details or figure.columns
    data: list[dict[str, Any]] = []
    used = []
    for status, (color, _, symbol, _, word) in STATUS.items():
        at = [
            (places[column], row, f"{label}: {details[column]}: {word}")
            for row, (label, statuses) in enumerate(figure.rows)
            for column, found in enumerate(statuses)
            if found == status
        ]
        if not at:
            continue
        used.append(status)
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [x for x, _, _ in at],
                "y": [y for _, y, _ in at],
                "marker": {"symbol": symbol, "size": min(11.0, figure.step * 0.55), "color": color},
                "hoverinfo": "text",
                "hovertext": [_safe(text) for _, _, text in at],
                "name": word,
            }
        )
    axis = _axis(range=[0, width], showticklabels=False)
    rows = {**_rows_axis([label for label, _ in figure.rows]), "showticklabels": False}
    return data, {
        "margin": {"l": 0, "r": 0, "t": 24, "b": 42},
        "xaxis": axis,
        "yaxis": rows,
        "shapes": _bands(figure),
        "annotations": _matrix_notes(figure, used),
    }


def _bands(figure: Matrix) -> list[dict[str, Any]]:
    last = len(figure.rows) - 0.5
    common = {"type": "rect", "y0": -0.5, "y1": last, "layer": "below", "fillcolor": PANEL}
    common |= {"line": {"width": 0}}
    return [{**common, "x0": left, "x1": right} for _, left, right in figure.bands]


def _matrix_notes(figure: Matrix, used: list[str]) -> list[dict[str, Any]]:
    last = len(figure.rows) - 0.5
    notes = []
    for name, left, _ in figure.bands:
        notes.append(_note(f"<b>{_safe(name)}</b>", left, -0.5, anchor="left", shift=9))
    for place, label in zip(figure.places, figure.labelled, strict=True):
        notes.append(_note(_safe(label), place, last, anchor="center", shift=-9))
    for status, left in legend_places(used):
        color, glyph, _, _, word = STATUS[status]
        text = f"<span style='color:{color}'>{glyph}</span> {word}"
        notes.append(_note(text, left, last, anchor="left", shift=-30))
    for row, (label, _) in enumerate(figure.rows):
        notes.append(_note(_safe(label), 98, row, anchor="right", shift=0))
    return notes


def legend_places(used: Sequence[str]) -> list[tuple[str, float]]:
    """(status, left end in pixels) of every entry of the legend."""
    places, left = [], Matrix.LEFT
    for status in used:
        places.append((status, left))
        left += 44 + 7.0 * len(STATUS[status][4])
    return places


def _note(text: str, x: float, y: float, *, anchor: str, shift: int) -> dict[str, Any]:
    return {
        "text": text,
        "x": x,
        "y": y,
        "xanchor": anchor,
        "yanchor": "middle",
        "yshift": shift,
        "showarrow": False,
        "font": {"size": 12},
    }
