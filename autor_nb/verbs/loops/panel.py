"""`autor loop panel`: the control desk of a loop in a notebook; elsewhere the same state as a card, with its curve."""

from __future__ import annotations

import dataclasses

from autor_nb import loop_control
from autor_nb.figures.loop_convergence import convergence
from autor_nb.store.loops.course_file import CourseFile
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Para, Verbatim
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.loops.status import loop_card
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


@verb(name="panel", examples=("autor loop panel", "autor loop panel tsp"))
@loop_named.loop_argument
@loop_named.loop_option
@pass_face
def panel(face: Face, name: str | None, name_too: str | None) -> Result:
    """Steer a loop with buttons, in a notebook: its convergence, the evidence under test, and your interventions."""
    loop = loop_named.either(name, name_too)
    lead: tuple[Block, ...] = ()
    if face.name != "notebook":
        lead = (Para("The panel opens in a notebook: `%autor loop panel`.", quiet=True),)
    said = loop_card(loop, *lead)
    drawn = Verbatim(_curve(loop), title="Convergence")
    return dataclasses.replace(said, blocks=(*said.blocks[:-1], drawn, said.blocks[-1]), panel="loop")


def _curve(loop: LoopFolder) -> str:
    course = CourseFile(loop).read()
    metric = loop_control.snapshot(loop).state.config.get("metric") or {}
    name = clean.line(str(metric.get("name", "metric")), 60)
    return convergence(course, "Convergence", name, course.at_work).text()
