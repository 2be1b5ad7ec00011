"""A scene as plotly's JSON: every mark in pixels on one hidden pair of axes, texts as text."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any, TypeVar

from autor_nb.figures.scene import SHAPES, Box, Dot, Line, Scene, Words

M = TypeVar("M", Box, Dot, Words)


def safe(text: str) -> str:
    """A text that plotly takes for text: it reads some HTML, and TeX between dollar signs."""
    return html.escape(text, quote=False).replace("$", "&#36;")


def scene_json(scene: Scene) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """(data, layout) of a scene."""
    data = [_bars(group) for group in _grouped(scene.boxes, lambda box: (box.hollow,))]
    data += [_line(line) for line in scene.lines]
    data += [_dots(group) for group in _grouped(scene.dots, lambda dot: (bool(dot.hover),))]
    data += [_words(group) for group in _grouped(scene.words, lambda word: (word.anchor, word.size))]
    hidden = {"visible": False, "fixedrange": True, "showgrid": False, "zeroline": False}
    return data, {
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 0},
        "xaxis": {**hidden, "range": [0, scene.width]},
        "yaxis": {**hidden, "range": [scene.height, 0]},
        "barmode": "overlay",
        "bargap": 0,
        "shapes": [_back(box) for box in scene.backs] + [_rule(line) for line in scene.rules],
        "annotations": [],
    }


def _grouped(marks: Iterable[M], kind: Any) -> list[list[M]]:
    found: dict[Any, list[M]] = {}
    for mark in marks:
        found.setdefault(kind(mark), []).append(mark)
    return list(found.values())


def _px(value: float) -> float:
    whole = round(value, 1)
    return int(whole) if whole == int(whole) else whole


def _alike(values: list[Any]) -> Any:
    """One value where all are the same: less to send."""
    return values[0] if len(set(values)) == 1 else values


def _hover(hovers: list[str]) -> dict[str, Any]:
    if not any(hovers):
        return {"hoverinfo": "skip"}
    return {"hoverinfo": "text", "hovertext": [safe(hover) for hover in hovers]}


def _bars(boxes: list[Box]) -> dict[str, Any]:
    colors = _alike([box.color for box in boxes])
    hollow = boxes[0].hollow
    line = {"color": colors, "width": 1.2} if hollow else {"width": 0}
    return {
        "type": "bar",
        "orientation": "h",
        "base": [_px(box.left) for box in boxes],
        "x": [_px(max(box.width, 1.0)) for box in boxes],
        "y": [_px(box.top + box.height / 2) for box in boxes],
        "width": _alike([_px(box.height) for box in boxes]),
        "marker": {"color": "rgba(0,0,0,0)" if hollow else colors, "line": line},
        "cliponaxis": False,
        **_hover([box.hover for box in boxes]),
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [_px(x) for x, _ in line.points],
        "y": [_px(y) for _, y in line.points],
        "line": {"color": line.color, "width": line.width, "dash": "dot" if line.dashed else "solid"},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def _dots(dots: list[Dot]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [_px(dot.x) for dot in dots],
        "y": [_px(dot.y) for dot in dots],
        "marker": {
            "symbol": _alike([SHAPES[dot.shape][0] for dot in dots]),
            "size": _alike([_px(dot.size) for dot in dots]),
            "color": _alike([dot.color for dot in dots]),
            "opacity": 1,
            "line": {"width": 1.6},
        }
        if any("open" in SHAPES[dot.shape][0] for dot in dots)
        else {
            "symbol": _alike([SHAPES[dot.shape][0] for dot in dots]),
            "size": _alike([_px(dot.size) for dot in dots]),
            "color": _alike([dot.color for dot in dots]),
            "opacity": 1,
        },
        "cliponaxis": False,
        **_hover([dot.hover for dot in dots]),
    }


def _words(words: list[Words]) -> dict[str, Any]:
    side = {"left": "right", "center": "center", "right": "left"}[words[0].anchor]
    return {
        "type": "scatter",
        "mode": "text",
        "x": [_px(word.x) for word in words],
        "y": [_px(word.y) for word in words],
        "text": [f"<b>{safe(word.text)}</b>" if word.bold else safe(word.text) for word in words],
        "textposition": f"middle {side}",
        "textfont": {"size": words[0].size, "color": _alike([word.color for word in words])},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def _back(box: Box) -> dict[str, Any]:
    return {
        "type": "rect",
        "layer": "below",
        "x0": _px(box.left),
        "x1": _px(box.left + box.width),
        "y0": _px(box.top),
        "y1": _px(box.top + box.height),
        "fillcolor": box.color,
        "line": {"width": 0},
    }


def _rule(line: Line) -> dict[str, Any]:
    (x0, y0), (x1, y1) = line.points[0], line.points[-1]
    return {
        "type": "line",
        "layer": "below",
        "x0": _px(x0),
        "x1": _px(x1),
        "y0": _px(y0),
        "y1": _px(y1),
        "line": {"color": line.color, "width": line.width, "dash": "dot" if line.dashed else "solid"},
    }
