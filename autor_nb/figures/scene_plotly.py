"""A scene as plotly's JSON: every mark in pixels on one hidden pair of axes, texts as text."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any, TypeVar

from autor_nb.figures.scene import OPEN_SHAPES, SHAPES, Box, Dot, Line, Scene, Words

M = TypeVar("M", Box, Dot, Line, Words)
_BELOW = {"type": "path", "layer": "below"}


def safe(text: str) -> str:
    """A text that plotly takes for text: it reads some HTML, and TeX between dollar signs."""
    return html.escape(text, quote=False).replace("$", "&#36;")


def scene_json(scene: Scene) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """(data, layout) of a scene."""
    data = [_bars(group) for group in _grouped(scene.boxes, lambda box: (box.hollow, box.color, box.height))]
    data += [_lines(group) for group in _grouped(scene.lines, _look)]
    data += [
        _dots(group) for group in _grouped(scene.dots, lambda dot: (bool(dot.hover), dot.shape, dot.color, dot.size))
    ]
    data += [_words(group) for group in _grouped(scene.words, lambda word: (word.anchor, word.size, word.color))]
    hidden = {"visible": False, "fixedrange": True, "showgrid": False, "zeroline": False}
    return data, {
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 0},
        "xaxis": {**hidden, "range": [0, scene.width]},
        "yaxis": {**hidden, "range": [scene.height, 0]},
        "barmode": "overlay",
        "bargap": 0,
        "shapes": [
            *(_back(group) for group in _grouped(scene.backs, lambda box: box.color)),
            *(_rule(group) for group in _grouped(scene.rules, lambda line: (line.color, line.width, line.dashed))),
        ],
        "annotations": [],
    }


def _look(line: Line) -> tuple[object, ...]:
    return line.color, line.width, line.stepped, line.dashed


def _grouped(marks: Iterable[M], kind: Any) -> list[list[M]]:
    found: dict[Any, list[M]] = {}
    for mark in marks:
        found.setdefault(kind(mark), []).append(mark)
    return list(found.values())


def _px(value: float) -> float:
    """A tenth of a pixel is all that can be seen, and the less there is to send the better."""
    whole = round(value, 1)
    return int(whole) if whole == int(whole) else whole


def _hover(hovers: list[str]) -> dict[str, Any]:
    if not any(hovers):
        return {"hoverinfo": "skip"}
    return {"hoverinfo": "text", "hovertext": [safe(hover) for hover in hovers]}


def _bars(boxes: list[Box]) -> dict[str, Any]:
    first = boxes[0]
    near = _px if len(boxes) < 100 else round
    line = {"color": first.color, "width": 1.2} if first.hollow else {"width": 0}
    return {
        "type": "bar",
        "orientation": "h",
        "base": [near(box.left) for box in boxes],
        "x": [near(max(box.width, 1.0)) for box in boxes],
        "y": [_px(box.top + box.height / 2) for box in boxes],
        "width": _px(first.height),
        "marker": {"color": "rgba(0,0,0,0)" if first.hollow else first.color, "line": line},
        "cliponaxis": False,
        **_hover([box.hover for box in boxes]),
    }


def _lines(lines: list[Line]) -> dict[str, Any]:
    """Lines of one look as one trace, with gaps between them."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for line in lines:
        gap = [None] if xs else []
        xs += [*gap, *(_px(x) for x, _ in line.points)]
        ys += [*gap, *(_px(y) for _, y in line.points)]
    first = lines[0]
    look = {"color": first.color, "width": first.width, "shape": "hv" if first.stepped else "linear"}
    return {
        "type": "scatter",
        "mode": "lines",
        "x": xs,
        "y": ys,
        "line": look | {"dash": "dash"} if first.dashed else look,
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def _dots(dots: list[Dot]) -> dict[str, Any]:
    first = dots[0]
    marker: dict[str, Any] = {"symbol": SHAPES[first.shape][0], "size": first.size, "color": first.color, "opacity": 1}
    if first.shape in OPEN_SHAPES:
        marker["line"] = {"width": 1.6}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [_px(dot.x) for dot in dots],
        "y": [_px(dot.y) for dot in dots],
        "marker": marker,
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
        "textfont": {"size": words[0].size, "color": words[0].color},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def _back(boxes: list[Box]) -> dict[str, Any]:
    """Boxes of one colour as one path: a shape each would say everything else again."""
    parts = [
        f"M{_px(b.left)},{_px(b.top)}H{_px(b.left + b.width)}V{_px(b.top + b.height)}H{_px(b.left)}Z" for b in boxes
    ]
    return {**_BELOW, "path": "".join(parts), "fillcolor": boxes[0].color, "line": {"width": 0}}


def _rule(lines: list[Line]) -> dict[str, Any]:
    """Lines of one look as one path."""
    parts = ["M" + "L".join(f"{_px(x)},{_px(y)}" for x, y in line.points) for line in lines]
    first = lines[0]
    look = {"color": first.color, "width": first.width, "dash": "dot" if first.dashed else "solid"}
    return {**_BELOW, "path": "".join(parts), "line": look}
