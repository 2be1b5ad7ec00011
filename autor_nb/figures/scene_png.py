"""A scene drawn by matplotlib, mark by mark at the same pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autor_nb.figures.scene import OPEN_SHAPES, SHAPES, Box, Line, Scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POINTS = 72 / 100


def draw_scene(canvas: Figure, scene: Scene) -> None:
    """Draw everything on axes that measure pixels from the upper left corner."""
    axes: Any = canvas.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, scene.width), ylim=(scene.height, 0))
    axes.set_axis_off()
    for box in scene.backs:
        _box(axes, box, 1)
    for line in scene.rules:
        _line(axes, line, 2)
    for box in scene.boxes:
        _box(axes, box, 3)
    for line in scene.lines:
        _line(axes, line, 4)
    for dot in scene.dots:
        hollow = dot.shape in OPEN_SHAPES
        axes.plot(
            [dot.x],
            [dot.y],
            linestyle="",
            marker=SHAPES[dot.shape][1],
            markersize=dot.size * _POINTS * (0.9 if dot.shape in ("diamond", "square") else 1.0),
            color=dot.color,
            markerfacecolor="none" if hollow else dot.color,
            markeredgewidth=1.2 if hollow else 0,
            clip_on=False,
            zorder=5,
        )
    for word in scene.words:
        axes.text(
            word.x,
            word.y,
            word.text,
            ha=word.anchor,
            va="center_baseline",
            fontsize=word.size * _POINTS,
            color=word.color,
            fontweight="bold" if word.bold else "normal",
            parse_math=False,
            clip_on=False,
            zorder=6,
        )


def _box(axes: Any, box: Box, order: int) -> None:
    from matplotlib.patches import Rectangle

    outline = box.color if box.hollow else "none"
    inside = "none" if box.hollow else box.color
    place = Rectangle((box.left, box.top), max(box.width, 1.0), box.height)
    place.set(facecolor=inside, edgecolor=outline, linewidth=0.9 if box.hollow else 0, zorder=order)
    axes.add_patch(place)


def _line(axes: Any, line: Line, order: int) -> None:
    axes.plot(
        [x for x, _ in line.points],
        [y for _, y in line.points],
        color=line.color,
        linewidth=line.width * _POINTS,
        linestyle=":" if line.dashed else "-",
        drawstyle="steps-post" if line.stepped else "default",
        solid_capstyle="butt",
        solid_joinstyle="miter",
        clip_on=False,
        zorder=order,
    )
