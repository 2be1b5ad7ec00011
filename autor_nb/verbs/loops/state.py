"""`autor loop state`: STATE.md as it is now, for an agent that has lost its thread."""

from __future__ import annotations

from autor_nb import loop_control
from autor_nb.domain.loops.story import state_text
from autor_nb.verbs.blocks import Prose
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


@verb(name="state", examples=("autor loop state", "autor loop state tsp > STATE.md"))
@loop_named.loop_argument
@loop_named.loop_option
@pass_face
def state(face: Face, name: str | None, name_too: str | None) -> Result:
    """Print the loop's page of text: where it stands, its best, its newest experiments, what waits for a person."""
    loop = loop_named.either(name, name_too)
    snapshot = loop_control.snapshot(loop)
    text = state_text(snapshot.state)
    facts = {"loop": loop.name, "state": str(snapshot.status), "path": str(loop.state_md), "text": text}
    return Result(facts, (Prose(text),), document=text, state=loop)
